"""Which cleaner serves which standard column of which entity, and what a cell should be.

Belongs here: a table to read aloud. Does not belong here: cleaning one type of value (one module each), cleaning whole
rows (`entities`), what follows from several columns (`completing`), what is said of a refused cell (`refusals`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from crm_pipeline.standardise import choices
from crm_pipeline.standardise.amounts import currencies, money, numbers
from crm_pipeline.standardise.calendar import dates, times
from crm_pipeline.standardise.calendar.date_order import DateOrder
from crm_pipeline.standardise.contact_points import emails, phones
from crm_pipeline.standardise.official_ids import (
    business_licences,
    credit_codes,
    identifiers,
    resident_ids,
    tax_ids,
)
from crm_pipeline.standardise.organisations import organisation_names
from crm_pipeline.standardise.people import person_names
from crm_pipeline.standardise.places import countries
from crm_pipeline.standardise.reasons import PLACEHOLDER, SHARED, UNREADABLE, WORD_REASONS, Reason
from crm_pipeline.standardise.text import texts
from crm_pipeline.tables import Column

VERSION = 9  # raise it when any cleaner gives other values: all rows then count as changed
# Their tables and rules decide what a cell is, too.
LIBRARIES = (
    *("phonenumbers", "pycountry", "email-validator", "nameparser", "pypinyin", "OpenCC", "python-stdnum"),
    "babel",
)


@dataclass(frozen=True, slots=True)
class Context:
    """What a cleaner may know beside the value.

    Attributes:
        default_country: the project's, ISO 3166-1 alpha-2.
        timezone: the project's, an IANA name.
        today: business date of the delivery.
        date_orders: of dates in figures, by column; a column that is not here has none.
        counted: columns of dates that hold serial days or Unix seconds; None where that is not known: any may.
        aliases: other names of organisations to their names.
        industry_synonyms: own names of industries, to what `industries` knows.
        countries: of the rows, as their own column says, ISO 3166-1 alpha-2; None where no column does.
    """

    default_country: str
    timezone: str
    today: date
    date_orders: Mapping[str, DateOrder] = field(default_factory=dict)
    counted: frozenset[str] | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)
    industry_synonyms: Mapping[str, str] = field(default_factory=dict)
    countries: pl.Series | None = None

    @property
    def country(self) -> pl.Series | str:
        """Of each row: its own, else the project's."""
        return self.default_country if self.countries is None else self.countries.fill_null(self.default_country)


@dataclass(frozen=True, slots=True)
class Cleaner:
    """How the cells of a column are read, and what they should be.

    Attributes:
        expected: what a cell should be, in English with its article.
        expected_zh: the same in Chinese.
        read: a frame with `value` and `reason`, row for row, and what else the cell tells; where a cell may hold
            several values, one row of each, with the cell's `position`.
        reasons: each code in `reason`.
        holds_several: whether a cell may hold several values.
    """

    expected: str
    expected_zh: str
    read: Callable[[pl.Series, Context], pl.DataFrame]
    reasons: Mapping[str, Reason]
    holds_several: bool = False


_OTHER_REASONS: Mapping[str, Reason] = {**SHARED, **WORD_REASONS}


def _told_by(clean: Callable[[pl.Expr], pl.Expr]) -> Callable[[pl.Series, Context], pl.DataFrame]:
    """A reader out of an expression: what was lost is a placeholder, or not of the column's type."""

    def read(cells: pl.Series, _: Context) -> pl.DataFrame:
        cell = pl.col("cell")
        value = cells.to_frame("cell").select(clean(cell).alias("value")).to_series()
        reason = pl.Series("reason", [None], dtype=pl.String).new_from_index(0, cells.len())
        rows = (value.is_null() & cells.is_not_null()).arg_true()
        if not rows.is_empty():  # what was lost is looked at again, which is little
            is_lost, is_word = texts.trim(cell).is_not_null(), texts.clean(cell).is_null()
            why = pl.when(is_lost & is_word).then(pl.lit(PLACEHOLDER)).when(is_lost).then(pl.lit(UNREADABLE))
            reason = reason.scatter(rows, cells.gather(rows).to_frame("cell").select(why.alias("why")).to_series())
        return pl.DataFrame([value, reason])

    return read


def _never_told(clean: Callable[[pl.Expr], pl.Expr]) -> Callable[[pl.Series, Context], pl.DataFrame]:
    """A reader that loses blanks alone."""

    def read(cells: pl.Series, _: Context) -> pl.DataFrame:
        return pl.DataFrame({"value": cells}).select(
            clean(pl.col("value")).alias("value"), pl.lit(None, dtype=pl.String).alias("reason")
        )

    return read


def _read_date(cells: pl.Series, context: Context) -> pl.DataFrame:
    order = context.date_orders.get(cells.name)
    is_counted = context.counted is None or cells.name in context.counted
    return dates.read(cells, order, context.today, zone=context.timezone, has_counts=is_counted)


def _read_time(cells: pl.Series, context: Context) -> pl.DataFrame:
    is_counted = context.counted is None or cells.name in context.counted
    order = context.date_orders.get(cells.name)
    return times.read(cells, context.timezone, order, context.today, has_counts=is_counted)


def _read_organisation_id(cells: pl.Series, _: Context) -> pl.DataFrame:
    """Credit codes, and the licence numbers of 15 digits of before 2015 that old records have in their place."""
    codes = credit_codes.read(cells)
    rows = (codes["reason"] == identifiers.WRONG_LENGTH).arg_true()
    old = business_licences.read(cells.gather(rows))
    is_old = old["value"].is_not_null() | (old["reason"] == identifiers.WRONG_CHECK)
    kept, rows = old.filter(is_old), rows.filter(is_old)
    reason, value = codes["reason"].scatter(rows, kept["reason"]), codes["value"].scatter(rows, kept["value"])
    return codes.with_columns(value, reason)


def _read_tax_id(cells: pl.Series, context: Context) -> pl.DataFrame:
    """Tax numbers of the row's country; of no known one, those of the project's, else of whichever they name."""
    reading = tax_ids.read(cells, context.country)
    is_told = pl.lit(value=False) if context.countries is None else context.countries.is_not_null()
    is_foreign = ~is_told & reading["reason"].is_in([identifiers.WRONG_FORM, identifiers.WRONG_LENGTH])
    rows = reading.select(is_foreign.fill_null(value=False).alias("is_foreign"))["is_foreign"].arg_true()
    if rows.is_empty():
        return reading
    anywhere = tax_ids.read(cells.gather(rows), None).with_columns(rows.alias("row"))
    return (
        reading.with_row_index("row")
        .update(anywhere, on="row", how="left", include_nulls=True, maintain_order="left")
        .drop("row")
    )


_TEXT = Cleaner("text", "文本", _told_by(texts.clean), SHARED)
_EXACT = Cleaner("text", "文本", _never_told(texts.exact), {})
_LINES = Cleaner("text", "文本", _told_by(texts.exact_or_null), SHARED)
_AS_IT_IS = Cleaner("a key", "主键", _never_told(lambda value: value), {})
_IDENTIFIER = Cleaner("an identifier", "标识符", _told_by(identifiers.clean), _OTHER_REASONS)
_DATE = Cleaner(
    "a date such as 2025-03-05, 20250305 or 2025年3月5日",
    "日期，如 2025-03-05、20250305 或 2025年3月5日",
    _read_date,
    dates.REASONS,
)
_TIME = Cleaner(
    "a time such as 2025-03-05 14:30:00", "时间，如 2025-03-05 14:30:00", _read_time, {**dates.REASONS, **times.REASONS}
)
_NUMBER = Cleaner(
    "a number such as 1234.5, of at most 14 digits before the point",
    "数字，如 1234.5，小数点前最多 14 位",
    lambda cells, _: numbers.read(cells),
    numbers.REASONS,
)
_MONEY = Cleaner(
    "an amount such as 1234.50, ¥1,234.50 or 1.2万元",
    "金额，如 1234.50、¥1,234.50 或 1.2万元",
    lambda cells, context: money.read(cells, currencies.of_country(context.default_country)),
    money.REASONS,
)
_CURRENCY = Cleaner(
    "an ISO 4217 code or the name of a currency",
    "货币的 ISO 4217 代码或名称",
    lambda cells, context: choices.read_currency(cells, context.default_country),
    _OTHER_REASONS,
)
_YES_OR_NO = Cleaner(
    "yes or no, such as true, Y, 1, 是",
    "是或否，如 true、Y、1、是",
    lambda cells, _: choices.read_boolean(cells),
    _OTHER_REASONS,
)

_BY_TYPE = {"DATE": _DATE, "TIMESTAMP": _TIME, "DECIMAL(18,4)": _NUMBER, "BOOLEAN": _YES_OR_NO, "VARCHAR": _TEXT}
_BY_COLUMN: Mapping[str, Cleaner] = {
    "customer_record_key": _AS_IT_IS,  # a key of ours already; it must equal the key it points at, letter by letter
    "currency": _CURRENCY,
    **dict.fromkeys(("amount", "unit_price", "cost"), _MONEY),
}
_OF_CUSTOMERS: Mapping[str, Cleaner] = {
    "kind": Cleaner("person or organisation", "个人或组织", lambda cells, _: choices.read_kind(cells), _OTHER_REASONS),
    "gender": Cleaner(
        "male, female or other", "男、女或其他", lambda cells, _: choices.read_gender(cells), _OTHER_REASONS
    ),
    "country": Cleaner(
        "a country's ISO 3166-1 code or name", "国家名称或 ISO 3166-1 代码", _told_by(countries.clean), _OTHER_REASONS
    ),
    "name": Cleaner(
        "a name", "名称", _told_by(texts.clean), {**organisation_names.REASONS, **person_names.REASONS}
    ),  # whose name it is the row tells: `completing` reads it
    "address": _LINES,
    "national_id": Cleaner(
        "a resident id of 18 or 15 digits (GB 11643)",
        "18 位或 15 位公民身份号码（GB 11643）",
        lambda cells, _: resident_ids.read(cells),
        resident_ids.REASONS,
    ),
    "organisation_id": Cleaner(
        "a unified social credit code (GB 32100), or a licence number of 15 digits of before 2015",
        "统一社会信用代码（GB 32100），或 2015 年以前的 15 位注册号",
        _read_organisation_id,
        credit_codes.REASONS,
    ),
    "tax_id": Cleaner(
        "a tax number",
        "税号",
        _read_tax_id,
        tax_ids.REASONS,
    ),
    "phones": Cleaner(
        "a telephone number",
        "电话号码",
        lambda cells, context: phones.read_in(cells, context.country, context.default_country),
        phones.REASONS,
        holds_several=True,
    ),
    "emails": Cleaner(
        "an e-mail address", "电子邮箱地址", lambda cells, _: emails.read(cells), emails.REASONS, holds_several=True
    ),
}
NAMESPACED = frozenset({"external_ids", "customer_external_ids"})


def cleaner_of(entity: str, column: Column) -> Cleaner:
    """The cleaner of a column; a name such as `kind` is a choice of two for customers and free text elsewhere."""
    own = _OF_CUSTOMERS if entity == "customers" else {}
    return own.get(column.name) or _BY_COLUMN.get(column.name) or _BY_TYPE.get(column.type, _TEXT)


def own_cleaner(column: Column) -> Cleaner:
    """The cleaner of a project's own column; of text only the outer blanks go: nobody knows what it means."""
    return _EXACT if column.type == "VARCHAR" else _BY_TYPE[column.type]
