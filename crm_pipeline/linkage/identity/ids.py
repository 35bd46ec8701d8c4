"""Customer ids: the letter C, the sequence in eight or more digits, one check digit by Damm (2004).

Belongs here: writing and checking ids. Does not belong here: who gets which, see `identity_rule`.
The check digit catches every wrong digit and every swap of two neighbours when an id is typed from paper; ISO 7064
MOD 11,10 lets two in a hundred swaps pass.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

PREFIX = "C"
SHORTEST_DIGITS = 8
_LONGEST_DIGITS = 18  # what an int64 sequence can have in full
# Totally anti-symmetric of order 10: Damm, Total anti-symmetrische Quasigruppen, 2004, page 111.
_QUASIGROUP = np.array(
    [
        [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
        [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
        [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
        [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
        [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
        [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
        [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
        [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
        [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
        [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
    ]
)


def customer_ids(sequences: pl.Series) -> pl.Series:
    """The id of each sequence, in its order; sequences are whole numbers from 1, without nulls."""
    numbers = sequences.cast(pl.Int64)
    digits = numbers.cast(pl.String).str.zfill(SHORTEST_DIGITS)
    checks = pl.Series(_check_digits(numbers.to_numpy())).cast(pl.String)
    parts = pl.DataFrame({"digits": digits, "checks": checks})
    return parts.select(pl.concat_str(pl.lit(PREFIX), "digits", "checks").alias("customer_id")).to_series()


def is_customer_id(text: str) -> bool:
    """Whether `text` is written as a customer id and its check digit is right; not whether it was ever given."""
    digits = text.removeprefix(PREFIX)
    is_digits = digits.isascii() and digits.isdigit()
    if not text.startswith(PREFIX) or not is_digits or not SHORTEST_DIGITS < len(digits) <= _LONGEST_DIGITS + 1:
        return False
    number = int(digits[:-1])
    return number > 0 and customer_ids(pl.Series([number]))[0] == text


def _check_digits(numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    interim = np.zeros(numbers.shape, dtype=np.int64)
    for position in reversed(range(_LONGEST_DIGITS)):
        interim = _QUASIGROUP[interim, numbers // 10**position % 10]  # leading zeros leave it at 0
    return interim
