"""Claims on reading JSON Lines: values as they are written, keys as columns, a line that is no object held back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import FileRead
from crm_pipeline.sources.files import json_lines, json_values, open_file
from crm_pipeline.sources.reading import Asked
from crm_pipeline.state.delivery import LINE
from crm_pipeline_tests.sources.reading import DAY, Read, held_back, read_bytes


def rows_of(folder: Path, content: bytes, **options: object) -> pl.DataFrame:
    """The rows of a file in which every line is one."""
    read = read_bytes(folder, content, "x.jsonl", **options)
    assert read.unreadable == []
    assert all(dtype == pl.String for dtype in read.frame.drop(LINE).dtypes)
    return read.frame


NUMBERS = ["13800000000", "1.10", "12345678901234567890", "1e5", "1E+05", "-0", "0.1", "-1.50e-3", "1" * 5000, "0"]
VALUES: dict[str, tuple[str, str]] = {
    **{f"number {number[:20]}": (number, number) for number in NUMBERS},
    "true": ("true", "true"),
    "false": ("false", "false"),
    "null": ("null", ""),
    "empty text": ('""', ""),
    "words": ('"null"', "null"),
    "text of a number": ('"007"', "007"),
    "outer blanks": ('" a "', " a "),
    "escapes": (r'"\"\\\/\b\f\n\r\t"', '"\\/\b\f\n\r\t'),
    "escaped characters": (r'"\u4e2d\u6587"', "中文"),
    "surrogate pair": (r'"\ud840\udc00"', "𠀀"),
    "line separators that are no line ends": ('"a\u2028b\u0085c\u000bd"'.replace("\u000b", r"\u000b"),
                                              "a\u2028b\u0085c\u000bd"),
    "zero": (r'"a\u0000b"', "a\0b"),
    "brace in a text": ('"{"', "{"),
    "array": ('[1, "1", 1.10, null, true, {"a": [1e5]}, "中\\n\\""]', '[1,"1",1.10,null,true,{"a":[1e5]},"中\\n\\""]'),
    "empty array": ("[ ]", "[]"),
}  # fmt: skip


@pytest.mark.parametrize(("written", "cell"), VALUES.values(), ids=[*VALUES])
def test_values_as_they_are_written(tmp_path: Path, written: str, cell: str) -> None:
    """A value becomes the text that is written, an array JSON text, null the empty text."""
    content = f'{{"a":{written}}}\n{{"a": {written} }}\n'.encode()
    assert rows_of(tmp_path, content).rows() == [(cell, 1), (cell, 2)]


ROWS: dict[str, tuple[str, list[str], list[tuple[str | int, ...]]]] = {
    "no last line end": ('{"a":1}\n{"a":2}', ["a"], [("1", 1), ("2", 2)]),
    "CRLF": ('{"a":1}\r\n{"a":2}\r\n', ["a"], [("1", 1), ("2", 2)]),
    "blank lines": ('\n{"a":1}\n \t\r\n\n{"a":2}\n\n', ["a"], [("1", 2), ("2", 5)]),
    "blanks about": (' { "a" : 1 }\t\n', ["a"], [("1", 1)]),
    "byte order mark": ('\ufeff{"a":1}\n', ["a"], [("1", 1)]),
    "keys that differ": ('{"b":1,"a":2}\n{"c":3}\n{"a":4,"b":5}\n{}\n', ["b", "a", "c"],
                         [("1", "2", "", 1), ("", "", "3", 2), ("5", "4", "", 3), ("", "", "", 4)]),
    "nested": ('{"a":{"x":1,"y":{"z":"2"}},"b":3}\n{"a":{"w":4}}\n', ["a.x", "a.y.z", "b", "a.w"],
               [("1", "2", "3", "", 1), ("", "", "", "4", 2)]),
    "nested or not": ('{"a":null}\n{"a":{"x":1}}\n{"a":5}\n', ["a", "a.x"], [("", "", 1), ("", "1", 2), ("5", "", 3)]),
    "empty object": ('{"a":{},"b":1}\n', ["b"], [("1", 1)]),
    "key with a dot": ('{"a.b":1}\n', ["a.b"], [("1", 1)]),
    "Chinese keys": ('{"客户":{"姓名":"王"}}\n', ["客户.姓名"], [("王", 1)]),
}  # fmt: skip


@pytest.mark.parametrize(("text", "names", "rows"), ROWS.values(), ids=[*ROWS])
def test_rows_exactly(tmp_path: Path, text: str, names: list[str], rows: list[tuple[str | int, ...]]) -> None:
    """Keys of all lines become columns in the order of first appearance, each row with its line."""
    frame = rows_of(tmp_path, text.encode())
    assert frame.columns == [*names, LINE]
    assert frame.rows() == rows


@pytest.mark.parametrize("encoding", ["gb18030", "big5", "utf-16", "utf-8-sig"])
def test_encoding(tmp_path: Path, encoding: str) -> None:
    """The encoding that is set is the one it is read in."""
    assert rows_of(tmp_path, '{"姓名":"王"}\n'.encode(encoding), encoding=encoding).rows() == [("王", 1)]


SECRET = "王小明13800138010"
HELD_BACK: dict[str, tuple[str, str, str]] = {
    "cut short": ('{"a":1}\n{"a":"%s', ":2", "Unterminated string"),
    "two objects": ('{"a":1}\n\n{"a":"%s"} {"a":2}\n', ":3", "something behind"),
    "objects over two lines": ('{"a":"%s",\n"b":2}\n', ":1", "Expecting property name"),
    "parts that fit together": ('{"a":["%s"\n"b"]}\n', ":1", "Expecting ',' delimiter"),
    "an array": ('[{"a":"%s"}]\n', ":1", "another value than an object"),
    "a number": ('{"a":"%s"}\n5\n', ":2", "another value than an object"),
    "words": ("%s\n", ":1", "Expecting value"),
    "csv": ("a,b\n%s,2\n", ":1", "Expecting value"),
    "trailing comma": ('{"a":"%s",}\n', ":1", "property name"),
    "comment": ('{"a":"%s"} // x\n', ":1", "something behind"),
    "NaN": ('{"a":NaN,"b":"%s"}\n', ":1", "a number that JSON"),
    "Infinity": ('{"a":-Infinity,"b":"%s"}\n', ":1", "a number that JSON"),
    "leading zero": ('{"a":007,"b":"%s"}\n', ":1", "Expecting ',' delimiter"),
    "control character": ('{"a":"\t%s"}\n', ":1", "Invalid control character"),
    "half a surrogate pair": ('{"a":1}\n{"a":"\\ud840%s"}\n', ":2", "half of a surrogate pair"),
    "half a surrogate pair in an array": ('{"a":["\\ud840%s"]}\n', ":1", "half of a surrogate pair"),
    "half a surrogate pair in a key": ('{"\\ud840%s":1}\n', ":1", "half of a surrogate pair"),
    "repeated key": ('{"a":1}\n{"b":1,"a":2,"a":"%s"}\n', ":2", "twice in one object"),
    "repeated nested key": ('{"b":{"a":1,"a":"%s"}}\n', ":1", "twice in one object"),
    "repeated key in an array": ('{"b":[{"a":1,"a":"%s"}]}\n', ":1", "twice in one object"),
    "repeated key by its dotted name": ('{"a":{"b":1},"a.b":"%s"}\n', ":1", "twice in one object"),
    "repeated key made up for by a value": ('{"a":1,"a" :":%s"}\n{"a":1}\n', ":1", "twice in one object"),
    "repeated key beside colons": ('{"a":":","b":"\\":","b":"%s"}\n', ":1", "twice in one object"),
    "letter case": ('{"ab":1}\n{"b":1}\n{"aB":"%s"}\n', ":3", "by letter case only"),
    "blank key": ('{"a":1}\n{" ":"%s"}\n', ":2", "no name for a column"),
    "blank nested key": ('{"a":{"":"%s"}}\n', ":1", "no name for a column"),
    "key of the line number": ('{"_line":"%s"}\n', ":1", "kept for the line number"),
    "key of the line number in capitals": ('{"_LINE":"%s"}\n', ":1", "kept for the line number"),
    "deeply nested": ('{"a":"%s","b":' + "[" * 100_000 + "\n", ":1", "nested too deeply"),
}


@pytest.mark.parametrize(("text", "place", "found"), HELD_BACK.values(), ids=[*HELD_BACK])
def test_line_that_is_no_row_is_held_back(tmp_path: Path, text: str, place: str, found: str) -> None:
    """What is not one JSON object is held back with its line and bytes and a reason without them; the rest is read."""
    lines = text.replace("%s", SECRET).split("\n")
    number = int(place.removeprefix(":"))
    read = read_bytes(tmp_path, "\n".join([*lines, '{"z":1}']).encode(), "x.jsonl")
    first = read.unreadable[0]
    assert (first.line, first.content) == (number, lines[number - 1].encode())
    assert found in first.reason
    assert not any(SECRET in each.reason for each in read.unreadable)
    assert read.frame.filter(pl.col("z") == "1")[LINE].to_list() == [len(lines) + 1]
    assert sorted([*read.frame[LINE], *held_back(read)]) == [
        line for line, content in enumerate([*lines, "z"], start=1) if content
    ]


def test_bytes_of_another_encoding_are_held_back(tmp_path: Path) -> None:
    """A line with bytes that are not of the encoding is held back with them, in whichever encoding."""
    lines = [
        '{"a":"王"}'.encode("gb18030"),
        b'{"a":"\xff"}',
        '{"a":"李"}'.encode("gb18030"),
        '{"a":"张"'.encode("gb18030"),
    ]
    read = read_bytes(tmp_path, b"\n".join(lines), "x.jsonl", encoding="gb18030")
    assert read.frame.rows() == [("王", 1), ("李", 3)]
    assert held_back(read) == {2: lines[1], 4: lines[3]}


def test_no_keys_at_all_is_refused(tmp_path: Path) -> None:
    """Objects none of which has a key are refused: there is no column."""
    with pytest.raises(DeliveryError, match="no key at all") as caught:
        read_bytes(tmp_path, b"{}\n{}\n", "x.jsonl")
    assert caught.value.where == "crm.customers, x.jsonl"


def test_line_behind_many_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines are counted over blocks, blank ones too, and blocks with other keys become one table."""
    monkeypatch.setattr(json_lines, "_BLOCK_BYTES", 64)
    lines = [f'{{"a":{i},"k{i // 100}":"{i}"}}' if i % 7 else "" for i in range(1, 500)]
    frame = rows_of(tmp_path, "\n".join(lines).encode())
    assert frame.columns == ["a", *(f"k{i}" for i in range(5)), LINE]
    for row in frame.iter_rows(named=True):
        i = row[LINE]
        expected = {"a": str(i), f"k{i // 100}": str(i), LINE: i}
        assert {name: value for name, value in row.items() if value != ""} == expected
    assert frame.height == sum(map(bool, lines))
    assert held_back(read_bytes(tmp_path, "\n".join([*lines, "{"]).encode(), "x.jsonl")) == {500: b"{"}


def test_columns_of_a_long_file(tmp_path: Path) -> None:
    """The columns known at first are those of the first megabyte; in the end there are all."""
    content = '{"a":"王小明王小明王小明王小明"}\n' * 40_000 + '{"b":1}\n'
    read = read_bytes(tmp_path, content.encode(), "x.ndjson")
    assert read.columns == ("a",)
    assert read.frame.columns == ["a", "b", LINE]
    assert read.frame.height == 40_001


def test_origin(tmp_path: Path) -> None:
    """A file read as JSON Lines is not taken for the same file read as CSV."""
    content = b'{"a":1}\n{"a":2}\n'
    origins: list[Any] = [read_bytes(tmp_path, content, "x.txt", format=form).origin for form in ("csv", "json_lines")]
    assert [(origin.format, origin.encoding) for origin in origins] == [("csv", "utf-8"), ("json_lines", "utf-8")]
    assert not origins[0].reads_like(origins[1])


TEXTS = st.text(
    st.one_of(st.sampled_from('"\\{}[]:, \n\u2028王𠀀a'), st.characters(exclude_categories=["Cs"])), max_size=6
)
RAW_NUMBERS = st.one_of(
    st.integers().map(str),
    st.from_regex(r"-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?", fullmatch=True),
)
KEYS = st.sampled_from(["a", "b", "客户", "d e", "f-g", "h:i", 'j"k', "l{m"])


class Raw(str):
    """JSON text that is written as it is."""

    __slots__ = ()


LEAVES = st.one_of(TEXTS, RAW_NUMBERS.map(Raw), st.sampled_from([Raw("true"), Raw("false"), Raw("null")]))
TREES = st.recursive(
    LEAVES, lambda t: st.one_of(st.lists(t, max_size=3), st.dictionaries(KEYS, t, max_size=3)), max_leaves=6
)
OBJECTS = st.lists(st.dictionaries(KEYS, TREES, max_size=5), min_size=1, max_size=8)


def written(value: Any, blank: str, *, is_ascii: bool) -> str:
    """The tree as JSON, with `blank` wherever white space may stand."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=is_ascii)
    if isinstance(value, list):
        inner = f"{blank},{blank}".join(written(item, blank, is_ascii=is_ascii) for item in value)
        return f"[{blank}{inner}{blank}]"
    pairs = (
        f"{json.dumps(key, ensure_ascii=is_ascii)}{blank}:{blank}{written(item, blank, is_ascii=is_ascii)}"
        for key, item in value.items()
    )
    return f"{{{blank}{f'{blank},{blank}'.join(pairs)}{blank}}}"


def cells(value: Any, path: tuple[str, ...] = ()) -> dict[str, str]:
    """The oracle: dotted path to text."""
    if isinstance(value, dict):
        return {name: text for key, item in value.items() for name, text in cells(item, (*path, key)).items()}
    if isinstance(value, list):
        return {".".join(path): written(value, "", is_ascii=False)}
    return {".".join(path): "" if value == "null" and isinstance(value, Raw) else str(value)}


@given(
    objects=OBJECTS,
    blank=st.sampled_from(["", " ", "\t \r"]),
    is_ascii=st.booleans(),
    block=st.sampled_from([50, 1 << 20]),
)
@settings(max_examples=100, deadline=None)
def test_any_objects_come_back(
    tmp_path_factory: pytest.TempPathFactory, objects: list[dict[str, Any]], blank: str, is_ascii: bool, block: int
) -> None:
    """Any objects, however they are written, come back cell by cell, and as Python's json reads them."""
    folder = tmp_path_factory.mktemp("jsonl")
    text = "\n".join(written(item, blank, is_ascii=is_ascii) for item in objects)
    expected = [cells(item) for item in objects]
    names = list(dict.fromkeys(name for row in expected for name in row))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_lines, "_BLOCK_BYTES", block)
        if not names:
            with pytest.raises(DeliveryError, match="no key at all"):
                rows_of(folder, text.encode(), encoding="utf-8")
            return
        frame = rows_of(folder, text.encode(), encoding="utf-8")
    assert frame.columns == [*names, LINE]
    assert frame.rows() == [(*(row.get(name, "") for name in names), line) for line, row in enumerate(expected, 1)]
    for row, line in zip(frame.iter_rows(named=True), text.split("\n"), strict=True):
        for key, value in json.loads(line, parse_int=str, parse_float=str).items():
            if isinstance(value, str):
                assert row[key] == value


@given(objects=OBJECTS, data=st.data())
@settings(max_examples=80, deadline=None)
def test_never_reads_what_json_does_not(
    tmp_path_factory: pytest.TempPathFactory, objects: list[dict[str, Any]], data: st.DataObject
) -> None:
    """Of a damaged file, each line read is an object to Python's strict json too, and each other one is held back."""
    text = "\n".join(written(item, "", is_ascii=False) for item in objects)
    place = data.draw(st.integers(0, len(text)))
    damaged = (
        text[:place] + data.draw(st.sampled_from(["", '"', "}", ",", "\n", "\\", "0", "[", "x"])) + text[place + 1 :]
    )
    try:
        read: Read = read_bytes(tmp_path_factory.mktemp("jsonl"), damaged.encode(), "x.jsonl", encoding="utf-8")
    except DeliveryError as error:
        assert "no key at all" in error.found or "an empty file" in error.found
        return
    lines = dict(enumerate(damaged.split("\n"), start=1))
    read_lines = read.frame[LINE].to_list()
    assert [isinstance(json.loads(lines[line]), dict) for line in read_lines] == [True] * len(read_lines)
    assert sorted([*read_lines, *held_back(read)]) == [line for line, text in lines.items() if text.strip(" \t\r")]
    assert all(held_back(read)[line] == lines[line].strip(" \t\r").encode() for line in held_back(read))


def test_objects_that_stay_json(tmp_path: Path) -> None:
    """An object named in `as_json` is one column with its JSON, at any depth; that is part of how the file was read."""
    content = b'{"a":{"b":{"2026-01-05":1.10,"x":{"y":null}},"c":1},"d":{}}\n{"a":{"b":{"x":"z"}}}\n{"a":{"b":null}}\n'
    frame = rows_of(tmp_path, content, as_json=["a.b", "d"])
    assert frame["a.b"].to_list() == ['{"2026-01-05":1.10,"x":{"y":null}}', '{"x":"z"}', ""]
    assert frame["a.c"].to_list() == ["1", "", ""]
    assert frame["d"].to_list() == ["{}", "", ""]
    kept, plain = (read_bytes(tmp_path, content, "x.jsonl", **options) for options in ({"as_json": ["a.b"]}, {}))
    assert not kept.origin.reads_like(plain.origin)


@pytest.mark.parametrize("form", ["jsonl", "json"])
def test_sparse_objects_are_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    """Objects that as one table would have far more cells than values come out whole and in order, part by part."""
    monkeypatch.setattr(json_values, "_MOST_CELLS", 50)
    rows = [{"id": n, f"k{n}": "x"} for n in range(40)]
    bad = ["5", '{"id": 1, "id": 2}']
    texts = [*map(json.dumps, rows[:20]), *bad, *map(json.dumps, rows[20:])]
    joined = "\n".join(texts) if form == "jsonl" else f"[{','.join(texts)}]"
    (tmp_path / f"x.{form}").write_text(joined)
    asked = Asked("crm.customers", DAY, tmp_path, tmp_path / "temporary")
    with open_file(FileRead(file=f"x.{form}"), asked) as reading:
        assert max(batch.rows.height * batch.rows.width for batch in reading.batches) <= 100
    read = read_bytes(tmp_path, joined.encode(), f"x.{form}")
    assert [{k: v for k, v in row.items() if v and k != LINE} for row in read.frame.to_dicts()] == [
        {key: str(value) for key, value in row.items()} for row in rows
    ]
    assert [*held_back(read)] == [21, 22]
    assert read.frame[LINE].to_list() == [*range(1, 21), *range(23, 43)]


@pytest.mark.parametrize("form", ["jsonl", "json"])
def test_keys_that_are_data(tmp_path: Path, form: str) -> None:
    """More columns than a table has are refused with the object that they come from and the cure; no key is shown."""
    texts = [f'{{"id":{n},"logins":{{"王{n}":1}}}}' for n in range(5_001)]
    content = ("\n".join(texts) if form == "jsonl" else f"[{','.join(texts)}]").encode()
    with pytest.raises(DeliveryError, match="most of them keys of logins, which look like data") as caught:
        read_bytes(tmp_path, content, f"x.{form}")
    assert caught.value.where == f"crm.customers, x.{form}"
    assert caught.value.cure.startswith("Add logins to as_json under read")
    assert "王" not in str(caught.value)
    read = read_bytes(tmp_path, content, f"x.{form}", as_json=["logins"])
    assert read.frame.columns == ["id", "logins", LINE]
    alone = "\n".join(f'{{"王{n}":1}}' for n in range(5_001)).encode()
    with pytest.raises(DeliveryError, match=r"at most 5,000 columns; found more\. Deliver what the columns stand for"):
        read_bytes(tmp_path, alone, "x.jsonl")
