"""Claims on equal input: the same tables and ids, however often and from wherever they are made."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_pipeline.publish import query
from crm_pipeline_tests import projects
from crm_pipeline_tests.e2e.crash import CommandLine
from crm_pipeline_tests.e2e.days import (
    GONE_EVERYWHERE,
    GONE_FROM_CRM,
    MOVED,
    NEW,
    RENAMED,
    SECOND,
    add_second_day,
    contents,
    exported,
)
from crm_pipeline_tests.e2e.forgetful import forget_runs

pytestmark = pytest.mark.slow

PUBLISHED = Path("published/crm.duckdb")


def test_a_second_project_from_the_same_input_gives_the_same_bytes(
    command: CommandLine, fresh_small: Path, two_days: projects.Finished
) -> None:
    """Two projects that were given the same days export equal CSV files, customer ids and events included."""
    project = forget_runs(add_second_day(fresh_small))
    for day in (projects.DATE, SECOND):
        done = command("run", "--date", day, "--project", project)
        assert done.returncode == 0, done.stderr
    tables = exported(project)
    assert tables == exported(two_days.folder)
    assert len(tables) >= 18
    assert len(tables["customers.csv"].splitlines()) == 1 + 305 + len(NEW) - 1


def test_a_run_with_nothing_new_changes_nothing(
    command: CommandLine, two_days: projects.Finished, tmp_path: Path
) -> None:
    """Run again, a project keeps its published file, ledger, history, models, landing and snapshots as they are."""
    project = forget_runs(projects.copy(two_days.folder, tmp_path / "again"))
    file, parts = project / PUBLISHED, ("state", "published/crm.duckdb", "backup")
    before = (file.stat().st_ino, file.stat().st_mtime_ns, _apart_from_measures(contents(project, *parts)))
    done = command("run", "--date", SECOND, "--json", "--project", project)
    assert done.returncode == 0, done.stderr
    assert '"is_changed": false' in done.stdout
    after = (file.stat().st_ino, file.stat().st_mtime_ns, _apart_from_measures(contents(project, *parts)))
    assert after == before


def test_a_rebuild_gives_the_same_tables(command: CommandLine, two_days: projects.Finished, tmp_path: Path) -> None:
    """With var/ and published/ gone, a rebuild from state/ alone publishes the same tables again."""
    project = projects.copy(two_days.folder, tmp_path / "rebuilt")
    _forget_all_but_state(project)
    done = command("rebuild", "--project", forget_runs(project))
    assert done.returncode == 0, done.stderr
    assert exported(project) == exported(two_days.folder)
    stores = ("state/landing", "state/ledger", "state/models", "state/history/publications")
    assert contents(project, *stores) == contents(two_days.folder, *stores)


def test_a_restored_backup_is_the_project(command: CommandLine, two_days: projects.Finished, tmp_path: Path) -> None:
    """Restored files equal the originals byte for byte, and a rebuild of them publishes the same tables."""
    restored = tmp_path / "restored"
    done = command("backup", "restore", "--into", restored, "--project", two_days.folder)
    assert done.returncode == 0, done.stderr
    files = contents(restored, ".")
    assert files == {path: content for path, content in contents(two_days.folder, ".").items() if path in files}
    assert set(files) >= _must_be_backed_up(two_days.folder)
    (restored / ".env").write_bytes((two_days.folder / ".env").read_bytes())
    (restored / PUBLISHED).unlink()
    done = command("rebuild", "--project", forget_runs(restored))
    assert done.returncode == 0, done.stderr
    assert exported(restored) == exported(two_days.folder)


def test_the_second_day_did_what_was_delivered(two_days: projects.Finished) -> None:
    """New, renamed, moved and deleted customers show as such; ids of the first day stay with their records."""
    file = two_days.folder / PUBLISHED

    def of(source_id: str, columns: str) -> tuple[object, ...]:
        sql = f"""
            SELECT {columns} FROM customer_records AS r LEFT JOIN customers USING (customer_id)
            LEFT JOIN customer_ids AS i ON i.any_customer_id = r.customer_id
            WHERE r.source = 'crm' AND source_id = '{source_id}'
        """
        return query(file, sql).row(0)

    assert of(RENAMED, "family_name") == ("Quillfeather",)
    assert of(MOVED, "country") == ("CA",)
    assert of(GONE_FROM_CRM, "record_count, CAST(deleted_on AS VARCHAR)") == (2, SECOND)
    assert [of(key, "record_count, CAST(r.first_seen_on AS VARCHAR)") for key in NEW] == [(3, SECOND)] * 3
    retired = query(file, "SELECT record_keys FROM identity_events WHERE kind = 'retired'")["record_keys"].to_list()
    assert [sorted(keys) for keys in retired] == [
        [
            f"crm/customers/{GONE_EVERYWHERE}",
            f"erp/customers/{_erp_key(two_days)}",
            f"erp/locations/AW-000{GONE_EVERYWHERE}",
        ]
    ]
    versions = query(file, "SELECT version, count(*) AS n FROM customer_history GROUP BY ALL ORDER BY ALL").rows()
    assert versions == [(1, 308), (2, 3)]


def _erp_key(project: projects.Finished) -> str:
    text = (project.folder / f"extracts/erp/{projects.DATE}/CUST_AZ12.csv").read_text()
    return next(line.split(",")[0] for line in text.splitlines() if f"AW000{GONE_EVERYWHERE}" in line)


def _forget_all_but_state(project: Path) -> None:
    for part in ("var", "published"):
        for file in sorted((project / part).rglob("*"), reverse=True):
            file.rmdir() if file.is_dir() else file.unlink()


def _must_be_backed_up(project: Path) -> set[str]:
    """What can't be derived, the published file and the configuration.

    The notes on a snapshot, and on what its run took, are in the next snapshot.
    """
    records = set(contents(project, "state/history/backups"))
    newest = max(records)
    kept = set(contents(project, "state", "published/crm.duckdb", "pipeline.yaml")) - {newest}
    told = [set(contents(project, part)) for part in _OF_EACH_RUN]
    return kept - {max(files, key=lambda path: (project / path).stat().st_mtime_ns) for files in told if files}


# What each run took, and was judged to be: new after every run.
_OF_EACH_RUN = ("state/history/measures", "state/history/verdicts", "state/history/linkage")


def _apart_from_measures(files: dict[str, str]) -> dict[str, str]:
    """All but what each run took, which is noted after its backup."""
    return {path: told for path, told in files.items() if not path.startswith(_OF_EACH_RUN)}
