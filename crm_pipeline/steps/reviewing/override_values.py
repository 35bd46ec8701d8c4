"""Values that stewards enter, read as a delivery of them would be.

Belongs here: standardising them, and refusing what validation would not let through. Does not belong here: entering
them (`overriding`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import polars as pl

from crm_pipeline import quality, standardise
from crm_pipeline.errors import ConfigurationError
from crm_pipeline.golden.units import CONTACT_LISTS, Unit
from crm_pipeline.settings import Project
from crm_pipeline.steps.run import suite_of, utc_now
from crm_pipeline.steps.vocabulary import vocabulary_of
from crm_pipeline.tables import std

WHERE = "override set"
CONTEXT = ("kind", "country")  # of the customer: names and numbers are read by them


def read_values(
    project: Project, touched: Sequence[Unit], values: Mapping[str, str], context: Mapping[str, Any]
) -> dict[str, str | None]:
    """Each column of the units with the text that a delivery of it would become; None where nothing tells it.

    Args:
        project: whose configuration and words they are read by.
        touched: the units that `values` has columns of.
        values: golden column to value as entered.
        context: what the customer has in `CONTEXT`.

    Raises:
        ConfigurationError: a value says nothing, or validation would refuse it; the message is without the value.
    """
    cells: dict[str, Any] = {name: context[name] for name in CONTEXT if context[name] is not None}
    for name, value in values.items():
        cells[CONTACT_LISTS.get(name, name)] = [value] if name in CONTACT_LISTS else value
    config, words = project.config, vocabulary_of(project)
    reading = standardise.Context(
        config.default_country,
        config.timezone,
        utc_now().date(),
        aliases=words.aliases,
        industry_synonyms=words.industry_synonyms,
    )
    mapped = pl.DataFrame({name: [cell] for name, cell in cells.items()})
    made = standardise.standardise("customers", mapped, reading, own=config.extras("customers"))
    lost = made.rejected.filter(pl.col("column_name").is_in([CONTACT_LISTS.get(name, name) for name in values]))
    for column, reason in lost.select("column_name", "reason").rows():
        raise _refused(column, str(reason))
    _judge(project, made.frame, values)
    row = made.frame.row(0, named=True)
    kept: dict[str, str | None] = {}
    for unit in touched:
        for column in unit.columns:
            kept[column.name] = _one(row, column.name) if column.name in CONTACT_LISTS else _text(row[column.name])
    missing = next((name for name in values if kept[name] is None), None)
    if missing is not None:
        raise _refused(missing, "a value that says nothing")
    return kept


def _judge(project: Project, frame: pl.DataFrame, values: Mapping[str, str]) -> None:
    """Raises what the rules on std.customers that look at nothing but the given columns have against them."""
    suite = suite_of(project, std("customers"))
    given = {CONTACT_LISTS.get(name, name) for name in values}
    rules = tuple(
        rule
        for rule in suite.rules
        if rule.columns
        and set(rule.columns) <= given
        and rule.severity in (quality.Severity.VALUE, quality.Severity.ROW)
    )
    failures = quality.judge(frame, replace(suite, rules=rules)).failures
    for column, reason in failures.select("column_name", "reason").rows():
        raise _refused(str(column), str(reason))


def _refused(column: str, reason: str) -> ConfigurationError:
    """The value itself stays out of the message, which may be logged."""
    return ConfigurationError(
        where=f"{WHERE}, {column}",
        expected="a value that a delivery of it would keep",
        found=f"one that is refused: {reason}",
        cure="Write it as standard values are. Nothing was entered.",
    )


def _one(row: Mapping[str, Any], kind: str) -> str | None:
    found = row[CONTACT_LISTS[kind]] or []
    if len(found) > 1:
        raise _refused(kind, f"{len(found)} in one; one of them is the best")
    return str(found[0]) if found else None


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat(sep=" ") if isinstance(value, datetime) else str(value)
