"""Cells of a sheet as text, by what each of them is alone: numbers, moments, times, durations, errors.

Belongs here: what the kinds of cells are as text. Does not belong here: which row is the header (`sheet_header`),
formulas without a value (`formulas`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import polars as pl

from crm_pipeline.errors import DeliveryError
from crm_pipeline.sources.files.workbook import Opened, Sheet

_ERROR_TEXTS = {
    "Div0": "#DIV/0!",
    "NA": "#N/A",
    "Name": "#NAME?",
    "Null": "#NULL!",
    "Num": "#NUM!",
    "Ref": "#REF!",
    "Value": "#VALUE!",
    "GettingData": "#GETTING_DATA",
}
_ERROR = "#ERROR"
_DETAIL = re.compile(r"(?P<kind>Error|DurationIso)\((?P<content>.*)\)", re.DOTALL)
_DURATION = re.compile(r'"PT(?:(?P<h>\d+)H)?(?:(?P<m>\d+)M)?(?:(?P<s>\d+)(?:\.(?P<f>\d+))?S)?"')
_NUMBER = r"^-?\d+(\.\d+)?$"
_LONG_NUMBER = r"^-?\d{16,}$"
_MOMENT = r"^[+-]?\d{4,}-\d\d-\d\d \d\d:\d\d:\d\d"
_ISO_MOMENT = r"^\d{4}-\d\d-\d\dT\d\d:\d\d"
_YEAR_OF_FOUR = r"^\d{4}-"
_MIDNIGHT = " 00:00:00"
_DAY = 86_400_000  # milliseconds
_MOST_OTHERS = 1_000_000  # cells of which each is told by itself, which takes some 300 bytes
_MOST_DIGITS = 22  # beyond, a number is written with an exponent


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of a sheet.

    Attributes:
        texts: null where a cell is empty; a column for each that holds anything, named by its number from 1.
        long_numbers: row, from 0, and column of the numbers with more digits than a spreadsheet keeps.
    """

    texts: pl.DataFrame
    long_numbers: list[tuple[int, str]]


def cells_of(opened: Opened, where: str) -> Cells:
    """The cells of the sheet as text, each as it would be alone.

    Raises:
        DeliveryError: texts that the library can't read.
    """
    sheet = opened.sheet
    is_text = pl.col(pl.String) != ""
    cells = opened.texts.with_columns(pl.when(is_text).then(pl.col(pl.String)).name.keep())
    _require_texts(cells, where)
    cells = cells.with_columns(_numbers(cells, sheet))
    long_numbers, rounded = _long_numbers(cells, sheet)
    cells = cells.with_columns(rounded)
    cells = cells.with_columns(_moments(cells, sheet))
    cells = cells.with_columns(_iso_moments(cells, sheet))
    return Cells(_with_others(cells, opened.others), long_numbers)


def _require_texts(cells: pl.DataFrame, where: str) -> None:
    """Refuses NUL characters, which no cell can hold: texts of two bytes per character that were taken for one."""
    if cells.select(pl.any_horizontal(pl.all().str.contains("\0", literal=True).any())).to_series().any():
        raise DeliveryError(
            where=where,
            expected="cells of text",
            found="texts with NUL characters, which the reader of this format has misread",
            cure="Save the workbook as .xlsx, or ask for the delivery in another format.",
        )


def _matching(cells: pl.DataFrame, pattern: str) -> list[str]:
    return [column.name for column in cells if column.str.contains(pattern).any()]


def _numbers(cells: pl.DataFrame, sheet: Sheet) -> list[pl.Series]:
    """The columns in which the library rounded a number to nine decimal places, with the 15 digits that Excel shows.

    Loaded as numbers, a text of digits is one too: it is told by being the same.
    """
    changed = []
    for exact in sheet.load("float", names) if (names := _matching(cells, _NUMBER)) else ():
        text = cells[exact.name]
        is_plain = text.str.contains(_NUMBER)
        rounded = (is_plain & (text.cast(pl.Float64, strict=False) != exact)).fill_null(value=False).arg_true()
        if rounded.len():
            changed.append(text.scatter(rounded, [f"{number:.15g}" for number in exact.gather(rounded)]))
    return changed


def _long_numbers(cells: pl.DataFrame, sheet: Sheet) -> tuple[list[tuple[int, str]], list[pl.Series]]:
    """Numbers of more than 15 digits, and the columns in which there are any, with zeros for the digits that are lost.

    Loaded as truths, numbers have one and texts of digits have none.
    """
    found, changed = [], []
    for is_number in sheet.load("boolean", names) if (names := _matching(cells, _LONG_NUMBER)) else ():
        text = cells[is_number.name]
        rows = (text.str.contains(_LONG_NUMBER) & is_number.is_not_null()).fill_null(value=False).arg_true()
        if rows.len():
            changed.append(text.scatter(rows, [_with_15_digits(number) for number in text.gather(rows)]))
            found += [(row, text.name) for row in rows]
    return found, changed


def _with_15_digits(number: str) -> str:
    short = f"{float(number):.15g}"
    return f"{Decimal(short):f}" if len(number) < _MOST_DIGITS else short


def _moments(cells: pl.DataFrame, sheet: Sheet) -> list[pl.Series]:
    """The columns with dates, times and durations; the library writes all as moments.

    They are loaded as durations since their day zero, which only these cells have; loaded as moments, numbers would
    become some too, and a large one crash the library. Less than a day is a time of day, or a duration: both read
    alike.
    """
    names = _matching(cells, _MOMENT)
    if not names:
        return []
    loaded = sheet.load("duration", names).select(pl.all().dt.total_milliseconds())
    durations = _durations(cells, sheet, [span.name for span in loaded if (span >= _DAY).any()])
    return [_moment_texts(cells[span.name], span, durations.get(span.name)) for span in loaded]


def _moment_texts(text: pl.Series, span: pl.Series, is_duration: pl.Series | None) -> pl.Series:
    """The texts, of each cell that has a span of milliseconds since day zero what that is."""
    never = pl.repeat(value=False, n=text.len(), dtype=pl.Boolean, eager=True)
    cells = pl.DataFrame({"text": text, "span": span, "is_duration": never if is_duration is None else is_duration})
    is_clock = pl.col("span").is_between(0, _DAY - 1) | pl.col("is_duration")
    is_date = (pl.col("span") >= _DAY) & pl.col("text").str.contains(_YEAR_OF_FOUR)
    shown = (
        pl.when(pl.col("span").is_null())
        .then("text")
        .when(is_clock)
        .then(_clock(pl.col("span")))
        .when(is_date)
        .then(pl.col("text").str.strip_suffix(_MIDNIGHT))
        .otherwise(pl.lit(_ERROR))
    )
    return cells.select(shown.alias(text.name)).to_series()


def _clock(span: pl.Expr) -> pl.Expr:
    """Hours, minutes and seconds; hours may be more than 24."""
    size = span.abs()
    parts = [(size // 3_600_000, 2), (size // 60_000 % 60, 2), (size // 1000 % 60, 2)]
    shown = pl.concat_str([part.cast(pl.String).str.zfill(width) for part, width in parts], separator=":")
    rest = pl.format(".{}", (size % 1000).cast(pl.String).str.zfill(3))
    sign = pl.when(span < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    return pl.concat_str(sign, shown, pl.when(size % 1000 > 0).then(rest).otherwise(pl.lit("")))


def _durations(cells: pl.DataFrame, sheet: Sheet, names: list[str]) -> dict[str, pl.Series]:
    """Of each column that has durations, which cells are: their number format shows hours beyond 24."""
    if not names or not sheet.may_hold_durations(names):
        return {}
    if len(names) * cells.height > _MOST_OTHERS:
        names = [name for name in names if sheet.may_hold_durations([name])]
    rows = _rows_by_column(cells, sheet, names, "datetime_type: TimeDelta")
    return {name: pl.Series(np.isin(np.arange(cells.height), part)) for name, part in rows.items()}


def _rows_by_column(cells: pl.DataFrame, sheet: Sheet, names: list[str], detail: str) -> dict[str, pl.Series]:
    """Of some columns, the rows of the cells that are no number and of which the library says so."""
    if not names:
        return {}
    found = sheet.others_of("float", names).filter(pl.col("detail").str.contains(detail, literal=True))
    return {cells.columns[int(str(place))]: part["row"] for (place,), part in found.group_by("place")}


def _iso_moments(cells: pl.DataFrame, sheet: Sheet) -> list[pl.Series]:
    """The columns with moments as OpenDocument stores them, written as those of Excel are."""
    names = _matching(cells, _ISO_MOMENT) if sheet.is_opendocument else []
    changed = []
    for name, rows in _rows_by_column(cells, sheet, names, "DateTimeIso(").items():
        plain = cells[name].gather(rows).str.replace("T", " ", literal=True).str.strip_suffix(_MIDNIGHT)
        changed.append(cells[name].scatter(rows, plain))
    return changed


def _with_others(cells: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """The cells with the text of each that holds an error, or a duration as OpenDocument stores it."""
    known = {detail: _other_text(detail) for detail in others["detail"].unique()}
    found = others.with_columns(pl.col("detail").replace_strict(known, return_dtype=pl.String))
    for (place,), part in found.group_by("place"):
        column = cells.to_series(int(str(place)))
        cells = cells.with_columns(column.scatter(part["row"], part["detail"]))
    return cells


def _other_text(detail: str) -> str:
    found = _DETAIL.search(detail)
    if found is None or found["kind"] == "Error":
        return _ERROR_TEXTS.get(found["content"], _ERROR) if found else _ERROR
    parts = _DURATION.fullmatch(found["content"])
    if parts is None:
        return found["content"].strip('"')
    fraction = f".{parts['f'][:3]:0<3}" if parts["f"] and int(parts["f"]) else ""
    return f"{int(parts['h'] or 0):02}:{int(parts['m'] or 0):02}:{int(parts['s'] or 0):02}{fraction}"
