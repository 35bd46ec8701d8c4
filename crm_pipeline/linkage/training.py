"""A model trained without labels on the prepared records, and made safe before it is frozen.

Belongs here: prior, u, m, and the bounds within which learnt values are believed. Does not belong here: which
comparisons there are (`model`), and storing (`state.models`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from crm_pipeline.linkage.comparison import Comparison, splink_settings
from crm_pipeline.linkage.records import RECORDS
from crm_pipeline.linkage.splink_session import Session
from crm_pipeline.warehouse import Warehouse

# Fewer records can't teach anything about frequencies: all m and u are the documented defaults.
FEWEST_RECORDS = 200
# Fewer pairs under a rule can't teach anything about m.
FEWEST_PAIRS = 100
MOST_PAIRS = 1_000_000  # for u and for each round on m: seconds on two cores; a u of 1e-5 still rests on ten pairs

# Pairs that agree in two strong things are counted as matches; this share of all matches is thought to do so.
RECALL_OF_STRONG_RULES = 0.7
# Matching pairs per record: one record in a hundred has a double where nothing is found, three pairs at most, and
# never more than one pair in ten.
LARGEST_STRONG_GROUP = 20  # records; beyond, the value is a placeholder
FEWEST_MATCHES_PER_RECORD, MOST_MATCHES_PER_RECORD, LARGEST_PRIOR = 0.01, 3.0, 0.1

# Learnt values are believed within these bounds. No field is free of errors: at least one true pair in a hundred
# differs in it. A field that is equal for fewer than two in ten true pairs was learnt from something else.
SMALLEST_M, SMALLEST_M_DIFFERENT, SMALLEST_M_EQUAL, SMALLEST_U = 0.001, 0.01, 0.2, 1e-8

# What is learnt is frozen with so many significant digits: sums over parallel threads differ only beyond.
_DIGITS = 8

# Rules under which a pair is nearly surely a match: agreement in two kinds of evidence.
STRONG_RULES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("family_name", "given_name", "birth_date"), "family_name, given_name, birth_date"),
    (("person_name", "birth_date"), "person_name, birth_date"),
    (("family_name", "emails"), "family_name, emails[1]"),
    (("given_name", "phones"), "given_name, phones[1]"),
    (("person_name", "emails"), "person_name, emails[1]"),
    (("person_name", "phones"), "person_name, phones[1]"),
    (("person_name", "street"), "person_name, street"),
    (("organisation_name", "phones"), "organisation_name, phones[1]"),
    (("organisation_name", "emails"), "organisation_name, emails[1]"),
    (("organisation_name", "street"), "organisation_name, street"),
)

# Rules for learning m. What a rule uses can't be learnt under it, so each leaves out another kind of evidence.
TRAINING_RULES: tuple[tuple[str, ...], ...] = (
    ("family_name", "given_name"),
    ("birth_date",),
    ("emails[1]",),
    ("phones[1]",),
    ("organisation_name",),
    ("street",),
)


@dataclass(frozen=True, slots=True)
class Trained:
    """A model ready to be frozen.

    Attributes:
        settings: Splink's settings, with m and u of every level set.
        term_frequencies: per column a frame of value and share, in order of value.
        notes: what was learnt and what was not, for the model card.
    """

    settings: dict[str, Any]
    term_frequencies: dict[str, pl.DataFrame]
    notes: dict[str, Any] = field(default_factory=dict)


def train(scratch: Warehouse, chosen: Sequence[Comparison], columns: Sequence[str], *, seed: int) -> Trained:
    """The model for these comparisons, learnt from the prepared records; the same records and seed give the same model.

    Args:
        scratch: where the prepared records are.
        chosen: the comparisons.
        columns: the usable columns.
        seed: for the random pairs from which u is learnt.
    """
    frequencies = term_frequencies(scratch, chosen)
    prior, strong_pairs = _prior(scratch, columns)
    notes: dict[str, Any] = {"strong_pairs": strong_pairs, "learnt_m_under": [], "defaults": []}
    defaults = splink_settings(chosen, prior=prior)
    records = int(scratch.value(f"SELECT count(*) FROM {RECORDS}"))
    learnt = defaults
    if records >= FEWEST_RECORDS:
        session = Session(scratch, defaults, frequencies)
        session.estimate_u(max_pairs=MOST_PAIRS, seed=seed)
        notes["learnt_m_under"] = _learn_m(scratch, session, columns)
        learnt = session.settings()
    settings = _believed(learnt, chosen, notes) | {"probability_two_random_records_match": _rounded(prior)}
    return Trained(settings, frequencies, notes)


def term_frequencies(scratch: Warehouse, chosen: Sequence[Comparison]) -> dict[str, pl.DataFrame]:
    """Per column whose frequencies the comparisons use: value and its share of the filled records, by value."""
    names = sorted({level.frequency_of for comparison in chosen for level in comparison.levels} - {None}, key=str)
    return {
        str(name): scratch.frame(f"""
            SELECT {name} AS value, count(*) / sum(count(*)) OVER () AS share
            FROM {RECORDS} WHERE {name} IS NOT NULL GROUP BY {name} ORDER BY {name}
        """)
        for name in names
    }


def _prior(scratch: Warehouse, columns: Sequence[str]) -> tuple[float, int]:
    """The probability that two random records match, and the number of pairs under the strong rules."""
    records = int(scratch.value(f"SELECT count(*) FROM {RECORDS}"))
    pairs = _strong_pair_count(scratch, [keys for needed, keys in STRONG_RULES if set(needed) <= set(columns)])
    per_record = min(max(pairs / RECALL_OF_STRONG_RULES / records, FEWEST_MATCHES_PER_RECORD), MOST_MATCHES_PER_RECORD)
    return min(2 * per_record / max(records - 1, 1), LARGEST_PRIOR), pairs


def _strong_pair_count(scratch: Warehouse, rules: Sequence[str]) -> int:
    """Number of pairs under any of the rules; groups too large to be one customer do not count."""
    if not rules:
        return 0
    groups = " UNION ALL ".join(
        f"SELECT list(record_key ORDER BY record_key) AS keys FROM {RECORDS} WHERE {_filled(keys)} GROUP BY {keys} "
        f"HAVING count(*) BETWEEN 2 AND {LARGEST_STRONG_GROUP}"
        for keys in rules
    )
    return int(
        scratch.value(f"""
            SELECT count(*) FROM (
                SELECT DISTINCT l.key AS l, r.key AS r
                FROM (SELECT keys, unnest(keys) AS key FROM ({groups})) l, (SELECT unnest(l.keys) AS key) r
                WHERE l.key < r.key
            )
        """)
    )


def _filled(keys: str) -> str:
    return " AND ".join(f"{key} IS NOT NULL" for key in keys.split(", "))


def _pair_count(scratch: Warehouse, keys: str) -> int:
    groups = f"SELECT count(*) AS size FROM {RECORDS} WHERE {_filled(keys)} GROUP BY {keys}"
    return int(scratch.value(f"SELECT coalesce(sum(size * (size - 1) // 2), 0) FROM ({groups})"))


def _learn_m(scratch: Warehouse, session: Session, columns: Sequence[str]) -> list[str]:
    """The rules under which m was learnt."""
    learnt = []
    for keys in TRAINING_RULES:
        if not {key.removesuffix("[1]") for key in keys} <= set(columns):
            continue
        pairs = _pair_count(scratch, ", ".join(keys))
        rule = " AND ".join(f"l.{key} = r.{key}" for key in keys)
        if pairs >= FEWEST_PAIRS and session.estimate_m(rule, max_pairs=MOST_PAIRS if pairs > MOST_PAIRS else None):
            learnt.append(", ".join(keys))
    return learnt


def _believed(learnt: Mapping[str, Any], chosen: Sequence[Comparison], notes: dict[str, Any]) -> dict[str, Any]:
    """Splink's settings where each m and u lies within the bounds and those of a comparison sum to 1."""
    described = {comparison["output_column_name"]: comparison for comparison in learnt["comparisons"]}
    comparisons = []
    for comparison in chosen:
        found = described[comparison.name]
        null, *levels = found["comparison_levels"]
        m = _bounded_m(
            [level.get("m_probability", default.m) for level, default in zip(levels, comparison.levels, strict=True)],
            comparison,
            notes,
        )
        # Splink leaves out what it never observed: an outcome of columns that too few records have.
        u = _normalised(
            [
                max(float(level.get("u_probability", default.u)), SMALLEST_U)
                for level, default in zip(levels, comparison.levels, strict=True)
            ]
        )
        written = [
            level | {"m_probability": _rounded(m[n]), "u_probability": _rounded(u[n])} for n, level in enumerate(levels)
        ]
        comparisons.append(found | {"comparison_levels": [null, *written]})
    return dict(learnt) | {"comparisons": comparisons}


def _bounded_m(found: list[Any], comparison: Comparison, notes: dict[str, Any]) -> list[float]:
    defaults = [level.m for level in comparison.levels]
    if found == defaults or not comparison.trains_m:
        notes["defaults"].append(comparison.name)
        return defaults
    learnt = _normalised([max(float(value), SMALLEST_M) for value in found])
    if learnt[0] < SMALLEST_M_EQUAL and len(learnt) > 2:
        notes["defaults"].append(comparison.name)
        return defaults
    learnt[-1] = max(learnt[-1], SMALLEST_M_DIFFERENT)
    return _normalised(learnt)


def _normalised(values: list[float]) -> list[float]:
    total = sum(values)
    return [value / total for value in values]


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
