"""Sizes as people write them.

Belongs here: reading them. Does not belong here: limits.
"""

from __future__ import annotations

_UNITS = {"MB": 10**6, "GB": 10**9, "TB": 10**12}


def bytes_of(size: str) -> int:
    """The bytes of a size such as 20GB."""
    return int(size[:-2]) * _UNITS[size[-2:]]
