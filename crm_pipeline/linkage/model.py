"""The model: how two records are compared, and what each outcome says before any data was seen.

Belongs here: comparisons, their levels, defaults and the kind of evidence they are. Does not belong here: training,
and which pairs are compared. Fellegi and Sunter 1969: a level's weight is log2(m / u), m being how often it occurs
among pairs of one customer, u among pairs of two.
"""

from __future__ import annotations

from collections.abc import Sequence

from crm_pipeline.linkage.comparison import ELSE as _ELSE
from crm_pipeline.linkage.comparison import Comparison, Level


def _missing(*columns: str) -> str:
    return " AND ".join(f"({name}_l IS NULL OR {name}_r IS NULL)" for name in columns)


def _similar(column: str, least: float) -> str:
    return f"jaro_winkler_similarity({column}_l, {column}_r) >= {least}"


def _equal(column: str) -> str:
    return f"{column}_l = {column}_r"


def _shared(column: str) -> str:
    return f"array_length(list_intersect({column}_l, {column}_r)) >= 1"


_EXCHANGED = "family_name_l = given_name_r OR given_name_l = family_name_r"
_PARTS = "(family_name_l IS NOT NULL AND family_name_r IS NOT NULL)"


def _comparisons() -> tuple[Comparison, ...]:
    return (
        Comparison(
            "family_name",
            "name",
            ("family_name",),
            _missing("family_name"),
            (
                Level("equal", _equal("family_name"), 0.87, 0.002, "family_name", agrees=True),
                Level("nearly equal", _similar("family_name", 0.92), 0.04, 0.002, agrees=True),
                Level("exchanged with the given name", _EXCHANGED, 0.03, 0.0005, agrees=True),
                Level("similar", _similar("family_name", 0.8), 0.02, 0.0155),
                Level("different", _ELSE, 0.04, 0.98),
            ),
        ),
        Comparison(
            "given_name",
            "name",
            ("given_name",),
            _missing("given_name"),
            (
                Level("equal", _equal("given_name"), 0.82, 0.005, "given_name", agrees=True),
                Level("nearly equal", _similar("given_name", 0.92), 0.04, 0.003, agrees=True),
                Level("exchanged with the family name", _EXCHANGED, 0.03, 0.0005, agrees=True),
                Level(
                    "one begins with the other: an initial, a short form",
                    "starts_with(given_name_l, given_name_r) OR starts_with(given_name_r, given_name_l)",
                    0.03,
                    0.006,
                ),
                Level("similar", _similar("given_name", 0.8), 0.02, 0.0255),
                Level("different", _ELSE, 0.06, 0.96),
            ),
        ),
        Comparison(  # where one side came in one piece; otherwise the parts say it
            "person_name",
            "name",
            ("person_name",),
            f"person_name_l IS NULL OR person_name_r IS NULL OR {_PARTS}",
            (
                Level("equal", _equal("person_name"), 0.85, 0.0001, "person_name", agrees=True),
                Level("nearly equal", _similar("person_name", 0.95), 0.05, 0.0009, agrees=True),
                Level("similar", _similar("person_name", 0.85), 0.04, 0.009),
                Level("different", _ELSE, 0.06, 0.99),
            ),
        ),
        Comparison(  # names of companies in one trade and city are alike: only near equality says something
            "organisation_name",
            "name",
            ("organisation_name",),
            _missing("organisation_name"),
            (
                Level("equal", _equal("organisation_name"), 0.8, 0.0001, "organisation_name", agrees=True),
                Level("nearly equal", _similar("organisation_name", 0.97), 0.1, 0.0009, agrees=True),
                Level("different", _ELSE, 0.1, 0.999),
            ),
        ),
        Comparison(
            "birth_date",
            "birth_date",
            ("birth_date",),
            _missing("birth_date"),
            (
                Level("equal", _equal("birth_date"), 0.93, 0.00005, "birth_date", agrees=True),
                Level(
                    "one digit wrong, or day and month exchanged",
                    "damerau_levenshtein(birth_date_l, birth_date_r) <= 1 OR birth_date_l = concat("
                    "left(birth_date_r, 5), right(birth_date_r, 2), '-', substr(birth_date_r, 6, 2))",
                    0.03,
                    0.002,
                    agrees=True,
                ),
                Level("two digits wrong", "damerau_levenshtein(birth_date_l, birth_date_r) <= 2", 0.01, 0.018),
                Level("different", _ELSE, 0.03, 0.97995),
            ),
        ),
        Comparison(
            "phones",
            "phone",
            ("phones",),
            _missing("phones"),
            (
                Level("one shared", _shared("phones"), 0.7, 0.00001, agrees=True),
                Level("none shared", _ELSE, 0.3, 0.99999),
            ),
        ),
        Comparison(
            "emails",
            "email",
            ("emails",),
            _missing("emails"),
            (
                Level("one shared", _shared("emails"), 0.7, 0.00001, agrees=True),
                Level("nearly equal", "jaro_winkler_similarity(emails_l[1], emails_r[1]) >= 0.92", 0.1, 0.001),
                Level("none shared", _ELSE, 0.2, 0.99899),
            ),
        ),
        Comparison(  # one comparison, because street, postcode and city are not independent
            "address",
            "address",
            ("street", "postcode", "city"),
            "",
            (
                Level("same street and number", _equal("street"), 0.5, 0.0001, "street", agrees=True),
                Level("same postcode", _equal("postcode"), 0.15, 0.0019, "postcode", agrees=True),
                Level("same city", _equal("city"), 0.14, 0.038, "city"),
                Level("nearly the same city", _similar("city", 0.9), 0.01, 0.002),
                Level("different", _ELSE, 0.2, 0.958),
            ),
        ),
        Comparison(  # said by few words and often guessed at the counter: a hint, not evidence
            "gender",
            None,
            ("gender",),
            _missing("gender"),
            (Level("equal", _equal("gender"), 0.97, 0.5), Level("different", _ELSE, 0.03, 0.5)),
            trains_m=False,
        ),
    )


def comparisons(columns: Sequence[str]) -> tuple[Comparison, ...]:
    """The comparisons, built fresh, that a project with these columns can make; the address takes what is there."""
    usable: list[Comparison] = []
    for comparison in _comparisons():
        present = tuple(name for name in comparison.columns if name in columns)
        if comparison.name == "address" and present:
            usable.append(_address(comparison, present))
        elif present == comparison.columns:
            usable.append(comparison)
    return tuple(usable)


def _address(comparison: Comparison, present: tuple[str, ...]) -> Comparison:
    absent = [f"{name}_l" for name in comparison.columns if name not in present]
    levels = tuple(level for level in comparison.levels if not any(name in level.condition for name in absent))
    m, u = sum(level.m for level in levels), sum(level.u for level in levels)
    scaled = tuple(
        Level(level.label, level.condition, level.m / m, level.u / u, level.frequency_of, level.agrees)
        for level in levels
    )
    return Comparison(comparison.name, comparison.evidence, present, _missing(*present), scaled)
