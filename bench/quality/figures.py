"""What a measurement on labelled values gives: right ones of how many, and the target.

Belongs here: the shape of a figure. Does not belong here: measuring (one module per type of value).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    Attributes:
        name: the type of value and the data, such as `phones, phone_examples.csv`.
        correct: how many values came out as expected; for F1 the share itself, with `total` 1.
        total: how many there were.
        target: share to reach, 0 to 1; None where none is set.
        note: what was left out, and why.
    """

    name: str
    correct: float
    total: float
    target: float | None = None
    note: str = ""

    @property
    def share(self) -> float:
        """Correct ones of all, 0 to 1."""
        return self.correct / self.total if self.total else 0.0
