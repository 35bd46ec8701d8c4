"""Plain Splink as its guides show it: `python -m bench.linkage.plain_splink RECORDS.parquet CLUSTERS.parquet`.

Ready-made comparisons for the columns that are there, blocking on names, dates and contacts, parameters by random
sampling and expectation maximisation, clusters at 0.95. Writes record_key and cluster_key, prints a line of JSON. It
knows nothing of this project.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import duckdb
import polars as pl
import splink.comparison_library as compare
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from bench.linkage.peak import peak_memory_bytes

_THRESHOLD = 0.95
_MAX_PAIRS = 1e6
_MEMORY = "4GB"  # beyond, DuckDB spills to disk or gives up
_PARTS = ("given_name", "family_name")
_FILLED = 0.5  # share of records from which on a name in parts is compared instead of the whole
_COMPARISONS: dict[str, Callable[[str], Any]] = {
    "given_name": lambda name: compare.NameComparison(name).configure(term_frequency_adjustments=True),
    "family_name": lambda name: compare.NameComparison(name).configure(term_frequency_adjustments=True),
    "name": lambda name: compare.NameComparison(name).configure(term_frequency_adjustments=True),
    "birth_date": lambda name: compare.DateOfBirthComparison(name, input_is_string=True),
    "email": compare.EmailComparison,
    "phone": lambda name: compare.LevenshteinAtThresholds(name, [1, 2]),
    "street": lambda name: compare.JaroWinklerAtThresholds(name, [0.9, 0.7]),
    "postcode": lambda name: compare.LevenshteinAtThresholds(name, [1]),
    "city": lambda name: compare.ExactMatch(name).configure(term_frequency_adjustments=True),
    "gender": compare.ExactMatch,
}
_BLOCKING = (
    ("given_name", "family_name"), ("family_name", "birth_date"), ("given_name", "birth_date"),
    ("family_name", "postcode"), ("given_name", "postcode"), ("birth_date", "postcode"),
    ("name",), ("email",), ("phone",), ("street", "postcode"), ("street", "city"), ("substr(name, 1, 5)", "city"),
)  # fmt: skip
_TRAINING = (("given_name", "family_name"), ("birth_date",), ("name",), ("street",), ("phone",))


def main(records_file: str, clusters_file: str) -> None:
    """Trains, scores and clusters."""
    logging.getLogger("splink").setLevel(logging.CRITICAL)
    records = pl.read_parquet(records_file).rename({"record_key": "unique_id"})
    began = time.perf_counter()
    columns = _columns(records)
    linker = _linker(records, columns)
    rules = [rule for rule in _BLOCKING if _is_there(rule, columns)]
    linker.training.estimate_probability_two_random_records_match(
        [block_on(*rule) for rule in rules if _is_strict(rule)], recall=0.8
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=_MAX_PAIRS, seed=1)
    trained = [", ".join(rule) for rule in _TRAINING if _is_there(rule, columns) and _learns(linker, rule)]
    pairs = linker.inference.predict(threshold_match_probability=0.01)
    found = linker.clustering.cluster_pairwise_predictions_at_threshold(
        pairs, threshold_match_probability=_THRESHOLD
    ).as_duckdbpyrelation()
    clusters = found.pl().select(pl.col("unique_id").alias("record_key"), pl.col("cluster_id").alias("cluster_key"))
    seconds = time.perf_counter() - began
    clusters.write_parquet(clusters_file)
    counts = {"compared": columns, "trained_on": trained}
    print(json.dumps({"seconds": seconds, "peak_memory_bytes": peak_memory_bytes(), "counts": counts}))


def _columns(records: pl.DataFrame) -> list[str]:
    """The columns to compare: a name in parts where at least half of the records have it so, else as a whole."""
    has_parts = all(name in records.columns and records[name].count() >= records.height * _FILLED for name in _PARTS)
    unused = {"name"} if has_parts else set(_PARTS)
    usual = [name for name in _COMPARISONS if name in records.columns and name not in unused]
    identifiers = [name for name in records.columns if name.startswith("id_")]
    return [name for name in (*usual, *identifiers) if records[name].n_unique() > 2]


def _linker(records: pl.DataFrame, columns: Sequence[str]) -> Linker:
    connection = duckdb.connect(":memory:")
    connection.execute(f"SET memory_limit = '{_MEMORY}'")
    connection.register("_given", records.to_arrow())
    connection.execute("CREATE TABLE records AS SELECT * FROM _given")
    api = DuckDBAPI(connection=connection)
    identifiers = [(name,) for name in columns if name.startswith("id_")]
    rules = [rule for rule in (*_BLOCKING, *identifiers) if _is_there(rule, columns)]
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[_COMPARISONS.get(name, compare.ExactMatch)(name) for name in columns],
        blocking_rules_to_generate_predictions=[block_on(*rule) for rule in rules],
    )
    return Linker(api.register("records", table_name="records"), settings, log_level=None)


def _is_there(rule: Sequence[str], columns: Sequence[str]) -> bool:
    return all(any(name == part or f"({name}," in part for name in columns) for part in rule)


def _is_strict(rule: Sequence[str]) -> bool:
    """Whether nearly all pairs of the rule are of one customer: what the guides call a deterministic rule."""
    return rule in {("given_name", "family_name"), ("family_name", "birth_date"), ("email",), ("phone",), ("name",)}


def _learns(linker: Linker, rule: Sequence[str]) -> bool:
    """Whether expectation maximisation got through; where it does not, the others or the defaults stand."""
    try:
        linker.training.estimate_parameters_using_expectation_maximisation(
            block_on(*rule), estimate_without_term_frequencies=True, max_pairs=_MAX_PAIRS
        )
    except Exception:  # noqa: BLE001 - whatever Splink says, its user goes on with the next rule
        return False
    return True


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
