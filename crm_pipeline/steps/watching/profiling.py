"""Profiles of deliveries: counts, quantiles and shares of their columns, computed in the warehouse.

Of a full delivery all records after it are looked at, as std has them as of its date; of an incremental one the
versions that it brought. So a delivery can be profiled late, and a rebuild gives what the first run gave.

Belongs here: which deliveries are profiled, and the SQL. Does not belong here: keeping profiles (`state.profiles`).
Only lengths and counts of columns that are personal; no value of any of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from crm_pipeline.settings import AppliedExtract
from crm_pipeline.settings.forms import REFERENCE_COLUMNS
from crm_pipeline.state.profiles import SCHEMA
from crm_pipeline.steps.run import Run
from crm_pipeline.tables import LOADS, REJECTIONS, RULES, Column, Personal, Table, std
from crm_pipeline.tables.watching import WHOLE
from crm_pipeline.warehouse.connection import literal, quoted

LONGEST_LOOK_BACK = 120  # deliveries of an extract: a quarter and a month of a daily one; older ones stay unknown
_SAMPLE_ROWS = 200_000  # different values and quantiles are counted among so many; shares are off by 0.2 % at most
_LEAST_FILLED = 20  # cells; quantiles of fewer would be single values
_MOST_CATEGORIES = 20  # a column with more different values is no enumeration
_LEAST_OF_CATEGORY = 10  # records; rarer values are not named
_NO_ENUMERATION = ("_id", "_number", "_code", "_key")  # such columns name single things, whatever they hold
_HASHES = 2**64


@dataclass(frozen=True, slots=True)
class _Look:
    """A delivery to be profiled, and the select of its records."""

    source: str
    extract: str
    entity: str
    business_date: date
    sequence: int
    fingerprint: str
    columns: tuple[Column, ...]
    records: str


def profile_deliveries(run: Run, known: pl.DataFrame) -> pl.DataFrame:
    """Profiles, the columns of `state.profiles.SCHEMA` but `profiled_at`, of the deliveries that are not known yet.

    An extract's newest delivery is profiled again where it is read or judged by another recipe than it was; earlier
    ones stay as they were seen.

    Args:
        run: the open run; `ops.rules` says which rule is of which dimension.
        known: profiles that are there.
    """
    if not (run.warehouse.exists(LOADS) and run.warehouse.exists(REJECTIONS)):
        return pl.DataFrame(schema=SCHEMA).drop("profiled_at")
    looks = [look for applied in run.project.config.applied_extracts for look in _looks(run, applied, known)]
    return pl.concat([pl.DataFrame(schema=SCHEMA).drop("profiled_at"), *(_profile(run, look) for look in looks)])


def mapped_in_std(applied: AppliedExtract, table: Table) -> tuple[Column, ...]:
    """The columns of std that an extract delivers, in the order of the table."""
    written = {name.split(".")[0] for name in (*applied.extract.columns, *applied.extract.extra_columns)}
    mapped = {REFERENCE_COLUMNS.get(name, name) for name in written}
    return tuple(column for column in table.columns if column.name in mapped)


def _looks(run: Run, applied: AppliedExtract, known: pl.DataFrame) -> list[_Look]:
    entity = applied.extract.entity
    table = std(entity, run.project.config.extras(entity))
    loads = run.warehouse.execute(
        f"SELECT business_date, sequence, file_sha256, recipe_sha256 FROM {LOADS.qualified} WHERE source = ? AND "
        f"extract = ? ORDER BY business_date DESC, sequence DESC LIMIT {LONGEST_LOOK_BACK}",
        [applied.source, applied.name],
    )
    of_extract = (pl.col("source") == applied.source) & (pl.col("extract") == applied.name)
    own = known.filter(of_extract, pl.col("column_name") == WHOLE).select("business_date", "sequence", "fingerprint")
    prints = {(day, number): mark for day, number, mark in own.rows()}
    looks = []
    for place, (day, sequence, *hashes) in enumerate(loads):
        fingerprint = hashlib.sha256("|".join(hashes).encode()).hexdigest()
        if (day, sequence) in prints and (place or prints[day, sequence] == fingerprint):
            continue
        records = _records_sql(applied, table, day, sequence)
        columns = mapped_in_std(applied, table)
        looks.append(_Look(applied.source, applied.name, entity, day, sequence, fingerprint, columns, records))
    return looks


def _records_sql(applied: AppliedExtract, table: Table, day: date, sequence: int) -> str:
    """The records of a delivery: all that were current after it, or of an incremental one those it brought."""
    scope = f"source = {literal(applied.source)} AND extract = {literal(applied.name)}"
    if applied.extract.load == "full":
        moment = f"valid_from <= DATE '{day}' AND (valid_to IS NULL OR valid_to > DATE '{day}')"
    else:
        moment = f"valid_from = DATE '{day}' AND sequence = {sequence}"
    return f"SELECT * FROM {table.qualified} WHERE {scope} AND {moment}"


def _profile(run: Run, look: _Look) -> pl.DataFrame:
    """The profile of one delivery: the records as a whole, then its columns."""
    records = int(run.warehouse.value(f"SELECT count(*) FROM ({look.records})"))
    rows = [{"column_name": WHOLE, "record_count": records, "filled_count": records}, *_columns(run, look, records)]
    counted = pl.DataFrame(rows, schema={name: SCHEMA[name] for name in _COUNTED})
    faults = _faults(run, look)
    joined = counted.join(faults, on="column_name", how="left", maintain_order="left")
    return joined.with_columns(
        pl.lit(look.source).alias("source"),
        pl.lit(look.extract).alias("extract"),
        pl.lit(look.entity).alias("entity"),
        pl.lit(look.business_date).alias("business_date"),
        pl.lit(look.sequence, dtype=pl.Int32).alias("sequence"),
        pl.lit(look.fingerprint).alias("fingerprint"),
        pl.col(*_FAULTS).fill_null(0),
    ).with_columns(pl.min_horizontal("doubtful_count", "filled_count")).select(
        name for name in SCHEMA if name != "profiled_at"
    )  # fmt: skip


_FAULTS = ("invalid_count", "doubtful_count", "inconsistent_count")
_COUNTED = (
    "column_name", "record_count", "filled_count", "distinct_count", "looked_at_count",
    "low", "median", "high", "shares",
)  # fmt: skip


def _columns(run: Run, look: _Look, records: int) -> list[dict[str, object]]:
    """Of each column what one pass over the records tells, and the shares of its values where it is an enumeration."""
    if not look.columns:
        return []
    threshold = min(_HASHES - 1, _HASHES * _SAMPLE_ROWS // max(records, 1))
    parts = [part for column in look.columns for part in _parts(column, look.business_date)]
    is_seen = f"hash(record_key) <= {threshold}::UBIGINT AS is_seen"
    sql = f"SELECT {', '.join(parts)} FROM (SELECT *, {is_seen} FROM ({look.records}))"
    [values] = run.warehouse.execute(sql)
    rows = []
    for place, column in enumerate(look.columns):
        filled, distinct, looked_at, quantiles = values[4 * place : 4 * place + 4]
        low, median, high = quantiles if quantiles and looked_at >= _LEAST_FILLED else (None, None, None)
        shares = _shares(run, look, column, threshold) if _is_enumeration(column, distinct, looked_at) else None
        values_of = (column.name, records, filled, distinct, looked_at, low, median, high, shares)
        rows.append(dict(zip(_COUNTED, values_of, strict=True)))
    return rows


def _parts(column: Column, day: date) -> tuple[str, ...]:
    """What is selected of a column: filled, different and looked-at cells, quantiles."""
    name = quoted(column.name)
    measure = _measure(column, name, day)
    quantiles = f"quantile_cont({measure}, [0.05, 0.5, 0.95]) FILTER (is_seen)" if measure else "NULL"
    seen = f"FILTER (is_seen AND {name} IS NOT NULL)"
    return f"count({name})", f"count(DISTINCT {name}) {seen}", f"count(*) {seen}", quantiles


def _measure(column: Column, name: str, day: date) -> str | None:
    """The number that a column's cells are compared by: characters, items, days of age, or the number itself."""
    if column.type == "VARCHAR" or column.type.endswith("[]"):
        return f"length({name})::DOUBLE" if column.type == "VARCHAR" else f"len({name})::DOUBLE"
    if column.personal is not Personal.NONE or column.type == "BOOLEAN":
        return None
    if column.type in {"DATE", "TIMESTAMP"}:
        return f"date_diff('day', {name}::DATE, DATE '{day}')::DOUBLE"
    return f"{name}::DOUBLE"


def _is_enumeration(column: Column, distinct: int, looked_at: int) -> bool:
    is_told = column.personal is Personal.NONE and not column.name.endswith(_NO_ENUMERATION)
    few = 0 < distinct <= _MOST_CATEGORIES and looked_at >= _LEAST_FILLED
    return is_told and few and column.type in {"VARCHAR", "BOOLEAN"}


def _shares(run: Run, look: _Look, column: Column, threshold: int) -> list[dict[str, object]]:
    """The share of each value that ten records or more have, of filled cells; rarer ones together, without a name."""
    name = quoted(column.name)
    counts: Sequence[tuple[str | None, int]] = run.warehouse.execute(
        f"""
        WITH counted AS (
            SELECT {name}::VARCHAR AS category, count(*) AS rows FROM ({look.records})
            WHERE {name} IS NOT NULL AND hash(record_key) <= {threshold}::UBIGINT GROUP BY ALL
        )
        SELECT CASE WHEN rows >= {_LEAST_OF_CATEGORY} THEN category END AS named, sum(rows)::BIGINT
        FROM counted GROUP BY named ORDER BY named
        """
    )
    whole = sum(rows for _, rows in counts)
    return [{"category": category, "share": rows / whole} for category, rows in counts]


def _faults(run: Run, look: _Look) -> pl.DataFrame:
    """Of each column, and under `WHOLE` of the records, how many cells a rule emptied or warns of."""
    return run.warehouse.frame(
        f"""
        WITH reason AS (
            SELECT c.record_key, r.column_name, coalesce(u.dimension, 'validity') AS dimension,
                r.severity = 'value' AS is_emptied
            FROM {REJECTIONS.qualified} AS r
            JOIN ({look.records}) AS c
                ON r.business_date = c.valid_from AND r.sequence = c.sequence AND r.line = c.line
            LEFT JOIN {RULES.qualified} AS u ON u.table_name = $table AND u.rule_id = r.rule_id
            WHERE r.source = $source AND r.extract = $extract AND r.severity IN ('value', 'warning')
        ),
        placed AS (SELECT * FROM reason UNION ALL SELECT * REPLACE ('{WHOLE}' AS column_name) FROM reason),
        cell AS (
            SELECT record_key, column_name,
                coalesce(bool_or(is_emptied) FILTER (dimension = 'validity'), false) AS is_emptied,
                bool_or(dimension = 'validity') AS is_invalid,
                bool_or(dimension = 'consistency') AS is_inconsistent
            FROM placed GROUP BY ALL
        )
        SELECT column_name, count(*) FILTER (is_emptied) AS invalid_count,
            count(*) FILTER (is_invalid AND NOT is_emptied) AS doubtful_count,
            count(*) FILTER (is_inconsistent) AS inconsistent_count
        FROM cell GROUP BY column_name
        """,
        {"table": f"std.{look.entity}", "source": look.source, "extract": look.extract},
    )
