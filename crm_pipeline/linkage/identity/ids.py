"""Customer ids: the letter C, the sequence in eight or more digits, one check digit by ISO 7064 MOD 11,10.

Belongs here: writing and checking ids. Does not belong here: who gets which, see `identity_rule`.
The check digit catches every wrong digit and nearly every swap of neighbours when an id is typed from paper.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

PREFIX = "C"
SHORTEST_DIGITS = 8
_LONGEST_DIGITS = 18  # what an int64 sequence can have in full


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
    remainder = np.full(numbers.shape, 10, dtype=np.int64)
    for position in reversed(range(_LONGEST_DIGITS)):
        digit = numbers // 10**position % 10
        total = (remainder + digit) % 10
        following = np.where(total == 0, 10, total) * 2 % 11
        is_written = (position < SHORTEST_DIGITS) | (numbers >= 10**position)
        remainder = np.where(is_written, following, remainder)
    return (11 - remainder) % 10
