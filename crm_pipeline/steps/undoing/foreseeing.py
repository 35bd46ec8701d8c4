"""What taking back a run would do, said before it is done.

Belongs here: what a run brought, read from the stores alone; nothing is written. Does not belong here: entering the
decision (`withdrawing`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from crm_pipeline import linkage
from crm_pipeline.errors import ConfigurationError
from crm_pipeline.publish import TableEffect, effect_of
from crm_pipeline.settings import Project
from crm_pipeline.state.decisions.withdrawals import Withdrawal, taken_back
from crm_pipeline.state.delivery import Delivery, DeliveryKey
from crm_pipeline.state.landing import Landing
from crm_pipeline.state.link_figures import LinkFigureStore
from crm_pipeline.state.models import ModelStore
from crm_pipeline.state.publications import Publications
from crm_pipeline.steps.stores import landing_of, withdrawals_of
from crm_pipeline.steps.temporary import temporary_folder

_WHERE = "undo-run"
_SHORTEST = 4  # characters of a run's id
_ALL_RUNS = 1_000_000


@dataclass(frozen=True, slots=True)
class BroughtDelivery:
    """A delivery that the run landed.

    Attributes:
        row_count: rows in it.
        is_counting: whether it counts before the decision.
        instead: of a full extract the delivery that counts for its date once the decision is applied, itself where it
            is let count again; None where none does.
    """

    key: DeliveryKey
    row_count: int
    is_counting: bool
    instead: DeliveryKey | None


@dataclass(frozen=True, slots=True)
class ModelChange:
    """The linkage model that the run took into use.

    Attributes:
        version: its number.
        before: the one that was in use before.
        wanted: the one of the two that is to be used.
        returns: whether it will be; else one that was trained later stays.
    """

    version: int
    before: int
    wanted: int
    returns: bool


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What the decision would mean.

    Attributes:
        run_id: the run, in full.
        is_redo: the run counts again; else it is taken back.
        deliveries: that it landed, by extract and date.
        model: null where it trained none.
        published_at: when it published, UTC without a zone; None where it did not.
        tables: what it changed in what readers get, those tables that it changed.
    """

    run_id: str
    is_redo: bool
    deliveries: tuple[BroughtDelivery, ...]
    model: ModelChange | None
    published_at: datetime | None
    tables: tuple[TableEffect, ...]


def foresee(project: Project, run: str, *, is_redo: bool = False) -> Foreseen:
    """What taking back a run would do, or letting one count again that was taken back.

    Args:
        project: whose run.
        run: its id, or how that begins.
        is_redo: let it count again.

    Raises:
        ConfigurationError: there is no such run, it brought nothing, it is taken back already, or nothing would be
            left.
    """
    landing, events = landing_of(project), withdrawals_of(project).events()
    every = list(landing.every())
    entries = Publications(project.state / "history" / "publications").entries()
    figures = LinkFigureStore(project.state / "history" / "linkage").newest(_ALL_RUNS)
    known = dict.fromkeys(
        [*(each.run_id for each in every), *(e.run_id for e in entries), *(f.run_id for f in figures)]
    )
    run_id = _run_id(run, known)
    _require_standing(run_id, events, is_redo=is_redo)
    landed = [each for each in every if each.run_id == run_id]
    used = {each.run_id: each.model_version for each in figures}
    model = _model(ModelStore(project.state / "models"), run_id, used, is_redo=is_redo)
    if not landed and model is None:
        raise ConfigurationError(
            where=f"{_WHERE} {run_id}",
            expected="a run that landed a delivery or trained a model",
            found="one that did neither",
            cure="What it changed came of decisions or of pipeline.yaml: take those back (`review undo`, "
            "`override withdraw`), or correct the file; the next run applies it.",
        )
    if not is_redo and not _is_anything_left(landing, every, landed):
        raise ConfigurationError(
            where=f"{_WHERE} {run_id}",
            expected="deliveries of other runs, which go on counting",
            found="none: nothing would be left",
            cure="Correct the source and run again, or begin a new project.",
        )
    with temporary_folder(project) as folder:
        tables = effect_of(entries, run_id, temporary=folder, memory_limit=project.config.memory_limit)
    load = {(s, n): extract.load for s, n, extract in project.config.extracts}
    return Foreseen(
        run_id,
        is_redo,
        tuple(_brought(landing, each, landed, load, is_redo=is_redo) for each in landed),
        model,
        next((entry.published_at for entry in entries if entry.run_id == run_id), None),
        tuple(tables),
    )


def _run_id(wanted: str, known: Iterable[str]) -> str:
    """The one run whose id begins so."""
    text = wanted.strip().lower()
    runs = list(known)
    found = [each for each in runs if each.lower().startswith(text)] if len(text) >= _SHORTEST else []
    exact = [each for each in found if each.lower() == text]
    if len(exact or found) == 1:
        return (exact or found)[0]
    raise ConfigurationError(
        where=_WHERE,
        expected=f"the id of one run that landed or published something, or its first {_SHORTEST} characters or more",
        found=f"{wanted}, which {len(found)} runs begin with" if found else wanted,
        cure="See `crm-pipeline status`, or runs in the UI.",
    )


def _require_standing(run_id: str, events: Sequence[Withdrawal], *, is_redo: bool) -> None:
    """Nothing, when the decision says something new."""
    said = taken_back(events).get(run_id)
    if (said is not None) is is_redo:
        return
    by = f"one that {said.decided_by} took back, {said.decided_at:%Y-%m-%d}" if said else "one that counts"
    raise ConfigurationError(
        where=f"{_WHERE} {run_id}",
        expected="a run that is taken back" if is_redo else "a run that counts",
        found=by,
        cure="There is nothing to do." if said is None else "Let it count again with --redo.",
    )


def _is_anything_left(landing: Landing, every: Iterable[Delivery], landed: Sequence[Delivery]) -> bool:
    gone = {each.key for each in landed}
    return any(each.key not in gone and not landing.is_withdrawn(each) for each in every)


def _brought(
    landing: Landing,
    delivery: Delivery,
    landed: Sequence[Delivery],
    load: Mapping[tuple[str, str], str],
    *,
    is_redo: bool,
) -> BroughtDelivery:
    key, source, name = delivery.key, delivery.source, delivery.extract
    how = load.get((source, name), "full")
    same_day = landing.deliveries(source, name, on=key.business_date)
    now = [each.key for each in same_day if not landing.is_withdrawn(each)]
    own = {each.key for each in landed}
    then = sorted({*now, *own}) if is_redo else [each for each in now if each not in own]
    is_counting = key in (now[-1:] if how == "full" else now)
    return BroughtDelivery(key, delivery.row_count, is_counting, then[-1] if then and how == "full" else None)


def _model(models: ModelStore, run_id: str, used: Mapping[str, int | None], *, is_redo: bool) -> ModelChange | None:
    """What training in the run changed about the model in use; None where it trained none that took over.

    A model that a person accepted, or that returned with an earlier decision, is no doing of the run.

    Args:
        models: the versions.
        run_id: the run.
        used: run to the version that it linked with, oldest run first.
        is_redo: the run counts again.
    """
    version = used.get(run_id)
    if version is None:
        return None
    before = [each for each in list(used.values())[: list(used).index(run_id)] if each is not None]
    if not before or before[-1] == version:
        return None
    if linkage.is_by_hand(models.read(version)):
        return None
    wanted, other = (version, before[-1]) if is_redo else (before[-1], version)
    returns = models.read(models.versions()[-1]).sha256() == models.read(other).sha256()
    return ModelChange(version, before[-1], wanted, returns)
