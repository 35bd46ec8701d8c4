"""The review queue as a file in which people decide.

Belongs here: what such a file looks like. Does not belong here: which questions are open (`listing`), reading it back
(`importing`).
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from crm_pipeline.publish import escaped
from crm_pipeline.settings import Project
from crm_pipeline.steps.reviewing.listing import Listed, open_questions, records_of
from crm_pipeline.steps.spreadsheet_files import require_writable, write_file
from crm_pipeline.tables import RECORD_COLUMNS

QUESTION, LEFT, RIGHT = "[question]", "[left]", "[right]"
DECISION, WHY = "[decision]", "[why]"
FILLED_IN = (DECISION, WHY)
NEEDED = (LEFT, RIGHT, DECISION)
_WHERE = "review list --export"
_SHEET = "review"
_PROBABILITY_DECIMALS = 4
_NOT_SHOWN = tuple(column.name for column in RECORD_COLUMNS)


def export_questions(project: Project, target: Path, *, most: int | None = None) -> Listed:
    """What was written to `target`: the open questions, one line each, those first whose answer teaches most.

    `[decision]` and `[why]` are empty, to be filled in. Behind what says why it is asked come the standard columns that
    any of the records has, each beside the same of the other record. The file is readable by its owner only.

    Args:
        project: whose queue.
        target: a path that ends in .csv or .xlsx.
        most: questions at most; None for all.

    Raises:
        ConfigurationError: nothing has been published, or `target` can't be written.
    """
    require_writable(target, where=_WHERE, example="review.xlsx")
    listed = open_questions(project, most=most)
    asked = listed.questions
    records = _as_text(records_of(project, [*asked["record_key_l"], *asked["record_key_r"]]))
    shown = [name for name in records.columns if name not in _NOT_SHOWN and records[name].is_not_null().any()]
    sides = [
        asked.select(pl.col(f"record_key_{side}").alias("record_key"))
        .join(records, on="record_key", how="left", maintain_order="left")
        .select(pl.col(name).alias(f"{name} ({word})") for name in shown)
        for side, word in (("l", "left"), ("r", "right"))
    ]
    beside = [column for pair in zip(*(side.get_columns() for side in sides), strict=True) for column in pair]
    lines = _marks(asked).hstack(beside).select(escaped(pl.all().fill_null("")))
    write_file(target, {_SHEET: lines}, where=_WHERE)
    return listed


def _marks(asked: pl.DataFrame) -> pl.DataFrame:
    text = pl.String()
    return asked.select(
        pl.col("question_id").alias(QUESTION),
        pl.lit("").alias(DECISION),
        pl.lit("").alias(WHY),
        pl.col("reason").alias("[reason]"),
        pl.col("match_probability").round(_PROBABILITY_DECIMALS).cast(text).alias("[probability]"),
        pl.col("rule").alias("[rule]"),
        pl.col("stake").cast(text).alias("[stake]"),
        pl.col("record_key_l").alias(LEFT),
        pl.col("record_key_r").alias(RIGHT),
    )


def _as_text(records: pl.DataFrame) -> pl.DataFrame:
    """Every column as text; lists joined, external ids as namespace=value."""
    lists = [name for name, kind in records.schema.items() if isinstance(kind, pl.List)]
    texts = [name for name in records.columns if name not in lists]
    told = records.with_columns(pl.col(name).cast(pl.String) for name in texts)
    for name in lists:
        told = told.with_columns(_joined(records[name]).alias(name))
    return told


def _joined(values: pl.Series) -> pl.Series:
    kind = values.dtype
    item = pl.element()
    if isinstance(kind, pl.List) and isinstance(kind.inner, pl.Struct):
        fields = [item.struct.field(field.name).cast(pl.String).fill_null("") for field in kind.inner.fields]
        item = pl.concat_str(fields, separator="=")
    joined = values.to_frame("values").select(
        pl.when(pl.col("values").list.len() > 0).then(pl.col("values").list.eval(item).list.join(", "))
    )
    return joined.to_series()
