"""Claims on runs that die: readers see what was there, the next run ends where an undisturbed one would have."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_pipeline.publish import query
from crm_pipeline_tests import projects
from crm_pipeline_tests.e2e.crash import CommandLine, Death
from crm_pipeline_tests.e2e.days import SECOND, contents, exported, unfinished

PUBLISHED = "published/crm.duckdb"
KILLED = -9
DEATHS = {
    "landed rows without their entry": Death("crm_pipeline.state.landing:write_json", "before", 2),
    "versions replaced, not committed": Death("crm_pipeline.steps.applying.versions:replace_versions", "after", 3),
    "pairs made": Death("crm_pipeline.linkage:pair_records", "after"),
    "ledger rows without their entry": Death("crm_pipeline.state.ledger:write_json", "before"),
    "ledger committed, tables not": Death("crm_pipeline.state.ledger:write_json", "after"),
    "golden tables made": Death("crm_pipeline.golden:merge_customers", "after"),
    "changes written, not committed": Death("crm_pipeline.state.publications:write_json", "before"),
    "history appended": Death("crm_pipeline.state.publications:write_json", "after"),
    "publication built, not renamed": Death("pathlib:Path.replace", "before", name="crm.duckdb"),
    "publication renamed": Death("pathlib:Path.replace", "after", name="crm.duckdb"),
    "backup without its manifest": Death("crm_pipeline.backup.full:commit", "before"),
}
PUBLISHED_BY_THEN = {"publication renamed", "backup without its manifest"}
# The run after the first death gets past that point and dies at the second; the one after that completes.
TWICE = [
    ("landed rows without their entry", "pairs made"),
    ("versions replaced, not committed", "ledger rows without their entry"),
    ("ledger committed, tables not", "history appended"),
    ("changes written, not committed", "history appended"),
    ("golden tables made", "publication built, not renamed"),
    ("publication renamed", "backup without its manifest"),
]
BALANCE = """
    SELECT count(*) FROM loads WHERE delivered_count
        <> loaded_count + unchanged_count + quarantined_count + duplicate_count + erased_count
"""


@pytest.mark.slow
@pytest.mark.parametrize("places", TWICE, ids=" | ".join)
def test_runs_that_die_are_completed_by_the_next(
    places: tuple[str, str], command: CommandLine, day_two: Path, two_days: projects.Finished
) -> None:
    """Readers see the old publication or the new one, whole; the next run ends where an undisturbed one would have."""
    before = contents(day_two, PUBLISHED)
    for place in places:
        died = command("run", "--date", SECOND, "--project", day_two, death=DEATHS[place])
        assert died.returncode == KILLED, died.stdout + died.stderr
        if place in PUBLISHED_BY_THEN:
            assert exported(day_two) == exported(two_days.folder)
        else:
            assert contents(day_two, PUBLISHED) == before
            assert query(day_two / PUBLISHED, "SELECT count(*) FROM customers").item() == 305
    _complete(command, day_two, two_days)


def _complete(command: CommandLine, project: Path, undisturbed: projects.Finished) -> None:
    """The next run ends as the undisturbed one did: tables, ids, stores, backup; nothing unfinished lies about."""
    done = command("run", "--date", SECOND, "--project", project)
    assert done.returncode == 0, done.stderr
    assert exported(project) == exported(undisturbed.folder)
    assert query(project / PUBLISHED, BALANCE).item() == 0
    assert unfinished(project) == []
    assert _entries(project) == _entries(undisturbed.folder)
    verified = command("backup", "verify", "--project", project)
    assert verified.returncode == 0, verified.stdout


def _entries(project: Path) -> list[str]:
    """What the stores hold, by the names of its files; runs, their measures and snapshots have names of their own."""
    anew = ("runs", "measures", "backups", "verdicts", "profiles", "linkage")
    named_anew = tuple(f"state/history/{name}/" for name in anew)
    return [path for path in contents(project, "state") if not path.startswith(named_anew)]
