"""Where the linkage model comes from, and linking beside the last runs, as figures of the report.

Belongs here: turning model cards and kept figures into figures of the report, without any key of a record. Does not
belong here: what makes a model wait (`linkage.learning.taking_over`), bands (`steps.publishing.link_figures`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from crm_pipeline import linkage
from crm_pipeline.report.figures import Change, ModelStory, ModelVersion, Shift, Usual
from crm_pipeline.report.figures.model import ACCEPTED, EARLIER, IN_USE, REFUSED, WAITING
from crm_pipeline.settings import Project
from crm_pipeline.state.models import ModelStore, StoredModel
from crm_pipeline.steps.publishing.link_accepting import accepted_models
from crm_pipeline.steps.publishing.link_figures import LAST_RUNS, POPULATION_OF
from crm_pipeline.steps.publishing.link_guards import figures_of

_READ = 200  # runs that are looked through for the last published ones on the same basis


def model_story(project: Project) -> ModelStory | None:
    """The versions of the model, what the newest changes, and whether one waits or was refused; None before the first.

    A refused version counts as long as the version that it was compared with is in use.
    """
    models = ModelStore(project.state / "models")
    latest = models.latest()
    if latest is None:
        return None
    refused = models.refused.latest()
    pending = refused if refused and refused.card["beside"]["version"] == latest.version else None
    versions = [
        _version(number, models.read(number).card, IN_USE if number == latest.version else EARLIER)
        for number in models.versions()
    ]
    if pending:
        standing = ACCEPTED if pending.version in accepted_models(project) else WAITING
        standing = standing if linkage.waiting_model(models) else REFUSED
        versions.append(_version(latest.version + 1, pending.card, standing))
    told = (pending or latest).card
    return ModelStory(
        versions=tuple(reversed(versions)),
        learnt_from=_learnt_from(latest),
        changes=tuple(_change(name, each) for name, each in _beside(told).items()),
        impossible=tuple(told.get("comparisons", ())) if pending else (),
        largest_change=project.config.linkage.largest_model_change,
    )


def _version(number: int, card: Mapping[str, Any], standing: str) -> ModelVersion:
    beside = _beside(card).values()
    changed, kept = (sum(each[name] for each in beside) if beside else None for name in ("changed", "kept"))
    return ModelVersion(
        number, standing, datetime.fromisoformat(card["created_at"]), str(card["reason"]), changed, kept
    )


def _beside(card: Mapping[str, Any]) -> dict[str, Any]:
    return dict(card.get("beside", {}).get("populations", {}))


def _learnt_from(model: StoredModel) -> tuple[tuple[str, int, int], ...]:
    return tuple((name, each["record_count"], len(each["columns"])) for name, each in model.card["populations"].items())


def _change(population: str, told: Mapping[str, Any]) -> Change:
    low, high = (told["weight_difference"][name] for name in ("p25", "p75"))
    comparisons: dict[str, list[Shift]] = {}
    for each in told["levels"]:
        shift = Shift(each["level"], each["weight_old"], each["weight_new"])
        comparisons.setdefault(each["comparison"], []).append(shift)
    return Change(
        population=population,
        pairs=told["pairs"],
        kept=told["kept"],
        changed=told["changed"],
        verdicts=told["verdicts"],
        typical=None if low is None or high is None else (low, high),
        comparisons=tuple((name, tuple(levels)) for name, levels in comparisons.items()),
    )


def usual(project: Project, run_id: str) -> tuple[Usual, ...]:
    """The figures of the run's linking, each beside those of the published runs before; nothing where it did not link.

    Args:
        project: whose linking.
        run_id: of the run that is told of.
    """
    runs = figures_of(project).newest(_READ)
    if not runs or runs[-1].run_id != run_id:
        return ()
    now = runs[-1]
    before = [each for each in runs[:-1] if each.is_published and each.basis == now.basis][-LAST_RUNS:]
    judged = {each.figure: each for each in now.judged}
    found = []
    for figure, value in {**now.figures, **{name: each.found for name, each in judged.items()}}.items():
        verdict = judged.get(figure)
        beside = before[-verdict.runs :] if verdict else before
        is_broken = verdict is not None and verdict.is_broken
        if now.counts.get(POPULATION_OF.get(figure, "records"), 0) == 0 and not is_broken:
            continue
        earlier = tuple(each.figures[figure] for each in beside if figure in each.figures)
        if verdict:
            band = (verdict.median, verdict.low, verdict.high, verdict.is_broken, verdict.guard)
            found.append(Usual(figure, value, earlier, *band))
        else:
            found.append(Usual(figure, value, earlier))
    return tuple(found)
