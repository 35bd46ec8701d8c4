"""Which cleaner serves which standard column of which entity, and what a cell should be.

Belongs here: a table to read aloud. Does not belong here: cleaning one type of value (one module each), cleaning whole
rows (`entities`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from crm_pipeline.standardise import choices, countries, dates, emails, identifiers, numbers, phones, texts
from crm_pipeline.tables import ENTITIES, Column

VERSION = 4  # raise it when any cleaner gives other values: all rows then count as changed


@dataclass(frozen=True, slots=True)
class Context:
    """What a cleaner may know beside the value: the project's country and time zone."""

    default_country: str
    timezone: str


@dataclass(frozen=True, slots=True)
class Expected:
    """What a cell should be, in English with its article, and in Chinese."""

    text: str
    text_zh: str


@dataclass(frozen=True, slots=True)
class Cleaner:
    """How a value is cleaned, and what it should have been when the result is null, in English and Chinese."""

    expected: str
    expected_zh: str
    clean: Callable[[pl.Expr, Context], pl.Expr]


_TEXT = Cleaner("text", "文本", lambda value, _: texts.clean(value))
_EXACT = Cleaner("text", "文本", lambda value, _: texts.exact(value))
_LINES = Cleaner("text", "文本", lambda value, _: texts.exact_or_null(value))
_IDENTIFIER = Cleaner("an identifier", "标识符", lambda value, _: identifiers.clean(value))
_DATE = Cleaner(
    "a date such as 2025-03-05, 20250305 or 2025年3月5日",
    "日期，如 2025-03-05、20250305 或 2025年3月5日",
    lambda value, _: dates.clean_date(value),
)
_TIME = Cleaner(
    "a time such as 2025-03-05 14:30:00",
    "时间，如 2025-03-05 14:30:00",
    lambda value, context: dates.clean_timestamp(value, context.timezone),
)
_NUMBER = Cleaner(
    "a number such as 1234.5, of at most 14 digits before the point",
    "数字，如 1234.5，小数点前最多 14 位",
    lambda value, _: numbers.clean(value),
)
_CURRENCY = Cleaner("an ISO 4217 code", "货币的 ISO 4217 代码", lambda value, _: choices.clean_currency(value))

_YES_OR_NO = Cleaner(
    "yes or no, such as true, Y, 1, 是", "是或否，如 true、Y、1、是", lambda value, _: choices.clean_boolean(value)
)

_AS_IT_IS = Cleaner("a key", "主键", lambda value, _: value)
_NEVER_REFUSED = (_TEXT, _EXACT, _LINES, _AS_IT_IS)

_BY_TYPE = {"DATE": _DATE, "TIMESTAMP": _TIME, "DECIMAL(18,4)": _NUMBER, "BOOLEAN": _YES_OR_NO, "VARCHAR": _TEXT}
_BY_COLUMN: Mapping[str, Cleaner] = {
    "customer_record_key": _AS_IT_IS,  # a key of ours already; it must equal the key it points at, letter by letter
    "currency": _CURRENCY,
}
_OF_CUSTOMERS: Mapping[str, Cleaner] = {
    "kind": Cleaner("person or organisation", "个人或组织", lambda value, _: choices.clean_kind(value)),
    "gender": Cleaner("male, female or other", "男、女或其他", lambda value, _: choices.clean_gender(value)),
    "country": Cleaner(
        "a country's ISO 3166-1 code or name", "国家名称或 ISO 3166-1 代码", lambda value, _: countries.clean(value)
    ),
    "address": _LINES,
    "national_id": _IDENTIFIER,
    "organisation_id": _IDENTIFIER,
    "tax_id": _IDENTIFIER,
    "phones": Cleaner(
        "a telephone number", "电话号码", lambda value, context: phones.clean(value, context.default_country)
    ),
    "emails": Cleaner("an e-mail address", "电子邮箱地址", lambda value, _: emails.clean(value)),
}
NAMESPACED = frozenset({"external_ids", "customer_external_ids"})


def cleaner_of(entity: str, column: Column) -> Cleaner:
    """The cleaner of a column; a name such as `kind` is a choice of two for customers and free text elsewhere."""
    own = _OF_CUSTOMERS if entity == "customers" else {}
    return own.get(column.name) or _BY_COLUMN.get(column.name) or _BY_TYPE.get(column.type, _TEXT)


def own_cleaner(column: Column) -> Cleaner:
    """The cleaner of a project's own column; of text only the outer blanks go: nobody knows what it means."""
    return _EXACT if column.type == "VARCHAR" else _BY_TYPE[column.type]


def refusable_columns(entity: str, own: Sequence[Column] = ()) -> dict[str, Expected]:
    """The columns of an entity whose cells may be found unreadable, and what a cell should be; text is never refused.

    Args:
        entity: one of `tables.ENTITIES`.
        own: the project's own columns of it.
    """
    cleaners = {column.name: cleaner_of(entity, column) for column in ENTITIES[entity] if column.name not in NAMESPACED}
    cleaners |= {column.name: own_cleaner(column) for column in own}
    return {
        name: Expected(cleaner.expected, cleaner.expected_zh)
        for name, cleaner in cleaners.items()
        if cleaner not in _NEVER_REFUSED
    }


def reasons_zh() -> dict[str, str]:
    """Each reason that `standardise` may give, to the same in Chinese."""
    cleaners = {cleaner_of(entity, column) for entity, columns in ENTITIES.items() for column in columns}
    return {reason(cleaner): f"应为{cleaner.expected_zh}" for cleaner in cleaners}


def reason(cleaner: Cleaner) -> str:
    """Why a cell was refused."""
    return f"expected {cleaner.expected}"
