"""The rule of identities in plain Python, replayed from the beginning: an oracle without state, frames or files.

Belongs here: the rule as a reader would write it, one record after the other. Does not belong here: anything of the
package under test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Partition = Mapping[str, int]  # living record -> number of its cluster


@dataclass
class Id:
    """One id: whose it is, and what stands for it."""

    founder: str
    status: str = "current"
    into: int | None = None


@dataclass
class Replayed:
    """Ids in order of sequence, and the index of the id each record last belonged to."""

    ids: list[Id]
    belongs: dict[str, int]

    def stands_for(self, index: int) -> int | None:
        """The current id that stands for the id; None when that is retired."""
        into = self.ids[index].into
        target = index if into is None else into
        return target if self.ids[target].status == "current" else None


def replay(partitions: Sequence[Partition]) -> Replayed:
    """What the rule makes of these partitions, one after the other."""
    state = Replayed([], {})
    first_seen: dict[str, int] = {}
    for day, partition in enumerate(partitions):
        for record in partition:
            first_seen.setdefault(record, day)
        _step(state, partition, first_seen)
    return state


def _step(state: Replayed, partition: Partition, first_seen: Mapping[str, int]) -> None:
    def age(record: str) -> tuple[int, str]:
        return first_seen[record], record

    for index, an_id in enumerate(state.ids):
        if an_id.founder not in partition and an_id.status != "merged":
            heirs = [record for record in partition if state.belongs.get(record) == index]
            if heirs:
                an_id.founder = min(heirs, key=age)
    winner: dict[int, int] = {}
    for index, an_id in enumerate(state.ids):
        if an_id.founder in partition:
            winner.setdefault(partition[an_id.founder], index)
    unclaimed = sorted(
        (
            min((r for r in partition if partition[r] == cluster), key=age)
            for cluster in set(partition.values()) - set(winner)
        ),
        key=age,
    )
    for index, an_id in enumerate(state.ids):
        if an_id.founder in partition:
            best = winner[partition[an_id.founder]]
            an_id.status, an_id.into = ("current", None) if best == index else ("merged", best)
        elif an_id.status == "current":
            an_id.status = "retired"
    for an_id in state.ids:  # an alias without founder follows the id that stood for it
        if an_id.into is not None and state.ids[an_id.into].into is not None:
            an_id.into = state.ids[an_id.into].into
    for founder in unclaimed:
        winner[partition[founder]] = len(state.ids)
        state.ids.append(Id(founder))
    state.belongs.update({record: winner[cluster] for record, cluster in partition.items()})
