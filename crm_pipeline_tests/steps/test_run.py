"""Claims on opening a run: what a killed one left lying about is gone.

Run as a program it lands a day and kills itself at a named point: `python -m … PROJECT POINT`.
"""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from crm_pipeline.settings import load_project
from crm_pipeline.state import landing
from crm_pipeline.state.drafts import Draft
from crm_pipeline.steps.landing.land import land_extract
from crm_pipeline_tests.steps.building import PRODUCTS, day, project_of, running

TEXT = PRODUCTS.replace("LOAD", "full").replace(".csv", ".csv.gz")
POINTS = {  # function before which it dies, and files that are there then
    "file unpacked": (Draft, "add", "files-*/unpacked-*"),
    "rows drafted": (landing.Landing, "commit", "2026-01-05/.tmp-draft/0000.parquet"),
    "rows landed without a JSON": (landing, "write_json", "2026-01-05/0001.parquet"),
}


def die(*_: Any, **__: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def entries_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_run_leaves_no_rows_behind(tmp_path: Path, point: str) -> None:
    """After SIGKILL in the middle of landing one day, a run that lands another day takes away all that lies about."""
    project = project_of(tmp_path, TEXT)
    (tmp_path / "in").mkdir()
    for number in (5, 6):
        packed = gzip.compress(b"id,code,cost\n" + b"".join(b"%d,A%d,1\n" % (n, n) for n in range(500)))
        (tmp_path / "in" / f"products_2026-01-0{number}.csv.gz").write_bytes(packed)
    killed = subprocess.run([sys.executable, "-m", __name__, str(tmp_path), point], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len([*tmp_path.rglob(POINTS[point][2])]) == 1
    assert [*(project.var / "temporary").iterdir()]
    spilled = project.var / "tmp" / "duckdb_temp_1_0_storage_S32K-0.tmp"
    spilled.write_bytes(b"rows")
    kept = project.var / "temporary" / "rest" / "shop.orders" / "000001.page.gz"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"page")
    with running(project) as run:
        land_extract(run, "erp", "products", [day(6)])
    products = project.state / "landing" / "erp" / "products"
    assert entries_below(products) == ["2026-01-06", "2026-01-06/0001.json", "2026-01-06/0001.parquet"]
    assert entries_below(project.var / "temporary") == ["rest", "rest/shop.orders", "rest/shop.orders/000001.page.gz"]
    assert not spilled.exists()


def test_what_runs_that_ended_landed_is_not_looked_through(tmp_path: Path) -> None:
    """Behind a run that ended, with or without an error, the landing store is not searched for leftovers."""
    project = project_of(tmp_path, TEXT)
    with running(project):
        pass
    with pytest.raises(ValueError, match="an error"), running(project):
        raise ValueError("an error")
    with mock.patch.object(landing.Landing, "sweep", side_effect=AssertionError), running(project):
        pass
    (project.var / "run.open.json").write_text("{}")
    with mock.patch.object(landing.Landing, "sweep", return_value=0) as sweep, running(project):
        sweep.assert_called_once()


def main(folder: str, point: str) -> None:
    """Lands a day and dies at the point."""
    with mock.patch.object(*POINTS[point][:2], die), running(load_project(Path(folder))) as run:
        land_extract(run, "erp", "products", [day(5)])


if __name__ == "__main__":
    main(*sys.argv[1:])
