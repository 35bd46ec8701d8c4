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
from splink.internals.exceptions import EMTrainingException

from crm_pipeline.linkage.blocking import CANDIDATES
from crm_pipeline.linkage.records import RECORDS
from crm_pipeline.linkage.scratch import copy_frame
from crm_pipeline.warehouse import Warehouse

# Part of Splink's message when expectation maximisation drives an m or u below what floating point holds.
_UNDERFLOWN = "is below the minimum allowed"


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

    def estimate_u(self, *, max_pairs: float, seed: int) -> None:
        """Learns u from random pairs; which records are drawn depends on seed and record keys only."""
        with _quiet():
            self._linker.training.estimate_u_using_random_sampling(
                max_pairs=max_pairs, seed=seed, min_count_per_level=None, num_chunks=1
            )

    def estimate_m(self, blocking_rule: str, *, max_pairs: float | None) -> bool:
        """Whether m was learnt, by expectation maximisation, from the pairs for which the rule is true."""
        kept = self._linker._settings_obj.core_model_settings.copy()  # type: ignore[no-untyped-call]  # Splink's
        with _quiet():
            try:
                self._linker.training.estimate_parameters_using_expectation_maximisation(
                    blocking_rule, estimate_without_term_frequencies=True, max_pairs=max_pairs
                )
            except EMTrainingException:
                return False
            except ValueError as error:
                if _UNDERFLOWN not in str(error):
                    raise
                # An outcome became so rare under this rule that its m is 0 in floating point. Splink stops halfway.
                self._linker._settings_obj.core_model_settings = kept
                return False
        return True

    def settings(self) -> dict[str, Any]:
        """Splink's settings with what was learnt."""
        learnt: dict[str, Any] = self._linker.misc.save_model_to_json()
        return learnt

    def score(self, *, comparison_names: Sequence[str], least_probability: float) -> pl.DataFrame:
        """The candidates whose probability is not below the least: keys, match_key, match_weight, one outcome each.

        Columns: record_key_l, record_key_r, match_key, match_weight and gamma_<comparison>; no order.
        """
        with _quiet():
            candidates = self._api.register(CANDIDATES, table_name=f"registered_{CANDIDATES}")
            self._linker.table_management.register_blocked_pairs_for_predict(candidates)
            scored = self._linker.inference.predict(threshold_match_probability=least_probability, warning_mode="never")
        outcomes = ", ".join(f"gamma_{name}" for name in comparison_names)
        return self._scratch.frame(
            f"SELECT record_key_l, record_key_r, match_key, match_weight, {outcomes} FROM {scored.physical_name}"
        )


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
