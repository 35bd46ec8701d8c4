"""Check characters of identifiers, computed for a whole column at once.

Belongs here: the arithmetic, one function per standard. Does not belong here: what an identifier looks like and what
becomes of a wrong one (a module per identifier).
"""

from __future__ import annotations

import string
from collections.abc import Sequence

import polars as pl

CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015, 5.1: 31 characters, without I, O, S, V and Z
_ORGANISATION_ALPHABET = string.digits + string.ascii_uppercase  # GB 11714-1997: A is 10, Z is 35

_RESIDENT_WEIGHTS = [pow(2, 17 - place, 11) for place in range(17)]
_CREDIT_WEIGHTS = [pow(3, place, 31) for place in range(17)]
_ORGANISATION_WEIGHTS = [3, 7, 9, 10, 5, 8, 4, 2]


def of_resident_id(body: pl.Series) -> pl.Series:
    """The 18th character of resident ids, `0` to `9` or `X`; null for null (GB 11643-1999: ISO 7064 MOD 11-2).

    Args:
        body: 17 digits each, or null.
    """
    total = _weighted(body, string.digits, _RESIDENT_WEIGHTS)
    return _character("10X98765432", total % 11)


def of_credit_code(body: pl.Series) -> pl.Series:
    """The 18th character of unified social credit codes; null for null (GB 32100-2015: MOD 31, weights 3^i).

    Args:
        body: 17 characters of `CREDIT_ALPHABET` each, or null.
    """
    total = _weighted(body, CREDIT_ALPHABET, _CREDIT_WEIGHTS)
    return _character(CREDIT_ALPHABET, (31 - total % 31) % 31)


def of_organisation_code(body: pl.Series) -> pl.Series:
    """The 9th character of organisation codes, `0` to `9` or `X`; null for null (GB 11714-1997: MOD 11).

    Args:
        body: 8 digits or capitals each, or null.
    """
    total = _weighted(body, _ORGANISATION_ALPHABET, _ORGANISATION_WEIGHTS)
    return _character("0123456789X", (11 - total % 11) % 11)


def of_business_licence(body: pl.Series) -> pl.Series:
    """The 15th digit of business licence numbers; null for null (GS 15-2006: ISO 7064 MOD 11,10).

    Args:
        body: 14 digits each, or null.
    """
    rest = pl.Series([10]).cast(pl.Int32)
    for digit in _values(body, string.digits, 14):
        total = (rest + digit) % 10
        rest = total.replace(0, 10) * 2 % 11
    return _character(string.digits, (11 - rest) % 10)


def _weighted(body: pl.Series, alphabet: str, weights: Sequence[int]) -> pl.Series:
    """The sum of each character's value times the weight of its place; null for null."""
    total = pl.Series([0], dtype=pl.Int32)
    for value, weight in zip(_values(body, alphabet, len(weights)), weights, strict=True):
        total = total + value * weight
    return total


def _values(body: pl.Series, alphabet: str, length: int) -> list[pl.Series]:
    """One column per place: the value of the character there; null for null."""
    values = [0] * 128
    for value, character in enumerate(alphabet):
        values[ord(character)] = value
    of_code = pl.Series(values, dtype=pl.Int32)
    codes = body.cast(pl.Binary).bin.reinterpret(dtype=pl.Array(pl.UInt8, length))
    return [of_code.gather(codes.arr.get(place)) for place in range(length)]


def _character(characters: str, place: pl.Series) -> pl.Series:
    return pl.Series(list(characters)).gather(place)
