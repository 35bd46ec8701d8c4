"""Claims that hold for every reader of identifiers, as functions: each module's tests call them.

Belongs here: what all readers promise. Does not belong here: the cases of one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import polars as pl
from hypothesis import strategies as st

from crm_pipeline.standardise.reasons import Reason

Read = Callable[[pl.Series], pl.DataFrame]

PIECES = [
    "11010519491231002X", "110105491231002", "91110000600037341L", "110108000000016", "e12345678", "DE136695976",
    "12-3456789",
    "Ｘ", "ｘ", "１２３", " ", "\u3000", "-", "－", "—", "\u200b", "'", "无", "N/A", "null", "*", "000000", "111111",
    "123456", "O", "I",
    "1.1E+17", "CN", "FR", "XI", "T", "ſ", "ı", "½", "²", "٣", "〇", "\x00", "é", "A", "9", "Z",
]  # fmt: skip
CELLS = st.lists(
    st.one_of(st.none(), st.lists(st.sampled_from(PIECES), max_size=3).map("".join), st.text(max_size=20)), max_size=8
)


def column(*cells: str | None) -> pl.Series:
    return pl.Series("cells", cells, dtype=pl.String)


def check_reader(read: Read, cells: list[str | None], form: str, reasons: Mapping[str, Reason]) -> None:
    """Rows are kept; a cell has a value of the form, a known reason, or held nothing; a value reads as itself."""
    first = read(column(*cells))
    assert len(first) == len(cells)
    assert first.schema["value"] == pl.String and first.schema["reason"] == pl.String
    for cell, value, reason in zip(cells, first["value"], first["reason"], strict=True):
        assert (value is None) or (reason is None)
        assert value is None or re.fullmatch(form, value), (cell, value)
        assert reason is None or reason in reasons
        assert cell is not None or (value is None and reason is None)
        assert value is not None or reason is not None or not cell or not re.search(r"\w", cell), cell
    again = read(first["value"])
    assert again["value"].to_list() == first["value"].to_list()
    assert again["reason"].null_count() == len(cells)


def told(read: Read, cell: str | None) -> str | None:
    """The value, or the reason in brackets, or null for a cell that held nothing."""
    row = read(column(cell)).row(0, named=True)
    return row["value"] or (f"[{row['reason']}]" if row["reason"] else None)
