"""The words that names and addresses are composed of, as data files; no real person or company is listed."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import polars as pl


@cache
def words(name: str) -> pl.DataFrame:
    """The rows of a list, all text, in the order of its file."""
    return pl.read_csv(Path(__file__).parent / f"{name}.csv", infer_schema=False)
