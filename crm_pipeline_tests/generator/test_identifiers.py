"""Claims on check digits, against python-stdnum and the standard's own formula."""

from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl
from stdnum.cn import ric, uscc

from crm_pipeline.generator.identifiers import credit_codes, mistyped, resident_ids
from crm_pipeline.generator.plan import Draws, Plan

DRAWS = Draws(Plan(1, 1, 5), 9)
CODES = credit_codes(pl.Series(["310115", "110105", "440305"] * 200), DRAWS)


def test_credit_codes_have_valid_check_digits() -> None:
    """python-stdnum finds every unified social credit code valid, and none of those mistyped."""
    assert CODES.n_unique() == len(CODES)
    assert all(uscc.is_valid(code) for code in CODES)
    assert not any(uscc.is_valid(code) for code in mistyped(CODES))


def test_resident_ids_have_valid_check_digits() -> None:
    """python-stdnum computes the same check character; its list of places is not asked, since it lacks some."""
    births = pl.Series([f"{1940 + n % 60}-02-{1 + n % 28:02}" for n in range(600)]).str.to_date()
    ids = resident_ids(pl.Series(["330110", "110105", "440305"] * 200), births, np.arange(600))
    assert all(ric.calc_check_digit(number) == number[-1] for number in ids)
    assert not any(ric.calc_check_digit(number) == number[-1] for number in mistyped(ids))
    assert ids.str.slice(6, 8).to_list() == births.dt.to_string("%Y%m%d").to_list()


def test_equal_plans_draw_equally() -> None:
    """A place draws the same whatever was drawn elsewhere, and another seed draws otherwise."""
    plan = Plan(1, 1, 5)
    assert (Draws(plan, 3).uniform(50) == Draws(plan, 3).uniform(50)).all()
    assert (Draws(plan, 3).uniform(50) != Draws(plan, 4).uniform(50)).any()
    assert (Draws(plan, 3).uniform(50) != Draws(dataclasses.replace(plan, seed=6), 3).uniform(50)).any()
