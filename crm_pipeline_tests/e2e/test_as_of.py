"""Claims on the past: the tables as readers had them, asked for by day or moment."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from crm_pipeline.publish import query
from crm_pipeline.settings import Project, load_project
from crm_pipeline.state.publications import Publications
from crm_pipeline.steps.looking.as_of import published_as_of
from crm_pipeline.steps.temporary import abandoned_folders
from crm_pipeline_tests import projects
from crm_pipeline_tests.e2e.crash import CommandLine


def _tables(file: Path) -> dict[str, list[tuple[object, ...]]]:
    names = query(file, "SHOW TABLES")["name"].to_list()
    return {name: sorted(query(file, f"FROM {name}").rows(), key=repr) for name in names if name != "published"}


def _published_at(project: Project) -> list[datetime]:
    """Times of the publications in the project's zone."""
    entries = Publications(project.state / "history" / "publications").entries()
    zone = ZoneInfo(project.config.timezone)
    return [entry.published_at.replace(tzinfo=UTC).astimezone(zone) for entry in entries]


def test_both_days_are_what_readers_had(small: projects.Finished, two_days: projects.Finished) -> None:
    """As of the moment before the second publication the tables are a saved copy of the first, since then the last."""
    project = load_project(two_days.folder)
    first, second = _published_at(project)
    copies = {first: small.folder / "published/crm.duckdb", second: project.published_file}
    moments = {first: first, second - timedelta(microseconds=1): first, second + timedelta(days=1): second}
    for moment, publication in moments.items():
        with published_as_of(project, moment.isoformat(), "every table") as file:
            assert _tables(file) == _tables(copies[publication])


def test_query_as_of(command: CommandLine, small: projects.Finished, two_days: projects.Finished) -> None:
    """The command answers on the tables of then, by moment and by day, and leaves no file behind."""
    project = load_project(two_days.folder)
    first, _ = _published_at(project)
    sql = "select customer_id, name from customers order by all"
    for moment in (first.isoformat(), first.strftime("%Y-%m-%d %H:%M:%S.%f")):
        done = command("query", sql, "--as-of", moment, "--json", "--project", two_days.folder)
        assert done.returncode == 0, done.stderr
        earlier = command("query", sql, "--json", "--project", small.folder)
        assert done.stdout == earlier.stdout
    later = f"{first + timedelta(days=2):%Y-%m-%d}"
    done = command("query", sql, "--as-of", later, "--json", "--project", two_days.folder)
    assert done.stdout == command("query", sql, "--json", "--project", two_days.folder).stdout
    assert abandoned_folders(project) == []


@pytest.mark.parametrize(
    ("when", "expected"),
    [("yesterday", "a day such as 2026-05-01"), ("2001-01-01", "after the first publication"), ("", "a day such as")],
)
def test_what_cannot_be_asked(command: CommandLine, two_days: projects.Finished, when: str, expected: str) -> None:
    """A text that is no time, or a time before the first publication, is refused with what can be asked."""
    done = command("query", "select 1", "--as-of", when, "--project", two_days.folder)
    assert done.returncode == 2
    assert expected in re.sub(r"\s+", " ", done.stderr)


def test_only_the_tables_of_the_question(two_days: projects.Finished) -> None:
    """A select that names tables gets these; one that names none gets all."""
    project = load_project(two_days.folder)
    with published_as_of(
        project, "2999-01-01", "SELECT * FROM crm.Customers JOIN customer_ids USING (customer_id)"
    ) as f:
        assert set(_tables(f)) == {"customers", "customer_ids"}
    with published_as_of(project, "2999-01-01", "SELECT 1") as f:
        assert len(_tables(f)) > 20
