"""Claims on files as deliveries: found by path, date and pattern; missing, empty or changing ones refused."""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import FileRead
from crm_pipeline.sources.files import csv_rows, dates_available, decoding, is_delivered, open_file, shown_path
from crm_pipeline.sources.reading import Asked
from crm_pipeline_tests.sources.reading import DAY, held_back, read_all, read_bytes


def test_origin(tmp_path: Path) -> None:
    """What is known of the file is its name, hash, size, encoding and dialect."""
    content = "姓名,市\n王,京\n".encode("gb18030")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "c_20260105.csv").write_bytes(content)
    origin = read_all(tmp_path, FileRead(file="in/c_{date:%Y%m%d}.csv")).origin
    assert origin.file_name == "c_20260105.csv"
    assert origin.file_sha256 == hashlib.sha256(content).hexdigest()
    assert (origin.file_bytes, origin.encoding, origin.delimiter) == (len(content), "gb18030", ",")
    assert (origin.format, origin.parts) == ("csv", ())


def test_missing_file_says_what_is_there(tmp_path: Path) -> None:
    """A missing file is answered with the newest day that is there, else with what its nearest folder holds."""
    (tmp_path / "in").mkdir()
    for name in ("customers_2026-01-04.csv", "customers_2025-12-31.csv", "customers_2026-01-03.csv"):
        (tmp_path / "in" / name).write_text("a\n1\n")
    with pytest.raises(DeliveryError, match=r"choose the newest day that is there: --date 2026-01-04\.") as caught:
        read_all(tmp_path, FileRead(file="in/customers_{date}.csv"))
    assert caught.value.expected == "the file in/customers_2026-01-05.csv"
    with pytest.raises(DeliveryError, match=r"in/ holds .*customers_2026-01-04\.csv"):
        read_all(tmp_path, FileRead(file="in/2026/deep/{date}.csv"))
    with pytest.raises(DeliveryError, match=r"in/ holds .*customers_2026-01-04\.csv"):
        read_all(tmp_path, FileRead(file="in/orders_*.csv"))


EMPTY = {
    "empty": (b"", 0),
    "blank": (b" \r\n\t\n ", 6),
    "byte order mark alone": (b"\xef\xbb\xbf", 3),
}


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.json", "x.parquet", "x.xlsx"])
@pytest.mark.parametrize(("content", "size"), EMPTY.values(), ids=[*EMPTY])
def test_empty_file_is_refused(tmp_path: Path, content: bytes, size: int, name: str) -> None:
    """A file of 0 bytes, or of blanks, is refused with source, extract, file and cure, whatever its format."""
    with pytest.raises(DeliveryError) as caught:
        read_bytes(tmp_path, content, name)
    assert caught.value.where == f"crm.customers, {name}"
    assert caught.value.found == f"an empty file ({size} bytes)"
    assert caught.value.cure.startswith("Ask for the delivery again")


def _append(file: Path) -> None:
    with file.open("ab") as opened:
        opened.write(b"9,9\n")


def _truncate(file: Path) -> None:
    os.truncate(file, 100)


def _replace(file: Path) -> None:
    other = file.with_suffix(".tmp")
    other.write_bytes(file.read_bytes())
    other.replace(file)


def _rewrite(file: Path) -> None:
    """Other bytes, of no encoding and with other delimiters, of the same size and with the time of before."""
    state = file.stat()
    with file.open("r+b") as opened:
        opened.seek(state.st_size // 2)
        opened.write(b"\xff,\xff,\xff" * 20)
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))


CHANGES: dict[str, Callable[[Path], None]] = {
    "rewritten with its old time": _rewrite,
    "appended to": _append,
    "truncated": _truncate,
    "replaced": _replace,
    "removed": Path.unlink,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=[*CHANGES])
@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.csv.gz", "x*.csv"])
def test_file_that_changes_is_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    change: Callable[[Path], None],
    name: str,
) -> None:
    """A file that is changed while its batches are taken is refused, with source, extract, file and cure alone."""
    monkeypatch.setattr(decoding, "BLOCK_BYTES", 1 << 16)
    rows = b"1,2\n" * 100_000 if "csv" in name else b'{"a":1}\n' * 50_000
    content = (b"a,b\n" if "csv" in name else b"") + rows
    file = tmp_path / name.replace("*", "1")
    file.write_bytes(gzip.compress(content, 1) if name.endswith(".gz") else content)
    if "*" in name:
        (tmp_path / "x2.csv").write_bytes(b"a,b\n1,2\n")
    asked = Asked("crm.customers", DAY, tmp_path, tmp_path / "temporary")
    with pytest.raises(DeliveryError) as caught, open_file(FileRead(file=name), asked) as reading:
        batches = iter(reading.batches)
        next(batches)
        change(file)
        for _ in batches:
            pass
    assert caught.value.where == f"crm.customers, {file.name}"
    assert caught.value.found == "one that was changed, replaced or removed"
    assert caught.value.cure.startswith("Deliver under a temporary name and rename when complete")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("error", [pa.ArrowInvalid("王小明"), pl.exceptions.ComputeError("王小明")])
def test_defect_while_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """What the libraries raise while a file is read names the file and the error, and no row."""

    def batches(*_: object) -> Iterator[object]:
        raise error
        yield

    monkeypatch.setattr(csv_rows, "_batches", batches)
    with pytest.raises(RuntimeError) as caught:
        read_bytes(tmp_path, b"a,b\n1,2\n")
    assert str(caught.value) == f"crm.customers, x.csv: {type(error).__name__} while it was read"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


OTHER = {
    "page": (b"<!DOCTYPE HTML><html><body>login</body></html>", "x.csv", "csv", "a page of the web (HTML)"),
    "page as JSON": (b"\xef\xbb\xbf\n <html>", "x.jsonl", "json lines", "a page of the web (HTML)"),
    "table as a workbook": (b"<table><tr><td>1</td></tr></table>", "x.xls", "excel", "a page of the web (HTML)"),
    "workbook of 2003": (b'<?xml version="1.0"?><Workbook/>', "x.xls", "excel", "XML"),
    "text as a workbook": (b"a\tb\n1\t2\n", "x.xls", "excel", "text"),
    "workbook as text": (b"PK\x03\x04 cut short", "x.jsonl", "a zip archive", "one that is damaged"),
    "Parquet as text": (b"PAR1", "x.csv", "csv", "a file of the format parquet"),
}


@pytest.mark.parametrize(("content", "name", "expected", "found"), OTHER.values(), ids=[*OTHER])
def test_file_of_another_format(tmp_path: Path, content: bytes, name: str, expected: str, found: str) -> None:
    """A file that is something else is told by what it is, with what to do about that."""
    with pytest.raises(DeliveryError) as caught:
        read_bytes(tmp_path, content, name)
    assert caught.value.where == f"crm.customers, {name}"
    assert caught.value.expected == expected
    assert caught.value.found.startswith(found)
    assert caught.value.cure


DATED = {
    "{date}": ("c_{date}.csv", "c_2026-01-05.csv"),
    "{date:%Y%m%d}": ("c_{date:%Y%m%d}.csv", "c_20260105.csv"),
    "folder": ("in/{date}/c.csv", "in/2026-01-05/c.csv"),
    "two folders in one placeholder": ("in/{date:%Y/%m/%d}.csv", "in/2026/01/05.csv"),
    "parts": ("in/{date:%Y}/{date:%m}/c_{date:%d}.csv", "in/2026/01/c_05.csv"),
    "year again": ("in/{date:%Y}/c_{date:%Y%m%d}.csv", "in/2026/c_20260105.csv"),
    "characters that mean something in a pattern": ("in[1]/c+{date}.(x).csv", "in[1]/c+2026-01-05.(x).csv"),
    "a star that is none": ("c[*]{date}.csv", "c*2026-01-05.csv"),
    "wildcard": ("in/{date}/part-*.csv", "in/2026-01-05/part-1.csv"),
    "wildcard before the date": ("in/*_{date:%Y%m%d}.csv", "in/shop_20260105.csv"),
}


@pytest.mark.parametrize("is_absolute", [False, True])
@pytest.mark.parametrize(("pattern", "path"), DATED.values(), ids=[*DATED])
def test_dates_available(tmp_path: Path, pattern: str, path: str, *, is_absolute: bool) -> None:
    """The dates that files are there for are those whose path is the pattern's for that date, oldest first."""
    read = FileRead(file=str(tmp_path / pattern) if is_absolute else pattern)
    root = tmp_path / "elsewhere" if is_absolute else tmp_path
    assert dates_available(read, root) == []
    days = [date(2026, 1, 5), date(2025, 12, 31)]
    for day in days:
        file = tmp_path / path.replace("2026-01-05", f"{day}").replace("20260105", f"{day:%Y%m%d}")
        if "/01/" in path or path.startswith("in/2026/c"):
            file = tmp_path / pattern.format(date=day)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("a\n1\n")
    assert (tmp_path / path).is_file()
    (tmp_path / "c_2026-99-99.csv").write_text("a\n1\n")
    (tmp_path / "c_other.csv").write_text("a\n1\n")
    assert dates_available(read, root) == sorted(days)
    assert is_delivered(read, root, days[0])
    assert not is_delivered(read, root, date(2026, 1, 6))


def test_no_dates_without_placeholder(tmp_path: Path) -> None:
    """A source that is not dated can answer for no past date."""
    (tmp_path / "c.csv").write_text("a\n1\n")
    assert dates_available(FileRead(file="c.csv"), tmp_path) == []
    assert not FileRead(file="c.csv").is_dated


def test_shown_path(tmp_path: Path) -> None:
    """The path for people is relative to the project where it lies inside, else as it is."""
    assert shown_path(FileRead(file="in/c_{date}.csv"), tmp_path, DAY) == "in/c_2026-01-05.csv"
    assert shown_path(FileRead(file=str(tmp_path / "c.csv")), tmp_path, DAY) == "c.csv"
    assert shown_path(FileRead(file="/elsewhere/c.csv"), tmp_path, DAY) == "/elsewhere/c.csv"
    assert shown_path(FileRead(file="s3://bucket/c_{date}.csv"), tmp_path, DAY) == "s3://bucket/c_2026-01-05.csv"


def test_several_files_are_one_delivery(tmp_path: Path) -> None:
    """All files that match are one delivery, sorted by name; each row and held-back line has a line of its own."""
    contents = {
        "o_2.csv": b"a,b\n" + b"3,4\n" * 30 + b"5\n",
        "o_1.csv": b"a,b\n1,2\n\n7,8\n",
        "o_3.csv.gz": gzip.compress("a,b\n王,6\n".encode("gb18030")),
        ".o_4.csv": b"x\n",
        "p.csv": b"x\n",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    read = read_all(tmp_path, FileRead(file="o_*", encoding="gb18030"))
    lines = read.frame["_line"].to_list()
    assert [row[:2] for row in read.frame.rows()] == [("1", "2"), ("7", "8"), *[("3", "4")] * 30, ("王", "6")]
    assert len({*lines, *held_back(read)}) == len(lines) + 1
    assert lines == sorted(lines)
    origin = read.origin
    assert (origin.file_name, origin.details["files"]) == ("o_1.csv and 2 more", "3")
    assert [(part.file_name, part.file_bytes) for part in origin.parts] == [
        (name, len(contents[name])) for name in ("o_1.csv", "o_2.csv", "o_3.csv.gz")
    ]
    assert origin.file_bytes == sum(part.file_bytes for part in origin.parts)
    assert origin.place_of(lines[1]) == ("o_1.csv", 4)
    assert origin.place_of(lines[2]) == ("o_2.csv", 2)
    assert [origin.place_of(line) for line in held_back(read)] == [("o_2.csv", 32)]
    assert origin.place_of(lines[-1]) == ("o_3.csv.gz", 2)


def test_one_file_of_a_pattern(tmp_path: Path) -> None:
    """A pattern that only one file matches is that file."""
    (tmp_path / "o_1.csv").write_bytes(b"a,b\n1,2\n")
    origin = read_all(tmp_path, FileRead(file="o_?.csv")).origin
    assert (origin.file_name, origin.parts, origin.place_of(2)) == ("o_1.csv", (), ("o_1.csv", 2))


def test_files_with_other_columns_are_refused(tmp_path: Path) -> None:
    """Files of one delivery with other columns than the first are refused, by name and count; JSON may differ."""
    (tmp_path / "o_1.csv").write_bytes(b"a,b\n1,2\n")
    (tmp_path / "o_2.csv").write_bytes(b"a,c,d\n1,2,3\n")
    with pytest.raises(DeliveryError, match=r"the columns of o_1\.csv.*found 1 missing and 2 more") as caught:
        read_all(tmp_path, FileRead(file="o_*.csv"))
    assert caught.value.where == "crm.customers, o_2.csv"
    (tmp_path / "o_1.jsonl").write_bytes(b'{"a":1}\n')
    (tmp_path / "o_2.jsonl").write_bytes(b'{"b":2}\n')
    frame = read_all(tmp_path, FileRead(file="o_*.jsonl")).frame
    assert frame.select("a", "b").rows() == [("1", ""), ("", "2")]


def test_trouble_in_a_later_file_names_it(tmp_path: Path) -> None:
    """What is wrong with one of several files is said of that file."""
    (tmp_path / "o_1.csv").write_bytes(b"a,b\n1,2\n")
    (tmp_path / "o_2.csv").write_bytes(b"")
    with pytest.raises(DeliveryError, match="an empty file") as caught:
        read_all(tmp_path, FileRead(file="o_*.csv"))
    assert caught.value.where == "crm.customers, o_2.csv"
