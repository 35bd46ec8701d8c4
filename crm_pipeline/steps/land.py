"""Landing: what the sources deliver for a business date becomes part of the landing store.

Belongs here: whether a source is asked. Does not belong here: reading it (`sources`) or keeping it (`state.landing`).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import Extract, Project
from crm_pipeline.sources.files import Delivered, locate, read_file
from crm_pipeline.sources.mapping import check_columns
from crm_pipeline.state.landing import Delivery
from crm_pipeline.steps.days import business_today, other_days
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


def land_extract(run: Run, source: str, name: str, days: Sequence[date], *, reread: bool = False) -> list[Landed]:
    """What became of an extract on each of the business dates, in their order.

    A date that was landed is not asked for again unless it is today or `reread` is set. Over several dates a date
    without a delivery is reported and passed over; over one date it is an error.

    Raises:
        DeliveryError: nothing was ever delivered, or a delivery can't be read.
    """
    landed = [_land_day(run, source, name, day, reread=reread, is_only_day=len(days) == 1) for day in days]
    if not run.landing.deliveries(source, name):
        _refuse_silence(run, source, name, days)
    return landed


def _land_day(run: Run, source: str, name: str, day: date, *, reread: bool, is_only_day: bool) -> Landed:
    extract = run.project.config.sources[source].extracts[name]
    existing = [d for d in run.landing.deliveries(source, name) if d.business_date == day]
    is_today = day >= business_today(run.project)
    if existing and not (reread and extract.read.is_dated) and not is_today:
        return Landed(source, name, day, existing[-1], is_new=False)
    if not extract.read.is_dated and not is_today:
        return _not_available(run, source, name, day, is_only_day=is_only_day)
    if not locate(extract.read, run.project.root, day).exists() and (existing or not is_only_day):
        _log.info("%s.%s: no delivery for %s", source, name, day)
        return Landed(source, name, day, existing[-1] if existing else None, is_new=False)
    delivered = read_extract(run.project, source, name, day)
    newest = run.landing.deliveries(source, name)[-1:]
    if newest and not extract.read.is_dated and newest[0].origin.reads_like(delivered.origin):
        return Landed(source, name, day, newest[0], is_new=False)
    delivery = run.landing.land(
        delivered.frame,
        delivered.origin,
        source=source,
        extract=name,
        business_date=day,
        run_id=run.run_id,
        now=utc_now(),
    )
    is_new = delivery.sequence > len(existing)
    _log.info(
        "%s.%s: %s rows for %s, %s", source, name, f"{delivery.row_count:,}", day, "landed" if is_new else "known"
    )
    return Landed(source, name, day, delivery, is_new=is_new)


def read_extract(project: Project, source: str, name: str, day: date) -> Delivered:
    """The delivery of a date as its source gives it, with all the columns that the mapping names.

    Raises:
        DeliveryError: it is missing, unreadable, or lacks a column.
    """
    extract = project.config.sources[source].extracts[name]
    where = f"{source}.{name}"
    delivered = read_file(extract.read, project.root, day, where=where)
    check_columns(delivered.frame.columns, extract, where=f"{where}, {delivered.origin.file_name}")
    return delivered


def expected_file(project: Project, extract: Extract, day: date) -> str:
    """The path of a delivery as a person would open it, relative to the project where it lies inside."""
    path = locate(extract.read, project.root, day)
    return str(path.relative_to(project.root)) if path.is_relative_to(project.root) else str(path)


def _not_available(run: Run, source: str, name: str, day: date, *, is_only_day: bool) -> Landed:
    _log.info("%s.%s: not available for %s, the source answers for today only", source, name, day)
    if is_only_day and not run.landing.deliveries(source, name):
        raise DeliveryError(
            where=f"{source}.{name}",
            expected=f"a delivery for {day}",
            found="a source that answers for today only, and none landed",
            cure="Run without --date, or put {date} into read.file.",
        )
    return Landed(source, name, day, None, is_new=False)


def _refuse_silence(run: Run, source: str, name: str, days: Sequence[date]) -> None:
    extract = run.project.config.sources[source].extracts[name]
    example = expected_file(run.project, extract, days[0])
    raise DeliveryError(
        where=f"{source}.{name}",
        expected=f"at least one delivery from {days[0]} to {days[-1]}, such as {example}",
        found="none",
        cure=other_days(run.project, run.landing, days, (source, name)) or "Deliver one, or choose other dates.",
    )
