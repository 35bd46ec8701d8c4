"""What would become of a delivery: its rows before and after, and what would be rejected. Nothing is written.

Belongs here: reading, mapping, standardising and judging one delivery in memory. Does not belong here: printing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from crm_pipeline import quality, standardise
from crm_pipeline.settings import Project
from crm_pipeline.sources.mapping import map_rows, named_columns, source_ids
from crm_pipeline.state.landing import LINE
from crm_pipeline.steps import rejections
from crm_pipeline.steps.land import read_extract
from crm_pipeline.steps.run import suite_of
from crm_pipeline.tables import ENTITIES, std


@dataclass(frozen=True, slots=True)
class ColumnPreview:
    """One standard column: sample cells as delivered and what they become, row for row."""

    name: str
    delivered: tuple[str | None, ...]
    standardised: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """One delivery looked at.

    Attributes:
        rejected: one rule: `rule_id`, `severity`, `rows`, `reason`.
        unmapped: delivered columns that the mapping does not name; expressions may still use them.
    """

    where: str
    business_date: date
    file_name: str
    file_bytes: int
    encoding: str
    row_count: int
    columns: tuple[ColumnPreview, ...]
    rejected: pl.DataFrame
    unmapped: tuple[str, ...]


def preview_extract(project: Project, source: str, name: str, day: date, *, samples: int = 5) -> Preview:
    """What a run would make of an extract's delivery of that day, if none of its rows were known.

    Raises:
        DeliveryError: it can't be read or mapped.
    """
    extract = project.config.sources[source].extracts[name]
    delivered = read_extract(project, source, name, day)
    rows = delivered.frame
    mapped = map_rows(rows, extract, source=source)
    context = standardise.Context(project.config.default_country, project.config.timezone)
    result = standardise.standardise(extract.entity, mapped, context)
    extras = project.config.extras(extract.entity)
    by_row, _ = suite_of(project, std(extract.entity, extras)).split_by_row()
    frame = _judgeable(result.frame, source_ids(rows, extract.primary_key), day, extras)
    failures = quality.judge(frame, by_row).failures
    reasons = rejections.against_cells(extract.entity, result.rejected, failures, mapped)
    counted = reasons.group_by("rule_id", "severity", "reason").len("rows").sort("rule_id")
    named = set(named_columns(extract))
    return Preview(
        f"{source}.{name}",
        day,
        delivered.origin.file_name,
        delivered.origin.file_bytes,
        delivered.origin.encoding,
        rows.height,
        _columns(extract.entity, mapped, result.frame, samples),
        counted,
        tuple(column for column in rows.columns if column not in named and column != LINE),
    )


def _judgeable(frame: pl.DataFrame, keys: pl.Series, day: date, extras: tuple[str, ...]) -> pl.DataFrame:
    missing = [pl.lit(None, dtype=pl.String).alias(name) for name in extras if name not in frame.columns]
    return frame.with_columns(keys, pl.lit(day).alias("business_date"), *missing)


def _columns(entity: str, mapped: pl.DataFrame, frame: pl.DataFrame, samples: int) -> tuple[ColumnPreview, ...]:
    """Samples from the first rows in which the column holds something."""
    found = []
    for column in ENTITIES[entity]:
        if column.name not in mapped.columns:
            continue
        pair = pl.DataFrame({"before": mapped[column.name], "after": frame[column.name]})
        filled = pair.filter(pl.col("after").is_not_null()).head(samples)
        found.append(
            ColumnPreview(column.name, tuple(map(_text, filled["before"])), tuple(map(_text, filled["after"])))
        )
    return tuple(found)


def _text(value: object) -> str | None:
    if isinstance(value, pl.Series):
        return ", ".join(filter(None, (_text(item) for item in value)))
    if isinstance(value, dict):
        return f"{value['namespace']}={value['value']}" if value.get("value") else None
    return None if value is None else str(value)
