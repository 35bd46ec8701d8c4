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
BEFORE_PUBLICATION = {
    "landed rows without their entry": Death("crm_pipeline.state.landing:write_json", "before", 2),
    "versions replaced, not committed": Death("crm_pipeline.steps.versions:replace_versions", "after", 3),
    "pairs made": Death("crm_pipeline.linkage:pair_records", "after"),
    "ledger rows without their entry": Death("crm_pipeline.state.ledger:write_json", "before"),
    "ledger committed, tables not": Death("crm_pipeline.state.ledger:write_json", "after"),
    "golden tables made": Death("crm_pipeline.golden:merge_customers", "after"),
    "history appended": Death("crm_pipeline.state.history:write_json", "after"),
    "publication built, not renamed": Death("pathlib:Path.replace", "before", name="crm.duckdb"),
}
AFTER_PUBLICATION = {
    "publication renamed": Death("pathlib:Path.replace", "after", name="crm.duckdb"),
    "backup without its manifest": Death("crm_pipeline.backup.full:commit", "before"),
}
BALANCE = """
    SELECT count(*) FROM loads WHERE delivered_count
        <> loaded_count + unchanged_count + quarantined_count + duplicate_count + erased_count
"""


@pytest.mark.slow
@pytest.mark.parametrize("death", BEFORE_PUBLICATION.values(), ids=list(BEFORE_PUBLICATION))
def test_a_run_that_dies_before_publication_leaves_what_readers_see(
    death: Death, command: CommandLine, day_two: Path, two_days: projects.Finished
) -> None:
    """Killed before it publishes, a run leaves the published file untouched, and the next one completes the work."""
    before = contents(day_two, PUBLISHED)
    _die(command, death, day_two)
    assert contents(day_two, PUBLISHED) == before
    _complete(command, day_two, two_days)


@pytest.mark.slow
@pytest.mark.parametrize("death", AFTER_PUBLICATION.values(), ids=list(AFTER_PUBLICATION))
def test_a_run_that_dies_after_publication_leaves_it_whole(
    death: Death, command: CommandLine, day_two: Path, two_days: projects.Finished
) -> None:
    """Killed after the rename, a run leaves the new publication whole, and the next one adds what is missing."""
    _die(command, death, day_two)
    assert exported(day_two) == exported(two_days.folder)
    _complete(command, day_two, two_days)


def _die(command: CommandLine, death: Death, project: Path) -> None:
    died = command("run", "--date", SECOND, "--project", project, death=death)
    assert died.returncode == KILLED, died.stdout + died.stderr
    assert query(project / PUBLISHED, "SELECT count(*) FROM customers").item() > 0
    assert not any(Path(path).suffix in {".json", ".parquet"} for path in unfinished(project, ["published"]))


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
    """What the stores hold, by the names of its files; runs and snapshots have names of their own."""
    return [path for path in contents(project, "state") if "/runs/" not in path and "/backups/" not in path]
