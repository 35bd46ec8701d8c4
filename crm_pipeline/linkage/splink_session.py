"""The bridge to Splink, the only module that imports it: a linker over the prepared records, and what it is asked.

Belongs here: calls of Splink, with messages held back. Does not belong here: decisions about the model (`model`,
`training`) or about pairs (`pairs`).
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl
from splink import DuckDBAPI, Linker
from splink.internals.realtime import compare_records

from crm_pipeline.linkage.candidates.records import RECORDS
from crm_pipeline.linkage.candidates.scratch import copy_frame
from crm_pipeline.warehouse import Warehouse


class Session:
    """A Splink linker over the scratch table of prepared records, with frozen term frequencies.

    Args:
        scratch: where the prepared records are.
        settings: Splink's settings.
        term_frequencies: per column a frame of value and share, see `state.models`.
    """

    def __init__(
        self, scratch: Warehouse, settings: Mapping[str, Any], term_frequencies: Mapping[str, pl.DataFrame]
    ) -> None:
        self._scratch = scratch
        with _quiet():
            self._api = DuckDBAPI(connection=scratch.connection)
            records = self._api.register(RECORDS, table_name=RECORDS)
            self._linker = Linker(records, dict(settings), log_level=None, validate_settings=False)
            for column, frame in term_frequencies.items():
                self._register_frequencies(column, frame)

    def _register_frequencies(self, column: str, frame: pl.DataFrame) -> None:
        table = f"linkage_frequencies_{column}"
        self._scratch.execute(f"DROP TABLE IF EXISTS {table}")
        copy_frame(
            frame.select(pl.col("value").alias(column), pl.col("share").alias(f"tf_{column}")), self._scratch, table
        )
        registered = self._api.register(table, table_name=f"registered_{table}")
        self._linker.table_management.register_term_frequency_lookup(registered, column)

    def outcomes(self, pairs: str, names: Sequence[str], *, least_probability: float | None = None) -> pl.DataFrame:
        """The pairs of a scratch table with the outcome of each comparison, and Splink's weight.

        Columns: record_key_l, record_key_r, match_key, match_weight (log2 of the odds of one customer against two
        strangers) and gamma_<comparison> (-1 is missing, 0 the last level); no order.

        Args:
            pairs: table with join_key_l, join_key_r and match_key.
            names: of the comparisons.
            least_probability: pairs of a lower one are left out; 0 to 1; None for all pairs.
        """
        with _quiet():
            registered = self._api.register(pairs, table_name=f"registered_{pairs}")
            self._linker.table_management.register_blocked_pairs_for_predict(registered)
            scored = self._linker.inference.predict(threshold_match_probability=least_probability, warning_mode="never")
        outcomes = ", ".join(f"gamma_{name}" for name in names)
        found = self._scratch.frame(
            f"SELECT record_key_l, record_key_r, match_key, match_weight, {outcomes} FROM {scored.physical_name}"
        )
        scored.drop_table_from_database_and_remove_from_cache()
        return found

    def details(self, pairs: str) -> pl.DataFrame:
        """The pairs of a scratch table with what each comparison adds; the settings must retain intermediate columns.

        Columns: those of `outcomes`, mw_<comparison> (log2 of m / u) and, where the value's own frequency counts,
        mw_tf_adj_<comparison> (what that changes); no order.

        Args:
            pairs: table with join_key_l, join_key_r and match_key.
        """
        with _quiet():
            registered = self._api.register(pairs, table_name=f"registered_{pairs}")
            self._linker.table_management.register_blocked_pairs_for_predict(registered)
            scored = self._linker.inference.predict(warning_mode="never")
        columns = "record_key_l, record_key_r, match_key, match_weight, COLUMNS('^(gamma|mw)_')"
        return self._scratch.frame(f"SELECT {columns} FROM {scored.physical_name}")


def comparison_sql(scratch: Warehouse, settings: Mapping[str, Any], left: str, right: str) -> str:
    """A select that compares each row of one table with each of another, for a caller that runs it again and again.

    Its columns are those of `Session.outcomes` but match_key, among others. Writing it takes Splink longer than a few
    pairs take to be compared.

    Args:
        scratch: where both tables are, if empty; their columns are those of the prepared records, and for each column
            with term frequencies `tf_<column>`, the share of its value.
        settings: Splink's settings.
        left: name of one table.
        right: name of the other.
    """
    with _quiet():
        api = DuckDBAPI(connection=scratch.connection)
        compared = compare_records(left, right, dict(settings), api)
        compared.drop_table_from_database_and_remove_from_cache()
    return str(compared.sql_used_to_create)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Splink's messages are held back: what they warn of is checked by `training` and recorded in the model card."""
    logger = logging.getLogger("splink")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
