"""One text of the report in English and Chinese.

Belongs here: the pair. Does not belong here: any text.
"""

from __future__ import annotations

from typing import NamedTuple


class Words(NamedTuple):
    """One text in both languages."""

    en: str
    zh: str
