"""Landing: what the sources deliver for a business date becomes part of the landing store.

Belongs here: whether a source is asked. Does not belong here: reading it (`sources`) or keeping it (`state.landing`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import Extract, FileRead, Project
from crm_pipeline.sources.files import shown_path
from crm_pipeline.sources.opening import is_delivered, open_delivery
from crm_pipeline.sources.reading import Asked, Reading
from crm_pipeline.state.delivery import Delivery
from crm_pipeline.state.drafts import Draft
from crm_pipeline.state.landing import Landing
from crm_pipeline.steps.days import business_today, other_days, require_day
from crm_pipeline.steps.landing.acceptance import Accepted, accept, require_hope
from crm_pipeline.steps.run import Run, utc_now

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Landed:
    """What became of one extract on one business date; `delivery` is None where there was none."""

    source: str
    extract: str
    business_date: date
    delivery: Delivery | None
    is_new: bool


def land_extract(
    run: Run, source: str, name: str, days: Sequence[date], *, reread: bool = False, accept_loss: bool = False
) -> list[Landed]:
    """What became of an extract on each of the business dates, in their order.

    A date that was landed is not asked for again unless it is today or `reread` is set. Over several dates a date
    without a delivery is reported and passed over; over one date it is an error.

    Args:
        run: the open run.
        source: name in pipeline.yaml.
        name: of the extract.
        days: business dates, ascending.
        reread: ask a dated source again for dates that were landed.
        accept_loss: land a full delivery that lacks more records than `delete_limit` allows.

    Raises:
        DeliveryError: nothing was ever delivered, or a delivery can't be read or is refused as a whole.
    """
    landed = [
        _land_day(run, source, name, day, reread=reread, accept_loss=accept_loss, is_only_day=len(days) == 1)
        for day in days
    ]
    if not run.landing.days(source, name):
        _refuse_silence(run, source, name, days)
    if without := sum(each.delivery is None for each in landed):
        _log.info("%s.%s: nothing for %s of %s days", source, name, f"{without:,}", f"{len(days):,}")
    return landed


def _land_day(
    run: Run, source: str, name: str, day: date, *, reread: bool, accept_loss: bool, is_only_day: bool
) -> Landed:
    extract = run.project.config.sources[source].extracts[name]
    existing = run.landing.newest(source, name, on=day)
    is_today = day >= business_today(run.project)
    if existing and not (reread and extract.read.is_dated) and not is_today:
        return Landed(source, name, day, existing, is_new=False)
    if not extract.read.is_dated and not is_today:
        return _not_available(run, source, name, day, is_only_day=is_only_day)
    if not is_delivered(extract.read, run.project.root, day) and (existing or not is_only_day):
        return Landed(source, name, day, existing, is_new=False)
    require_file(run.project, run.landing, source, name, day)
    until = None if is_today else day - timedelta(days=1)
    newest = run.landing.newest(source, name, until=until)
    question = asked(run.project, source, name, day, run.landing.newest_standing(source, name, until=until))
    with open_delivery(extract.read, question) as reading:
        # The same bytes again: of an undated source whenever they came, of a dated one for this day.
        known = existing if extract.read.is_dated else newest
        if known and reading.is_origin_known and known.origin.reads_like(reading.origin()):
            tell_if_withdrawn(run, known)
            return Landed(source, name, day, known, is_new=False)
        delivery = land_reading(run, reading, question, source, name, accept_loss=accept_loss)
    is_new = existing is None or delivery.sequence > existing.sequence
    tell_if_withdrawn(run, delivery)
    _log.info(
        "%s.%s: %s rows for %s, %s", source, name, f"{delivery.row_count:,}", day, "landed" if is_new else "known"
    )
    return Landed(source, name, day, delivery, is_new=is_new)


def tell_if_withdrawn(run: Run, known: Delivery) -> None:
    """Warns that what came again is what was taken back: it stays out."""
    if run.landing.is_withdrawn(known):
        _log.warning(
            "%s.%s: the same as was delivered for %s and taken back; it does not count. Let it count again with "
            "crm-pipeline undo-run %s --redo",
            known.source, known.extract, known.business_date, known.run_id,
        )  # fmt: skip


def asked(
    project: Project,
    source: str,
    name: str,
    day: date,
    newest: Delivery | None = None,
    *,
    temporary: Path | None = None,
) -> Asked:
    """What the source of an extract is asked for: what changed since the `newest` delivery, if there is one."""
    since = newest.until if newest else None
    extract = project.config.sources[source].extracts[name]
    return Asked(
        f"{source}.{name}",
        day,
        project.root,
        temporary or project.var / "temporary",
        since,
        extract.updated_at if extract.load == "incremental" else None,
        project.config.zone,
    )


def land_reading(
    run: Run, reading: Reading, question: Asked, source: str, name: str, *, accept_loss: bool = False
) -> Delivery:
    """An opened delivery, landed for the business date that was asked for; the one that is there if it is the same.

    Raises:
        DeliveryError: it can't be read to its end, or is refused as a whole; nothing is landed.
    """
    with run.landing.drafting(source, name, question.day) as draft:
        began = time.monotonic()
        extract = run.project.config.sources[source].extracts[name]
        for batch in reading.batches:
            draft.add(batch)
            known = reading.origin() if reading.is_origin_known else None
            require_hope(draft, extract, f"{source}.{name}, {reading.shown}".removesuffix(", "), known)
        origin, columns = reading.origin(), draft.columns or reading.columns
        accepted = accept(
            run, draft, columns, origin, source, name, question.day, reading.shown, accept_loss=accept_loss
        )
        delivery = _committed(run, question, reading, draft, source, name, began, accepted)
    if accepted.loss and delivery.run_id == run.run_id:
        told = {"business_date": str(delivery.business_date), "sequence": delivery.sequence, "loss": accepted.loss}
        run.history.append_audit(run.run_id, utc_now(), {"what": "accept-loss", "extract": f"{source}.{name}", **told})
    return delivery


def _committed(
    run: Run, question: Asked, reading: Reading, draft: Draft, source: str, name: str, began: float, told: Accepted
) -> Delivery:
    return run.landing.commit(
        draft,
        reading.origin(),
        source=source,
        extract=name,
        business_date=question.day,
        run_id=run.run_id,
        now=utc_now(),
        since=question.since,
        until=reading.until(),
        schema_changes=told.schema_changes,
        schema_warnings=told.schema_warnings,
        seconds=round(time.monotonic() - began, 3),
        accepted_loss=told.loss,
    )


def require_file(project: Project, landing: Landing, source: str, name: str, day: date) -> None:
    """Refuses a day without a file when other days have one, and names those; what else is wrong is told on reading."""
    extract = project.config.sources[source].extracts[name]
    if is_delivered(extract.read, project.root, day):
        return
    cure = other_days(project, landing, [day], (source, name))
    if cure is None:
        return
    expected = f"the file {expected_file(project, extract, day)}"
    raise DeliveryError(where=f"{source}.{name}", expected=expected, found="none", cure=cure)


def expected_file(project: Project, extract: Extract, day: date) -> str:
    """The path of a delivery as a person would open it, relative to the project where it lies inside; or the table."""
    if not isinstance(extract.read, FileRead):
        return extract.read.place
    return shown_path(extract.read, project.root, day)


def _not_available(run: Run, source: str, name: str, day: date, *, is_only_day: bool) -> Landed:
    if is_only_day:
        require_day(run.project, run.landing, [day], source, name)
    return Landed(source, name, day, None, is_new=False)


def _refuse_silence(run: Run, source: str, name: str, days: Sequence[date]) -> None:
    require_day(run.project, run.landing, days, source, name)
    extract = run.project.config.sources[source].extracts[name]
    example = expected_file(run.project, extract, days[0])
    raise DeliveryError(
        where=f"{source}.{name}",
        expected=f"at least one delivery from {days[0]} to {days[-1]}, such as {example}",
        found="none",
        cure=other_days(run.project, run.landing, days, (source, name)) or "Deliver one, or choose other dates.",
    )
