"""One cleaner applied to a list of texts.

Belongs here: building input. Does not belong here: any claim.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

Clean = Callable[[pl.Expr], pl.Expr]


def cleaned(values: Sequence[str | None], clean: Clean) -> list[Any]:
    """What the cleaner makes of each text, in Python values."""
    frame = pl.DataFrame({"v": pl.Series(values, dtype=pl.String)})
    result = frame.select(clean(pl.col("v")).alias("v"))["v"]
    assert len(result) == len(values)
    return result.to_list()
