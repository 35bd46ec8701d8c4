"""What links must not or must bring together: decisions of people, and extracts without duplicates.

Belongs here: what a constraint is, and which decisions contradict each other. Does not belong here: where decisions are
kept (`state`), or which links constraints refuse (`refusals`).

A decision is about two source records, so that it outlives every id and every deletion: where A is B and B is C, A and
C stay one customer when B is deleted. What a person said stands above what pipeline.yaml says of an extract: two
records of an extract without duplicates are one customer when a decision says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import polars as pl

from crm_pipeline.linkage.clustering.groups import NOTHING, Groups


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person said of two source records.

    Attributes:
        record_key_l: one of the two, `source/extract/source_id`; it need not be current.
        record_key_r: the other.
        is_same: True: they are one customer (must-link). False: they are two (cannot-link).
        decision_id: its name, shown where it stands in the way of a link.
    """

    record_key_l: str
    record_key_r: str
    is_same: bool
    decision_id: str

    @property
    def record_keys(self) -> tuple[str, str]:
        """Both records."""
        return self.record_key_l, self.record_key_r


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A decision that can't hold beside earlier ones.

    Attributes:
        decision: the one that is refused.
        earlier: of a refused must-link the first cannot-link between what it would join; of a refused cannot-link the
            must-link that joined the two, if need be as the last of a chain. None: the two are one record.
    """

    decision: Decision
    earlier: Decision | None


@dataclass(frozen=True, slots=True)
class Constraints:
    """All that restricts which records become one customer.

    Attributes:
        decisions: in order of entry; one that contradicts earlier ones counts for nothing.
        duplicate_free: extracts as `source.extract`, or `source` for each of its extracts. A customer has at most one
            record of such an extract. Two records of different extracts of a source may be one customer: often an
            extract is a part of the record in the system, with a key that is written differently.
    """

    decisions: tuple[Decision, ...] = ()
    duplicate_free: frozenset[str] = frozenset()


def contradictions(decisions: Iterable[Decision]) -> list[Contradiction]:
    """The decisions that contradict earlier ones, in order; a contradicting one counts for nothing afterwards.

    A must-link contradicts when a cannot-link lies between the two records or between any that earlier must-links
    joined to them. A cannot-link contradicts when must-links join its two records, directly or by a chain.
    """
    return [contradiction for _, contradiction in _judged(decisions) if contradiction]


def standing(decisions: Iterable[Decision]) -> list[Decision]:
    """The decisions that contradict no earlier one, in order."""
    return [decision for decision, contradiction in _judged(decisions) if contradiction is None]


def _judged(decisions: Iterable[Decision]) -> Iterator[tuple[Decision, Contradiction | None]]:
    """Each decision, with what it contradicts if it does."""
    entered = list(decisions)
    numbers = {key: number for number, key in enumerate(dict.fromkeys(k for d in entered for k in d.record_keys))}
    groups = Groups(len(numbers))
    for position, decision in enumerate(entered):
        left, right = (numbers[key] for key in decision.record_keys)
        earlier = _contradicted(groups, left, right, is_same=decision.is_same)
        if earlier is not None:
            yield decision, Contradiction(decision, None if earlier == NOTHING else entered[earlier])
            continue
        if decision.is_same:
            groups.unite(groups.find(left), groups.find(right), position)
        else:
            groups.keep_apart(left, right, position)
        yield decision, None


def _contradicted(groups: Groups, left: int, right: int, *, is_same: bool) -> int | None:
    """Position of the decision that stands against this one, `NOTHING` where that is logic alone, or None."""
    left_root, right_root = groups.find(left), groups.find(right)
    if is_same:
        statement = groups.statement_between(left_root, right_root)
        return None if statement == NOTHING else statement
    return groups.united_by(left, right) if left_root == right_root else None


def extracts_of(record_keys: pl.Series, duplicate_free: frozenset[str]) -> pl.Series:
    """Per record `source.extract` where that is free of duplicates, else null."""
    if not duplicate_free:
        return pl.repeat(None, record_keys.len(), dtype=pl.String, eager=True)
    parts = record_keys.to_frame("record_key").select(
        pl.col("record_key").str.extract(r"^([^/]*)/", 1).alias("source"),
        pl.col("record_key").str.extract(r"^[^/]*/([^/]*)/", 1).alias("extract"),
    )
    name = pl.concat_str("source", pl.lit("."), "extract")
    is_free = pl.col("source").is_in(sorted(duplicate_free)) | name.is_in(sorted(duplicate_free))
    return parts.select(pl.when(is_free).then(name).alias("extract"))["extract"]
