"""Which cleaner serves which standard column of which entity."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from crm_pipeline.standardise import choices, countries, dates, emails, identifiers, names, numbers, phones, texts
from crm_pipeline.tables import ENTITIES, Column, polars_type

VERSION = 4  # raise it when any cleaner gives other values: all rows then count as changed


@dataclass(frozen=True, slots=True)
class Context:
    """What a cleaner may know beside the value: the project's country and time zone."""

    default_country: str
    timezone: str


@dataclass(frozen=True, slots=True)
class Standardised:
    """Typed rows, row for row with the mapped ones, and the cells that could not be read.

    Attributes:
        frame: all standard columns of the entity, null where not mapped, and the columns that came besides.
        rejected: one cell: `row` (index in `frame`), `column_name`, `value` as mapped, `reason`; by row and column.
    """

    frame: pl.DataFrame
    rejected: pl.DataFrame


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
_NUMBER = Cleaner("a number such as 1234.5", "数字，如 1234.5", lambda value, _: numbers.clean(value))
_CURRENCY = Cleaner("an ISO 4217 code", "货币的 ISO 4217 代码", lambda value, _: choices.clean_currency(value))

_YES_OR_NO = Cleaner(
    "yes or no, such as true, Y, 1, 是", "是或否，如 true、Y、1、是", lambda value, _: choices.clean_boolean(value)
)

_BY_TYPE = {"DATE": _DATE, "TIMESTAMP": _TIME, "DECIMAL(18,4)": _NUMBER, "BOOLEAN": _YES_OR_NO, "VARCHAR": _TEXT}
_AS_IT_IS = Cleaner("a key", "主键", lambda value, _: value)
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
# The time of an entity of which a rule needs the business day, and the column with that day.
_DAYS = {
    "tickets": ("opened_at", "opened_on"),
    "interactions": ("occurred_at", "occurred_on"),
    "opportunities": ("opened_at", "opened_on"),
    "payments": ("paid_at", "paid_on"),
}
# Keys of ours already; they must equal the keys they point at, letter by letter.
_KEYS = {"related_record_key"}
_REJECTED_SCHEMA = {"row": pl.UInt32(), "column_name": pl.String(), "value": pl.String(), "reason": pl.String()}
_NAMESPACED = {"external_ids", "customer_external_ids"}


def standardise(
    entity: str,
    mapped: pl.DataFrame,
    context: Context,
    *,
    own: Sequence[Column] = (),
    closed: Mapping[str, Sequence[str]] | None = None,
) -> Standardised:
    """The mapped rows as typed standard columns.

    Args:
        entity: one of `tables.ENTITIES`.
        mapped: standard columns as text, lists of text for phones and e-mails; columns that are not standard ones are
            kept, texts among them trimmed.
        context: the project's country and time zone.
        own: the project's own columns of the entity; one that is not mapped is null.
        closed: standard column to the values that are accepted as they were mapped; others are rejected.
    """
    closed = closed or {}
    lists = {c.name: _cleaned_elements(mapped[c.name], context) for c in ENTITIES[entity] if _is_list(c, mapped)}
    accepted = mapped.with_columns(_accepted(name, values) for name, values in closed.items())
    columns = [_standard_column(entity, column, accepted, lists, context) for column in ENTITIES[entity]]
    columns += [_own_column(column, mapped, context) for column in own]
    standard = {column.name for column in (*ENTITIES[entity], *own)}
    others = [
        texts.clean(pl.col(name)) if kind == pl.String and name not in _KEYS else pl.col(name)
        for name, kind in mapped.schema.items()
        if name not in standard
    ]
    frame = accepted.select(*others, *columns)
    expected = {
        **{column.name: _cleaner(entity, column).expected for column in ENTITIES[entity]},
        **{column.name: _BY_TYPE[column.type].expected for column in own},
        **{name: f"one of the values {', '.join(values)}" for name, values in closed.items()},
    }
    return Standardised(_completed(entity, frame, mapped, context), _rejected(expected, mapped, frame, lists))


def _accepted(name: str, values: Sequence[str]) -> pl.Expr:
    return pl.when(pl.col(name).is_in(list(values))).then(pl.col(name)).alias(name)


def _own_column(column: Column, mapped: pl.DataFrame, context: Context) -> pl.Expr:
    kind = polars_type(column.type)
    if column.name not in mapped.columns:
        return pl.lit(None, dtype=kind).alias(column.name)
    cleaner = _EXACT if column.type == "VARCHAR" else _BY_TYPE[column.type]  # nobody knows what a user's text means
    return cleaner.clean(pl.col(column.name), context).cast(kind).alias(column.name)


def reasons_zh() -> dict[str, str]:
    """Each reason that `standardise` may give, to the same in Chinese."""
    cleaners = {_cleaner(entity, column) for entity, columns in ENTITIES.items() for column in columns}
    return {_reason(cleaner): f"应为{cleaner.expected_zh}" for cleaner in cleaners}


def _reason(cleaner: Cleaner) -> str:
    return f"expected {cleaner.expected}"


def _is_list(column: Column, mapped: pl.DataFrame) -> bool:
    return column.type == "VARCHAR[]" and column.name in mapped.columns


def _standard_column(
    entity: str, column: Column, mapped: pl.DataFrame, lists: Mapping[str, pl.Series], context: Context
) -> pl.Expr | pl.Series:
    kind = polars_type(column.type)
    value = pl.col(column.name)
    if column.name not in mapped.columns:
        return pl.lit(None, dtype=kind).alias(column.name)
    if column.name in _NAMESPACED:
        return identifiers.clean_namespaced(value).alias(column.name)
    if column.name in lists:
        distinct = lists[column.name].list.drop_nulls().list.unique(maintain_order=True)
        return distinct.set(distinct.list.len() == 0, None).cast(kind).alias(column.name)
    return _cleaner(entity, column).clean(value, context).cast(kind).alias(column.name)


def _cleaned_elements(values: pl.Series, context: Context) -> pl.Series:
    """Each element of each list cleaned, null where it was rejected; blank elements left out, null where none is left.

    All elements are cleaned as one column: list by list, a cleaner that is not an expression runs once per row.
    """
    value, rows = pl.col(values.name), values.to_frame().with_row_index("row")
    meant = rows.explode(values.name).with_columns(texts.clean(value)).drop_nulls(values.name)
    cleaned = meant.with_columns(_OF_CUSTOMERS[values.name].clean(value, context))
    lists = cleaned.group_by("row", maintain_order=True).agg(value)
    return rows.select("row").join(lists, on="row", how="left", maintain_order="left")[values.name]


def _completed(entity: str, frame: pl.DataFrame, mapped: pl.DataFrame, context: Context) -> pl.DataFrame:
    """`frame` with what follows from its own columns."""
    match entity:
        case "customers":
            return names.complete(frame)
        case "orders":
            product = pl.col("quantity") * pl.col("unit_price")
            is_computable = {"quantity", "unit_price"} <= set(mapped.columns)
            computed = product.cast(pl.Decimal(18, 4), strict=False) if is_computable else pl.col("amount")
            return frame.with_columns(computed.alias("computed_amount"))
        case _ if entity in _DAYS:
            moment, day = _DAYS[entity]
            return frame.with_columns(dates.day_of(pl.col(moment), context.timezone).alias(day))
        case _:
            return frame


def _cleaner(entity: str, column: Column) -> Cleaner:
    """The cleaner of a column; a name such as `kind` is a choice of two for customers and free text elsewhere."""
    own = _OF_CUSTOMERS if entity == "customers" else {}
    return own.get(column.name) or _BY_COLUMN.get(column.name) or _BY_TYPE.get(column.type, _TEXT)


def _rejected(
    expected: Mapping[str, str], mapped: pl.DataFrame, frame: pl.DataFrame, lists: Mapping[str, pl.Series]
) -> pl.DataFrame:
    """The cells that held something and lost it; of a list, those that lost an element."""
    found = [pl.DataFrame(schema=_REJECTED_SCHEMA)]
    for column, wanted in expected.items():
        if column not in mapped.columns or column in _NAMESPACED:
            continue
        delivered, cleaned = mapped[column], frame[column]
        if column in lists:
            suspects = lists[column].list.eval(pl.element().is_null()).list.any().fill_null(value=False)
            text = pl.col("value").list.join(" | ", ignore_nulls=True)
        else:
            suspects = delivered.is_not_null() & cleaned.is_null()
            text = texts.clean(pl.col("value"))
        rows = suspects.arg_true()
        lost = pl.DataFrame({"row": rows, "value": delivered.gather(rows)}).with_columns(text.alias("value"))
        name, reason = pl.lit(column), pl.lit(f"expected {wanted}")
        found.append(
            lost.drop_nulls("value").select(
                pl.col("row").cast(pl.UInt32), name.alias("column_name"), "value", reason.alias("reason")
            )
        )
    return pl.concat(found).sort("row", "column_name")
