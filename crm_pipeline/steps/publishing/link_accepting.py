"""What waits for a person about linking: figures that stopped a run, a retrained model that changes much.

Belongs here: telling them from the stores, and appending decisions; a run that is going on is not disturbed. Does not
belong here: what an acceptance changes (`link_figures`, `linkage.learning.taking_over`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crm_pipeline import linkage
from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings import Project
from crm_pipeline.state.decisions.acceptances import MODEL, LinkAcceptance
from crm_pipeline.state.link_figures import LinkFigures
from crm_pipeline.state.models import ModelStore, StoredModel
from crm_pipeline.steps.publishing.link_guards import acceptances_of, figures_of
from crm_pipeline.steps.run import utc_now


@dataclass(frozen=True, slots=True)
class Waiting:
    """What linking came to last, and what of it waits.

    Attributes:
        figures: of the last run that made clusters; None before the first.
        broken: guards that stopped it and that nobody accepted since, in order.
        model: the refused model that people may accept, unless they did; None where there is none.
        change: what that model, else the one in use, changed against the one before, by population; may be empty.
    """

    figures: LinkFigures | None
    broken: tuple[str, ...]
    model: StoredModel | None
    change: dict[str, dict[str, Any]]


def accepted_models(project: Project) -> frozenset[int]:
    """Numbers of the refused models that people accepted."""
    found = acceptances_of(project).acceptances()
    return frozenset(each.refused_version for each in found if each.refused_version is not None)


def waiting(project: Project) -> Waiting:
    """What waits for a person, from the stores alone."""
    newest = figures_of(project).newest(1)
    accepted = {(each.guard, each.run_id) for each in acceptances_of(project).acceptances()}
    broken = [guard for run in newest for guard in sorted(run.broken) if (guard, run.run_id) not in accepted]
    models = ModelStore(project.state / "models")
    refused = linkage.waiting_model(models)
    model = refused if refused and refused.version not in accepted_models(project) else None
    shown = model or models.latest()
    change = shown.card.get("beside", {}).get("populations", {}) if shown else {}
    return Waiting(newest[0] if newest else None, tuple(broken), model, change)


def accept(project: Project, name: str, *, decided_by: str, why: str) -> LinkAcceptance:
    """What was accepted: the next run takes the figures for usual, or the model for its own.

    Args:
        project: whose linking.
        name: a guard that stopped the last run, or `model`.
        decided_by: who accepts.
        why: in that person's words.

    Raises:
        ConfigurationError: nothing of that name waits, or nobody says why.
    """
    if not why.strip():
        raise ConfigurationError(
            where="--why", expected="why it is right", found="nothing", cure="Say it; it is kept with the decision."
        )
    now = waiting(project)
    known = [*now.broken, *([MODEL] if now.model else [])]
    if name not in known:
        raise ConfigurationError(
            where=name,
            expected=f"what waits: {', '.join(known)}" if known else "something that waits for a person",
            found="nothing of that name" if known else "nothing that does",
            cure="See it with `crm-pipeline linkage list`.",
        )
    is_model = name == MODEL
    acceptance = LinkAcceptance(
        name,
        "" if is_model or now.figures is None else now.figures.run_id,
        now.model.version if is_model and now.model else None,
        decided_by,
        utc_now(),
        why,
    )
    acceptances_of(project).append(acceptance)
    return acceptance
