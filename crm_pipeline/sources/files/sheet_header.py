"""Which row of a sheet is the header: the first, or the one below a title block.

Belongs here: finding it. Does not belong here: whether its names are fit (`rows`).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from crm_pipeline.errors import DeliveryError
from crm_pipeline.state.delivery import LINE

_LOOKED_AT = 50  # rows that are not blank, among which the header is looked for
_NO_TEXT = r"^(-?\d+(\.\d+)?|\d{4}-\d\d-\d\d( .*)?|\d\d:\d\d:\d\d.*|true|false)$"


@dataclass(frozen=True, slots=True)
class Header:
    """The row of the header, 0 where there is none, and why when it is not the first row that is not blank."""

    row: int
    reason: str = ""


def header_of(filled: pl.DataFrame, given: int | None, where: str) -> Header:
    """The header's row.

    The first row that is not blank is the header, unless it and all rows down to a later one are a title block: each
    fills at most half as many cells as that later row, whose cells are all texts, distinct, and at least as many as
    those of any row below it.

    Args:
        filled: the rows of the sheet that are not blank, with `_line`, one at least; null where a cell is empty.
        given: the row that is set; 0 for none.
        where: source, extract, file and sheet, for messages.

    Raises:
        DeliveryError: the row that is set is blank.
    """
    if given == 0:
        return Header(0, "none, as set")
    if given is not None:
        if given not in filled[LINE]:
            raise DeliveryError(
                where=where,
                expected=f"the header in row {given}",
                found="a blank row",
                cure="Correct read.header_row, or ask for the delivery again.",
            )
        return Header(given, f"row {given}, as set")
    lines = filled[LINE].head(_LOOKED_AT).to_list()
    cells = [[cell for cell in row if cell is not None] for row in filled.head(_LOOKED_AT).drop(LINE).rows()]
    widest_below = _widest_below(filled)
    widest_above = 0
    for place, (line, row) in enumerate(zip(lines, cells, strict=True)):
        is_header = len(row) >= widest_below[place] and _are_names(row) and place + 1 < filled.height
        if place and is_header and widest_above * 2 <= len(row):
            return Header(line, f"row {line}, below {place} of a title block")
        if not place and is_header:
            break
        widest_above = max(widest_above, len(row))
    return Header(lines[0])


def _widest_below(filled: pl.DataFrame) -> list[int]:
    """Of each of the first rows, the most cells that any row below it fills."""
    widths = filled.select(pl.sum_horizontal(pl.exclude(LINE).is_not_null())).to_series()
    return widths.reverse().cum_max().reverse().shift(-1, fill_value=0).head(_LOOKED_AT).to_list()


def _are_names(row: list[str]) -> bool:
    """Whether the cells are all texts and distinct, letter case apart."""
    is_text = ~pl.Series(row, dtype=pl.String).str.contains(_NO_TEXT)
    return bool(is_text.all()) and len({cell.casefold() for cell in row}) == len(row)
