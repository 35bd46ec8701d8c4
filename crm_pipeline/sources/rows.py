"""What every format gives: rows of text under distinct names, each with its line in the file.

Belongs here: the promises that formats share, and what is said when a file breaks them. Does not belong here: a format
(`csv_rows`, `json_lines`, `excel`) or files (`files`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

import polars as pl

from crm_pipeline.errors import DeliveryError
from crm_pipeline.state.landing import LINE


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows as read.

    Attributes:
        frame: all columns text, an empty or absent cell the empty text, and `_line`; in the order delivered.
        reading: how they were read: `gb18030`, `json lines, utf-8`, `excel, sheet 客户`.
    """

    frame: pl.DataFrame
    reading: str


def check_names(names: Sequence[str], where: str, *, places: Sequence[int] | None = None) -> None:
    """Nothing, when the names of a header are fit for columns.

    Args:
        names: one per column, in their order.
        where: source, extract, file and line.
        places: the number of each column in the file, from 1; by default its position among the names.

    Raises:
        DeliveryError: there is no name, or one is missing, repeated or kept for the line number.
    """
    folded = [name.casefold() for name in names]  # SQL tells names apart by more than case only
    numbered = list(zip(places or range(1, len(names) + 1), names, folded, strict=True))
    repeated = [place for place, _, fold in numbered if folded.count(fold) > 1]
    blank = [place for place, name, fold in numbered if not name.strip() or fold == LINE]
    if repeated or blank or not names:
        # A file without a header has data in its first row, so that names are told by position.
        shown = ", ".join(str(place) for place in repeated or blank) or "none"
        raise DeliveryError(
            where=where,
            expected="a header with a distinct name for each column, letter case apart",
            found=f"{'one name for the columns' if repeated else 'no fit name for the column'} {shown}",
            cure="Correct the header.",
        )


def refuse_header_alone(where: str) -> NoReturn:
    """Raises what is said of a delivery without rows."""
    raise DeliveryError(
        where=where,
        expected="rows below the header",
        found="the header alone",
        cure="Ask for the delivery again; nothing was loaded, so nothing was taken for deleted.",
    )
