"""Claims on foreign tax numbers, against python-stdnum."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest
from stdnum.au import abn, acn
from stdnum.de import vat as de_vat
from stdnum.fr import siren, tva
from stdnum.gb import vat as gb_vat
from stdnum.jp import cn
from stdnum.sg import uen
from stdnum.us import ein

from crm_pipeline.generator.identifiers import mistyped
from crm_pipeline.generator.plan import Draws, Plan
from crm_pipeline.generator.tax_numbers import RULES, tax_numbers
from crm_pipeline.generator.vocabulary import words
from crm_pipeline.standardise.official_ids import tax_ids

PLAN = Plan(1, 1, 5)
COUNT = 1_500
Valid = Callable[[str], bool]
ORACLES: dict[str, tuple[Valid, ...]] = {
    "US": (ein.is_valid,),
    "GB": (gb_vat.is_valid,),
    "DE": (de_vat.is_valid,),
    "FR": (tva.is_valid, lambda number: siren.is_valid(number[4:])),
    "AU": (abn.is_valid, lambda number: acn.is_valid(number[2:])),
    "SG": (uen.is_valid,),
    "JP": (cn.is_valid,),
}


def made(country: str) -> pl.Series:
    """Numbers of one country."""
    return tax_numbers(Draws(PLAN, 9), pl.repeat(country, COUNT, eager=True))


@pytest.mark.parametrize("country", RULES)
def test_numbers_are_right_by_the_rule_of_their_country(country: str) -> None:
    """python-stdnum finds every number valid, and hardly any is there twice."""
    numbers = made(country)
    assert numbers.n_unique() > COUNT * 0.99
    for is_valid in ORACLES[country]:
        assert all(is_valid(number) for number in numbers)


@pytest.mark.parametrize("country", RULES)
def test_the_pipeline_reads_the_numbers(country: str) -> None:
    """`tax_ids` verifies every number, and none that is mistyped but those of the United States."""
    numbers = made(country)
    read = tax_ids.read(numbers, country)
    assert read["is_verified"].all()
    assert (read["country"] == country).all()
    spoilt = tax_ids.read(mistyped(numbers), country)
    assert spoilt["value"].null_count() == (0 if country == "US" else COUNT)


def test_every_country_of_the_vocabulary_has_a_rule() -> None:
    """Foreign companies are of countries whose rule is known."""
    assert set(RULES) == set(words("countries")["country"])


def test_numbers_follow_from_the_draws() -> None:
    """Equal draws give equal numbers, row for row with the countries."""
    country = words("countries")["country"].gather(list(range(7)) * 200)
    numbers = tax_numbers(Draws(PLAN, 9), country)
    assert numbers.equals(tax_numbers(Draws(PLAN, 9), country))
    assert numbers.null_count() == 0
    assert tax_ids.read(numbers, country)["country"].equals(country.alias("country"))
