"""What would become of a delivery: its rows before and after, and what would be rejected. Nothing is written.

Belongs here: mapping, standardising and judging the first rows of a delivery in memory. Does not belong here: reading
them (`steps.sampling`), telling what columns hold (`steps.suggest`), printing.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from crm_pipeline import quality, standardise
from crm_pipeline.settings import AppliedExtract, Extract, Project
from crm_pipeline.sources.mapping import (
    all_forms,
    check_columns,
    check_expressions,
    map_rows,
    named_columns,
    source_ids,
)
from crm_pipeline.sources.suggestions import Suggestion, free_meanings
from crm_pipeline.state.delivery import LINE, Origin, Unreadable
from crm_pipeline.steps import contacts, rejections
from crm_pipeline.steps.applying import cleaned, surplus_lines
from crm_pipeline.steps.land import asked
from crm_pipeline.steps.run import suite_of
from crm_pipeline.steps.sampling import MOST_ROWS, Sample, sample_of
from crm_pipeline.steps.suggest import recognised
from crm_pipeline.steps.versions import KEY
from crm_pipeline.tables import ENTITIES, std
from crm_pipeline.warehouse.expression_columns import expression_columns

_LINES_SHOWN = 5
_ROWS_SHOWN_FROM = 1_000


@dataclass(frozen=True, slots=True)
class ColumnPreview:
    """One standard or own column: sample cells as delivered and what they become, row for row.

    Attributes:
        name: of the column; `contact.name` and the like for the second record of the row.
        origin: the delivered columns, or what else it comes from.
    """

    name: str
    origin: str
    delivered: tuple[str | None, ...]
    standardised: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class DeliveredColumn:
    """One delivered column: what it seems to hold, and the share of rows in which it holds something."""

    name: str
    type: str
    filled: float
    values: int
    is_mapped: bool
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """One delivery looked at.

    Attributes:
        origin: where it came from, and how it was read.
        row_count: rows looked at.
        is_whole: whether these are all rows of the delivery.
        held_back: lines among them that can't be read.
        rejected: one rule: `rule_id`, `severity`, `rows`, `reason`, `lines` (the first few).
        unmapped: delivered columns that the mapping does not name; expressions may still use them.
        suggestions: what unmapped columns may be.
    """

    where: str
    business_date: date
    origin: Origin
    row_count: int
    is_whole: bool
    delivered: tuple[DeliveredColumn, ...]
    columns: tuple[ColumnPreview, ...]
    rejected: pl.DataFrame
    held_back: tuple[Unreadable, ...]
    unmapped: tuple[str, ...]
    suggestions: tuple[Suggestion, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class _Looked:
    """The rows of one kind of record: samples by column, and every reason against them."""

    columns: tuple[ColumnPreview, ...]
    reasons: pl.DataFrame


def preview_extract(
    project: Project, source: str, name: str, day: date, *, samples: int = 5, most: int = MOST_ROWS
) -> Preview:
    """What a run would make of the first rows of an extract's delivery of that day, if none of its rows were known.

    Args:
        project: the project.
        source: name in pipeline.yaml.
        name: of the extract.
        day: business date.
        samples: cells shown of each column.
        most: rows looked at.

    Raises:
        DeliveryError: it can't be read or mapped.
    """
    extract = project.config.sources[source].extracts[name]
    with tempfile.TemporaryDirectory() as folder:
        sample = sample_of(extract.read, asked(project, source, name, day, temporary=Path(folder)), most)
    where = f"{source}.{name}"
    check_columns(sample.columns, extract, where=f"{where}, {sample.where}")
    check_expressions(sample.columns, extract, where=where)
    applied = [each for each in project.config.applied_extracts if (each.source, each.landed_name) == (source, name)]
    looked = [_look(project, each, sample, day, samples) for each in applied]
    shares = recognised(sample.rows, project.config.default_country)
    named = set(named_columns(extract))
    in_expressions = {part for _, form in all_forms(extract) for part in expression_columns(form.expression or "")}
    unmapped = tuple(column for column in sample.columns if column not in named)
    free = {column: shares[column] for column in unmapped if column not in in_expressions}
    taken = [name.split(".")[0] for name in extract.columns] + [f"contact.{name}" for name in extract.contact]
    return Preview(
        where,
        day,
        sample.origin,
        sample.rows.height,
        sample.is_whole,
        tuple(_delivered(column, sample, shares, samples, column in named) for column in sample.columns),
        tuple(column for each in looked for column in each.columns),
        _counted([each.reasons for each in looked]),
        sample.unreadable,
        unmapped,
        tuple(free_meanings(free, extract.entity, taken)),
    )


def _look(project: Project, applied: AppliedExtract, sample: Sample, day: date, samples: int) -> _Looked:
    extract = applied.extract
    rows = sample.rows.with_columns(source_ids(sample.rows, extract.primary_key).alias(KEY))
    blank = contacts.blank_rows(rows, applied) if applied.is_contact else pl.Series([], dtype=pl.Int64)
    surplus = _surplus(project, applied, rows)
    apart = rows.filter(pl.col(LINE).is_in(surplus.implode()) & ~pl.col(LINE).is_in(blank.implode()))
    rows = rows.filter(~pl.col(LINE).is_in(pl.concat([surplus, blank]).implode()) & ~_is_deleted(extract))
    mapped = map_rows(rows, extract, source=applied.source)
    result = cleaned(project, extract, mapped)
    own = project.config.extras(extract.entity)
    by_row, _ = suite_of(project, std(extract.entity, own)).split_by_row()
    frame = result.frame.with_columns(rows[KEY].alias("source_id"), pl.lit(day).alias("business_date"))
    failures = quality.judge(frame, by_row).failures
    reasons = rejections.against_cells(extract.entity, result.rejected, failures, mapped)
    duplicates = rejections.against_duplicates(apart, extract).select(reasons.columns)
    shown = [*ENTITIES[extract.entity], *own]
    found = (_column(applied, column.name, mapped, result, samples) for column in shown)
    return _Looked(tuple(column for column in found if column), pl.concat([reasons, duplicates]))


def _is_deleted(extract: Extract) -> pl.Expr:
    """Whether a row bears the mark of deletion: such rows are not loaded."""
    if extract.deleted is None:
        return pl.lit(value=False)
    marks = [value.strip().lower() for value in extract.deleted.values]
    return pl.col(extract.deleted.column).str.strip_chars().str.to_lowercase().is_in(marks)


def _surplus(project: Project, applied: AppliedExtract, rows: pl.DataFrame) -> pl.Series:
    """Lines whose key a newer row has."""
    updated = applied.extract.updated_at
    repeated = rows.filter(pl.col(KEY).is_not_null() & pl.col(KEY).is_duplicated()).select(
        pl.col(LINE).alias("line"),
        pl.col(KEY).alias("source_id"),
        (pl.col(updated) if updated else pl.lit(None, dtype=pl.String)).alias("updated_at"),
    )
    return surplus_lines(repeated, applied.extract, project.config.timezone)


def _column(
    applied: AppliedExtract, name: str, mapped: pl.DataFrame, result: standardise.Standardised, samples: int
) -> ColumnPreview | None:
    """Different samples from the first rows in which the column holds something; none of one that is not mapped."""
    if name not in mapped.columns:
        return None
    pair = pl.DataFrame({"before": mapped[name], "after": result.frame[name]})
    filled = pair.filter(pl.col("after").is_not_null()).head(_ROWS_SHOWN_FROM)
    different = dict.fromkeys(zip(*(map(_text, filled[side]) for side in ("before", "after")), strict=True))
    before, after = ([pair[side] for pair in different][:samples] for side in (0, 1))
    shown = f"contact.{name}" if applied.is_contact else name
    return ColumnPreview(shown, _origin(applied, name), tuple(before), tuple(after))


def _origin(applied: AppliedExtract, name: str) -> str:
    """Where a column comes from, as a person would say it."""
    own = applied.extract.extra_columns.get(name)
    written = "customer" if name == "customer_record_key" else name
    forms = [form for column, form in applied.extract.forms() if column.split(".")[0] == written]
    if own:
        return own.column
    parts = [", ".join(form.delivered_columns) or form.expression or f"constant {form.constant}" for form in forms]
    return "; ".join(parts)


def _delivered(
    name: str, sample: Sample, shares: Mapping[str, Mapping[str, float]], samples: int, is_mapped: bool
) -> DeliveredColumn:
    cells = sample.rows[name]
    filled = cells.filter(cells.str.strip_chars() != "").unique(maintain_order=True).head(samples).to_list()
    told = shares[name]
    return DeliveredColumn(
        name, standardise.type_of(told), told["filled"], int(told["values"]), is_mapped, tuple(filled)
    )


def _counted(reasons: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """One row per rule and reason: rows, and the first lines."""
    return (
        pl.concat(reasons)
        .sort("line")
        .group_by("rule_id", "severity", "reason", maintain_order=True)
        .agg(pl.len().alias("rows"), pl.col("line").head(_LINES_SHOWN).alias("lines"))
        .select("rule_id", "severity", "reason", "rows", "lines")
        .sort("rule_id", "reason")
    )


def _text(value: object) -> str | None:
    if isinstance(value, pl.Series):
        return ", ".join(filter(None, (_text(item) for item in value)))
    if isinstance(value, dict):
        return f"{value['namespace']}={value['value']}" if value.get("value") else None
    return None if value is None else str(value)
