"""How far records kept their customer ids from one run to the next.

Belongs here: the measures and what they mean. Does not belong here: where they are kept (`state.measures`).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from crm_pipeline.linkage.identity.identity_events import Before
from crm_pipeline.linkage.identity.identity_rule import Assignment, resolved


@dataclass(frozen=True, slots=True)
class Stability:
    """Counts over the records that were living at the last entry of the ledger and are living now.

    Attributes:
        known_count: these records.
        kept_count: of them those whose customer_id is what it was.
        resolving_count: of them those whose old customer_id leads to the present one: kept, or merged since.
    """

    known_count: int
    kept_count: int
    resolving_count: int

    @property
    def kept_share(self) -> float:
        """Share of the known records whose customer_id is what it was; 1 where none is known."""
        return self.kept_count / self.known_count if self.known_count else 1.0

    @property
    def resolving_share(self) -> float:
        """Share of the known records that are found under their old customer_id; 1 where none is known."""
        return self.resolving_count / self.known_count if self.known_count else 1.0


def stability(members: pl.DataFrame, before: Before, after: Assignment) -> Stability:
    """The counts.

    Args:
        members: all records ever seen, before the run; schema `state.ledger.MEMBERS_SCHEMA`.
        before: what the rule looked at; all other living records keep their ids.
        after: what it made of them.
    """
    went = resolved(after.ids).rename({"sequence": "former", "stands_for": "leads_to"})
    both = (
        after.records.select("record_key", "sequence")
        .join(before.members.filter("lived").select("record_key", "former"), on="record_key")
        .join(went, on="former", how="left")
    )
    others = int(members["is_living"].sum()) - int(before.members["lived"].sum())
    return Stability(
        known_count=others + both.height,
        kept_count=others + int((both["former"] == both["sequence"]).sum()),
        resolving_count=others + int((both["leads_to"] == both["sequence"]).sum()),
    )
