"""What would become of a delivery: its rows before and after, and what would be rejected. Nothing is written.

Belongs here: mapping, standardising and judging the first rows of a delivery in memory. Does not belong here: reading
them (`steps.landing.sampling`), judging the delivery as a whole (`steps.looking.foretelling`), telling what
columns hold (`steps.starting.suggest`), choosing cells to show (`steps.looking.column_samples`), printing.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from crm_pipeline import quality
from crm_pipeline.settings import AppliedExtract, Extract, Project
from crm_pipeline.sources.mapping import (
    all_forms,
    check_expressions,
    is_deleted_sql,
    map_rows,
    named_columns,
    source_ids,
)
from crm_pipeline.sources.suggestions import Suggestion, free_meanings
from crm_pipeline.state.delivery import LINE, Origin, Unreadable
from crm_pipeline.steps.applying import contacts, rejections
from crm_pipeline.steps.applying.delivery import surplus_lines
from crm_pipeline.steps.applying.versions import KEY
from crm_pipeline.steps.date_forms import DateForms, OrderFound, date_columns, find_forms
from crm_pipeline.steps.landing.land import asked
from crm_pipeline.steps.landing.sampling import MOST_ROWS, sample_of
from crm_pipeline.steps.looking.column_samples import ColumnPreview, DeliveredColumn, column_preview, delivered_column
from crm_pipeline.steps.looking.foretelling import Foretold, foretell
from crm_pipeline.steps.readable import cleaned
from crm_pipeline.steps.run import suite_of
from crm_pipeline.steps.starting.suggest import recognised
from crm_pipeline.steps.vocabulary import vocabulary_of
from crm_pipeline.tables import ENTITIES, std
from crm_pipeline.warehouse import Warehouse
from crm_pipeline.warehouse.expression_columns import expression_columns

_LINES_SHOWN = 5


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
        foretold: whether it would be refused as a whole, and what its columns differ in.
        date_orders: which of day and month comes first in its columns of dates, where a cell needs it.
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
    foretold: Foretold
    date_orders: tuple[OrderFound, ...]
    suggestions: tuple[Suggestion, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class _Looked:
    """The rows of one kind of record: samples by column, and every reason against them."""

    columns: tuple[ColumnPreview, ...]
    reasons: pl.DataFrame
    date_orders: tuple[OrderFound, ...]


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
        DeliveryError: it can't be read.
        ConfigurationError: an expression of its mapping can't be computed.
    """
    extract = project.config.sources[source].extracts[name]
    where = f"{source}.{name}"
    applied = [each for each in project.config.applied_extracts if (each.source, each.landed_name) == (source, name)]
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        sample = sample_of(extract.read, asked(project, source, name, day, temporary=folder), most)
        limit = project.config.memory_limit
        with Warehouse.open(folder / "preview.duckdb", temporary=folder, memory_limit=limit) as warehouse:
            foretold = foretell(project, warehouse, source, name, day, sample, folder)
            rows = sample.rows.with_columns(pl.lit("").alias(column) for column in foretold.absent)
            check_expressions(rows.columns, extract, where=where)
            rows = rows.with_columns(source_ids(rows, extract.primary_key).alias(KEY))
            marked = _marked(warehouse, extract, rows)
    looked = [_look(project, each, rows, marked, day, samples) for each in applied]
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
        tuple(
            delivered_column(column, sample, shares, samples, is_mapped=column in named) for column in sample.columns
        ),
        tuple(column for each in looked for column in each.columns),
        _counted([each.reasons for each in looked]),
        sample.unreadable,
        unmapped,
        foretold,
        tuple(order for each in looked for order in each.date_orders),
        tuple(free_meanings(free, extract.entity, taken)),
    )


def _look(
    project: Project, applied: AppliedExtract, rows: pl.DataFrame, marked: pl.Series, day: date, samples: int
) -> _Looked:
    extract = applied.extract
    blank = contacts.blank_rows(rows, applied) if applied.is_contact else pl.Series([], dtype=pl.Int64)
    surplus = _surplus(project, applied, rows)
    apart = rows.filter(pl.col(LINE).is_in(surplus.implode()) & ~pl.col(LINE).is_in(blank.implode()))
    rows = rows.filter(~pl.col(LINE).is_in(pl.concat([surplus, blank, marked]).implode()))
    mapped = map_rows(rows, extract, source=applied.source)
    forms = _forms(project, extract, mapped)
    result = cleaned(project, extract, mapped, day, vocabulary_of(project), forms)
    own = project.config.extras(extract.entity)
    by_row, _ = suite_of(project, std(extract.entity, own)).split_by_row()
    frame = result.frame.with_columns(rows[KEY].alias("source_id"), pl.lit(day).alias("business_date"))
    failures = quality.judge(frame, by_row).failures
    reasons = rejections.against_cells(extract.entity, result.rejected, failures, mapped)
    duplicates = rejections.against_duplicates(apart, extract).select(reasons.columns)
    shown = [*ENTITIES[extract.entity], *own]
    columns = (column_preview(applied, column.name, mapped, result, samples) for column in shown)
    previews = tuple(column for column in columns if column)
    return _Looked(previews, pl.concat([reasons, duplicates]), tuple(forms.found.values()))


def _forms(project: Project, extract: Extract, mapped: pl.DataFrame) -> DateForms:
    """The form of each column of dates, as the rows looked at tell it; an earlier delivery may tell a run."""
    columns = date_columns(extract, project.config.extras(extract.entity))
    return find_forms(extract, columns, lambda column: mapped[column], {})


def _marked(warehouse: Warehouse, extract: Extract, rows: pl.DataFrame) -> pl.Series:
    """Lines of rows with a key and the mark of deletion, which are not loaded; told as a run tells them."""
    if extract.deleted is None:
        return pl.Series([], dtype=pl.Int64)
    keyed = rows.filter(pl.col(KEY).is_not_null()).select(extract.deleted.column, LINE)
    with warehouse.registered("_keyed", keyed):
        return warehouse.frame(f"SELECT {LINE} FROM _keyed WHERE {is_deleted_sql(extract.deleted)}")[LINE]


def _surplus(project: Project, applied: AppliedExtract, rows: pl.DataFrame) -> pl.Series:
    """Lines whose key a newer row has."""
    updated = applied.extract.updated_at
    repeated = rows.filter(pl.col(KEY).is_not_null() & pl.col(KEY).is_duplicated()).select(
        pl.col(LINE).alias("line"),
        pl.col(KEY).alias("source_id"),
        (pl.col(updated) if updated else pl.lit(None, dtype=pl.String)).alias("updated_at"),
    )
    return surplus_lines(repeated, applied.extract, project.config.timezone)


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
