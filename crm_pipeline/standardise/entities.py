"""The mapped rows of an entity as typed standard columns, and the cells that could not be read.

Belongs here: whole rows. Does not belong here: which cleaner serves which column (`cleaners`), a type of value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from crm_pipeline.standardise import dates, identifiers, names, texts
from crm_pipeline.standardise.cleaners import NAMESPACED, Cleaner, Context, cleaner_of, own_cleaner
from crm_pipeline.tables import ENTITIES, Column, polars_type


@dataclass(frozen=True, slots=True)
class Standardised:
    """Typed rows, row for row with the mapped ones, and the cells that could not be read.

    Attributes:
        frame: all standard columns of the entity, null where not mapped, and the columns that came besides.
        rejected: one cell: `row` (index in `frame`), `column_name`, `value` as mapped, `reason`; by row and column.
    """

    frame: pl.DataFrame
    rejected: pl.DataFrame


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
    lists = {
        c.name: _cleaned_elements(mapped[c.name], cleaner_of(entity, c), context)
        for c in ENTITIES[entity]
        if _is_list(c, mapped)
    }
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
        **{column.name: cleaner_of(entity, column).expected for column in ENTITIES[entity]},
        **{column.name: own_cleaner(column).expected for column in own},
        **{name: f"one of the values {', '.join(values)}" for name, values in closed.items()},
    }
    return Standardised(_completed(entity, frame, mapped, context), _rejected(expected, mapped, frame, lists))


def _accepted(name: str, values: Sequence[str]) -> pl.Expr:
    return pl.when(pl.col(name).is_in(list(values))).then(pl.col(name)).alias(name)


def _own_column(column: Column, mapped: pl.DataFrame, context: Context) -> pl.Expr:
    kind = polars_type(column.type)
    if column.name not in mapped.columns:
        return pl.lit(None, dtype=kind).alias(column.name)
    return own_cleaner(column).clean(pl.col(column.name), context).cast(kind).alias(column.name)


def _is_list(column: Column, mapped: pl.DataFrame) -> bool:
    return column.type == "VARCHAR[]" and column.name in mapped.columns


def _standard_column(
    entity: str, column: Column, mapped: pl.DataFrame, lists: Mapping[str, pl.Series], context: Context
) -> pl.Expr | pl.Series:
    kind = polars_type(column.type)
    value = pl.col(column.name)
    if column.name not in mapped.columns:
        return pl.lit(None, dtype=kind).alias(column.name)
    if column.name in NAMESPACED:
        return identifiers.clean_namespaced(value).alias(column.name)
    if column.name in lists:
        distinct = lists[column.name].list.drop_nulls().list.unique(maintain_order=True)
        return distinct.set(distinct.list.len() == 0, None).cast(kind).alias(column.name)
    return cleaner_of(entity, column).clean(value, context).cast(kind).alias(column.name)


def _cleaned_elements(values: pl.Series, cleaner: Cleaner, context: Context) -> pl.Series:
    """Each element of each list cleaned, null where it was rejected; blank elements left out, null where none is left.

    All elements are cleaned as one column: list by list, a cleaner that is not an expression runs once per row.
    """
    value, rows = pl.col(values.name), values.to_frame().with_row_index("row")
    meant = rows.explode(values.name).with_columns(texts.clean(value)).drop_nulls(values.name)
    cleaned = meant.with_columns(cleaner.clean(value, context))
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


def _rejected(
    expected: Mapping[str, str], mapped: pl.DataFrame, frame: pl.DataFrame, lists: Mapping[str, pl.Series]
) -> pl.DataFrame:
    """The cells that held something and lost it; of a list, those that lost an element."""
    found = [pl.DataFrame(schema=_REJECTED_SCHEMA)]
    for column, wanted in expected.items():
        if column not in mapped.columns or column in NAMESPACED:
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
