"""Every reason against a row of a delivery, as rows of `ops.rejections`.

Belongs here: putting together what standardising, judging and de-duplicating found. Does not belong here: finding it.
"""

from __future__ import annotations

import json

import polars as pl

from crm_pipeline import quality
from crm_pipeline.settings import Extract
from crm_pipeline.state.delivery import LINE, Delivery, Part
from crm_pipeline.steps.applying.corrections import DELIVERED_HASH, DELIVERED_ROW
from crm_pipeline.steps.applying.versions import HASH, KEY
from crm_pipeline.tables import REJECTIONS

DUPLICATE = "another row of this delivery has the same key and is newer or further down; deliver one row per key"
DUPLICATE_ZH = "本次交付中另有一行主键相同，且更新或位置更靠后；请保证每个主键只交付一行"


def against_cells(entity: str, unreadable: pl.DataFrame, failures: pl.DataFrame, mapped: pl.DataFrame) -> pl.DataFrame:
    """One row per reason with line, rule_id, severity, column_name, reason and the cell as delivered.

    Args:
        entity: of the rows.
        unreadable: cells that no cleaner could read: row, column_name, value, reason, is_placeholder.
        failures: rules broken: row, rule_id, severity, column_name, reason.
        mapped: the rows as text, to which `row` is the index.
    """
    of_cell = pl.format(quality.readable_id(entity, "{}"), "column_name")
    judged = failures.with_columns((pl.col("rule_id") == of_cell).alias("is_of_cell"))
    # The rule that counts the cells of a column says no more of one, but may hold back its row.
    held = judged.filter("is_of_cell", pl.col("severity") == "row").select("row", "column_name", "severity")
    of_word = pl.format(quality.placeholder_id(entity, "{}"), "column_name")
    read = unreadable.join(held, on=["row", "column_name"], how="left", maintain_order="left").select(
        "row",
        pl.when("is_placeholder").then(of_word).otherwise(of_cell).alias("rule_id"),
        pl.when("is_placeholder")
        .then(pl.lit("value"))
        .otherwise(pl.col("severity").fill_null("value"))
        .alias("severity"),
        "column_name",
        "reason",
    )
    broken = judged.filter(~pl.col("is_of_cell"))
    already = (broken["severity"] == "warning") & _is_in(broken, unreadable)  # a warning that says nothing new
    reasons = pl.concat([read, broken.filter(~already).select(read.columns)])
    lines = mapped[LINE].gather(reasons["row"]).alias("line")
    return _with_cells(reasons.select(lines, pl.exclude("row")), mapped)


def _is_in(failures: pl.DataFrame, unreadable: pl.DataFrame) -> pl.Series:
    """Whether the cell of each failure is among the unreadable ones."""
    known = unreadable.select("row", "column_name", pl.lit(value=True).alias("is_known")).unique()
    return failures.join(known, on=["row", "column_name"], how="left", maintain_order="left")["is_known"].fill_null(
        value=False
    )


def _with_cells(rejections: pl.DataFrame, mapped: pl.DataFrame) -> pl.DataFrame:
    """`rejections` with `value`: the cell of `column_name` as delivered, null where it was empty."""
    frames = [rejections.clear().with_columns(pl.lit(None, dtype=pl.String).alias("value"))]
    for name in rejections["column_name"].unique().sort().to_list():
        part = rejections.filter(pl.col("column_name") == name)
        cells = _as_text(name, mapped.schema[name]) if name in mapped.columns else pl.lit(None, dtype=pl.String)
        values = mapped.select(pl.col(LINE).alias("line"), cells.alias("value"))
        frames.append(part.join(values, on="line", how="left", maintain_order="left"))
    return pl.concat(frames).with_columns(pl.when(pl.col("value") != "").then(pl.col("value")))


def _as_text(name: str, kind: pl.DataType) -> pl.Expr:
    """The cells of a mapped column: lists joined, of identifiers with a namespace the identifiers alone."""
    column = pl.col(name)
    if not isinstance(kind, pl.List):
        return column
    if isinstance(kind.inner, pl.Struct):
        column = column.list.eval(pl.element().struct.field("value"))
    return column.list.join(" | ", ignore_nulls=True)


def against_duplicates(surplus: pl.DataFrame, extract: Extract) -> pl.DataFrame:
    """The same for rows whose key another row of the delivery has."""
    return surplus.select(
        pl.col(LINE).alias("line"),
        pl.lit(f"{extract.entity}.primary_key_unique").alias("rule_id"),
        pl.lit("duplicate").alias("severity"),
        pl.lit("source_id").alias("column_name"),
        pl.lit(DUPLICATE).alias("reason"),
        pl.col(KEY).alias("value"),
    )


def against_lines(delivery: Delivery, extract: Extract) -> pl.DataFrame:
    """Rows of `ops.rejections` for the lines of a delivery that could not be read."""
    encoding = delivery.origin.encoding or "utf-8"
    lines = delivery.unreadable()
    shown = [
        json.dumps({"line": bytes(x).decode(encoding, "backslashreplace")}, ensure_ascii=False)
        for x in lines["content"]
    ]
    reason = pl.concat_str(pl.lit("expected a row that can be read; found "), "reason")
    return _placed(
        lines.select(
            "line",
            pl.lit(f"{extract.entity}.row_readable").alias("rule_id"),
            pl.lit("row").alias("severity"),
            pl.lit("").alias("column_name"),
            reason.alias("reason"),
            pl.lit(None, dtype=pl.String).alias("value"),
            pl.lit(None, dtype=pl.String).alias("source_id"),
            pl.Series("row_delivered", shown, dtype=pl.String),
            pl.lit(None, dtype=pl.String).alias("row_hash"),
            pl.lit(None, dtype=pl.String).alias("row_corrected"),
        ),
        delivery,
        extract,
    )


def complete(
    rejections: pl.DataFrame, rows: pl.DataFrame, delivery: Delivery, extract: Extract, corrected: pl.DataFrame
) -> pl.DataFrame:
    """Rows of `ops.rejections`: each reason with its delivery, key and the row as delivered.

    Args:
        rejections: reasons.
        rows: those concerned, and others, with `KEY` and `HASH`; corrected ones as they were corrected.
        delivery: whose rows.
        extract: its configuration.
        corrected: rows that took the place of delivered ones, as `corrections.delivered` gives them.
    """
    concerned = rows.filter(pl.col(LINE).is_in(rejections["line"].unique().implode()))
    told = concerned.select(
        pl.col(LINE).alias("line"),
        pl.col(KEY).alias("source_id"),
        pl.col(HASH).alias("row_hash"),
        pl.struct(delivery.columns).struct.json_encode().alias("row_delivered"),
        pl.lit(None, dtype=pl.String).alias("row_corrected"),
    )
    if not corrected.is_empty():
        before = corrected.select(pl.col(LINE).alias("line"), DELIVERED_HASH, DELIVERED_ROW)
        is_corrected = pl.col(DELIVERED_HASH).is_not_null()
        told = told.join(before, on="line", how="left", maintain_order="left").with_columns(
            pl.coalesce(DELIVERED_HASH, "row_hash").alias("row_hash"),
            pl.coalesce(DELIVERED_ROW, "row_delivered").alias("row_delivered"),
            pl.when(is_corrected).then("row_delivered").alias("row_corrected"),
        )
    return _placed(rejections.join(told, on="line", how="left", maintain_order="left"), delivery, extract)


def _placed(rejections: pl.DataFrame, delivery: Delivery, extract: Extract) -> pl.DataFrame:
    """The reasons with their delivery and file, as rows of `ops.rejections`."""
    parts = delivery.origin.parts or (Part(delivery.origin.file_name, "", 0, 0),)
    files = pl.DataFrame(
        {"line": [part.before + 1 for part in parts], "file_name": [part.file_name for part in parts]},
        schema={"line": pl.Int64, "file_name": pl.String},
    ).with_columns(pl.col("line").alias("first_line"))
    by_line = rejections.with_row_index("place").sort("line")
    placed = by_line.join_asof(files, on="line", strategy="backward").sort("place")
    return placed.with_columns(
        (pl.col("line") - pl.col("first_line") + 1).alias("file_line"),
        pl.lit(delivery.source).alias("source"),
        pl.lit(delivery.extract).alias("extract"),
        pl.lit(delivery.business_date).alias("business_date"),
        pl.lit(delivery.sequence).alias("sequence"),
        pl.lit(extract.entity).alias("entity"),
    ).select(REJECTIONS.column_names)
