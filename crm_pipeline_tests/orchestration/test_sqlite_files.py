"""Claims on Dagster's files with kept connections."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import dagster as dg
import psutil
import pytest
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage

from crm_pipeline.orchestration.sqlite_files import KeptSqliteStorage

_CONFIGURATION = """
storage:
  custom:
    module: {module}
    class: {name}
    config: {{base_dir: {folder}}}
telemetry: {{enabled: false}}
"""


@dg.asset(check_specs=[dg.AssetCheckSpec("held", asset="table")])
def table() -> dg.MaterializeResult:
    """One row."""
    return dg.MaterializeResult(metadata={"rows": 1}, check_results=[dg.AssetCheckResult(passed=False)])


def opened(home: Path, storage: type[DagsterSqliteStorage]) -> dg.DagsterInstance:
    """Dagster on the files of `home`."""
    home.mkdir(exist_ok=True)
    text = _CONFIGURATION.format(module=storage.__module__, name=storage.__name__, folder=home)
    (home / "dagster.yaml").write_text(text)
    return dg.DagsterInstance.from_config(str(home))


def recorded(instance: dg.DagsterInstance, run_id: str) -> list[tuple[str | None, str]]:
    """Type and message of each event of a run."""
    return [
        (event.dagster_event and event.dagster_event.event_type_value, event.user_message)
        for event in instance.all_logs(run_id)
    ]


def test_dagster_reads_what_kept_connections_wrote(tmp_path: Path) -> None:
    """A run written over kept connections is to Dagster's own storage the run that it was, check and all."""
    with opened(tmp_path, KeptSqliteStorage) as kept:
        run_id = dg.materialize([table], instance=kept).run_id
        mine = recorded(kept, run_id)
    with opened(tmp_path, DagsterSqliteStorage) as plain:
        assert recorded(plain, run_id) == mine
        assert plain.get_run_by_id(run_id).status is dg.DagsterRunStatus.SUCCESS  # type: ignore[union-attr]
        [event] = plain.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
        assert event.dagster_event is not None
        assert event.dagster_event.event_specific_data.check_name == "held"  # type: ignore[union-attr]
        assert plain.get_latest_materialization_event(dg.AssetKey("table")) is not None


def test_few_files_stay_open_and_none_afterwards(tmp_path: Path) -> None:
    """However many runs are looked at, few files are open; when the instance is closed, none."""
    with opened(tmp_path, KeptSqliteStorage) as kept:
        for _ in range(12):
            dg.materialize([table], instance=kept)
        assert len(_open_below(tmp_path)) <= 9
    assert _open_below(tmp_path) == set()


@pytest.mark.parametrize("ending", ["os._exit(1)", "raise SystemExit(1)"])
def test_a_dead_process_loses_no_event(tmp_path: Path, ending: str) -> None:
    """What a process recorded before it died at once is there."""
    program = (
        "import os, sys, dagster as dg\n"
        "from pathlib import Path\n"
        "from crm_pipeline.orchestration.sqlite_files import KeptSqliteStorage\n"
        "from crm_pipeline_tests.orchestration.test_sqlite_files import opened, table\n"
        "instance = opened(Path(sys.argv[1]), KeptSqliteStorage)\n"
        "print(dg.materialize([table], instance=instance).run_id, flush=True)\n"
        f"{ending}\n"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    run_id = done.stdout.split()[-1]
    with opened(tmp_path, DagsterSqliteStorage) as plain:
        assert "PIPELINE_SUCCESS" in dict(recorded(plain, run_id)), done.stderr


def _open_below(folder: Path) -> set[str]:
    """The database files in a folder that this process has open."""
    paths = {file.path for file in psutil.Process().open_files()}
    return {path for path in paths if path.startswith(str(folder)) and path.endswith(".db")}
