"""What stands above the stored pair of two records: a decision about them, or the others that join or divide them.

Belongs here: which of it counts, and the way from one record to the other. Does not belong here: the pair itself
(`explaining_pairs`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from crm_pipeline.settings import Project
from crm_pipeline.steps.telling.explaining import holding
from crm_pipeline.steps.telling.told_decisions import Applied, ToldDecision
from crm_pipeline.steps.telling.ways import Joint, joints_of, reached_from, way_between


class Above(StrEnum):
    """What stands above a stored pair."""

    SAME = "decided_same"
    DIFFERENT = "decided_different"
    JOINED = "joined_by_others"
    APART = "kept_apart_by_others"


@dataclass(frozen=True, slots=True)
class AboveLinks:
    """What stands above the stored pair of two records.

    Attributes:
        kind: what it is; None where the stored pair alone counts.
        decisions: those about the very pair; where its link does not hold by another decision, that one. In order.
        way: where others join the two, from the first to the second; where others keep them apart, the same by way
            of the one decision that says two. Else empty.
    """

    kind: Above | None
    decisions: tuple[ToldDecision, ...] = ()
    way: tuple[Joint, ...] = ()


def above_links(
    project: Project,
    ends: tuple[str, str],
    records: tuple[Sequence[str], Sequence[str]],
    decisions: Sequence[ToldDecision],
    *,
    blocked_by: str | None,
    is_linked: bool,
) -> AboveLinks:
    """What stands above the stored pair of `ends`.

    Args:
        project: the project.
        ends: both records, the smaller key first.
        records: all living records of the customer of either; the same ones where it is one customer.
        decisions: all.
        blocked_by: the decision that refuses the link of the two; None where there is none.
        is_linked: whether a link of the two holds.
    """
    direct = tuple(each for each in decisions if each.pair == ends)
    held = [each for each in decisions if each.is_held]
    of_blocker = tuple(each for each in held if each.decision_id == blocked_by)
    standing = [each for each in direct if each.applied is not Applied.TAKEN_BACK] or direct
    if standing:
        return AboveLinks(Above.SAME if standing[-1].is_same else Above.DIFFERENT, direct)
    if records[0] == records[1]:
        way = () if is_linked else way_between(*ends, _joints(project, records[0], held))
        return AboveLinks(None if is_linked else Above.JOINED, of_blocker, way)
    if of_blocker:
        return AboveLinks(None, of_blocker)
    way = _apart(project, ends, records, held)
    return AboveLinks(Above.APART if way else None, (), way)


def _apart(
    project: Project, ends: tuple[str, str], records: tuple[Sequence[str], Sequence[str]], held: Sequence[ToldDecision]
) -> tuple[Joint, ...]:
    """The way between two customers over the first decision that keeps them apart; empty: there is none."""
    same = [each for each in held if each.is_same]
    reached = [reached_from(each, same) for each in records]
    for decision in (each for each in held if not each.is_same):
        for near, far in (decision.pair, decision.pair[::-1]):
            if near in reached[0] and far in reached[1]:
                before = way_between(ends[0], near, _joints(project, records[0], same))
                after = way_between(far, ends[1], _joints(project, records[1], same))
                [over] = joints_of(pl.DataFrame(), [decision])
                return *before, over.towards(far), *after
    return ()


def _joints(project: Project, record_keys: Sequence[str], held: Sequence[ToldDecision]) -> list[Joint]:
    """What joins the records of one customer, and those that are deleted."""
    same = [each for each in held if each.is_same]
    reached = reached_from(record_keys, same)
    return joints_of(holding(project, record_keys), [each for each in same if each.record_key_l in reached])
