"""Claims on resident ids: their form, what they tell, and why others are refused."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import ric

from crm_pipeline.generator.identifiers import mistyped
from crm_pipeline.generator.identifiers import resident_ids as generated
from crm_pipeline.standardise.official_ids import resident_ids
from crm_pipeline_tests.standardise.official_ids.identifier_claims import CELLS, check_reader, column, told

FORM = r"[1-9]\d{16}[\dX]"

HARD = [
    ("11010519491231002X", "11010519491231002X"),  # the example of GB 11643
    ("44011320141005001x", "44011320141005001X"),
    ("１１０１０５　１９４９－１２３１－００２Ｘ", "11010519491231002X"),
    ("'11010519491231002X", "11010519491231002X"),
    ("\u200b110105 19491231 002X\n", "11010519491231002X"),
    ("330113199001010011", "330113199001010011"),  # a district of which python-stdnum raises KeyError
    ("110105491231002", "11010519491231002X"),
    ("110105491231998", "110105184912319981"),  # over a hundred years old when the numbers began
    ("110105000229001", "[wrong_birth_date]"),  # 1900 had no 29 February
    ("830000199201300022", "830000199201300022"),  # residence permit of somebody from Taiwan
    ("932682198501010017", "932682198501010017"),  # permanent residence of a foreigner
    ("36042619910102009X", "[wrong_check]"),
    ("11010519490231002X", "[wrong_birth_date]"),
    ("110105299901010018", "[wrong_birth_date]"),
    ("990105194912310021", "[wrong_place]"),
    ("000105194912310021", "[wrong_form]"),
    ("1101051949123100ZX", "[wrong_form]"),
    ("1101051949123100２X１", "[wrong_length]"),
    ("CHN310077092401", "[wrong_form]"),
    ("12345", "[wrong_length]"),
    ("111111111111111111", "[placeholder]"),
    ("111111111111111", "[placeholder]"),
    ("000000000000000000", "[placeholder]"),
    ("123456789012345678", "[placeholder]"),
    ("无", "[placeholder]"),
    ("n / a", "[placeholder]"),
    ("110105********002X", "[masked]"),
    ("1.10105E+17", "[rounded]"),
    ("", None),
    (" \u3000", None),
    (None, None),
]


@pytest.mark.parametrize(("cell", "expected"), HARD, ids=[repr(cell) for cell, _ in HARD])
def test_hard_case(cell: str | None, expected: str | None) -> None:
    """Each cell is read as a clerk with the standard at hand would read it, or refused for the right reason."""
    assert told(resident_ids.read, cell) == expected


@given(CELLS)
@settings(max_examples=25, deadline=None)
def test_reader(cells: list[str | None]) -> None:
    """No text breaks the reader, which keeps its promises on any."""
    check_reader(resident_ids.read, cells, FORM, resident_ids.REASONS)


def test_generated_numbers() -> None:
    """Of the generator's numbers every one is read with its birth date and gender, and none that is mistyped."""
    births = pl.Series([f"{1940 + n % 60}-02-{1 + n % 28:02}" for n in range(600)]).str.to_date()
    numbers = generated(pl.Series(["330110", "110105", "440305"] * 200), births, np.arange(600))
    frame = resident_ids.read(numbers)
    assert frame["value"].to_list() == numbers.to_list()
    assert frame["birth_date"].to_list() == births.to_list()
    assert frame["gender"].to_list() == ["female", "male"] * 300
    assert frame["region_code"].to_list() == ["330110", "110105", "440305"] * 200
    assert frame["is_region_known"].all()
    assert set(resident_ids.read(mistyped(numbers))["reason"]) == {"wrong_check"}


@given(st.lists(st.from_regex(r"\A(110101|440305|310115)(19|20)[0-9]{2}(0[1-9]|1[0-9])[0-9]{5}[0-9X]\Z"), max_size=30))
@settings(max_examples=25, deadline=None)
def test_agrees_with_python_stdnum(numbers: list[str]) -> None:
    """In places that python-stdnum knows at all times, both accept the same numbers."""
    completed = [number[:17] + ric.calc_check_digit(number) if n % 2 else number for n, number in enumerate(numbers)]
    accepted = resident_ids.read(column(*completed))["value"].is_not_null().to_list()
    assert accepted == [is_right(number) for number in completed]


def is_right(number: str) -> bool:
    try:
        ric.get_birth_date(number)
    except ValueError:
        return False
    return ric.calc_check_digit(number) == number[-1]


def test_region_is_a_soft_flag() -> None:
    """A number of an abolished district, of one that never was, and of a foreigner are values; the flag tells them."""
    numbers = ["310103197001010015", "119999197001010014", "932682198501010017"]
    numbers = [number[:17] + ric.calc_check_digit(number) for number in numbers]
    frame = resident_ids.read(column(*numbers))
    assert frame["value"].to_list() == numbers
    assert frame["is_region_known"].to_list() == [True, False, None]


def test_details_are_null_without_a_value() -> None:
    """A refused or empty cell tells no birth date, gender or region."""
    frame = resident_ids.read(column(None, "", "无", "36042619910102009X"))
    assert frame.select("birth_date", "gender", "region_code", "is_region_known").null_count().row(0) == (4, 4, 4, 4)
    assert resident_ids.read(column("110105491231002")).row(0)[2] == date(1949, 12, 31)


def test_clean_is_the_value() -> None:
    """The expression gives the value of the reader."""
    frame = pl.DataFrame({"id": ["44011320141005001x", "1", None]})
    assert frame.select(resident_ids.clean(pl.col("id")))["id"].to_list() == ["44011320141005001X", None, None]
