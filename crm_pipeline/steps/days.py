"""Business dates: today, ranges, and those for which files are there.

Belongs here: dates of a project's deliveries, by the names of files; sources that know today alone. Does not belong
here: landing them (`land`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import FileRead, Project, Read
from crm_pipeline.sources.files import dates_available
from crm_pipeline.state.landing import Landing

# How each kind of source is made to answer for a day.
_PLACEHOLDERS = {
    "file": "read.file has {date}",
    "database": "read.query has :date or :until",
    "rest": "the request has {date} or {until}",
}


def business_today(project: Project, now: datetime | None = None) -> date:
    """Today in the project's time zone."""
    return (now.astimezone(project.config.zone) if now else datetime.now(project.config.zone)).date()


def days_between(first: date, last: date) -> list[date]:
    """Each day from `first` to `last`, both included."""
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]


def other_days(project: Project, landing: Landing, asked: Iterable[date], missing: tuple[str, str]) -> str | None:
    """What to run in place of the days asked for, as a sentence with options.

    Days of which a file was not landed yet come first; where all were, they are named all the same. None where no other
    day has a file, or none of the extract that is missing, so that the next run would be refused like this one.

    Args:
        project: whose files are looked for, by their names.
        landing: its landing store.
        asked: days that are no answer.
        missing: source and name of the extract that has no file for them.
    """
    start, today = project.config.start_date, business_today(project)
    files = {
        (source, name): {day for day in _days_of(extract.read, project.root) if start <= day <= today}
        for source, name, extract in project.config.extracts
    }
    there = set().union(*files.values()) - set(asked)
    if not there or not (files[missing] - set(asked) or landing.days(*missing)):
        return None
    waiting = set().union(*(days - landing.days(*extract) for extract, days in files.items())) - set(asked)
    chosen = sorted(waiting or there)
    needs_today = any(
        is_of_today(extract.read) and not landing.days(source, name)
        for source, name, extract in project.config.extracts
    )
    if needs_today:  # by default a range ends today
        option = f"--from {chosen[0]}"
    else:
        option = f"--date {chosen[0]}" if len(chosen) == 1 else f"--from {chosen[0]} --to {chosen[-1]}"
    what = "run what is there" if waiting else "run again what is there, landed already"
    return f"Deliver it, or {what}: {option}."


def is_of_today(read: Read) -> bool:
    """Whether a source answers for today alone; what an inbox holds is taken whenever a run asks for today."""
    return not read.is_dated and not (isinstance(read, FileRead) and read.inbox)


def require_day(project: Project, landing: Landing, days: Sequence[date], source: str, name: str) -> None:
    """Nothing, when a source may be asked for one of the days, or has answered before.

    Raises:
        DeliveryError: it answers for today only, which is none of the days, and nothing of it was landed.
    """
    read = project.config.sources[source].extracts[name].read
    if not is_of_today(read) or business_today(project) in days or landing.days(source, name):
        return
    if any(each.read.is_dated for _, _, each in project.config.extracts):
        cure = f"Run up to today: --from {days[0]}. It asks this source for today, and others for each day."
    else:
        cure = "Run without a date."
    raise DeliveryError(
        where=f"{source}.{name}",
        expected=f"a delivery for {days[0]}" + (f" to {days[-1]}" if len(days) > 1 else ""),
        found="a source that answers for today only, and none landed",
        cure=f"{cure} A source answers for other days where {_PLACEHOLDERS[read.kind]}.",
    )


def _days_of(read: Read, root: Path) -> list[date]:
    """The days of which a source has files; a database or a service is not asked."""
    return dates_available(read, root) if isinstance(read, FileRead) else []
