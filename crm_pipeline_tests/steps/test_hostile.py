"""Claims on hostile text from a delivered file to the published table and its exports.

Strings of `data/blns`, formulas of `data/csv_injection`. Identities are one to one: linking is not the claim here.
"""

from __future__ import annotations

import csv
import json
import re
import unicodedata
import zipfile
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import fastexcel
import polars as pl
import pytest

from crm_pipeline.golden import merge_customers
from crm_pipeline.publish import Publication, export_csv, publish_duckdb, query, take_out
from crm_pipeline.steps.applying.standardise import apply_entity
from crm_pipeline.steps.landing.land import land_extract
from crm_pipeline.steps.run import utc_now
from crm_pipeline.tables import FORMER_MEMBERS, MEMBERS, customers
from crm_pipeline_tests.steps.building import day, project_of, running

DATA = Path(__file__).parent.parent / "data"
BLNS: list[str] = json.loads((DATA / "blns" / "blns.json").read_text(encoding="utf-8"))
FORMULAS: list[str] = [
    json.loads(line)["value"] for line in (DATA / "csv_injection" / "payloads.jsonl").read_text().splitlines()
]
PLACEHOLDERS = {"n/a", "na", "null", "none", "nil", "unknown", "-", "--", "/", ".", "无", "未知", "不详", "暂无", "空"}
PLACEHOLDERS |= {
    "undefined",
    "(null)",
    "nan",
    "\\",
    "_",
    "''",
    '""',
}  # what programs write for nothing, and empty quotes
NO_NAMES = {"0", "1", "-,", "test"}  # placeholders of a name, and of nothing else
TEXT = """\
version: 1
start_date: 2026-01-01
timezone: UTC
sources:
  crm:
    extracts:
      customers:
        read: {file: "in/c_{date}.csv"}
        primary_key: id
        columns: {name: name, address: address, kind: {constant: organisation}}
        extra_columns: {note: note}
"""


def published(folder: Path, strings: Sequence[str]) -> Path:
    """The published file of a project that was delivered each string as name, address and own column of a customer."""
    project = project_of(folder, TEXT)
    file = folder / "in" / "c_2026-01-05.csv"
    file.parent.mkdir()
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened, quoting=csv.QUOTE_ALL)
        writer.writerow(("id", "name", "address", "note"))
        writer.writerows((f"{n:04}", text, text, text) for n, text in enumerate(strings))
    with running(project) as run:
        land_extract(run, "crm", "customers", [day(5)])
        load = apply_entity(run, "customers").loads
        assert load["delivered_count"].to_list() == load["loaded_count"].to_list() == [len(strings)]
        keys = [f"crm/customers/{n:04}" for n in range(len(strings))]
        members = [(key, f"C{n:04}", None, "single") for n, key in enumerate(keys)]
        run.warehouse.replace(MEMBERS, pl.DataFrame(members, schema=MEMBERS.polars_schema, orient="row"))
        run.warehouse.replace(FORMER_MEMBERS, FORMER_MEMBERS.empty())
        own = project.config.extras("customers")
        merge_customers(run.warehouse, rules={}, trust=project.config.trust, extra_columns=own)
        tables = [Publication.of(customers(own))]
        publish_duckdb(run.warehouse, project.published_file, tables, run_id="r", now=utc_now(), code_version="test")
    return project.published_file


def trimmed(text: str) -> str | None:
    """The text without outer white space, as Unicode has it; None where nothing is left."""
    return text.strip("".join(chr(n) for n in range(0x3001) if chr(n).isspace() and n not in range(0x1C, 0x20))) or None


def normalised(text: str) -> str | None:
    """The documented normalisation of standard text: runs of blanks and control characters are one space; no words."""
    plain = "".join(" " if unicodedata.category(x) == "Cc" or x.isspace() else x for x in text)
    plain = re.sub(" +", " ", plain).strip(" ")
    return None if plain.lower() in PLACEHOLDERS else plain or None


def test_naughty_strings_come_out_as_they_went_in(tmp_path: Path) -> None:
    """An own column keeps each string but for outer blanks; an address too, but placeholders; a name is normalised."""
    rows = query(published(tmp_path, BLNS), "SELECT name, address, note FROM customers ORDER BY customer_id").rows()
    assert [note for _, _, note in rows] == [trimmed(text) for text in BLNS]
    expected = [None if (trimmed(text) or "").lower() in PLACEHOLDERS else trimmed(text) for text in BLNS]
    assert [address for _, address, _ in rows] == expected
    names = [None if text.strip() in NO_NAMES else normalised(text) for text in BLNS]
    assert [name for name, _, _ in rows] == names
    changed = [text for text, (name, _, _) in zip(BLNS, rows, strict=True) if name != text]
    assert len(changed) < 40  # nearly all of them are names as they are


def test_formulas_are_text(tmp_path: Path) -> None:
    """Each formula is stored as the text it is, and `query` gives it so."""
    rows = query(published(tmp_path, FORMULAS), "SELECT note FROM customers ORDER BY customer_id").rows()
    assert [note for (note,) in rows] == [trimmed(text) for text in FORMULAS]


def unsafe(cells: Sequence[str]) -> list[str]:
    """The cells that a spreadsheet would take for a formula: those that begin like one and are no plain number."""
    begun = [cell for cell in cells if cell.lstrip()[:1] in {"=", "+", "-", "@"} or cell[:1] in {"\t", "\r", "\n"}]
    return [cell for cell in begun if not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", cell)]


def given_back(cell: str) -> str:
    """The cell without the apostrophe of the export."""
    return re.sub(r"^'('*[\s\x00-\x1f\x7f-\x9f]*[=+\-@＝＋－＠])", r"\1", cell)


def read_csv(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as opened:
        return list(csv.DictReader(opened))


both = pytest.mark.parametrize("strings", [FORMULAS, BLNS], ids=["formulas", "naughty strings"])


@both
def test_exports_hold_no_formula(tmp_path: Path, strings: Sequence[str]) -> None:
    """No cell of a CSV export begins like a formula but plain numbers; taking the apostrophes away gives the texts."""
    file = published(tmp_path, strings)
    written = {path.name: path for path in export_csv(file, tmp_path / "export")}
    rows = read_csv(written["customers.csv"])
    assert unsafe([cell for row in rows for cell in row.values() if cell]) == []
    assert [given_back(row["note"]) or None for row in rows] == [trimmed(text) for text in strings]


@both
def test_rows_taken_out_hold_no_formula(tmp_path: Path, strings: Sequence[str]) -> None:
    """`query --to` writes the same texts to CSV and Excel as the export, no formula among them; to Parquet as they are.

    Python's csv module, fastexcel and the workbook's own XML are the judges.
    """
    file = published(tmp_path, strings)
    expected = [trimmed(text) for text in strings]
    for end in ("csv", "xlsx", "parquet"):
        sql = "SELECT * FROM customers ORDER BY customer_id"
        assert take_out(file, sql, tmp_path / f"rows.{end}", zone="Asia/Shanghai") == len(strings)
    rows = read_csv(tmp_path / "rows.csv")
    assert unsafe([cell for row in rows for cell in row.values() if cell]) == []
    assert [given_back(row["note"]) or None for row in rows] == expected
    sheet = fastexcel.read_excel(str(tmp_path / "rows.xlsx")).load_sheet(0, dtypes="string").to_polars()
    # How a workbook writes characters that XML has not (ECMA-376, ST_Xstring); fastexcel leaves some of them so.
    texts = sheet.select(pl.col("name", "address", "note").str.replace_all("_xFFFE_", "\ufffe"))
    assert unsafe([cell for row in texts.rows() for cell in row if cell]) == []
    assert [given_back(note) if note else None for note in texts["note"]] == expected
    with zipfile.ZipFile(tmp_path / "rows.xlsx") as archive:
        tags = {element.tag for element in ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml")).iter()}  # noqa: S314 - our own
    assert "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}is" in tags
    assert "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}f" not in tags
    assert pl.read_parquet(tmp_path / "rows.parquet")["note"].to_list() == expected
