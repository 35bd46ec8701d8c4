"""What a comparison is, and how Splink is told of it.

Belongs here: the vocabulary of the model and its translation. Does not belong here: which comparisons there are, that
is `model`.

A pair of records is one of three kinds: of one customer, of two that belong together (a household, a group of
companies), or of two strangers. Splink knows two, one customer and strangers; the third is added to its weight by
`pairs`. With two kinds only, families are learnt as customers, because they agree in far more than chance explains.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any

import polars as pl

# A pair that agrees in fewer than two kinds of evidence (name, birth date, phone, e-mail, address) is never scored
# higher, however rare the value: two people with one rare name exist, and families share a phone.
THIN_EVIDENCE_CEILING = 0.9
KINDS_NEEDED = 2

# Agreement that more than this share of strangers shows is none: the city, where a project has only one.
LARGEST_U_OF_AGREEMENT = 0.1

# No value counts as rarer than this: a frequency below it can't be told from a typo.
SMALLEST_FREQUENCY = 1e-6

ELSE = "ELSE"
# The kind of evidence that names are: strangers who agree in it are namesakes.
NAME = "name"


class Region(Enum):
    """What a level has to do with where people are, or what names they bear there.

    SHOWS: two of one region, and hardly more. IMPLIES: two of one region who have something rarer in common as well.
    """

    SHOWS = auto()
    IMPLIES = auto()


@dataclass(frozen=True, slots=True)
class Level:
    """One outcome of a comparison; the first whose condition is true counts.

    Attributes:
        label: in words.
        condition: SQL with `_l` and `_r` columns; ELSE for the last.
        m: share among pairs of one customer, believed like a few counted pairs beside what the data teach.
        u: share among pairs of strangers, believed likewise.
        related: share among pairs of two customers who belong together; never learnt.
        frequency_of: column whose value's own frequency takes the place of u.
        agrees: True when the outcome is agreement in the sense of `THIN_EVIDENCE_CEILING`.
        resembles: True when the outcome is none, and still a kind of evidence beside another: a name mistyped
            throughout.
        region: where strangers of one name show it oftener than others, because names have regions and a gender.
    """

    label: str
    condition: str
    m: float
    u: float
    related: float
    frequency_of: str | None = None
    agrees: bool = False
    resembles: bool = False
    region: Region | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """How one thing is compared.

    Attributes:
        name: its name in the model.
        evidence: kind of evidence it is; None for a hint that is none.
        reason: why it is compared, and why in this way.
        columns: what it is made of; a level takes part where the project has all columns of its condition.
        is_missing: SQL that is true when the two can't be compared; empty for: none of the columns is there.
        levels: from equal to different; m, u and related of a full set each sum to 1.
        most_different: largest share of pairs of one customer that is believed to differ, whatever the data say.
        needed: columns without which there is no comparison; None for all of them.
    """

    name: str
    evidence: str | None
    reason: str
    columns: tuple[str, ...]
    is_missing: str
    levels: tuple[Level, ...]
    most_different: float = 1.0
    needed: tuple[str, ...] | None = None

    def with_columns(self, present: Sequence[str]) -> Comparison | None:
        """The comparison as a project with these columns can make it; None where it can't.

        Shares of the levels that are left sum to 1 again.
        """
        columns = tuple(name for name in self.columns if name in present)
        if not columns or not set(self.columns if self.needed is None else self.needed) <= set(columns):
            return None
        absent = [f"{name}_{side}" for name in self.columns if name not in columns for side in "lr"]
        kept = [level for level in self.levels if not any(name in level.condition for name in absent)]
        if len(kept) < 2:
            return None
        m, u, related = (sum(getattr(level, share) for level in kept) for share in ("m", "u", "related"))
        levels = tuple(replace(x, m=x.m / m, u=x.u / u, related=x.related / related) for x in kept)
        # Without a column that only says when others are enough, what is needed must be there.
        is_told = self.is_missing and not any(name in self.is_missing for name in absent)
        is_missing = self.is_missing if is_told else missing(*(self.needed or columns))
        return replace(self, columns=columns, is_missing=is_missing, levels=levels)


def missing(*columns: str) -> str:
    """SQL: none of the columns is there on both sides."""
    return " AND ".join(f"({name}_l IS NULL OR {name}_r IS NULL)" for name in columns)


def equal(column: str) -> str:
    """SQL: the same value on both sides."""
    return f"{column}_l = {column}_r"


def similar(column: str, least: float) -> str:
    """SQL: Jaro-Winkler similarity of at least so much; it counts characters, not bytes."""
    return f"jaro_winkler_similarity({column}_l, {column}_r) >= {least}"


def shared(column: str) -> str:
    """SQL: the two lists have a value in common."""
    return f"list_has_any({column}_l, {column}_r)"


def splink_settings(chosen: Sequence[Comparison], *, prior: float) -> dict[str, Any]:
    """Splink's settings for these comparisons, as Splink's own model files have them.

    Args:
        chosen: the comparisons.
        prior: probability that two random records are of one customer, 0 to 1.
    """
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "record_key",
        "probability_two_random_records_match": prior,
        "comparisons": [_splink_comparison(comparison) for comparison in chosen],
        # Pairs are made by `blocking`; Splink scores those it is given.
        "blocking_rules_to_generate_predictions": [],
        "retain_matching_columns": True,  # the only way to have the outcome of each comparison in the result
        "em_convergence": 0.0001,
        "max_iterations": 25,
        "linker_uid": "crm_pipeline",
    }


def _splink_comparison(comparison: Comparison) -> dict[str, Any]:
    null = {"sql_condition": comparison.is_missing, "label_for_charts": "missing", "is_null_level": True}
    levels = [_splink_level(level) for level in comparison.levels]
    return {"output_column_name": comparison.name, "comparison_levels": [null, *levels]}


def _splink_level(level: Level) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "sql_condition": level.condition,
        "label_for_charts": level.label,
        "m_probability": level.m,
        "u_probability": level.u,
    }
    if level.frequency_of is not None:
        settings |= {
            "tf_adjustment_column": level.frequency_of,
            "tf_adjustment_weight": 1.0,
            "tf_minimum_u_value": SMALLEST_FREQUENCY,
        }
    return settings


def agreement_levels(
    chosen: Sequence[Comparison], strangers: Sequence[Iterable[float]] | None = None
) -> list[dict[str, Any]]:
    """Per comparison that is evidence: its name, its kind, and the outcomes that are agreement or resemble it.

    Splink numbers outcomes downwards, the last being 0.

    Args:
        chosen: the comparisons.
        strangers: u of their levels as learnt. What strangers agree in nearly as often as a customer with himself, such
            as the only city of a project, is no agreement; None leaves the shipped u.
    """
    return [
        {
            "comparison": comparison.name,
            "evidence": comparison.evidence,
            "agreeing": agreeing,
            "resembling": _outcomes(comparison, shares, [level.resembles for level in comparison.levels]),
        }
        for comparison, shares in zip(chosen, strangers or _shipped(chosen), strict=True)
        if comparison.evidence
        and (agreeing := _outcomes(comparison, shares, [level.agrees for level in comparison.levels]))
    ]


def _shipped(chosen: Sequence[Comparison]) -> list[list[float]]:
    return [[level.u for level in comparison.levels] for comparison in chosen]


def _outcomes(comparison: Comparison, strangers: Iterable[float], is_wanted: Sequence[bool]) -> list[int]:
    """The outcomes of the wanted levels, but for those that strangers show as well."""
    last = len(comparison.levels) - 1
    found = enumerate(zip(is_wanted, strangers, strict=True))
    return sorted(last - n for n, (wanted, u) in found if wanted and u <= LARGEST_U_OF_AGREEMENT)


def names_agree(agreement: Sequence[Mapping[str, Any]]) -> pl.Expr:
    """Whether the names agree in all that can be compared, over the columns gamma_<comparison>."""
    of_names = [entry for entry in agreement if entry["evidence"] == NAME]
    if not of_names:
        return pl.lit(value=False)
    agrees = [pl.col(f"gamma_{entry['comparison']}").is_in(entry["agreeing"]) for entry in of_names]
    is_missing = [pl.col(f"gamma_{entry['comparison']}") < 0 for entry in of_names]
    either = [agreeing | absent for agreeing, absent in zip(agrees, is_missing, strict=True)]
    return pl.any_horizontal(agrees) & pl.all_horizontal(either)


def agreeing_kinds(agreement: Sequence[Mapping[str, Any]]) -> pl.Expr:
    """How many kinds of evidence agree or resemble it, over the columns gamma_<comparison> of `agreement_levels`."""
    of_kind: dict[str, list[pl.Expr]] = {}
    for entry in agreement:
        agrees = pl.col(f"gamma_{entry['comparison']}").is_in([*entry["agreeing"], *entry["resembling"]])
        of_kind.setdefault(entry["evidence"], []).append(agrees)
    kinds = [pl.any_horizontal(agreeing).cast(pl.Int32) for agreeing in of_kind.values()]
    return pl.sum_horizontal(kinds) if kinds else pl.lit(0)
