"""Splink and DuckDB alone, as a process of its own: `python -m bench.bare_splink SETTINGS.json`.

For each population: trains a model of the given comparisons (u, then m under the given rules), scores and clusters.
Prints a line of JSON, with what all populations together took.
"""

from __future__ import annotations

import contextlib
import json
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import duckdb
from splink import DuckDBAPI, Linker
from splink.internals.exceptions import EMTrainingException

_SECONDS: dict[str, float] = {}


@contextlib.contextmanager
def _timed(step: str) -> Iterator[None]:
    begin = time.perf_counter()
    yield
    _SECONDS[step] = round(_SECONDS.get(step, 0) + time.perf_counter() - begin, 3)


def main(settings_file: str) -> None:
    """Runs all steps of all populations and prints what they took."""
    with open(settings_file, encoding="utf-8") as file:  # noqa: PTH123 - nothing but the standard library and Splink
        populations: list[dict[str, Any]] = json.load(file)
    figures: Counter[str] = Counter()
    for told in populations:
        figures.update(_link(told))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(json.dumps({**figures, "seconds": _SECONDS, "peak_memory_bytes": memory}))


def _link(told: dict[str, Any]) -> dict[str, int]:
    """Numbers of records, pairs and clusters of one population."""
    connection = duckdb.connect(":memory:")
    connection.execute("SET enable_progress_bar = false")
    with _timed("read records"):
        connection.execute(f"CREATE TABLE records AS SELECT * FROM read_parquet('{told['records']}')")
        api = DuckDBAPI(connection=connection)
        settings = told["splink"] | {"blocking_rules_to_generate_predictions": told["rules"]}
        linker = Linker(api.register("records", table_name="records"), settings, log_level=None)
    with _timed("term frequencies"):
        for column in _frequency_columns(told["splink"]):
            linker.table_management.compute_tf_table(column)
    with _timed("train u"):
        linker.training.estimate_u_using_random_sampling(max_pairs=told["max_pairs"], seed=told["seed"])
    with _timed("train m"):
        for columns in told["training_rules"]:
            rule = " AND ".join(f'l."{column}" = r."{column}"' for column in columns)
            with contextlib.suppress(EMTrainingException):  # few records may have no pair under a rule
                linker.training.estimate_parameters_using_expectation_maximisation(
                    rule, estimate_without_term_frequencies=True, max_pairs=told["max_pairs"]
                )
    with _timed("score pairs"):
        # The model that the chain froze scores, so that both score the same pairs by the same weights.
        frozen = Linker(api.register("records", table_name="records_again"), settings, log_level=None)
        pairs = frozen.inference.predict(threshold_match_probability=told["review_threshold"])
        [(pair_count,)] = connection.execute(f"SELECT count(*) FROM {pairs.physical_name}").fetchall()
    with _timed("cluster"):
        clusters = frozen.clustering.cluster_pairwise_predictions_at_threshold(
            pairs, threshold_match_probability=told["match_threshold"]
        )
        [(record_count, cluster_count)] = connection.execute(
            f"SELECT count(*), count(DISTINCT cluster_id) FROM {clusters.physical_name}"
        ).fetchall()
    connection.close()
    return {"records": record_count, "pairs": pair_count, "clusters": cluster_count}


def _frequency_columns(settings: dict[str, Any]) -> list[str]:
    levels = (level for comparison in settings["comparisons"] for level in comparison["comparison_levels"])
    return sorted({level["tf_adjustment_column"] for level in levels if level.get("tf_adjustment_column")})


if __name__ == "__main__":
    main(sys.argv[1])
