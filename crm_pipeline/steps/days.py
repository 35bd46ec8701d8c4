"""Business dates: today, ranges, and those for which files are there.

Belongs here: dates of a project's deliveries, by the names of files. Does not belong here: landing them (`land`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path

from crm_pipeline.settings import FileRead, Project, Read
from crm_pipeline.sources.files import dates_available
from crm_pipeline.state.landing import Landing


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
    option = f"--date {chosen[0]}" if len(chosen) == 1 else f"--from {chosen[0]} --to {chosen[-1]}"
    what = "run what is there" if waiting else "run again what is there, landed already"
    return f"Deliver it, or {what}: {option}."


def _days_of(read: Read, root: Path) -> list[date]:
    """The days of which a source has files; a database or a service is not asked."""
    return dates_available(read, root) if isinstance(read, FileRead) else []
