"""The mapped rows of an entity as typed standard columns, and the cells that could not be read.

Belongs here: whole rows. Does not belong here: which cleaner serves which column (`cleaners`), a type of value, what
follows from several columns (`completing`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from crm_pipeline.standardise import completing
from crm_pipeline.standardise.cleaners import (
    NAMESPACED,
    Cleaner,
    Context,
    cleaner_of,
    own_cleaner,
)
from crm_pipeline.standardise.lost_cells import SCHEMA, listed, refused
from crm_pipeline.standardise.official_ids import namespaced
from crm_pipeline.standardise.reasons import PLACEHOLDER
from crm_pipeline.standardise.refusals import reason_texts
from crm_pipeline.standardise.text import texts
from crm_pipeline.tables import ENTITIES, Column, polars_type


@dataclass(frozen=True, slots=True)
class Standardised:
    """Typed rows, row for row with the mapped ones, and the cells that could not be read.

    Attributes:
        frame: all standard columns of the entity, null where not mapped, what follows from them, and the columns that
            came besides.
        rejected: one cell: `row` (index in `frame`), `column_name`, `value` as mapped, `reason`, `is_placeholder`; by
            row and column.
    """

    frame: pl.DataFrame
    rejected: pl.DataFrame


# Keys of ours already; they must equal the keys they point at, letter by letter.
_KEYS = {"related_record_key"}
_CLOSED = "closed"  # the reason of a value that its mapping does not allow


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
        context: the project's country, time zone and words, the day, and the orders of its dates.
        own: the project's own columns of the entity; one that is not mapped is null.
        closed: standard column to the values that are accepted as they were mapped; others are rejected.
    """
    cleaners = {column.name: (column, cleaner_of(entity, column)) for column in ENTITIES[entity]}
    cleaners |= {column.name: (column, own_cleaner(column)) for column in own}
    found: dict[str, pl.DataFrame] = {}
    values: list[pl.Expr | pl.Series] = []
    rejected = [pl.DataFrame(schema=SCHEMA)]
    if entity == "customers" and "country" in mapped.columns:
        country, _ = _read(mapped["country"], cleaners["country"][1], context, (closed or {}).get("country"))
        context = replace(context, countries=country["value"])
    for name, (column, cleaner) in cleaners.items():
        kind = polars_type(column.type)
        if name not in mapped.columns:
            values.append(pl.lit(None, dtype=kind).alias(name))
        elif name in NAMESPACED:
            values.append(namespaced.clean(mapped[name]))
        else:
            found[name], lost = _read(mapped[name], cleaner, context, (closed or {}).get(name))
            values.append(_value_of(found[name], mapped.height, cleaner).cast(kind).alias(name))
            rejected.append(lost)
    others = [
        texts.clean(pl.col(name)) if kind == pl.String and name not in _KEYS else pl.col(name)
        for name, kind in mapped.schema.items()
        if name not in cleaners
    ]
    frame = mapped.select(*others, *values)
    frame, lost = completing.complete(entity, frame, found, context)
    rejected.append(lost)
    return Standardised(frame, pl.concat(rejected).sort("row", "column_name", "is_placeholder"))


def _read(
    cells: pl.Series, cleaner: Cleaner, context: Context, closed: Sequence[str] | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What a column's cells hold, as the cleaner gives it, and those cells that lost something.

    Of a cleaner of several values: one row per value, with the row of `cells` as `position`.
    """
    if cleaner.holds_several:
        return _read_lists(cells, cleaner, context)
    reading = cleaner.read(cells, context)
    told = {code: text for code, (text, _) in reason_texts(cleaner).items()}
    if closed is not None:
        is_allowed, reason = cells.is_in(list(closed)), pl.col("reason")
        is_told = is_allowed | (reason == PLACEHOLDER).fill_null(value=False)
        reading = reading.with_columns(
            pl.when(is_allowed).then("value").alias("value"),
            pl.when(is_told).then(reason).when(_is_meant(cells)).then(pl.lit(_CLOSED)).alias("reason"),
        )
        told[_CLOSED] = f"expected one of the values {', '.join(closed)}"
    rows = reading["reason"].is_not_null().arg_true()
    lost = pl.DataFrame({"row": rows, "value": cells.gather(rows), "code": reading["reason"].gather(rows)})
    return reading, refused(str(cells.name), lost.with_columns(texts.trim(pl.col("value"))), told)


def _is_meant(cells: pl.Series) -> pl.Series:
    """Whether a cell holds more than blanks."""
    return cells.to_frame("cell").select(texts.trim(pl.col("cell")).is_not_null()).to_series()


def _read_lists(cells: pl.Series, cleaner: Cleaner, context: Context) -> tuple[pl.DataFrame, pl.DataFrame]:
    """All elements of all lists are read as one column: list by list, a library would be called once per row."""
    rows = cells.to_frame("cell").with_row_index("row").explode("cell").drop_nulls("cell")
    if context.countries is not None:
        context = replace(context, countries=context.countries.gather(rows["row"]))
    reading = cleaner.read(rows["cell"].rename(str(cells.name)), context)
    reading = reading.with_columns(rows["row"].gather(reading["position"]).alias("position"))
    lost = (
        reading.drop_nulls("reason")
        .with_columns((pl.col("reason") == PLACEHOLDER).alias("is_placeholder"))
        .group_by("position", "is_placeholder", maintain_order=True)
        .agg(pl.col("reason").first().alias("code"))
    )
    whole = pl.DataFrame({"row": lost["position"], "value": cells.gather(lost["position"]), "code": lost["code"]})
    trimmed = pl.col("value").list.eval(texts.trim(pl.element())).list.join(" | ", ignore_nulls=True)
    told = {code: text for code, (text, _) in reason_texts(cleaner).items()}
    return reading, refused(str(cells.name), whole.with_columns(trimmed.alias("value")), told)


def _value_of(reading: pl.DataFrame, height: int, cleaner: Cleaner) -> pl.Series:
    """The values row for row; of several, the different ones of each row in their order, null where there is none."""
    if not cleaner.holds_several:
        return reading["value"]
    return listed(reading, pl.col("value"), height)
