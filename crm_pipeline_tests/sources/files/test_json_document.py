"""Claims on reading JSON documents: the elements of the array as rows, what is no row held back, a cut one refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.errors import DeliveryError
from crm_pipeline.sources.files import json_elements
from crm_pipeline.state.delivery import LINE
from crm_pipeline_tests.sources.reading import held_back, read_bytes

SECRET = "王小明13800138010"
READ: dict[str, tuple[str, str | None, list[str], list[tuple[str | int, ...]]]] = {
    "array": ('[{"a":1},{"a":"x"}]', None, ["a"], [("1", 1), ("x", 2)]),
    "over lines": ('[\n {"a": 1.10,\n  "b": null},\n\n {"b": [1, 2]}\n]\n', None, ["a", "b"],
                   [("1.10", "", 1), ("", "[1,2]", 2)]),
    "byte order mark": ('\ufeff[{"a":1}]', None, ["a"], [("1", 1)]),
    "nested": ('[{"a":{"b":1}}]', None, ["a.b"], [("1", 1)]),
    "under a path": ('{"next":null,"data":{"n":2,"items":[{"a":1}],"z":{}},"e":[1]}', "data.items", ["a"], [("1", 1)]),
    "under a Chinese key": ('{"数据":[{"姓名":"王"}]}', "数据", ["姓名"], [("王", 1)]),
    "no element": ("[]", None, [], []),
}  # fmt: skip


@pytest.mark.parametrize(("text", "records", "names", "rows"), READ.values(), ids=[*READ])
@pytest.mark.parametrize("piece", [7, 1 << 20])
def test_rows_exactly(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    records: str | None,
    names: list[str],
    rows: list[tuple[str | int, ...]],
    piece: int,
) -> None:
    """Elements are rows, numbered from 1, however little is read at a time."""
    monkeypatch.setattr(json_elements, "_PIECE_BYTES", piece)
    read = read_bytes(tmp_path, text.encode(), "x.json", **({"records": records} if records else {}))
    assert read.frame.columns == [*names, LINE]
    assert read.frame.rows() == rows
    assert read.unreadable == []
    assert read.origin.format == "json"


def test_elements_that_are_no_rows_are_held_back(tmp_path: Path) -> None:
    """An element that can't be a row is held back with its number and text, and the others are read."""
    wrong = {
        2: "5",
        3: '{"a":1,"a":"%s"}',
        5: '{"A":1}',
        6: '{" ":1}',
        7: '{"a":NaN}',
        8: '{"b":"\\ud840"}',
    }
    elements = [wrong.get(number, f'{{"a":{number}}}').replace("%s", SECRET) for number in range(1, 10)]
    read = read_bytes(tmp_path, f"[{','.join(elements)}]".encode(), "x.json")
    assert held_back(read) == {number: elements[number - 1].encode() for number in wrong}
    assert read.frame.rows() == [("1", 1), ("4", 4), ("9", 9)]
    assert not any(SECRET in each.reason for each in read.unreadable)


REFUSED: dict[str, tuple[bytes, str | None, str]] = {
    "cut in an element": (b'[{"a":1},\n{"a":"%s', None, "Unterminated string"),
    "cut behind an element": (b'[{"a":1},{"a":"%s"}', None, "an early end instead of ,"),
    "cut behind the array": (b'{"data":[{"a":"%s"}],', "data", "no key where one should be"),
    "two documents": (b'[{"a":"%s"}] [1]', None, "something behind the document"),
    "JSON Lines": (b'{"a":"%s"}\n{"a":2}\n', None, "another value than an array"),
    "no such key": (b'{"data":[{"a":"%s"}]}', "items", "no key items"),
    "no array there": (b'{"data":{"a":"%s"}}', "data", "another value than an array"),
    "key twice": (b'{"data":[{"a":"%s"}],"data":[]}', "data", "the key data twice"),
    "no keys": (b"[{},{}]", None, "no key at all"),
    "csv": (b"a,b\n%s,2\n", None, "another value than an array"),
    "missing comma": (b'[{"a":1} {"a":"%s"}]', None, "another character instead of ,"),
    "bytes": (b'[{"a":"\xff%s"}]', None, "bytes that are not utf-8"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "records", "found"), REFUSED.values(), ids=[*REFUSED])
def test_document_is_refused(tmp_path: Path, content: bytes, records: str | None, found: str) -> None:
    """A document that is cut short or no JSON, or has no array there, is refused as a whole, without its content."""
    options = {"encoding": "utf-8"} | ({"records": records} if records else {})
    with pytest.raises(DeliveryError) as caught:
        read_bytes(tmp_path, content.replace(b"%s", SECRET.encode()), "x.json", **options)
    assert found in caught.value.found
    assert SECRET not in str(caught.value)
    assert caught.value.where == "crm.customers, x.json"


KEYS = st.sampled_from(["a", "b", "客户", "d e"])
ROWS = st.lists(st.dictionaries(KEYS, st.text(max_size=5), min_size=1, max_size=4), min_size=1, max_size=8)


@given(rows=ROWS, indent=st.sampled_from([None, 1]), piece=st.sampled_from([5, 64]), beside=st.text(max_size=9))
@settings(max_examples=80, deadline=None)
def test_any_objects_come_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, str]], indent: int | None, piece: int, beside: str
) -> None:
    """Any objects, wherever their array stands, come back as Python's json reads them; cut short, they never do."""
    document: dict[str, Any] = {"x": beside, "data": {"items": rows}, "y": [beside, {"data": 1}]}
    text = json.dumps(document, ensure_ascii=False, indent=indent)
    folder = tmp_path_factory.mktemp("json")
    options = {"records": "data.items", "encoding": "utf-8"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_elements, "_PIECE_BYTES", piece)
        frame = read_bytes(folder, text.encode(), "x.json", **options).frame
        with pytest.raises(DeliveryError):
            read_bytes(folder, text.encode()[:-1], "x.json", **options)
    names = list(dict.fromkeys(name for row in rows for name in row))
    assert frame.rows() == [(*(row.get(name, "") for name in names), line) for line, row in enumerate(rows, 1)]
