"""Rows cleaned, with columns that say which cells could be read, for rules to judge.

Belongs here: the columns of a project that may hold what can't be read, and their flags. Does not belong here: cleaning
cells (`standardise`), the rule (`quality.readable`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import polars as pl

from crm_pipeline import quality, standardise
from crm_pipeline.settings import Extract, Project
from crm_pipeline.sources.mapping import closed_columns
from crm_pipeline.steps.date_forms import DateForms
from crm_pipeline.steps.vocabulary import Vocabulary
from crm_pipeline.tables import REJECTIONS, Column, Table

_CLOSED = standardise.Expected("one of the values that its mapping allows", "映射所允许的值之一")


def readable_flags(project: Project, entity: str) -> tuple[Column, ...]:
    """The flags of all columns of an entity that may hold what can't be read, mapped or not."""
    own = project.config.extras(entity)
    known = [*standardise.refusable_columns(entity, own), *_closed(project, entity)]
    return tuple(quality.flag_of(column) for column in dict.fromkeys(known))


def readable_rules(project: Project, entity: str) -> tuple[quality.Rule, ...]:
    """One rule for each of these columns that an extract of the entity maps, in the order of the table."""
    own = project.config.extras(entity)
    of_entity = [each.extract for each in project.config.applied_extracts if each.extract.entity == entity]
    mapped = {name.split(".")[0] for extract in of_entity for name in (*extract.columns, *extract.extra_columns)}
    expected = standardise.refusable_columns(entity, own) | dict.fromkeys(_closed(project, entity), _CLOSED)
    return tuple(
        quality.rule_of(entity, column, told.text, told.text_zh)
        for column, told in expected.items()
        if column in mapped
    )


def _closed(project: Project, entity: str) -> list[str]:
    """The columns that take certain values only, in any extract of the entity."""
    applied = [each.extract for each in project.config.applied_extracts if each.extract.entity == entity]
    return [column for extract in applied for column in closed_columns(extract)]


def cleaned(
    project: Project,
    extract: Extract,
    mapped: pl.DataFrame,
    day: date,
    words: Vocabulary,
    forms: DateForms,
) -> standardise.Standardised:
    """Mapped rows as typed columns: the standard ones, the project's own of the entity, and flags of their cells.

    Args:
        project: whose configuration.
        extract: of the rows.
        mapped: the rows as text.
        day: business date of their delivery.
        words: of the project.
        forms: of the delivery's columns of dates.
    """
    config = project.config
    result = standardise.standardise(
        extract.entity,
        mapped,
        standardise.Context(
            config.default_country,
            config.timezone,
            day,
            forms.orders,
            forms.counted,
            words.aliases,
            words.industry_synonyms,
        ),
        own=config.extras(extract.entity),
        closed=closed_columns(extract),
    )
    return replace(result, frame=_with_flags(readable_flags(project, extract.entity), mapped, result))


def _with_flags(flags: Iterable[Column], mapped: pl.DataFrame, result: standardise.Standardised) -> pl.DataFrame:
    """The standardised rows with the flags of their cells.

    Args:
        flags: of columns of the entity.
        mapped: the rows as text.
        result: what became of them.
    """
    lost = result.rejected.filter(~pl.col("is_placeholder")).select("row", "column_name").unique()
    position = pl.int_range(pl.len(), dtype=pl.UInt32)
    found = []
    for flag in flags:
        column = flag.name.rpartition(".")[0]
        if column not in mapped.columns:
            found.append(pl.lit(None, dtype=pl.Boolean).alias(flag.name))
            continue
        rows = lost.filter(pl.col("column_name") == column)["row"]
        is_blank = pl.lit(mapped[column].is_null())
        if mapped.schema[column] == pl.String:
            is_blank |= pl.lit(mapped[column].str.strip_chars() == "")
        is_read = pl.when(pl.col(column).is_not_null() & ~is_blank).then(pl.lit(value=True))
        found.append(
            pl.when(position.is_in(rows.implode())).then(pl.lit(value=False)).otherwise(is_read).alias(flag.name)
        )
    return result.frame.with_columns(found)


def without_rows(table: Table, suite: quality.Suite) -> pl.DataFrame:
    """The table's columns, and the flags that the suite reads, without rows."""
    flags = [quality.flag_of(column) for column in quality.flagged_columns(suite)]
    return table.empty().with_columns(pl.lit(None, dtype=pl.Boolean).alias(flag.name) for flag in flags)


def current_sql(table: Table, suite: quality.Suite) -> str:
    """A select of the current records of a std table, with the flags that the suite reads."""
    columns = quality.flagged_columns(suite)
    if not columns:
        return f"SELECT * FROM {table.qualified} WHERE valid_to IS NULL"
    flags = ", ".join(
        f"CASE WHEN list_contains(lost, '{column}') THEN false WHEN \"{column}\" IS NOT NULL THEN true END "
        f'AS "{quality.flag_of(column).name}"'
        for column in columns
    )
    return f"""
        SELECT r.*, {flags} FROM {table.qualified} AS r LEFT JOIN (
            SELECT source, extract, business_date, sequence, line, list(column_name) AS lost FROM {REJECTIONS.qualified}
            WHERE rule_id = entity || '.' || column_name || '_readable' GROUP BY ALL
        ) AS l ON r.source = l.source AND r.extract = l.extract AND r.valid_from = l.business_date
            AND r.sequence = l.sequence AND r.line = l.line
        WHERE valid_to IS NULL
    """
