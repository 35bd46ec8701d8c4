"""Claims on dialects: taken when proven by the rows, refused with the cure when not, never a silent repair."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.errors import DeliveryError
from crm_pipeline_tests.sources.reading import held_back, read_bytes

TOLD: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "comma": ("a,b\n1,2\n", ",", "comma, 2 columns in 2 of 2 rows", ("1", "2")),
    "semicolon and decimal commas": ("a;b\n1,5;2,5\n", ";", "semicolon, 2 columns in 2 of 2 rows", ("1,5", "2,5")),
    "tab": ("a\tb\tc\n1\t2,3\t4\n", "\t", "tab, 3 columns in 2 of 2 rows", ("1", "2,3", "4")),
    "pipe": ("a|b\nx;y|z,w\n", "|", "pipe, 2 columns in 2 of 2 rows", ("x;y", "z,w")),
    "caret": ("a^b\n1^2\n", "^", "caret, 2 columns in 2 of 2 rows", ("1", "2")),
    "one column": ("name\nx, y\n", ",", "one column: no delimiter in the header", ()),
    "delimiter inside quotes": ('a;b\n"1;1";2\n', ";", "semicolon, 2 columns in 2 of 2 rows", ("1;1", "2")),
    "another delimiter in the header": (
        "a;b, or c\n1;2\n3;4\n",
        ";",
        "semicolon, 2 columns in 3 of 3 rows",
        ("1", "2"),
    ),
    "single quotes": (
        "a,b\n'1,1',2\n3,'4''4'\n",
        ",",
        "comma with the quote ', 2 columns in 3 of 3 rows",
        ("1,1", "2"),
    ),
    "apostrophes": ("a,b\n'tis,it's\n", ",", "comma, 2 columns in 2 of 2 rows", ("'tis", "it's")),
    "header alone": ("a;b;c\n", ";", "semicolon, 3 columns in 1 of 1 rows", ()),
}


@pytest.mark.parametrize(("text", "delimiter", "reason", "row"), TOLD.values(), ids=[*TOLD])
def test_dialect_is_proven(tmp_path: Path, text: str, delimiter: str, reason: str, row: tuple[str, ...]) -> None:
    """The delimiter under which all rows are as wide is taken, and the origin says how sure that is."""
    read = read_bytes(tmp_path, text.encode())
    assert (read.origin.delimiter, read.origin.details["delimiter"]) == (delimiter, reason)
    assert read.frame.rows()[:1] == ([(*row, 2)] if row else [])


UNDECIDED = {
    "two as good": ("a,b;c\n1,2;3\n", "several: comma, 2 columns in 2 of 2 rows; semicolon, 2 columns in 2 of 2 rows"),
    "none": ("a,b\n1,2\n1,2,3\n4\n", "none: comma, 2 columns in 2 of 4 rows; line 3 has 3 cells"),
    "one broken line of few": (
        'a,b,c\n1,2,3\n2,3,4\n"4,坏行,1\n',
        "none: comma, 3 columns in 3 of 4 rows; line 4 has a quote",
    ),
    "half": ("a,b;c\n1,2\n1;3\n1;3\n1,2\n", "none: "),
}


@pytest.mark.parametrize(("text", "found"), UNDECIDED.values(), ids=[*UNDECIDED])
def test_what_is_not_proven_is_refused(tmp_path: Path, text: str, found: str) -> None:
    """Where several delimiters or none fit, the delivery is refused with what to set."""
    with pytest.raises(DeliveryError) as caught:
        read_bytes(tmp_path, text.encode())
    assert caught.value.found.startswith(found)
    assert "Set read.delimiter" in caught.value.cure


def test_line_that_does_not_fit_is_named(tmp_path: Path) -> None:
    """Of a small file in which one line does not fit, that line is named in what to look at first."""
    with pytest.raises(DeliveryError) as caught:
        read_bytes(tmp_path, b"a,b\n1,2\n\n1,2,3\n4,5\n")
    assert caught.value.cure.startswith("See whether line 4 is whole. Set read.delimiter")
    assert "坏" not in str(caught.value)


TITLES = {
    "title": ("客户名单\na,b,c\n1,2,3\n4,5,6\n", "1 in line 1, but 3 from line 2 on (comma)", 2),
    "title with a comma": ("report, 2026\n\na;b;c\n1;2;3\n", "1 in line 1, but 3 from line 3 on (semicolon)", 3),
    "several lines": ("report\nby,me\na,b,c\n1,2,3\n4,5,6\n", "1 in line 1, but 3 from line 3 on (comma)", 3),
}


@pytest.mark.parametrize(("text", "found", "line"), TITLES.values(), ids=[*TITLES])
def test_header_below_a_title(tmp_path: Path, text: str, found: str, line: int) -> None:
    """A table below a title is refused with the line to set, and with it set is read."""
    with pytest.raises(DeliveryError) as caught:
        read_bytes(tmp_path, text.encode())
    assert caught.value.found == found
    assert caught.value.cure.startswith(f"Set read.header_row to {line} if the header is there")
    assert read_bytes(tmp_path, text.encode(), header_row=line).columns == ("a", "b", "c")


def test_one_column_is_no_title(tmp_path: Path) -> None:
    """In a file of one column, a delimiter in few rows makes no table of it; these rows are held back."""
    read = read_bytes(tmp_path, b"note\n" + b"fine\n" * 9 + b"a, b\nc, d\n")
    assert (read.columns, read.frame.height, [*held_back(read)]) == (("note",), 9, [11, 12])


@pytest.mark.parametrize("line", ["sep=;\r\n", '"SEP=;"\n', "\ufeffsep=;\n"])
def test_line_that_names_the_delimiter(tmp_path: Path, line: str) -> None:
    """The line above a table in which Excel names the delimiter is no header; the origin says that it was followed."""
    content = f"{line}a;b\r\n1,5;2\r\n".encode()
    read = read_bytes(tmp_path, content)
    assert (read.columns, read.frame.rows()) == (("a", "b"), [("1,5", "2", 3)])
    assert read.origin.details["delimiter"] == "as the line sep= says"
    assert read_bytes(tmp_path, content, delimiter=";").frame.rows() == [("1,5", "2", 3)]


def test_few_rows_that_differ(tmp_path: Path) -> None:
    """A delimiter that fits nine rows in ten is taken, its reason tells the share, and the other rows are held back."""
    text = "a,b\n" + "1,2\n" * 97 + "1,2,3\n4\n"
    read = read_bytes(tmp_path, text.encode())
    assert read.origin.details["delimiter"] == "comma, 2 columns in 98 of 100 rows"
    assert held_back(read) == {99: b"1,2,3", 100: b"4"}


def test_dialect_as_set(tmp_path: Path) -> None:
    """Delimiter and quote that are set are used where others seem right."""
    read = read_bytes(tmp_path, b"a;b,c\n1;2,3\n", delimiter=",")
    assert (read.columns, read.origin.details["delimiter"]) == (("a;b", "c"), "as set")
    read = read_bytes(tmp_path, b"a,b\n'1,1',2\n3,4\n", delimiter=",", quote='"')
    assert (read.frame.rows(), held_back(read)) == ([("3", "4", 3)], {2: b"'1,1',2"})
    read = read_bytes(tmp_path, b'a;b\n"1;2\n', quote="none")
    assert (read.frame.rows(), read.origin.details["quote"]) == ([('"1', "2", 2)], "none")


CELLS = st.text(st.sampled_from("ab 王1.\n\"',;|\t"), max_size=5)


@given(
    rows=st.integers(2, 5).flatmap(lambda n: st.lists(st.lists(CELLS, min_size=n, max_size=n), min_size=3, max_size=8)),
    delimiter=st.sampled_from(",;\t|"),
)
@settings(max_examples=60, deadline=None)
def test_never_reads_it_wrongly(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], delimiter: str
) -> None:
    """Whatever the cells hold, a table written by csv.writer comes out as it was, or the dialect is refused."""
    text = io.StringIO()
    header = [f"c{i}" for i in range(len(rows[0]))]
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([header, *rows])
    try:
        read = read_bytes(tmp_path_factory.mktemp("csv"), text.getvalue().encode())
    except DeliveryError as error:
        assert "read.delimiter" in error.cure
        return
    assert [list(row[:-1]) for row in read.frame.rows()] == rows
