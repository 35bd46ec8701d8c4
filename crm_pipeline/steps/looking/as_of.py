"""The published tables as they were then: for `query --as-of`.

Belongs here: which publication counts for a moment, and a file of it for as long as it is looked at. Does not belong
here: putting it together (`publish.keeping`), or asking it (`publish.reader`).
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.publish import put_together
from crm_pipeline.settings import Project
from crm_pipeline.state.publications import Entry, Publications
from crm_pipeline.steps.temporary import temporary_folder

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@contextlib.contextmanager
def published_as_of(project: Project, when: str, sql: str) -> Iterator[Path]:
    """A file with the published tables as they were then, readable by its owner only, gone at the block's end.

    It holds the tables whose names occur in `sql`, all of them where none does.

    Args:
        project: whose publications.
        when: a day, `2026-05-01`, meaning its end, or a moment, `2026-05-01 18:00`, both in the project zone;
            or a moment with a zone of its own.
        sql: the select that the file is for.

    Raises:
        ConfigurationError: `when` is no such text, or nothing had been published then.
    """
    entries = entries_until(project, when)
    words = {word.lower() for word in re.findall(r"\w+", sql)}
    wanted = {table.name for table in entries[-1].tables} & words
    with temporary_folder(project) as folder:
        made = folder / "crm.duckdb"
        limit = project.config.memory_limit
        put_together(entries, made, temporary=folder, tables=wanted or None, memory_limit=limit)
        yield made


def entries_until(project: Project, when: str) -> list[Entry]:
    """The publications from the first one to the one that readers had then, at least one.

    Raises:
        ConfigurationError: see `published_as_of`.
    """
    zone = ZoneInfo(project.config.timezone)
    moment = _moment(when, zone)
    entries = Publications(project.state / "history" / "publications").entries()
    if not entries:
        raise ConfigurationError(
            where="--as-of", expected="a publication", found="none", cure="Run `crm-pipeline run` first."
        )
    before = [entry for entry in entries if entry.published_at <= moment]
    if not before:
        first = entries[0].published_at.replace(tzinfo=UTC).astimezone(zone)
        raise ConfigurationError(
            where="--as-of",
            expected=f"a time after the first publication, {first:%Y-%m-%d %H:%M:%S}",
            found=repr(when),
            cure="Ask for that time or a later one; nobody had seen anything before.",
        )
    return before


def _moment(when: str, zone: ZoneInfo) -> datetime:
    """UTC without a zone; of a day its last microsecond."""
    text = when.strip()
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            where="--as-of",
            expected="a day such as 2026-05-01, or a moment such as '2026-05-01 18:00'",
            found=repr(when),
            cure=f"Write it so; without a zone of its own it is in {zone.key}.",
        ) from None
    if _DAY.fullmatch(text):
        given = datetime.combine(given.date() + timedelta(days=1), time()) - timedelta(microseconds=1)
    aware = given if given.tzinfo else given.replace(tzinfo=zone)
    return aware.astimezone(UTC).replace(tzinfo=None)
