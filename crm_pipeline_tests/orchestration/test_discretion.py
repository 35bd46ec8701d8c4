"""Claims on what Dagster is told about errors."""

from __future__ import annotations

import pytest

from crm_pipeline.orchestration.discretion import discreet


def test_an_interrupted_query_is_an_interruption() -> None:
    """Ctrl+C during a query, which DuckDB turns into an error of its own, ends a step as Ctrl+C and not as a defect."""
    with pytest.raises(KeyboardInterrupt), discreet():
        raise RuntimeError("Query interrupted")
