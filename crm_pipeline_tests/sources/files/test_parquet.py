"""Claims on reading Parquet: every type as text without loss, structs as dotted names, damage refused."""

from __future__ import annotations

import io
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.errors import DeliveryError
from crm_pipeline_tests.sources.reading import read_bytes


def written(**columns: Any) -> bytes:
    """A Parquet file of these columns, two rows to a group."""
    content = io.BytesIO()
    pq.write_table(pa.table(columns), content, row_group_size=2)
    return content.getvalue()


MOMENT = datetime(2026, 1, 5, 13, 30, 15)  # noqa: DTZ001 - a column without a zone
TYPES: dict[str, tuple[pa.Array, str, str]] = {
    "text": (pa.array(["王"]), "string", "王"),
    "words of text": (pa.array(["a"]).dictionary_encode(), "string", "a"),
    "whole number": (pa.array([12345678901234567]), "int64", "12345678901234567"),
    "unsigned": (pa.array([2**64 - 1], pa.uint64()), "uint64", "18446744073709551615"),
    "float": (pa.array([0.1]), "double", "0.1"),
    "single float": (pa.array([0.1], pa.float32()), "float", "0.1"),
    "decimal": (pa.array([Decimal("0.00000010")], pa.decimal128(20, 8)), "decimal128(20, 8)", "0.00000010"),
    "long decimal": (pa.array([Decimal("1" * 45 + ".5")], pa.decimal256(60, 1)), "decimal256(60, 1)", "1" * 45 + ".5"),
    "truth": (pa.array([True]), "bool", "true"),
    "date": (pa.array([date(2026, 1, 5)]), "date32[day]", "2026-01-05"),
    "moment": (pa.array([MOMENT], pa.timestamp("us")), "timestamp[us]", "2026-01-05 13:30:15"),
    "moment with a fraction": (pa.array([MOMENT + timedelta(milliseconds=500)], pa.timestamp("ms")), "timestamp[ms]",
                               "2026-01-05 13:30:15.500"),
    "moment with a zone": (pa.array([MOMENT], pa.timestamp("us", "Asia/Shanghai")), "timestamp[us, tz=Asia/Shanghai]",
                           "2026-01-05 21:30:15+08:00"),
    "moment in UTC": (pa.array([MOMENT], pa.timestamp("us", "UTC")), "timestamp[us, tz=UTC]",
                      "2026-01-05 13:30:15+00:00"),
    "time": (pa.array([time(8, 30)], pa.time64("us")), "time64[us]", "08:30:00"),
    "bytes that are text": (pa.array(["王".encode()]), "binary", "王"),
    "other bytes": (pa.array([b"\xff\x00"]), "binary", "0xff00"),
    "list": (pa.array([[1, None, 3]]), "list<element: int64>", "[1, null, 3]"),
    "list of structs": (pa.array([[{"a": Decimal("1.10"), "b": "王"}]]),
                        "list<element: struct<a: decimal128(3, 2), b: string>>", '[{"a": "1.10", "b": "王"}]'),
    "map": (pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())), "map<string, int64 ('a')>", '{"k": 1}'),
    "nothing": (pa.nulls(1), "null", ""),
}  # fmt: skip


@pytest.mark.parametrize(("column", "kind", "text"), TYPES.values(), ids=[*TYPES])
def test_types_as_text(tmp_path: Path, column: pa.Array, kind: str, text: str) -> None:
    """A value is the text that holds all of it, null the empty text, and the origin says the type."""
    content = written(a=pa.concat_arrays([column, pa.nulls(1, column.type)]), b=["x", "y"])
    read = read_bytes(tmp_path, content, "x.parquet")
    assert read.frame.rows() == [(text, "x", 1), ("", "y", 2)]
    assert read.origin.types["a"] == kind


def test_structs_and_row_groups(tmp_path: Path) -> None:
    """Fields of structs are columns with dotted names; rows are numbered over row groups."""
    column = pa.array([{"b": {"c": i}, "d": str(i)} for i in range(4)] + [None])
    read = read_bytes(tmp_path, written(a=column), "x.parquet")
    assert read.columns == ("a.b.c", "a.d")
    assert read.frame.rows() == [("0", "0", 1), ("1", "1", 2), ("2", "2", 3), ("3", "3", 4), ("", "", 5)]
    assert read.origin.types == {"a.b.c": "int64", "a.d": "string"}


def test_no_rows(tmp_path: Path) -> None:
    """A file without rows gives its columns."""
    read = read_bytes(tmp_path, written(a=pa.array([], pa.string())), "x.parquet")
    assert (read.columns, read.frame.height) == (("a",), 0)


SOUND = written(a=["王小明"] * 500)
DAMAGED = {
    "cut short": SOUND[:-20],
    "head alone": SOUND[:60],
    "text": b"a,b\n1,2\n",
    "middle": SOUND[:200] + SOUND[300:],
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=[*DAMAGED])
def test_damage_is_refused(tmp_path: Path, content: bytes) -> None:
    """A damaged file is refused as a whole, with what to do and without its content."""
    with pytest.raises(DeliveryError) as caught:
        read_bytes(tmp_path, content, "x.parquet")
    assert caught.value.where == "crm.customers, x.parquet"
    assert caught.value.cure
    assert "王小明" not in str(caught.value)


def test_names_that_repeat_are_refused(tmp_path: Path) -> None:
    """Columns that differ by letter case only are refused."""
    with pytest.raises(DeliveryError, match="one name for the columns 1, 2"):
        read_bytes(tmp_path, written(ab=[1], aB=[2]), "x.parquet")


@given(values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
@settings(max_examples=40, deadline=None)
def test_floats_come_back(tmp_path_factory: pytest.TempPathFactory, values: list[float]) -> None:
    """The text of any float is read back as exactly that float."""
    frame = read_bytes(tmp_path_factory.mktemp("parquet"), written(a=values), "x.parquet").frame
    assert [float(text) for text in frame["a"]] == values
