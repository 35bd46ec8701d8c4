"""The rows that may be corrected: what is open in the quarantine, and what was corrected already.

Belongs here: one line for each such row, with its reasons and the cells to start from. Does not belong here: files.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from crm_pipeline.publish.quarantine import Chosen, quarantined
from crm_pipeline.settings import Project
from crm_pipeline.steps.applying import corrections

TIED_TO = ("source", "extract", "row_hash")
SCHEMA: dict[str, pl.DataType] = {
    "source": pl.String(),
    "extract": pl.String(),
    "business_date": pl.Date(),
    "sequence": pl.Int32(),
    "line": pl.Int64(),
    "row_hash": pl.String(),
    "source_id": pl.String(),
    "number": pl.Int64(),
    "reasons": pl.String(),
    "advice": pl.String(),
    "columns": pl.List(pl.String()),
    "cells": pl.String(),
}
"""One row: the extract as landed, the newest delivery and line it is held in, its hash and key as delivered, the replay
that corrected it last (null: nobody did), its reasons and advice in words (null: it passes), the delivered columns in
their order, and its cells, as corrected last, JSON."""

_BETWEEN = " | "


def open_rows(project: Project, chosen: Chosen, words: Mapping[str, str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The open rows of the quarantine as SCHEMA, by extract and line; and the lines that could not be read.

    Those have source, extract, business_date, file_name, file_line, reason, and line, the text as delivered.

    A line that could not be read has no cells to correct, and is left out. Rows with equal cells are one. The record
    and the contact of a row are corrected together, so that their reasons are too.

    Args:
        project: whose quarantine.
        chosen: which rows.
        words: advice to what is written in its place, for another language.

    Raises:
        ConfigurationError: nothing has been published.
    """
    rows = quarantined(project.steward_file, chosen)
    readable = _landed(project, rows.filter(pl.col("row_hash").is_not_null()))
    standing = corrections.standing(project).select(
        *TIED_TO, "number", pl.col("cells").alias("corrected"), pl.col("source_id").alias("delivered_id")
    )
    told = _told(readable, words)
    newest = readable.sort("business_date", "sequence", pl.col("line").neg()).unique(
        subset=TIED_TO, keep="last", maintain_order=True
    )
    found = newest.drop("reasons", "advice").join(told, on=TIED_TO).join(standing, on=TIED_TO, how="left")
    open_ones = found.with_columns(
        pl.col("delivered_columns").alias("columns"),
        pl.coalesce("corrected", "row_delivered").alias("cells"),
        # The key of a corrected row is that of the correction.
        pl.when(pl.col("number").is_null()).then("source_id").otherwise("delivered_id").alias("source_id"),
    )
    ordered = (
        open_ones.select(list(SCHEMA))
        .cast(pl.Schema(SCHEMA))
        .sort("source", "extract", "business_date", "sequence", "line")
    )
    unreadable = rows.filter(pl.col("row_hash").is_null()).select(
        *("source", "extract", "business_date", "file_name", "file_line"),
        pl.col("advice").list.join(_BETWEEN).alias("reason"),
        pl.col("row_delivered").str.json_path_match("$.line").alias("line"),
    )
    return ordered, unreadable


def corrected_rows(project: Project) -> pl.DataFrame:
    """The rows that were corrected, whatever became of them, as SCHEMA without reasons."""
    blank = [pl.lit(None, dtype=pl.String).alias(name) for name in ("reasons", "advice")]
    return corrections.standing(project).with_columns(blank).select(list(SCHEMA)).cast(pl.Schema(SCHEMA))


def _landed(project: Project, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows under the name that their extract is landed under; contacts have another one in the quarantine."""
    names = pl.DataFrame(
        [(each.source, each.name, each.landed_name) for each in project.config.applied_extracts],
        schema=dict.fromkeys(("source", "extract", "landed"), pl.String()),
        orient="row",
    )
    named = rows.join(names, on=["source", "extract"], maintain_order="left")
    return named.with_columns(pl.col("landed").alias("extract")).drop("landed")


def _told(rows: pl.DataFrame, words: Mapping[str, str]) -> pl.DataFrame:
    """Of each row TIED_TO, its `reasons` and `advice` in words, each once."""
    lists = ["reasons", "severities", "columns", "advice"]
    each = rows.select(*TIED_TO, *lists).explode(lists)
    advice = pl.col("advice").replace(dict(words))
    named = each.select(
        *TIED_TO,
        pl.format("{} ({})", "reasons", "severities").alias("reasons"),
        pl.when(pl.col("columns") == "").then(advice).otherwise(pl.format("{}: {}", "columns", advice)).alias("advice"),
    )
    return named.group_by(TIED_TO).agg(
        pl.col(name).unique(maintain_order=True).str.join(_BETWEEN) for name in ("reasons", "advice")
    )
