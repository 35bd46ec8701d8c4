"""Chinese identifiers with valid check digits.

Belongs here: resident identity numbers (GB 11643-1999), unified social credit codes (GB 32100-2015), and mistyping any
identifier. Does not belong here: numbers of other countries (`tax_numbers`), who has one, and which are spoilt.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from crm_pipeline.generator.plan import Draws, Ints

_RESIDENT_WEIGHTS = np.array([pow(2, 17 - place, 11) for place in range(17)])  # ISO 7064 MOD 11-2
_RESIDENT_CHECKS = pl.Series(list("10X98765432"))
_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # base 31: without I, O, S, V, Z
_CREDIT_WEIGHTS = np.array([pow(3, place, 31) for place in range(17)])
_CREDIT_CHARACTERS = pl.Series(list(_CREDIT_ALPHABET))


def resident_ids(divisions: pl.Series, birth_dates: pl.Series, sequence: Ints) -> pl.Series:
    """18 characters: division code, birth date, sequence (odd for men), check character.

    Args:
        divisions: six digits.
        birth_dates: dates.
        sequence: 0 to 999.
    """
    body = pl.DataFrame({"a": divisions, "b": birth_dates.dt.to_string("%Y%m%d"), "c": _padded(sequence, 3)})
    text = body.select(pl.concat_str("a", "b", "c")).to_series()
    digits = _codes(text) - ord("0")
    return text + _RESIDENT_CHECKS.gather(digits @ _RESIDENT_WEIGHTS % 11)


def credit_codes(divisions: pl.Series, draws: Draws) -> pl.Series:
    """18 characters: 91 (a company), division code, nine of the organisation's own code, check character.

    The organisation code's own ninth character (GB 11714) is valid too.
    """
    count = len(divisions)
    own = draws.whole(count * 8, 0, 10).reshape(count, 8)
    weights = np.array([3, 7, 9, 10, 5, 8, 4, 2])
    check = (11 - own @ weights % 11) % 11
    ninth = pl.Series(list("0123456789X")).gather(check)
    body = "91" + divisions + pl.Series(own @ 10 ** np.arange(7, -1, -1)).cast(pl.String).str.zfill(8) + ninth
    values = _credit_values(body)
    return body + _CREDIT_CHARACTERS.gather((31 - values @ _CREDIT_WEIGHTS % 31) % 31)


def mistyped(values: pl.Series) -> pl.Series:
    """The identifier with its last character but one as another digit, so that its check digit is wrong.

    The digit is one more, and 8 for 9: sums by 9 do not tell 9 from 0. Null for null.
    """
    before = pl.col("v").str.slice(-2, 1).cast(pl.Int64, strict=False)
    other = pl.when(before == 9).then(8).otherwise(before.fill_null(4) + 1).cast(pl.String)
    return (
        pl.DataFrame({"v": values})
        .select(pl.concat_str(pl.col("v").str.head(-2), other, pl.col("v").str.slice(-1)))
        .to_series()
    )


def _padded(numbers: Ints, length: int) -> pl.Series:
    return pl.Series(numbers).cast(pl.String).str.zfill(length)


def _codes(text: pl.Series) -> Ints:
    """The code points of 17 ASCII characters each, one row per text."""
    return np.frombuffer("".join(text.to_list()).encode("ascii"), dtype=np.uint8).reshape(-1, 17).astype(np.int64)


def _credit_values(text: pl.Series) -> Ints:
    places = np.zeros(128, dtype=np.int64)
    places[[ord(character) for character in _CREDIT_ALPHABET]] = np.arange(31)
    return places[_codes(text)]
