"""Tax numbers of foreign companies, right by the rule of their country.

Belongs here: one rule per country of `vocabulary`, on all companies of that country at once. Does not belong here:
Chinese codes (`identifiers`), who has a number, and which are spoilt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl

from crm_pipeline.generator.plan import Draws, Ints

# Internal Revenue Service, "How EINs are assigned": the prefixes that its campuses give out.
_US_PREFIXES = np.concatenate(
    [
        np.arange(first, last + 1)
        for first, last in (
            *((1, 6), (10, 16), (20, 27), (30, 48), (50, 68), (71, 77)),
            *((80, 88), (90, 95), (98, 99)),
        )
    ]
)
_AUSTRALIAN_WEIGHTS = np.arange(3, 20, 2)
_SINGAPORE_CHECKS = pl.Series(list("ZKCMDNERGWH"))
_SINGAPORE_WEIGHTS = np.array([10, 8, 6, 4, 9, 7, 5, 3, 1])
_SINGAPORE_YEARS = (1965, 61)  # the first, and how many


def tax_numbers(draws: Draws, country: pl.Series) -> pl.Series:
    """A number for each company, as its papers write it: 12-3456789 in the United States, DE123456788 in Germany.

    Chance may give two companies of a country the same; there are 6 million or more of each.

    Args:
        draws: chance.
        country: ISO 3166-1 alpha-2, one of `RULES`.
    """
    drawn = draws.whole(len(country), 0, 10**9)
    numbers = pl.repeat(None, len(country), dtype=pl.String, eager=True).alias("tax_id")
    for code, rule in RULES.items():
        rows = (country == code).arg_true()
        numbers = numbers.scatter(rows, rule(drawn[rows.to_numpy()]))
    return numbers


def _american(drawn: Ints) -> pl.Series:
    """Employer identification number: a campus's prefix and seven digits; there is no check digit."""
    prefix = _US_PREFIXES[drawn // 10**7 % len(_US_PREFIXES)]
    return _text(prefix, 2) + "-" + _text(drawn % 10**7, 7)


def _british(drawn: Ints) -> pl.Series:
    """Value added tax: seven digits and two that make the sum divisible by 97 (HMRC), since 2010 with 55 added."""
    body = 10**6 + drawn % (9 * 10**6)
    added = drawn // (9 * 10**6) % 2 * 55
    check = 97 - (_digits(body, 7) @ np.arange(8, 1, -1) + added) % 97
    return "GB" + _text(body, 7) + _text(check, 2)


def _german(drawn: Ints) -> pl.Series:
    """Value added tax: eight digits, the first not 0, and a check digit (ISO 7064 MOD 11,10)."""
    body = 10**7 + drawn % (9 * 10**7)
    product = np.full(len(body), 10)
    for digit in _digits(body, 8).T:
        total = (digit + product) % 10
        product = np.where(total == 0, 10, total) * 2 % 11
    return "DE" + _text(body * 10 + (11 - product) % 10, 9)


def _french(drawn: Ints) -> pl.Series:
    """Value added tax: a key of two digits and the company's SIREN, which ends with Luhn's check digit."""
    body = 3 * 10**7 + drawn % (7 * 10**7)
    doubled = _digits(body, 8) * np.array([1, 2] * 4)
    siren = body * 10 + -np.sum(doubled // 10 + doubled % 10, axis=1) % 10
    return "FR" + _text((12 + 3 * (siren % 97)) % 97, 2) + _text(siren, 9)


def _australian(drawn: Ints) -> pl.Series:
    """Australian business number of a company: two check digits (divisible by 89) and the company number (ASIC)."""
    body = drawn % 10**8
    company = body * 10 + -(_digits(body, 8) @ np.arange(8, 0, -1)) % 10
    check = 11 + (-(_digits(company, 9) @ _AUSTRALIAN_WEIGHTS) - 1) % 89
    return _text(check, 2) + _text(company, 9)


def _singaporean(drawn: Ints) -> pl.Series:
    """Unique entity number of a local company: the year, five digits, a check letter (ACRA)."""
    first, count = _SINGAPORE_YEARS
    body = (first + drawn // 10**5 % count) * 10**5 + drawn % 10**5
    return _text(body, 9) + _SINGAPORE_CHECKS.gather(_digits(body, 9) @ _SINGAPORE_WEIGHTS % 11)


def _japanese(drawn: Ints) -> pl.Series:
    """Corporate number: a check digit and the company's registration: office, 01 for a stock company, six digits.

    The check digit is 9 less the remainder by 9 (National Tax Agency), never 0.
    """
    body = drawn // 10**6 * 10**8 + 10**6 + drawn % 10**6
    check = 9 - _digits(body, 12) @ np.array([2, 1] * 6) % 9
    return _text(check * 10**12 + body, 13)


def _text(numbers: Ints, length: int) -> pl.Series:
    return pl.Series(numbers).cast(pl.String).str.zfill(length)


def _digits(numbers: Ints, length: int) -> Ints:
    """The decimal digits, one row per number and the highest first."""
    digits: Ints = numbers[:, np.newaxis] // 10 ** np.arange(length - 1, -1, -1) % 10
    return digits


RULES: Mapping[str, Callable[[Ints], pl.Series]] = {
    "US": _american,
    "GB": _british,
    "DE": _german,
    "FR": _french,
    "AU": _australian,
    "SG": _singaporean,
    "JP": _japanese,
}
