"""When rejections are too many: verdicts of deliveries added up, and judged by the share of all rows delivered.

Belongs here: arithmetic over rows of `ops.check_results`. Does not belong here: judging rows (`quality`).
"""

from __future__ import annotations

import polars as pl

from crm_pipeline import quality
from crm_pipeline.tables import CHECK_RESULTS

_ROUNDING = 1e-6  # rows; 1 - 0.95 is a little more than 0.05


def with_basis(results: pl.DataFrame, load: pl.DataFrame) -> pl.DataFrame:
    """`results` of one delivery with `basis`: how many of all its rows a rule would judge, going by the changed ones.

    A rule judges no blank value, and of a delivery the changed rows only: of 300 rows of which 10 changed, 4 of them
    with a birth date, about 120 have one.
    """
    unchanged = int(load["unchanged_count"].sum())
    changed = int(load["loaded_count"].sum()) + int(load["quarantined_count"].sum())
    scale = (changed + unchanged) / changed if changed else 0.0
    return results.with_columns((pl.col("judged_count") * scale).alias("basis"))


def summed(results: list[pl.DataFrame]) -> pl.DataFrame:
    """One row per rule of results of several parts of one delivery: counts added, passed where every part passed."""
    return added_up([part.with_columns(pl.lit(0.0).alias("basis")) for part in results]).drop("basis")


def added_up(results: list[pl.DataFrame]) -> pl.DataFrame:
    """One row per rule: counts and bases added, passed where every part passed."""
    return (
        pl.concat(results)
        .group_by("table_name", "rule_id", maintain_order=True)
        .agg(
            pl.col("kind", "severity").first(),
            pl.col("judged_count", "failed_count", "basis").sum(),
            pl.col("is_passed").all(),
            pl.col("notes").first(),
        )
    )


def within_limits(results: pl.DataFrame, suite: quality.Suite) -> pl.DataFrame:
    """`results` with `is_passed` by the share of all delivered rows that have what the rule judges.

    Of a delivery with few changes only those are judged, and rows without a key are judged each night; as shares of
    the rows judged they would look like a disaster.
    """
    mostly = pl.DataFrame(
        {"rule_id": [rule.rule_id for rule in suite.rules], "allowed": [1 - rule.mostly for rule in suite.rules]},
        schema={"rule_id": pl.String(), "allowed": pl.Float64()},
    )
    limited = results.join(mostly, on="rule_id", how="left", maintain_order="left")
    allowed = pl.col("allowed").fill_null(0) * pl.col("basis") + _ROUNDING
    return limited.with_columns(is_passed=pl.col("failed_count") <= allowed).select(CHECK_RESULTS.column_names)
