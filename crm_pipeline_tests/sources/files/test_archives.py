"""Claims on gzip and zip: told by content, read as what they hold, refused when damaged, too large or ambiguous."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from crm_pipeline.errors import DeliveryError
from crm_pipeline_tests.sources.reading import read_bytes

CSV = b"a,b\n1,2\n3,4\n"
ROWS = [("1", "2", 2), ("3", "4", 3)]


def zipped(members: dict[str, bytes]) -> bytes:
    """A zip archive of these members."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return content.getvalue()


@pytest.mark.parametrize("name", ["x.csv.gz", "x.csv", "x.zip"])
def test_gzip(tmp_path: Path, name: str) -> None:
    """A gzip file is told by its content, whatever it is called; hash and size are those of the file delivered."""
    content = gzip.compress(CSV, mtime=0)
    read = read_bytes(tmp_path, content, name)
    assert read.frame.rows() == ROWS
    assert (read.origin.file_bytes, read.origin.details["packed"]) == (len(content), "gzip")


def test_format_by_suffix(tmp_path: Path) -> None:
    """The suffix before .gz, or of the member of a zip archive, tells the format."""
    lines = b'{"a":1}\n{"a":2}\n'
    assert read_bytes(tmp_path, gzip.compress(lines), "x.jsonl.gz").origin.format == "json_lines"
    assert read_bytes(tmp_path, zipped({"x.ndjson": lines}), "x.zip").frame.rows() == [("1", 1), ("2", 2)]
    assert read_bytes(tmp_path, zipped({"x.json": b'[{"a":1}]'}), "x.zip").origin.format == "json"


def test_zip_of_one_file(tmp_path: Path) -> None:
    """Of a zip archive with one file that one is read, folders and what a Mac adds apart."""
    read = read_bytes(tmp_path, zipped({"out/": b"", "out/c.csv": CSV, "__MACOSX/c.csv": b"x"}), "x.zip")
    assert read.frame.rows() == ROWS
    assert read.origin.details["member"] == "out/c.csv"


def test_member_by_pattern(tmp_path: Path) -> None:
    """Of several files the one that `member` names is read; none or several are refused with their number."""
    content = zipped({"a.csv": CSV, "b.csv": b"x,y\n5,6\n", "c.txt": b"z"})
    assert read_bytes(tmp_path, content, "x.zip", member="b*").frame.rows() == [("5", "6", 2)]
    for options, found in (({}, "3 of 3"), ({"member": "*.csv"}, "2 of 3"), ({"member": "d*"}, "0 of 3")):
        with pytest.raises(DeliveryError, match=f"found {found}") as caught:
            read_bytes(tmp_path, content, "x.zip", **options)
        assert "read.member" in caught.value.cure


def test_workbook_is_no_archive(tmp_path: Path) -> None:
    """A workbook is read as one, also inside gzip and zip, and refused where CSV is expected."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True})
    book.add_worksheet().write_column(0, 0, ["a", "1"])
    book.close()
    content = file.getvalue()
    assert read_bytes(tmp_path, gzip.compress(content), "x.xlsx.gz").frame.rows() == [("1", 2)]
    assert read_bytes(tmp_path, zipped({"x.xlsx": content}), "x.zip").origin.format == "excel"
    with pytest.raises(DeliveryError, match=r"Set read\.format to excel"):
        read_bytes(tmp_path, content, "x.csv")


GZIP, ZIP = gzip.compress(CSV * 1000), zipped({"x.csv": CSV * 1000})
DAMAGED = {
    "gzip cut short": (GZIP[:-30], "cut short"),
    "gzip with another checksum": (GZIP[:-8] + b"\0" * 8, "damaged"),
    "gzip with bytes changed": (GZIP[:40] + b"\xff" * 9 + GZIP[49:], "damaged"),
    "zip cut short": (ZIP[:-30], "damaged"),
    "zip with bytes changed": (ZIP[:60] + b"\xff" * 9 + ZIP[69:], "damaged"),
    "empty zip": (zipped({}), "0 of 0"),
    "gzip of nothing": (gzip.compress(b""), "an empty file"),
}


@pytest.mark.parametrize(("content", "found"), DAMAGED.values(), ids=[*DAMAGED])
def test_damaged_archive_is_refused(tmp_path: Path, content: bytes, found: str) -> None:
    """An archive that is damaged, cut short or empty is refused as a whole."""
    with pytest.raises(DeliveryError, match=found):
        read_bytes(tmp_path, content, "x.csv.gz")


@pytest.mark.parametrize("pack", [gzip.compress, lambda content: zipped({"x.csv": content})], ids=["gzip", "zip"])
def test_bomb_is_refused(tmp_path: Path, pack: object) -> None:
    """An archive that holds more than the limit is refused before the disk is full, and nothing of it stays."""
    content = pack(b"a,b\n" + b"1,2\n" * 500_000)  # type: ignore[operator]
    with pytest.raises(DeliveryError, match=r"at most 1MB unpacked \(read\.unpacked_limit\)"):
        read_bytes(tmp_path, content, "x.csv.gz", unpacked_limit="1MB")
    assert list((tmp_path / "temporary").iterdir()) == []
    assert read_bytes(tmp_path, content, "x.csv.gz", unpacked_limit="3MB").frame.height == 500_000


TWICE = {
    "gzip of zip": (gzip.compress(zipped({"x.csv": CSV})), "by gzip", "a zip archive within"),
    "gzip of gzip": (gzip.compress(gzip.compress(CSV)), "by gzip", "a gzip archive within"),
    "zip of gzip": (zipped({"x.csv.gz": gzip.compress(CSV)}), "by zip", "a gzip archive within"),
    "zip of zip": (zipped({"x.zip": zipped({"x.csv": CSV})}), "by zip", "a zip archive within"),
}


@pytest.mark.parametrize(("content", "by", "within"), TWICE.values(), ids=[*TWICE])
def test_packed_twice(tmp_path: Path, content: bytes, by: str, within: str) -> None:
    """An archive within an archive is refused as such, with the cure."""
    with pytest.raises(DeliveryError, match=f"packed once, {by}; found one that was packed twice: {within}") as caught:
        read_bytes(tmp_path, content, "x.csv.gz")
    assert caught.value.cure == "Deliver it packed once."


def test_password(tmp_path: Path) -> None:
    """A zip archive with a password is refused as such."""
    content = bytearray(zipped({"x.csv": CSV}))
    for place in (6, content.index(b"PK\x01\x02") + 8):
        content[place] |= 1
    with pytest.raises(DeliveryError, match="one with a password"):
        read_bytes(tmp_path, bytes(content), "x.zip")
