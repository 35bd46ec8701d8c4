"""Claims on rows taken out of a published file: what a cell becomes, and that a file is there whole or not at all."""

# ruff: noqa: DTZ001 - tables hold times in UTC without a zone

from __future__ import annotations

import csv
import json
import math
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import fastexcel
import polars as pl
import pytest

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.publish import query, take_out, taking_out, workbook

ENDS = ("csv", "xlsx", "parquet")
each_end = pytest.mark.parametrize("end", ENDS)

# Result column: SQL, the cell in CSV, in Excel, in Parquet.
CELLS: dict[str, tuple[str, str, object, object]] = {
    "姓名": ("'王芳'", "王芳", "王芳", "王芳"),
    "lines": ("'a\nb,\"c\"'", 'a\nb,"c"', 'a\nb,"c"', 'a\nb,"c"'),
    "formula": ("'=1+1'", "'=1+1", "'=1+1", "=1+1"),
    "phone": ("'+8613800138010'", "+8613800138010", "+8613800138010", "+8613800138010"),
    "nothing": ("NULL", "", None, None),
    "whole": ("-7", "-7", -7.0, -7),
    "sum": ("(SELECT sum(x) FROM range(3) AS t(x))", "3", 3.0, Decimal(3)),
    "longest": ("123456789012345", "123456789012345", 123456789012345.0, 123456789012345),
    "too_long": ("1234567890123456", "1234567890123456", "1234567890123456", 1234567890123456),
    "money": ("CAST(12.5 AS DECIMAL(18, 4))", "12.5000", 12.5, Decimal("12.5000")),
    "long_money": (
        "CAST('12345678901234.5678' AS DECIMAL(18, 4))",
        "12345678901234.5678",
        "12345678901234.5678",
        Decimal("12345678901234.5678"),
    ),
    "ratio": ("CAST(-0.25 AS DOUBLE)", "-0.25", -0.25, -0.25),
    "infinite": ("-1::DOUBLE / 0", "'-inf", "'-inf", -math.inf),
    "yes": ("true", "true", True, True),
    "day": ("DATE '2026-01-05'", "2026-01-05", datetime(2026, 1, 5), date(2026, 1, 5)),
    "old_day": ("DATE '1899-05-01'", "1899-05-01", "1899-05-01", date(1899, 5, 1)),
    "moment": (
        "TIMESTAMP '2026-01-05 17:02:03'",
        "2026-01-05 17:02:03",
        datetime(2026, 1, 5, 17, 2, 3),
        datetime(2026, 1, 5, 17, 2, 3),
    ),
    "moment_in_zone": (
        "TIMESTAMP '2026-01-05 17:02:03' AT TIME ZONE 'UTC'",
        "2026-01-06 01:02:03",
        datetime(2026, 1, 6, 1, 2, 3),
        datetime(2026, 1, 5, 17, 2, 3, tzinfo=UTC),
    ),
    "ids": ("[{'namespace': 'erp', 'value': '=7'}]", "JSON", "JSON", [{"namespace": "erp", "value": "=7"}]),
    "a span": ("INTERVAL '-1 day'", "'-1 day", "'-1 day", "-1 day"),
    "=head": ("'x'", "x", "x", "x"),
}
SELECT = f"""SELECT {", ".join(f'{sql} AS "{name}"' for name, (sql, *_) in CELLS.items())}"""
JSON = json.dumps([{"namespace": "erp", "value": "=7"}], separators=(",", ":"))


def taken(published: Path, sql: str, target: Path) -> list[list[object]]:
    """The cells of the file that the select was written to, row by row, below those of the header."""
    take_out(published, sql, target, zone="Asia/Shanghai")
    if target.suffix == ".csv":
        with target.open(encoding="utf-8-sig", newline="") as file:
            return [*map(list, csv.reader(file))]
    if target.suffix == ".xlsx":
        frame = fastexcel.read_excel(str(target)).load_sheet(0).to_polars()
    else:
        frame = pl.read_parquet(target)
    return [frame.columns, *map(list, frame.rows())]


@each_end
def test_cells(published: Path, tmp_path: Path, end: str) -> None:
    """Numbers stay numbers and days days where the file has them, but none becomes another one; nested values are JSON.

    A time with a zone is the project's in CSV and Excel; a header is made harmless like any cell.
    """
    header, row = taken(published, SELECT, tmp_path / f"x.{end}")
    column = 1 + ENDS.index(end)
    expected = [JSON if cells[column] == "JSON" else cells[column] for cells in CELLS.values()]
    assert dict(zip(CELLS, row, strict=True)) == dict(zip(CELLS, expected, strict=True))
    assert header == ["'=head" if name == "=head" and end != "parquet" else name for name in CELLS]


def test_times_are_shown_alike(published: Path) -> None:
    """`query` gives a time with a zone as the same time of the project's day."""
    sql = "SELECT TIMESTAMP '2026-01-05 17:02:03' AT TIME ZONE 'UTC' AS t"
    assert str(query(published, sql, zone="Asia/Shanghai").item()) == "2026-01-06 01:02:03+08:00"


def test_csv_is_excels(published: Path, tmp_path: Path) -> None:
    """A CSV file begins with the mark by which Excel knows UTF-8; an empty text is not nothing."""
    take_out(published, "SELECT '王' AS 姓, '' AS empty, NULL AS nothing", tmp_path / "x.csv", zone="UTC")
    assert (tmp_path / "x.csv").read_bytes() == '\ufeff姓,empty,nothing\n王,"",\n'.encode()


@each_end
def test_all_rows_in_order(published: Path, tmp_path: Path, end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows come in the select's order over all batches; columns of one name are told apart; no rows: a header."""
    monkeypatch.setattr(taking_out, "_BATCH_ROWS", 3)
    sql = "SELECT a, a FROM range(20) AS t(a) ORDER BY a DESC -- last"
    header, *rows = taken(published, sql, tmp_path / f"x.{end}")
    assert header == ["a", "a_1"]
    assert [[int(str(cell).removesuffix(".0")) for cell in row] for row in rows] == [[n, n] for n in range(19, -1, -1)]
    assert taken(published, "SELECT 'x' AS a LIMIT 0", tmp_path / f"x.{end}") == [["a"]]
    assert taken(published, "DESCRIBE customers", tmp_path / f"x.{end}")[1][0] == "customer_id"


@each_end
def test_replaced_whole_or_not_at_all(published: Path, tmp_path: Path, end: str) -> None:
    """A file that was there is replaced, and stays as it is when the select fails behind its first rows; only it is."""
    target = tmp_path / f"x.{end.upper()}"
    target.write_text("before")
    with pytest.raises(ConfigurationError, match="Could not convert"):
        sql = "SELECT CASE WHEN a = 100000 THEN 'x'::INTEGER ELSE a END FROM range(120000) AS t(a)"
        take_out(published, sql, target, zone="UTC")
    assert target.read_text() == "before"
    assert take_out(published, "FROM customers", target, zone="UTC") == 2
    assert target.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


@pytest.mark.parametrize(
    ("target", "found"),
    [("x.txt", "x.txt"), ("x", "x"), ("folder.csv", "a folder"), ("missing/x.csv", "No such file")],
)
def test_targets_refused(published: Path, tmp_path: Path, target: str, found: str) -> None:
    """Another ending, a folder, or a place in none is the caller's to correct; nothing is left there."""
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ConfigurationError, match=found) as caught:
        take_out(published, "FROM customers", tmp_path / target, zone="UTC")
    assert caught.value.exit_code == 2
    assert [path.name for path in tmp_path.rglob("*")] == ["folder.csv"]


@pytest.mark.parametrize("sql", ["DELETE FROM customers", "SELECT 1; SELECT 2", "FROM read_text('/etc/hostname')"])
def test_selects_refused(published: Path, tmp_path: Path, sql: str) -> None:
    """What `query` refuses is refused, and leaves no file."""
    with pytest.raises(ConfigurationError, match="query: expected one select"):
        take_out(published, sql, tmp_path / "x.csv", zone="UTC")
    assert [*tmp_path.iterdir()] == []


def test_what_a_sheet_can_not_hold(published: Path, tmp_path: Path) -> None:
    """One row, column or character more than Excel holds is refused with what to do; as much as it holds is written."""
    for sql, expected in {
        f"FROM range({workbook.MOST_ROWS})": r"at most 1,048,575 rows.*found 1,048,576\. Write \.csv or \.parquet",
        f"SELECT repeat('x', {workbook.LONGEST_TEXT + 1}) AS t": "32,767 characters.*found 32,768 in the column t, row",
        f"SELECT repeat('😀', {workbook.LONGEST_TEXT // 2 + 1}) AS t": "found 32,768",
    }.items():
        with pytest.raises(ConfigurationError, match=expected):
            take_out(published, sql, tmp_path / "x.xlsx", zone="UTC")
    assert [*tmp_path.iterdir()] == []
    sql = f"SELECT repeat('x', {workbook.LONGEST_TEXT}) AS t"
    assert [len(str(cell)) for (cell,) in taken(published, sql, tmp_path / "x.xlsx")[1:]] == [workbook.LONGEST_TEXT]


def test_rows_that_come_uncounted(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A select that gives more rows when it is written than when it was counted is refused, and not cut off."""
    monkeypatch.setattr(workbook, "MOST_ROWS", 4)
    monkeypatch.setattr(taking_out.Selection, "count", lambda _: 3)
    assert take_out(published, "FROM range(3)", tmp_path / "x.xlsx", zone="UTC") == 3
    with pytest.raises(ConfigurationError, match="at most 3 rows"):
        take_out(published, "FROM range(4)", tmp_path / "x.xlsx", zone="UTC")


def test_the_header_stays_in_view(published: Path, tmp_path: Path) -> None:
    """The first row of a workbook does not scroll away."""
    take_out(published, "FROM customers", tmp_path / "x.xlsx", zone="UTC")
    with zipfile.ZipFile(tmp_path / "x.xlsx") as archive:
        assert b'topLeftCell="A2" activePane="bottomLeft" state="frozen"' in archive.read("xl/worksheets/sheet1.xml")
