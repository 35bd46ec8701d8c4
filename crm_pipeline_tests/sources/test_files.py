"""Claims on reading delivered files: cells exactly, line numbers right, damage refused without showing content."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import Read
from crm_pipeline.sources.csv_rows import rows_of
from crm_pipeline.sources.files import dates_available, locate, read_file, read_header
from crm_pipeline.state.landing import LINE

DAY = date(2026, 1, 5)
LONG = b"x" * 2_000_000
Deliver = Callable[..., list[tuple[str | int, ...]]]


@pytest.fixture
def deliver(tmp_path: Path) -> Deliver:
    """The rows read from a file with the bytes given; its header is read alone as well and must agree."""

    def read_bytes(content: bytes, **options: str) -> list[tuple[str | int, ...]]:
        (tmp_path / "x.csv").write_bytes(content)
        read = Read.model_validate({"file": "x.csv", **options})
        delivered = read_file(read, tmp_path, DAY, where="crm.customers")
        assert delivered.frame.columns == [*read_header(read, tmp_path, DAY, where="crm.customers"), LINE]
        return delivered.frame.rows()

    return read_bytes


EXACT: dict[str, tuple[bytes, dict[str, str], list[tuple[str | int, ...]]]] = {
    "plain": (b"a,b\n1,2\n3,4\n", {}, [("1", "2", 2), ("3", "4", 3)]),
    "no last line end": (b"a,b\n1,2\n3,4", {}, [("1", "2", 2), ("3", "4", 3)]),
    "CRLF": (b"a,b\r\n1,2\r\n3,4\r\n", {}, [("1", "2", 2), ("3", "4", 3)]),
    "CR": (b"a,b\r1,2\r3,4\r", {}, [("1", "2", 2), ("3", "4", 3)]),
    "byte order mark": ("\ufeffa,b\n1,2\n".encode(), {}, [("1", "2", 2)]),
    "quoted header with byte order mark": ('\ufeff"a",b\n1,2\n'.encode(), {}, [("1", "2", 2)]),
    "quoted line ends": (b'a,b\n"1\n1",2\n3,"4\n\n4"\n5,6\n', {},
                         [("1\n1", "2", 2), ("3", "4\n\n4", 4), ("5", "6", 7)]),
    "quoted CRLF": (b'a,b\r\n"1\r\n1",2\r\n3,4\r\n', {}, [("1\r\n1", "2", 2), ("3", "4", 4)]),
    "quoted delimiter and quotes": (b'a,b\n"1,1","say ""x"""\n', {}, [("1,1", 'say "x"', 2)]),
    "quote inside a plain cell": (b'a,b\n5" pipe,1\nx,2\n', {}, [('5" pipe', "1", 2), ("x", "2", 3)]),
    "blank lines": (b"a,b\n\n1,2\n\n\n3,4\n\n", {}, [("1", "2", 3), ("3", "4", 6)]),
    "blank lines above the header": (b"\n\na,b\n1,2\n", {}, [("1", "2", 4)]),
    "header over two lines": (b'"a\nx",b\n1,2\n', {}, [("1", "2", 3)]),
    "blank and quoted lines": (b'a,b\n"1\n1",2\n\n3,4\n', {}, [("1\n1", "2", 2), ("3", "4", 5)]),
    "one column": (b'a\n1\n\n""\n2\n', {}, [("1", 2), ("", 4), ("2", 5)]),
    "empty cells": (b"a,b\n,\n1,\n", {}, [("", "", 2), ("1", "", 3)]),
    "words that others take for null": (b"a,b\nNULL,NA\nNaN,null\n", {}, [("NULL", "NA", 2), ("NaN", "null", 3)]),
    "numbers stay text": (b"a,b\n007,1e3\n1.50,true\n", {}, [("007", "1e3", 2), ("1.50", "true", 3)]),
    "outer blanks stay": (b"a,b\n 1 ,\t2\n", {}, [(" 1 ", "\t2", 2)]),
    "semicolon": (b"a;b\n1,0;2\n", {"delimiter": ";"}, [("1,0", "2", 2)]),
    "pipe": (b"a|b\n1|2\n", {"delimiter": "|"}, [("1", "2", 2)]),
    "tab": (b"a\tb\n1\t2\n", {"delimiter": "\t"}, [("1", "2", 2)]),
    "delimiter that means something in a pattern": (b'a^b\n"1^"^2\n', {"delimiter": "^"}, [("1^", "2", 2)]),
    "gb18030": ("姓名,市\n王小明,上海\n㐀𠀀,北京\n".encode("gb18030"), {"encoding": "gb18030"},
                [("王小明", "上海", 2), ("㐀𠀀", "北京", 3)]),
    "big5": ("姓名,市\n許功蓋,臺北\n".encode("big5"), {"encoding": "big5"}, [("許功蓋", "臺北", 2)]),
    "utf-16": ("姓名,市\n王小明,上海\n".encode("utf-16"), {"encoding": "utf-16"}, [("王小明", "上海", 2)]),
    "name of the encoding in capitals": ("\ufeffa,b\n王,2\n".encode(), {"encoding": "UTF8"}, [("王", "2", 2)]),
    "cell of two megabytes": (b"a,b\n" + LONG + b",1\n\n2,3\n", {}, [(LONG.decode(), "1", 2), ("2", "3", 4)]),
    "quoted cell of two megabytes": (b'a,b\n"' + LONG + b'",1\n', {}, [(LONG.decode(), "1", 2)]),
}  # fmt: skip


@pytest.mark.parametrize(("content", "options", "rows"), EXACT.values(), ids=[*EXACT])
def test_rows_exactly(
    deliver: Deliver, content: bytes, options: dict[str, str], rows: list[tuple[str | int, ...]]
) -> None:
    """Cells come out as they were delivered, each row with the line on which it starts."""
    assert deliver(content, **options) == rows


def test_origin(tmp_path: Path) -> None:
    """What is known of the file is its name, hash, size and encoding."""
    content = "姓名\n王\n".encode("gb18030")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "c_20260105.csv").write_bytes(content)
    read = Read(file="in/c_{date:%Y%m%d}.csv", encoding="gb18030")
    origin = read_file(read, tmp_path, DAY, where="crm.customers").origin
    assert origin.file_name == "c_20260105.csv"
    assert origin.file_sha256 == hashlib.sha256(content).hexdigest()
    assert (origin.file_bytes, origin.encoding) == (len(content), "gb18030")


MARK = "王小明13800138000"  # personal data that must not show in a message
_M = MARK.encode()
REFUSED: dict[str, tuple[bytes | None, dict[str, str], str, str, str]] = {
    "missing": (None, {}, "", "the file x.csv", "none"),
    "empty": (b"", {}, "", "a header and rows", "an empty file (0 bytes)"),
    "blank": (b" \r\n\t\n ", {}, "", "a header and rows", "an empty file (6 bytes)"),
    "byte order mark alone": (b"\xef\xbb\xbf", {}, "", "a header and rows", "an empty file (3 bytes)"),
    "byte order mark alone in utf-16": (b"\xff\xfe", {"encoding": "utf-16"}, ", x.csv:1", "a distinct name",
                                    "no fit name for the column none"),
    "header alone": (b"a,b\n", {}, ", x.csv", "rows below the header", "the header alone"),
    "header and blank lines": (b"a,b\n\n\n", {}, ", x.csv", "rows below the header", "the header alone"),
    "too many cells": (b"a,b\n1,2\n\n" + _M + b",2,3\n1\n", {}, ", x.csv:4", "2 cells", "3, and 2 such rows in all"),
    "too few cells": (b'a,b\n"1\n1",2\n' + _M + b"\n", {}, ", x.csv:4", "2 cells", "1, and 1 such rows in all"),
    "another delimiter": (b"a;b,c\n1;" + _M + b"\n", {}, ", x.csv:2", "2 cells", "1, and"),
    "quote never closed": (b'a,b\n1,"' + _M + b"\n3,4\n", {}, ", x.csv:3", "quotes that are", "unexpected end"),
    "quote never closed, even number": (b'a,b\n"' + _M + b',1\nx" y,2\n', {}, ", x.csv:3", "quotes", "expected after"),
    "quote opened twice": (b'a,b\n"' + _M + b',1\n"foo,2\n', {}, ", x.csv:3", "quotes", "expected after"),
    "inner quotes not doubled": (b'a,b\n"say "' + _M + b'" x",2\n', {}, ", x.csv:2", "quotes", "expected after"),
    "gb18030 taken for utf-8": (b"a,b\n1,2\n1," + MARK.encode("gb18030"), {}, ", x.csv:3", "text in utf-8", "position"),
    "utf-8 taken for big5": (b"a,b\n1," + _M + b"\xff", {"encoding": "big5"}, ", x.csv:2", "text in big5", "position"),
    "repeated name": (b"a,b,a\n1,2," + _M + b"\n", {}, ", x.csv:1", "distinct name", "one name for the columns 1, 3"),
    "names that differ by case": (b"Ab,b,aB\n1,2," + _M + b"\n", {}, ", x.csv:1", "letter case apart", "columns 1, 3"),
    "names that differ by case beyond ASCII": (
        "Straße,STRASSE\n1,2\n".encode(), {}, ", x.csv:1", "letter case apart", "columns 1, 2"
    ),
    "no header but data, repeated": (_M + b",x," + _M + b"\n1,2,3\n", {}, ", x.csv:1", "distinct name", "columns 1, 3"),
    "no header but data, blank": (_M + b",\n1,2\n", {}, ", x.csv:1", "distinct name", "no fit name for the column 2"),
    "name missing": (b"a,,c\n1,2," + _M + b"\n", {}, ", x.csv:1", "distinct name", "no fit name for the column 2"),
    "name of the line number": (b"a,_line\n1," + _M + b"\n", {}, ", x.csv:1", "distinct name", "column 2"),
    "row longer than the parser takes": (
        b"a,b\n" + _M + b"x" * (40 << 20) + b",1\n1,2\n", {}, ", x.csv", "rows of at most", "a longer one"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "options", "place", "expected", "found"), REFUSED.values(), ids=[*REFUSED])
def test_damage_is_refused(
    tmp_path: Path, content: bytes | None, options: dict[str, str], place: str, expected: str, found: str
) -> None:
    """A damaged delivery is refused with its line, and never with what a cell holds."""
    if content is not None:
        (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(DeliveryError) as caught:
        read_file(Read.model_validate({"file": "x.csv", **options}), tmp_path, DAY, where="crm.customers")
    error = caught.value
    assert error.where == f"crm.customers{place}"
    assert expected in error.expected
    assert found in error.found
    for secret in (MARK, "王小明", "13800138000", "foo"):
        assert secret not in str(error)
    assert error.cure
    assert error.exit_code == 2


def test_missing_file_says_what_is_there(tmp_path: Path) -> None:
    """A missing file is answered with the newest day that is there, else with what its nearest folder holds."""
    (tmp_path / "in").mkdir()
    for name in ("customers_2026-01-04.csv", "customers_2025-12-31.csv", "customers_2026-01-03.csv"):
        (tmp_path / "in" / name).write_text("a\n1\n")
    with pytest.raises(DeliveryError, match=r"choose the newest day that is there: --date 2026-01-04\."):
        read_file(Read(file="in/customers_{date}.csv"), tmp_path, DAY, where="crm.customers")
    with pytest.raises(DeliveryError, match=r"in/ holds .*customers_2026-01-04\.csv"):
        read_file(Read(file="in/2026/deep/{date}.csv"), tmp_path, DAY, where="crm.customers")


CELLS = st.text(st.one_of(st.sampled_from('",;|\t\n\r 王𠀀a'), st.characters(exclude_categories=["Cs"])), max_size=6)
TABLES = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=8)
)


@given(
    rows=TABLES,
    delimiter=st.sampled_from(",;|\t"),
    ends=st.sampled_from(["\n", "\r\n"]),
    blanks=st.lists(st.integers(0, 2), min_size=9, max_size=9),
)
@settings(max_examples=150, deadline=None)
def test_reads_what_csv_writer_wrote(rows: list[list[str]], delimiter: str, ends: str, blanks: list[int]) -> None:
    """Any cells that csv.writer writes come back exactly, on the line on which csv.reader finds each row."""
    header = [f"c{i}" for i in range(len(rows[0]))]
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=ends, quoting=csv.QUOTE_ALL)
    for row, blank in zip([header, *rows], blanks, strict=False):
        text.write(ends * blank)
        writer.writerow(row)
    content = text.getvalue()
    oracle = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter)
    expected, before = [], 0
    for row in oracle:
        if row:
            expected.append((*row, before + 1))
        before = oracle.line_num
    frame = rows_of(content.encode(), Read(file="x", delimiter=delimiter), "w").frame
    assert frame.rows() == expected[1:]
    assert [row[:-1] for row in frame.rows()] == [tuple(row) for row in rows]


@given(rows=TABLES, cut=st.integers(1, 60))
@settings(max_examples=100, deadline=None)
def test_never_loses_a_row_silently(rows: list[list[str]], cut: int) -> None:
    """Of a file cut short anywhere, all rows come out as strict csv.reader has them, or it is refused."""
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([[f"c{i}" for i in range(len(rows[0]))], *rows])
    content = text.getvalue()[:-cut]
    try:
        frame = rows_of(content.encode(), Read(file="x"), "w").frame
    except DeliveryError:
        return
    found = [row for row in csv.reader(io.StringIO(content, newline=""), strict=True) if row]
    assert [list(row[:-1]) for row in frame.rows()] == found[1:]


DATED = {
    "{date}": ("c_{date}.csv", "c_2026-01-05.csv"),
    "{date:%Y%m%d}": ("c_{date:%Y%m%d}.csv", "c_20260105.csv"),
    "folder": ("in/{date}/c.csv", "in/2026-01-05/c.csv"),
    "two folders in one placeholder": ("in/{date:%Y/%m/%d}.csv", "in/2026/01/05.csv"),
    "parts": ("in/{date:%Y}/{date:%m}/c_{date:%d}.csv", "in/2026/01/c_05.csv"),
    "year again": ("in/{date:%Y}/c_{date:%Y%m%d}.csv", "in/2026/c_20260105.csv"),
    "characters that mean something in a pattern": ("in[1]/c+{date}.(x).csv", "in[1]/c+2026-01-05.(x).csv"),
}


@pytest.mark.parametrize("is_absolute", [False, True])
@pytest.mark.parametrize(("pattern", "path"), DATED.values(), ids=[*DATED])
def test_dates_available(tmp_path: Path, pattern: str, path: str, *, is_absolute: bool) -> None:
    """The dates that files are there for are those whose path is the pattern's for that date, oldest first."""
    read = Read(file=str(tmp_path / pattern) if is_absolute else pattern)
    root = tmp_path / "elsewhere" if is_absolute else tmp_path
    assert dates_available(read, root) == []
    days = [date(2026, 1, 5), date(2025, 12, 31)]
    for day in days:
        file = locate(read, root, day)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("a\n1\n")
    assert locate(read, root, days[0]) == tmp_path / path
    (tmp_path / "c_2026-99-99.csv").write_text("a\n1\n")
    (tmp_path / "c_other.csv").write_text("a\n1\n")
    assert dates_available(read, root) == sorted(days)


def test_no_dates_without_placeholder(tmp_path: Path) -> None:
    """A source that is not dated can answer for no past date."""
    (tmp_path / "c.csv").write_text("a\n1\n")
    assert dates_available(Read(file="c.csv"), tmp_path) == []
    assert not Read(file="c.csv").is_dated
