"""What every format gives: batches of rows of text under distinct names, each row with its line in the file.

Belongs here: the promises that formats share, and what is said when a file breaks them. Does not belong here: a format
(one module each) or files (`files`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from crm_pipeline.errors import DeliveryError
from crm_pipeline.state.delivery import LINE, Batch


@dataclass(frozen=True, slots=True)
class Rows:
    """A file opened by its format.

    Attributes:
        columns: column names known before any row is read; JSON Lines may bring more with later rows.
        batches: all rows in the order delivered, read as they are asked for; to be taken once.
        encoding: of text; None where there is none to choose.
        delimiter: of CSV.
        details: what else was found or used, such as quote, sheet, sureness of the dialect.
        types: column to the type that the file gives it, where it gives one.
    """

    columns: tuple[str, ...]
    batches: Iterator[Batch]
    encoding: str | None = None
    delimiter: str | None = None
    details: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)


HEADER_CURE = "Name these columns in read.header, such as {3: note}, or have the header corrected."
"""What is to be done about names that are blank or come twice, where `read:` can name columns."""


def check_names(
    names: Sequence[str], where: str, *, places: Sequence[int] | None = None, cure: str = "Correct the header."
) -> None:
    """Nothing, when the names of a header are fit for columns.

    Args:
        names: one per column, in their order.
        where: source, extract, file and line.
        places: the number of each column in the file, from 1; by default its position among the names.
        cure: what is to be done about names that are not fit.

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
            cure=cure,
        )


def refuse_header_alone(where: str) -> NoReturn:
    """Raises what is said of a delivery without rows."""
    raise DeliveryError(
        where=where,
        expected="rows below the header",
        found="the header alone",
        cure="Ask for the delivery again; nothing was loaded, so nothing was taken for deleted.",
    )
