"""The contract check by Great Expectations is left out here: it changes no table, and importing it takes seconds.

That it agrees with our own counts is proven in `quality/test_contract.py`.
"""

from __future__ import annotations

import polars as pl
import pytest

from crm_pipeline import quality


@pytest.fixture(autouse=True, scope="package")
def quick_contract() -> object:
    """`quality.validate` counts as `quality.judge` does."""

    def validate(frame: pl.DataFrame, suite: quality.Suite) -> pl.DataFrame:
        return quality.judge(frame, suite).results

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quality, "validate", validate)
        yield
