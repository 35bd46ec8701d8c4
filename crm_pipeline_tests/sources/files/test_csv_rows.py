"""Claims on reading CSV: cells exactly, line numbers right, what can't be read held back with its bytes."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from crm_pipeline.errors import DeliveryError
from crm_pipeline_tests.sources.reading import held_back, read_bytes

LONG = b"x" * 2_000_000

EXACT: dict[str, tuple[bytes, dict[str, object], list[tuple[str | int, ...]]]] = {
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
    "single quotes as set": (b"a,b\n'1,1','it''s'\n", {"quote": "'"}, [("1,1", "it's", 2)]),
    "no quotes as set": (b'a,b\n"1,2"\n', {"quote": "none"}, [('"1', '2"', 2)]),
    "header further down": (b"report\n\na,b\n1,2\n", {"header_row": 3}, [("1", "2", 4)]),
    "header further down in gb18030": ("客户表;x\r\n姓名;市\r\n王;京\r\n".encode("gb18030"),
                                       {"header_row": 2, "encoding": "gb18030"}, [("王", "京", 3)]),
    "name of the encoding in capitals": ("\ufeffa,b\n王,2\n".encode(), {"encoding": "UTF8"}, [("王", "2", 2)]),
    "cell of two megabytes": (b"a,b\n" + LONG + b",1\n\n2,3\n", {}, [(LONG.decode(), "1", 2), ("2", "3", 4)]),
    "quoted cell of two megabytes": (b'a,b\n"' + LONG + b'",1\n', {}, [(LONG.decode(), "1", 2)]),
}  # fmt: skip


@pytest.mark.parametrize(("content", "options", "rows"), EXACT.values(), ids=[*EXACT])
def test_rows_exactly(
    tmp_path: Path, content: bytes, options: dict[str, object], rows: list[tuple[str | int, ...]]
) -> None:
    """Cells come out as they were delivered, each row with the line on which it starts, and none is held back."""
    read = read_bytes(tmp_path, content, **options)
    assert read.frame.rows() == rows
    assert read.unreadable == []


MARK = "王小明13800138010"  # personal data that must not show in a message
_M = MARK.encode()
_G = MARK.encode("gb18030")
COMMA = {"delimiter": ","}
# Content, options, rows that are read, and line, bytes and reason of each that is held back.
HELD_BACK: dict[str, tuple[bytes, dict[str, object], list[tuple[str | int, ...]], list[tuple[int, bytes, str]]]] = {
    "too many cells": (b"a,b\n1,2\n\n" + _M + b",2,3\n1\n3,4\n", COMMA, [("1", "2", 2), ("3", "4", 6)],
                       [(4, _M + b",2,3", "3 cells instead of 2"), (5, b"1", "1 cells instead of 2")]),
    "too few cells below a row over two lines": (b'a,b\n"1\n1",2\n' + _M + b"\n", COMMA, [("1\n1", "2", 2)],
                                                 [(4, _M, "1 cells instead of 2")]),
    "another delimiter": (b"a;b,c\n1;" + _M + b"\n1,2\n", COMMA, [("1", "2", 3)],
                          [(2, b"1;" + _M, "1 cells instead of 2")]),
    "quote never closed": (b'a,b\n1,2\n1,"' + _M + b"\n3,4\n", COMMA, [("1", "2", 2), ("3", "4", 4)],
                           [(3, b'1,"' + _M, "a quote that")]),
    "quote never closed, even number": (b'a,b\n"' + _M + b',1\nx" y,2\n', COMMA, [('x" y', "2", 3)],
                                        [(2, b'"' + _M + b",1", "a quote that")]),
    "inner quotes not doubled": (b'a,b\n"say "' + _M + b'" x",2\n1,2\n', COMMA, [("1", "2", 3)],
                                 [(2, b'"say "' + _M + b'" x",2', "a quote that")]),
    "gb18030 among utf-8": (b"a,b\n1,2\n1," + _G + b"\n" + _M + b",3\n", {"encoding": "utf-8"},
                            [("1", "2", 2), (MARK, "3", 4)], [(3, b"1," + _G, "bytes that are not utf-8")]),
    "utf-8 among gb18030": (b"a,b\n1," + _M + b"\xff\n" + _G + b",4\n", {"encoding": "gb18030"}, [(MARK, "4", 3)],
                            [(2, b"1," + _M + b"\xff", "bytes that are not gb18030")]),
    "wrong cells in gb18030": (b"a,b\n" + _G + b"\n" + _G + b",4\n", {"encoding": "gb18030", **COMMA}, [(MARK, "4", 3)],
                               [(2, _G, "1 cells instead of 2")]),
    "damaged second line of a row": (b'a,b\n"1\n\xff",2\n3,4\n', {"encoding": "utf-8"}, [("3", "4", 4)],
                                     [(2, b'"1\n\xff",2', "bytes that are not utf-8")]),
    "damaged below lone returns": (b'a,b\r\n"1\r1",2\r\n3,\xff\r\n5,6\r\n', {"encoding": "utf-8"},
                                        [("1\r1", "2", 2), ("5", "6", 5)], [(4, b"3,\xff", "bytes that are not")]),
    "broken and damaged": (b'a,b\n"\xff,2\n5,6\n', {"encoding": "utf-8", **COMMA}, [("5", "6", 3)],
                           [(2, b'"\xff,2', "a quote that")]),
    "real replacement characters": ("a,b\n\ufffd,2\n".encode() + b"\xff,2\n", {"encoding": "utf-8"},
                                    [("\ufffd", "2", 2)], [(3, b"\xff,2", "bytes that are not utf-8")]),
    "half a character in utf-16": ("a,b\n1,2\n".encode("utf-16-le") + b"3\0,\0\x00\xd8\n\0", {"encoding": "utf-16-le"},
                                   [("1", "2", 2)], [(3, b"3\0,\0\x00\xd8", "bytes that are not utf-16-le")]),
}  # fmt: skip


@pytest.mark.parametrize(("content", "options", "rows", "lines"), HELD_BACK.values(), ids=[*HELD_BACK])
def test_what_cannot_be_read_is_held_back(
    tmp_path: Path,
    content: bytes,
    options: dict[str, object],
    rows: list[tuple[str | int, ...]],
    lines: list[tuple[int, bytes, str]],
) -> None:
    """A row that can't be read is held back with its line, its bytes and a reason without them; the others are read."""
    read = read_bytes(tmp_path, content, **options)
    assert read.frame.rows() == rows
    assert held_back(read) == {line: found for line, found, _ in lines}
    for each, (_, _, reason) in zip(read.unreadable, lines, strict=True):
        assert reason in each.reason
        assert MARK not in each.reason


def test_row_longer_than_the_parser_takes(tmp_path: Path) -> None:
    """A row of forty megabytes is held back whole, and the rows about it are read."""
    long = _M + b"x" * (40 << 20) + b",1"
    read = read_bytes(tmp_path, b"a,b\n0,0\n" + long + b"\n1,2\n")
    assert read.frame.rows() == [("0", "0", 2), ("1", "2", 4)]
    assert held_back(read) == {3: long}


REFUSED: dict[str, tuple[bytes, dict[str, object], str, str, str]] = {
    "byte order mark alone in utf-16": (b"\xff\xfe", {"encoding": "utf-16"}, ":1", "a distinct name",
                                        "no fit name for the column none"),
    "repeated name": (b"a,b,a\n1,2," + _M + b"\n", {}, ":1", "distinct name", "one name for the columns 1, 3"),
    "names that differ by case": (b"Ab,b,aB\n1,2," + _M + b"\n", {}, ":1", "letter case apart", "columns 1, 3"),
    "names that differ by case beyond ASCII": (
        "Straße,STRASSE\n1,2\n".encode(), {}, ":1", "letter case apart", "columns 1, 2"
    ),
    "no header but data, repeated": (_M + b",x," + _M + b"\n1,2,3\n", {}, ":1", "distinct name", "columns 1, 3"),
    "no header but data, blank": (_M + b",\n1,2\n", {}, ":1", "distinct name", "no fit name for the column 2"),
    "name missing": (b"a,,c\n1,2," + _M + b"\n", {}, ":1", "distinct name", "no fit name for the column 2"),
    "name of the line number": (b"a,_line\n1," + _M + b"\n", {}, ":1", "distinct name", "column 2"),
    "quote of the header not closed": (b'a,"b\n1,' + _M + b"\n", COMMA, ":1", "a header", "a quote that is not"),
    "bytes of the header": (b"a,\xff\n1," + _M + b"\n", {"encoding": "utf-8"}, ":1", "a header", "bytes that are not"),
    "header below the end": (b"a,b\n1," + _M + b"\n", {"header_row": 9}, "", "the header in line 9", "3 lines"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "options", "place", "expected", "found"), REFUSED.values(), ids=[*REFUSED])
def test_header_is_refused(
    tmp_path: Path, content: bytes, options: dict[str, object], place: str, expected: str, found: str
) -> None:
    """A header that is missing or unfit refuses the delivery with its line, and never with what it holds."""
    with pytest.raises(DeliveryError) as caught:
        read_bytes(tmp_path, content, **options)
    error = caught.value
    assert error.where == f"crm.customers, x.csv{place}"
    assert expected in error.expected
    assert found in error.found
    for secret in (MARK, "王小明", "13800138010"):
        assert secret not in str(error)
    assert error.cure
    assert error.exit_code == 2


NAMED: dict[str, tuple[bytes, dict[str, object], tuple[str, ...], list[tuple[str | int, ...]]]] = {
    "a name that comes twice": (b"id,phone,phone\n1,2,3\n", {"header": {3: "phone 2"}}, ("id", "phone", "phone 2"),
                                [("1", "2", "3", 2)]),
    "a blank name": (b"id,,c\n1,2,3\n", {"header": {2: "b"}}, ("id", "b", "c"), [("1", "2", "3", 2)]),
    "a blank name at the end": (b"id,b,\n1,2,\n3,4,\n", {"header": {3: "rest"}}, ("id", "b", "rest"),
                                [("1", "2", "", 2), ("3", "4", "", 3)]),
    "a blank end above no cells": (b"id,b,,\n1,2\n3,4\n", {}, ("id", "b"), [("1", "2", 2), ("3", "4", 3)]),
    "the same with a delimiter": (b"id,b,,\n1,2\n3,4\n", COMMA, ("id", "b"), [("1", "2", 2), ("3", "4", 3)]),
    "another name": (b"id,b\n1,2\n", {"header": {2: "c"}}, ("id", "c"), [("1", "2", 2)]),
    "no header": ("王,1\n李,2\n".encode(), {"header_row": 0, "header": {1: "a", 2: "b"}}, ("a", "b"),
                  [("王", "1", 1), ("李", "2", 2)]),
}  # fmt: skip


@pytest.mark.parametrize(("content", "options", "columns", "rows"), NAMED.values(), ids=[*NAMED])
def test_names_that_are_set(
    tmp_path: Path,
    content: bytes,
    options: dict[str, object],
    columns: tuple[str, ...],
    rows: list[tuple[str | int, ...]],
) -> None:
    """What `header` names has that name whatever the file says, and every row comes through."""
    read = read_bytes(tmp_path, content, **options)
    assert (read.columns, read.frame.rows(), read.unreadable) == (columns, rows, [])


def test_names_that_are_set_are_part_of_the_reading(tmp_path: Path) -> None:
    """The same bytes under other names are another delivery."""
    first, second = (read_bytes(tmp_path, b"a,b\n1,2\n", header={2: name}) for name in "xy")
    assert not first.origin.reads_like(second.origin)


def test_names_that_do_not_fit(tmp_path: Path) -> None:
    """A name for a column that is not there, a name still missing, and no name at all without a header are refused."""
    with pytest.raises(DeliveryError, match=r"at least 4 columns, .* found 2\. Correct read\.header"):
        read_bytes(tmp_path, b"a,b\n1,2\n", header={4: "d"})
    with pytest.raises(DeliveryError, match=r"no fit name for the column 3\. Name these columns in read\.header"):
        read_bytes(tmp_path, b"1,2,3\n4,5,6\n", header_row=0, header={1: "a", 2: "b"})
    with pytest.raises(ValueError, match="expected header, with a name for each column, where header_row is 0"):
        read_bytes(tmp_path, b"1,2\n", header_row=0)


def test_first_row_without_a_header_that_is_broken(tmp_path: Path) -> None:
    """Without a header a first row that can't be read is held back as any other."""
    names = {"header_row": 0, "header": {1: "a", 2: "b"}}
    read = read_bytes(tmp_path, b'1,"2\n3,4\n5,6\n', delimiter=",", **names)
    assert (read.frame.rows(), held_back(read)) == ([("3", "4", 2), ("5", "6", 3)], {1: b'1,"2'})


def test_header_alone(tmp_path: Path) -> None:
    """A header without rows gives its columns and no row; whether that is a delivery is decided where it lands."""
    read = read_bytes(tmp_path, b"a,b\n\n\n")
    assert (read.columns, read.frame.rows(), read.frame.columns) == (("a", "b"), [], ["a", "b", "_line"])


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
def test_reads_what_csv_writer_wrote(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], delimiter: str, ends: str, blanks: list[int]
) -> None:
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
    # The encoding is set, because a short file with zero bytes is refused as possible UTF-16.
    read = read_bytes(tmp_path_factory.mktemp("csv"), content.encode(), delimiter=delimiter, encoding="utf-8")
    frame = read.frame
    assert read.unreadable == []
    assert frame.rows() == expected[1:]
    assert [row[:-1] for row in frame.rows()] == [tuple(row) for row in rows]


@given(rows=TABLES, cut=st.integers(1, 60))
@settings(max_examples=100, deadline=None)
def test_never_loses_a_row_silently(tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], cut: int) -> None:
    """Of a file cut short anywhere, all whole rows come out, and what is left of the next is read or held back."""
    records = []
    for row in [[f"c{i}" for i in range(len(rows[0]))], *rows]:
        text = io.StringIO()
        csv.writer(text, quoting=csv.QUOTE_ALL).writerow(row)
        records.append(text.getvalue().encode())
    content = b"".join(records)[:-cut]
    ends = [sum(map(len, records[: i + 1])) - 2 for i in range(len(records))]
    assume(ends[0] <= len(content))
    read = read_bytes(tmp_path_factory.mktemp("csv"), content, delimiter=",", encoding="utf-8")
    whole = sum(end <= len(content) for end in ends)
    found = [list(row[:-1]) for row in read.frame.rows()]
    assert found[: whole - 1] == rows[: whole - 1]
    left = content[ends[whole - 1] :].strip(b"\r\n")
    assert (len(found) + len(read.unreadable) > whole - 1) == bool(left)
    assert all(each.content in content for each in read.unreadable)
