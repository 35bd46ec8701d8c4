"""What is said of a cell that could not be read, in English and in Chinese, and which columns may have such cells.

Belongs here: the words, made of what a cell should be and of the reason. Does not belong here: what a cell should be
(`cleaners`), codes of reasons (`reasons`, and the module of each type).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crm_pipeline.standardise.cleaners import NAMESPACED, Cleaner, cleaner_of, own_cleaner
from crm_pipeline.standardise.reasons import PLACEHOLDER
from crm_pipeline.tables import ENTITIES, Column


@dataclass(frozen=True, slots=True)
class Expected:
    """What a cell should be, in English with its article, and in Chinese."""

    text: str
    text_zh: str


def refusable_columns(entity: str, own: Sequence[Column] = ()) -> dict[str, Expected]:
    """The columns of an entity whose cells may be found unreadable, and what a cell should be; text is never refused.

    Args:
        entity: one of `tables.ENTITIES`.
        own: the project's own columns of it.
    """
    cleaners = {column.name: cleaner_of(entity, column) for column in ENTITIES[entity] if column.name not in NAMESPACED}
    cleaners |= {column.name: own_cleaner(column) for column in own}
    return {
        name: Expected(cleaner.expected, cleaner.expected_zh)
        for name, cleaner in cleaners.items()
        if cleaner.reasons.keys() - {PLACEHOLDER}
    }


def reasons_zh() -> dict[str, str]:
    """Each reason that `standardise` may give, to the same in Chinese."""
    cleaners = [cleaner_of(entity, column) for entity, columns in ENTITIES.items() for column in columns]
    told = (reason_texts(cleaner).values() for cleaner in cleaners)
    return {text: zh for pairs in told for text, zh in pairs}


def reason_texts(cleaner: Cleaner) -> dict[str, tuple[str, str]]:
    """Each code of a cleaner, to why a cell was refused in English and in Chinese."""
    return {
        code: (
            f"expected {cleaner.expected}" + (f"; {reason.text}" if reason.text else ""),
            f"应为{cleaner.expected_zh}" + (f"；{reason.text_zh}" if reason.text_zh else ""),
        )
        for code, reason in cleaner.reasons.items()
    }
