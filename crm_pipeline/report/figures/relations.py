"""Figures of customers that belong together without being one.

Belongs here: frozen values. Does not belong here: counting them (`relations`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Relation:
    """One kind of relation.

    Attributes:
        kind: such as `household`.
        pairs: of two customers, each once, however many systems tell it and in whichever direction.
        customers: who have such a relation, on either side.
        known_by: what tells it, to pairs; a pair that two things tell counts for both.
    """

    kind: str
    pairs: int
    customers: int
    known_by: Mapping[str, int]
