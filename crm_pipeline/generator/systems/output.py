"""What a system gives for one chunk, and the form of its files.

Belongs here: the shape of an extract. Does not belong here: what is in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

# Columns of an extract's rows that are for us only.
FROM_DAY, TO_DAY = "_from", "_to"


@dataclass(frozen=True, slots=True)
class Form:
    """How the rows of an extract become bytes.

    Attributes:
        path: of a delivery below the project, `{date}` being the business date.
        format: csv, json_lines or excel.
        encoding: of text.
        delimiter: of CSV.
        line_end: of CSV.
        byte_order_mark: whether the file begins with one.
        sheet: of Excel.
        numbers: of Excel: columns in which digits were typed as a number.
        is_full: whether each delivery has all living records, else the new and changed ones.
    """

    path: str
    format: str = "csv"
    encoding: str = "utf-8"
    delimiter: str = ","
    line_end: str = "\n"
    byte_order_mark: bool = False
    sheet: str = ""
    numbers: tuple[str, ...] = ()
    is_full: bool = False


@dataclass(frozen=True, slots=True)
class Output:
    """What one extract has from one chunk.

    Attributes:
        name: of the extract, such as `customers`.
        form: of its files.
        rows: with `_from` and `_to`, the days from which and to which a row is true.
        planted: source_id, day, defect.
        truth: of customers: source_id, customer and kind, one row per record.
        contacts: the same of the contact persons in those rows; `customer` is whose contact it is.
    """

    name: str
    form: Form
    rows: pl.DataFrame
    planted: pl.DataFrame
    truth: pl.DataFrame = field(default_factory=pl.DataFrame)
    contacts: pl.DataFrame = field(default_factory=pl.DataFrame)
