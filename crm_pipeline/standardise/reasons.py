"""Why a cell has no standard value: what every type of value says in the same words.

Belongs here: the shape of a reason, and those that all types share. Does not belong here: the reasons of one type,
which stand in its module.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """What is wrong with a cell, in English and Chinese; it never holds the cell's value."""

    text: str
    text_zh: str


PLACEHOLDER = "placeholder"
SHARED = {PLACEHOLDER: Reason("a placeholder, which says that nothing is known", "占位值，表示没有资料")}
# Of columns whose words are listed: what a cell should be says it all.
UNREADABLE = "unreadable"
WORD_REASONS = {UNREADABLE: Reason("", "")}
