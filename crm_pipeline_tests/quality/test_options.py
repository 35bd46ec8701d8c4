"""What an option may be."""

from __future__ import annotations

import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.quality.options import bound, python_regex, regex, size, value_set
from crm_pipeline.quality.rules import ValueKind

_PORTABLE = [
    "^[A-Z]{2}$",
    r"^C\d{9,}$",
    "国|n$",
    r"a\$|^$",
    "[$]$",
    r"[\]$]$",
    "[]$]x$",
    "[^]$]$",
    r"(?:CN|US)\.?$",
    r"(?P<year>\d{4})-\D",
    r"\A.{1,3}$",
    r"[\u4e00-\u9fff]+$",
    r"^[^@ ]+@[^@ ]+\.[a-z]{2,}$",
    r"^\+?[0-9()\-]{3,}$",
]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(_PORTABLE), st.text("CNUS国an$]x[.^-1２@ \n+()", max_size=6) | st.text(max_size=5))
def test_python_and_rust_agree_on_portable_patterns(pattern: str, text: str) -> None:
    """A pattern that is accepted matches the same texts in Python and in Rust, line breaks at the end included."""
    assert regex(pattern, ValueKind.TEXT) == pattern
    rust = pl.select(pl.lit(text).str.contains(pattern)).item()
    assert rust is (re.search(python_regex(pattern), text) is not None)


@pytest.mark.parametrize(
    "pattern",
    [
        "(?=a)",
        "(?!a)",
        "(?<=a)b",
        "(?i)cn",
        "(?m)^a$",
        "(?>a)",
        r"\w+",
        r"\bCN",
        r"a\Z",
        r"a\z",
        r"(a)\1",
        r"\p{Han}",
        r"\<CN",
        "[[:alpha:]]",
        "[a&&b]",
        "[a--b]",
        "a{,x}{2}**",
        "[a",
        "",
        5,
        None,
    ],
)
def test_patterns_the_judges_differ_on_are_refused(pattern: object) -> None:
    """A pattern that Python and Rust read differently, or not at all, is refused before any row is judged."""
    with pytest.raises(ValueError, match=r"look-around|judges differ|understand|regular expression"):
        regex(pattern, ValueKind.TEXT)


@pytest.mark.parametrize("raw", [True, "5", None, float("nan"), float("inf"), [1]])
def test_bound_of_numbers_is_a_finite_number(raw: object) -> None:
    """Only a finite number bounds a column of numbers."""
    with pytest.raises(ValueError, match="a number"):
        bound(raw, ValueKind.NUMBER)


@pytest.mark.parametrize("raw", [1900, "yesterday", "1900-13-01", "1900-01-01T00:00:00+08:00", None])
def test_bound_of_times_is_a_time_without_zone(raw: object) -> None:
    """Only a date or a timestamp without a zone bounds a column of dates."""
    with pytest.raises(ValueError, match="a date such as"):
        bound(raw, ValueKind.TIME)


@pytest.mark.parametrize("raw", [-1, 1.5, True, "2"])
def test_size_is_a_whole_number(raw: object) -> None:
    """A length or a row count is a whole number from 0."""
    with pytest.raises(ValueError, match="whole number"):
        size(raw, ValueKind.TEXT)


@pytest.mark.parametrize(
    ("raw", "kind"), [([], ValueKind.TEXT), ("ab", ValueKind.TEXT), ([1], ValueKind.TEXT), (["1"], ValueKind.NUMBER)]
)
def test_set_holds_what_the_column_holds(raw: object, kind: ValueKind) -> None:
    """A set is never empty, and all its values are of the column's kind."""
    with pytest.raises(ValueError, match=r"a list|a number"):
        value_set(raw, kind)
