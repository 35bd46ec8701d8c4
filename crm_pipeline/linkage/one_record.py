"""One record compared with the published ones, by the model and the index of the last run, again and again.

Belongs here: finding its candidates in the index, and their weights, which are those of a run. Does not belong here:
standardising the record, and which customer a candidate is (`steps.looking.score`).

Nothing is decided anew: records are prepared, keyed and weighed by the functions of a run, and the comparisons are SQL
that Splink writes once per population.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import polars as pl

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.linkage.candidates import blocking
from crm_pipeline.linkage.candidates.records import PREPARATION_VERSION, RECORDS, prepare_records
from crm_pipeline.linkage.model import POPULATIONS, BlockingRule, Population, spellings
from crm_pipeline.linkage.scoring import WEIGHT_DECIMALS, bounded_weight
from crm_pipeline.linkage.splink_session import comparison_sql
from crm_pipeline.state.models import StoredModel
from crm_pipeline.tables import std
from crm_pipeline.warehouse import Warehouse
from crm_pipeline.warehouse.connection import literal

_CUSTOMERS = std("customers")
_ONE, _OTHERS = "compared_record", "compared_with"
_SCRATCH_TABLES = (RECORDS, blocking.KEYS, blocking.LEFT_OUT)

CANDIDATE_SCHEMA = pl.Schema(
    {"record_key": pl.String, "matched_by": pl.String, "rule": pl.String, "match_weight": pl.Float64}
)


class _Shares:
    """How frequent each value of a column is, found without a scan."""

    def __init__(self, frame: pl.DataFrame) -> None:
        ordered = frame.sort("value")
        self._values, self._shares = ordered["value"], ordered["share"]

    def of(self, values: pl.Series) -> pl.Series:
        """The share of each value; null for one that is null or was not there when the model was made."""
        if self._values.is_empty():
            return pl.repeat(None, values.len(), dtype=pl.Float64, eager=True)
        place = self._values.search_sorted(values).clip(0, self._values.len() - 1)
        found = pl.DataFrame(
            {"value": values, "known": self._values.gather(place), "share": self._shares.gather(place)}
        )
        return found.select(pl.when(pl.col("value") == pl.col("known")).then("share"))["share"]


@dataclass(frozen=True, slots=True)
class _Compared:
    """A population of the model, ready to compare.

    Attributes:
        population: whose records they are.
        model: its part of the model file.
        rules: its blocking rules in the order of the model.
        left_out: rule and key of the keys that too many records share.
        shares: per column with term frequencies.
        sql: compares the rows of `_ONE` with those of `_OTHERS`.
    """

    population: Population
    model: Mapping[str, Any]
    rules: Sequence[BlockingRule]
    left_out: pl.DataFrame
    shares: Mapping[str, _Shares]
    sql: str


class RecordMatcher:
    """An index and the model it was made with, open for one record after another; of one thread at a time."""

    def __init__(self, index: Warehouse, memory: Warehouse, compared: Sequence[_Compared]) -> None:
        self._index, self._memory, self._compared = index, memory, compared
        self._has_identifiers = bool(
            index.value("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'identifiers'")
        )

    @classmethod
    @contextlib.contextmanager
    def open(cls, index: Warehouse, stored: StoredModel) -> Iterator[Self]:
        """Ready to compare; what was loaded is let go at the end.

        Args:
            index: `published/matching.duckdb`: per population `<population>_records`, record_key and the prepared
                columns, and `<population>_keys`, rule, key and record_key; perhaps `identifiers`, namespace, value and
                record_key.
            stored: the model that the index was made with.

        Raises:
            ConfigurationError: the model is of a package that prepares or compares records in another way.
        """
        if (stored.model["preparation_version"], stored.model["libraries"]) != (
            PREPARATION_VERSION,
            spellings.LIBRARIES,
        ):
            raise ConfigurationError(
                where=str(stored.folder),
                expected="a model that prepares and compares records as this package does",
                found="one of another version",
                cure="Run `crm-pipeline run`: it makes a new one.",
            )
        tables = {name for (name,) in index.execute("SELECT table_name FROM duckdb_tables()")}
        with Warehouse.in_memory() as memory:
            memory.execute("SET threads = 1")  # a few hundred rows: handing them out would take longer
            memory.execute(f"CREATE SCHEMA {_CUSTOMERS.schema}")
            known = [each for each in POPULATIONS if each.name in stored.model["populations"]]
            present = [each for each in known if {f"{each.name}_records", f"{each.name}_keys"} <= tables]
            yield cls(index, memory, [_ready(index, memory, stored, population) for population in present])

    def score(self, record: pl.DataFrame) -> pl.DataFrame:
        """The records that may be the same customer, with the weight that a run would give the pair.

        Columns of `CANDIDATE_SCHEMA`: one row per published record with a key or an identifier in common, in order of
        record_key. matched_by is identifier or model, rule the namespace or the blocking rule, the first of several;
        match_weight is null for an identifier. No threshold is applied.

        Args:
            record: one row with the columns of `std.customers` that are known; record_key and validity are not needed.
        """
        key = (pl.lit("").alias("record_key"), pl.lit(None, dtype=pl.Date).alias("valid_from"))
        one = record.drop("valid_to", strict=False).with_columns(key)
        self._memory.replace(_CUSTOMERS, one)
        found = [self._identified(one)] + [self._compare(each) for each in self._compared]
        return pl.concat(found).unique("record_key", keep="first", maintain_order=True).sort("record_key")

    def _identified(self, one: pl.DataFrame) -> pl.DataFrame:
        """The records that share an identifier."""
        if not self._has_identifiers:
            return pl.DataFrame(schema=CANDIDATE_SCHEMA)
        row = one.row(0, named=True)
        given = {(each["namespace"], each["value"]) for each in row.get("external_ids") or ()}
        given |= {(name, row.get(name)) for name in ("national_id", "organisation_id", "tax_id")}
        lookups = " UNION ALL ".join(
            "SELECT record_key, namespace FROM identifiers "
            f"WHERE namespace = {literal(name)} AND value = {literal(value)}"
            for name, value in sorted((name, value) for name, value in given if value)
        )
        if not lookups:
            return pl.DataFrame(schema=CANDIDATE_SCHEMA)
        return self._index.frame(f"""
            SELECT record_key, 'identifier' AS matched_by, min(namespace) AS rule, NULL::DOUBLE AS match_weight
            FROM ({lookups}) GROUP BY record_key
        """)

    def _compare(self, by: _Compared) -> pl.DataFrame:
        """The candidates of one population; none where the record is not of it, or has nothing to be found by."""
        memory, nothing = self._memory, pl.DataFrame(schema=CANDIDATE_SCHEMA)
        for table in _SCRATCH_TABLES:
            memory.execute(f"DROP TABLE IF EXISTS {table}")
        if not prepare_records(memory, memory, by.population):
            return nothing
        blocking.make_keys(memory, by.rules)
        own = memory.frame(f"SELECT DISTINCT key FROM {blocking.KEYS}")
        blocking.leave_out(memory, by.rules, by.left_out.join(own, on="key", how="semi"))
        found = self._found(by, memory.execute(f"SELECT DISTINCT rule, key FROM {blocking.KEYS} ORDER BY ALL"))
        if found.is_empty():
            return nothing
        keys = ", ".join(map(literal, found["record_key"]))
        others = self._index.frame(
            _selected(by.population, f"{by.population.name}_records WHERE record_key IN ({keys})")
        )
        outcomes = self._outcomes(by, memory.frame(_selected(by.population, RECORDS)), others)
        names = dict(enumerate(by.model["blocking_rules"]))
        return outcomes.join(found, left_on="record_key_r", right_on="record_key").select(
            pl.col("record_key_r").alias("record_key"),
            pl.lit("model").alias("matched_by"),
            pl.col("rule").replace_strict(names, return_dtype=pl.String),
            bounded_weight(by.model).round(WEIGHT_DECIMALS).alias("match_weight"),
        )

    def _found(self, by: _Compared, keys: Sequence[tuple[int, str]]) -> pl.DataFrame:
        """record_key and the first rule of the records that share a key: a lookup each, since the index is in order."""
        lookups = " UNION ALL ".join(
            f"SELECT record_key, rule FROM {by.population.name}_keys WHERE rule = {rule} AND key = {literal(key)}"
            for rule, key in keys
        )
        if not lookups:
            return pl.DataFrame(schema={"record_key": pl.String, "rule": pl.Int64})
        return self._index.frame(f"SELECT record_key, min(rule)::BIGINT AS rule FROM ({lookups}) GROUP BY record_key")

    def _outcomes(self, by: _Compared, one: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
        with (
            self._memory.registered(_ONE, _with_shares(one, by.shares)),
            self._memory.registered(_OTHERS, _with_shares(others, by.shares)),
        ):
            return self._memory.frame(by.sql)


def _ready(index: Warehouse, memory: Warehouse, stored: StoredModel, population: Population) -> _Compared:
    model = stored.model["populations"][population.name]
    by_name = {rule.name: rule for rule in population.blocking_rules}
    left_out = stored.left_out().filter(pl.col("population") == population.name).drop("population")
    own = f"{population.name}."
    shares = {
        column.removeprefix(own): _Shares(frame)
        for column, frame in stored.term_frequencies().items()
        if column.startswith(own)
    }
    empty = _with_shares(index.frame(_selected(population, f"{population.name}_records LIMIT 0")), shares)
    with memory.registered(_ONE, empty), memory.registered(_OTHERS, empty):
        sql = comparison_sql(memory, model["splink"], _ONE, _OTHERS)
    rules = [by_name[rule] for rule in model["blocking_rules"]]
    return _Compared(population, model, rules, left_out, shares, sql)


def _selected(population: Population, origin: str) -> str:
    return f"SELECT record_key, {', '.join(population.prepared)} FROM {origin}"


def _with_shares(records: pl.DataFrame, shares: Mapping[str, _Shares]) -> pl.DataFrame:
    return records.with_columns(each.of(records[column]).alias(f"tf_{column}") for column, each in shares.items())
