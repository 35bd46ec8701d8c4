"""The second business day of the small project, and what tests compare of a project.

Belongs here: the delivery and the looking. Does not belong here: runs.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from crm_pipeline.publish import export_csv
from crm_pipeline.state.files import sha256_of
from crm_pipeline_tests import projects

SECOND = "2026-01-29"
NEW = ("28000", "28001", "28002")  # customers of the demo whom the cut leaves out
GONE_EVERYWHERE, GONE_FROM_CRM = "11003", "11004"
RENAMED, MOVED = "11005", "11006"
NO_ID = ""  # among the few rows that a second day changes, the share of these rows would be over the limit
_Rows = list[dict[str, str]]


def add_second_day(folder: Path) -> Path:
    """The project with a second day: customers new, changed, gone and gone in part; no row without id any more."""
    new_keys = {row["cst_key"] for row in _read(_demo("crm/cust_info.csv")) if row["cst_id"] in NEW}
    gone = f"AW000{GONE_EVERYWHERE}"

    def crm(rows: _Rows) -> _Rows:
        kept = [row for row in rows if row["cst_id"] not in {GONE_EVERYWHERE, GONE_FROM_CRM, NO_ID}]
        changed = [{**row, "cst_lastname": "Quillfeather"} if row["cst_id"] == RENAMED else row for row in kept]
        return changed + [row for row in _read(_demo("crm/cust_info.csv")) if row["cst_id"] in NEW]

    def erp(rows: _Rows) -> _Rows:
        added = [row for row in _read(_demo("erp/CUST_AZ12.csv")) if row["CID"].removeprefix("NAS") in new_keys]
        return [row for row in rows if row["CID"].removeprefix("NAS") != gone] + added

    def locations(rows: _Rows) -> _Rows:
        added = [row for row in _read(_demo("erp/LOC_A101.csv")) if row["CID"].replace("-", "") in new_keys]
        kept = [row for row in rows if row["CID"].replace("-", "") != gone]
        return [{**row, "CNTRY": "Canada"} if row["CID"].endswith(MOVED) else row for row in kept] + added

    def orders(rows: _Rows) -> _Rows:
        added = [row for row in _read(_demo("crm/sales_details.csv")) if row["sls_cust_id"] in NEW]
        return [row for row in rows if row["sls_cust_id"] != GONE_EVERYWHERE] + added

    extracts = folder / "extracts"
    _deliver(extracts / "crm", "cust_info.csv", crm)
    _deliver(extracts / "crm", "sales_details.csv", orders)
    _deliver(extracts / "crm", "prd_info.csv", list)
    _deliver(extracts / "erp", "CUST_AZ12.csv", erp)
    _deliver(extracts / "erp", "LOC_A101.csv", locations)
    return folder


def exported(folder: Path) -> dict[str, bytes]:
    """Every published table of a project as CSV: stable columns, ids included."""
    with tempfile.TemporaryDirectory() as target:
        return {path.name: path.read_bytes() for path in export_csv(folder / "published/crm.duckdb", Path(target))}


def contents(folder: Path, *parts: str) -> dict[str, str]:
    """Hash of every file below the parts of a project, by path; a part that is not there has none."""
    found = (path for part in parts for path in _files(folder / part))
    return {str(path.relative_to(folder)): sha256_of(path) for path in found}


def unfinished(folder: Path, parts: Iterable[str] = ("state", "published", "backup", "reports")) -> list[str]:
    """Paths of files and folders that were being written when somebody died."""
    return sorted(str(path.relative_to(folder)) for part in parts for path in (folder / part).rglob(".tmp-*"))


def _files(path: Path) -> Iterable[Path]:
    return [path] if path.is_file() else sorted(inner for inner in path.rglob("*") if inner.is_file())


def _demo(path: str) -> Path:
    source, name = path.split("/")
    return projects.demo_template() / "extracts" / source / projects.DATE / name


def _deliver(source: Path, name: str, change: Callable[[_Rows], _Rows]) -> None:
    first, second = source / projects.DATE / name, source / SECOND / name
    second.parent.mkdir(exist_ok=True)
    rows = change(_read(first))
    with second.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.DictWriter(opened, list(_read(first)[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _read(file: Path) -> _Rows:
    with file.open(newline="", encoding="utf-8") as opened:
        return list(csv.DictReader(opened))
