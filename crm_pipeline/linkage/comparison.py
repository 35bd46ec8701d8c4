"""What a comparison is, and how Splink is told of it.

Belongs here: the vocabulary of the model and its translation. Does not belong here: which comparisons there are, that
is `model`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

# A pair that agrees in fewer than two kinds of evidence (name, birth date, phone, e-mail, address) is never scored
# higher, however rare the value: two people with one rare name exist, and families share a phone.
THIN_EVIDENCE_CEILING = 0.9
KINDS_NEEDED = 2

# No value counts as rarer than this: a frequency below it can't be told from a typo.
SMALLEST_FREQUENCY = 1e-6

ELSE = "ELSE"


@dataclass(frozen=True, slots=True)
class Level:
    """One outcome of a comparison; the first whose condition is true counts.

    Attributes:
        label: in words.
        condition: SQL with `_l` and `_r` columns; ELSE for the last.
        m: share among pairs of one customer, used where it can't be trained.
        u: share among pairs of two customers, used where it can't be trained.
        frequency_of: column whose value's own frequency takes the place of u.
        agrees: True when the outcome is agreement in the sense of `THIN_EVIDENCE_CEILING`.
    """

    label: str
    condition: str
    m: float
    u: float
    frequency_of: str | None = None
    agrees: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """How one thing is compared.

    Attributes:
        name: its name in the model.
        evidence: kind of evidence it is; gender is none.
        columns: a level takes part when the project has all columns in its condition.
        is_missing: SQL that is true when the two can't be compared.
        levels: from equal to different; m and u of a full set each sum to 1.
        trains_m: whether m is learnt from the data.
    """

    name: str
    evidence: str | None
    columns: tuple[str, ...]
    is_missing: str
    levels: tuple[Level, ...]
    trains_m: bool = True


def splink_settings(chosen: Sequence[Comparison], *, prior: float) -> dict[str, Any]:
    """Splink's settings for these comparisons, as Splink's own model files have them; m and u are the defaults.

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
    missing = {"sql_condition": comparison.is_missing, "label_for_charts": "missing", "is_null_level": True}
    levels = [_splink_level(level) for level in comparison.levels]
    return {"output_column_name": comparison.name, "comparison_levels": [missing, *levels]}


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


def agreement_levels(chosen: Sequence[Comparison]) -> list[dict[str, Any]]:
    """Per comparison that is evidence: its name, its kind, and the lowest outcome that is agreement.

    Splink numbers outcomes downwards, the last being 0.
    """
    return [
        {
            "comparison": comparison.name,
            "evidence": comparison.evidence,
            "from": min(len(comparison.levels) - 1 - n for n, level in enumerate(comparison.levels) if level.agrees),
        }
        for comparison in chosen
        if comparison.evidence and any(level.agrees for level in comparison.levels)
    ]
