"""Ways from record to record by links and decisions.

Belongs here: which records joined two others, also by way of records that are deleted. Does not belong here: where
links and decisions are read, and printing.

Of one customer only: a few hundred records at most.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from crm_pipeline.linkage.clustering.clusters import DECISION, MATCHED_BY_ORDER
from crm_pipeline.linkage.clustering.groups import Groups
from crm_pipeline.steps.telling.told_decisions import ToldDecision


@dataclass(frozen=True, slots=True)
class Joint:
    """What says of two records that they are one customer, or, a decision only, that they are two.

    Attributes:
        record_key_l: one of them; on a way the one that is nearer to its beginning.
        record_key_r: the other.
        matched_by: decision, identifier or model.
        rule: of an identifier its name, of the model the blocking rule; else None.
        match_weight: of the model; else None.
        decision: the decision; else None.
    """

    record_key_l: str
    record_key_r: str
    matched_by: str
    rule: str | None = None
    match_weight: float | None = None
    decision: ToldDecision | None = None

    @property
    def ends(self) -> tuple[str, str]:
        """Both records."""
        return self.record_key_l, self.record_key_r

    @property
    def order(self) -> tuple[Any, ...]:
        """Strongest first: decisions, identifiers, then links by weight; of equal ones the smaller keys."""
        weight = self.match_weight if self.match_weight is not None else math.inf
        return MATCHED_BY_ORDER.index(self.matched_by), -weight, *sorted(self.ends)

    def as_dict(self) -> dict[str, Any]:
        """Everything for JSON."""
        told = {name: getattr(self, name) for name in ("record_key_l", "record_key_r", "matched_by", "rule")}
        return told | {
            "match_weight": self.match_weight,
            "decision": self.decision.as_dict() if self.decision else None,
        }

    def towards(self, record_key: str) -> Joint:
        """The same with `record_key` at its end."""
        if self.record_key_r == record_key:
            return self
        return Joint(*self.ends[::-1], self.matched_by, self.rule, self.match_weight, self.decision)


def joints_of(links: pl.DataFrame, decisions: Iterable[ToldDecision]) -> list[Joint]:
    """Links that hold, and decisions, as joints, strongest first.

    Args:
        links: columns of `link.pairs`.
        decisions: to be told as joints.
    """
    columns = ("record_key_l", "record_key_r", "matched_by", "rule", "match_weight")
    linked = [] if links.is_empty() else [Joint(*row) for row in links.select(columns).iter_rows()]
    decided = [Joint(*each.pair, DECISION, decision=each) for each in decisions]
    return sorted([*linked, *decided], key=lambda joint: joint.order)


def way_between(left: str, right: str, joints: Sequence[Joint]) -> tuple[Joint, ...]:
    """The way from one record to the other whose weakest joint is the strongest, of those the shortest; empty: none.

    Args:
        left: where it begins.
        right: where it ends.
        joints: strongest first.
    """
    numbers = {key: number for number, key in enumerate(dict.fromkeys([left, right, *_keys(joints)]))}
    groups = Groups(len(numbers))
    for count, joint in enumerate(joints, start=1):
        groups.unite(*(groups.find(numbers[key]) for key in joint.ends))
        if groups.find(numbers[left]) == groups.find(numbers[right]):
            return _shortest(left, right, joints[:count])
    return ()


def reached_from(record_keys: Iterable[str], decisions: Iterable[ToldDecision]) -> set[str]:
    """The records, and all that decisions say are one customer with one of them."""
    around: dict[str, list[str]] = defaultdict(list)
    for decision in decisions:
        for one, other in (decision.pair, decision.pair[::-1]):
            around[one].append(other)
    reached = set(record_keys)
    waiting = deque(reached)
    while waiting:
        for other in around[waiting.popleft()]:
            if other not in reached:
                reached.add(other)
                waiting.append(other)
    return reached


def decided_ways(living: Iterable[str], decisions: Sequence[ToldDecision]) -> list[tuple[Joint, ...]]:
    """Ways of decisions alone between living records, that together join all whom decisions join; by their ends.

    A decision about two living records is a way. Living records that only deleted ones join are each joined to the
    one with the smallest key.
    """
    alive = set(living)
    joints = joints_of(pl.DataFrame(), decisions)
    found: list[tuple[Joint, ...]] = [(joint,) for joint in joints if alive.issuperset(joint.ends)]
    around_gone = [joint for joint in joints if not alive.issuperset(joint.ends)]
    gone = sorted({key for joint in around_gone for key in joint.ends} - alive)
    seen = set[str]()
    for key in gone:
        if key in seen:
            continue
        near, inside = _around(key, around_gone, alive)
        seen |= inside
        first, *others = sorted(near) or [""]
        found += [_shortest(first, other, _inside(around_gone, inside)) for other in others]
    return sorted(found, key=lambda way: (way[0].record_key_l, way[-1].record_key_r))


def _around(key: str, joints: Sequence[Joint], alive: set[str]) -> tuple[set[str], set[str]]:
    """The living records next to the deleted ones that hang together with `key`, and these."""
    near, inside, waiting = set[str](), {key}, deque([key])
    while waiting:
        here = waiting.popleft()
        for joint in joints:
            if here in joint.ends:
                other = joint.ends[joint.record_key_l == here]
                if other in alive:
                    near.add(other)
                elif other not in inside:
                    inside.add(other)
                    waiting.append(other)
    return near, inside


def _inside(joints: Iterable[Joint], records: set[str]) -> list[Joint]:
    return [joint for joint in joints if not records.isdisjoint(joint.ends)]


def _shortest(left: str, right: str, joints: Iterable[Joint]) -> tuple[Joint, ...]:
    """The way of fewest joints; of equally long ones that of the stronger first joints."""
    around: dict[str, list[Joint]] = defaultdict(list)
    for joint in joints:
        around[joint.record_key_l].append(joint.towards(joint.record_key_r))
        around[joint.record_key_r].append(joint.towards(joint.record_key_l))
    came: dict[str, Joint | None] = {left: None}
    waiting = deque([left])
    while waiting and right not in came:
        for joint in around[waiting.popleft()]:
            if joint.record_key_r not in came:
                came[joint.record_key_r] = joint
                waiting.append(joint.record_key_r)
    way: list[Joint] = []
    here = came.get(right)
    while here:
        way.append(here)
        here = came[here.record_key_l]
    return tuple(reversed(way))


def _keys(joints: Iterable[Joint]) -> Iterable[str]:
    return (key for joint in joints for key in joint.ends)
