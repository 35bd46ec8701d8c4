"""What a name sounds like and what it is short for, so that Catherine, Kathryn and Kate meet.

Belongs here: keys of single Latin names, by well-kept libraries (jellyfish, nicknames). Does not belong here: reading
names (`standardise.people`), and the SQL that prepares records (`model`). A name in characters comes in pinyin.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import version

import jellyfish
from nicknames import NickNamer

# Versions of the libraries whose rules shape keys: with others, stored models would not score a pair as they did.
LIBRARIES = {name: version(name) for name in ("jellyfish", "nicknames")}


def sound(name: str) -> str | None:
    """The name by its sound, as Metaphone (Philips 1990) writes it; None where it has no Latin letters."""
    return jellyfish.metaphone(name).replace(" ", "") or None


def forms(given_name: str) -> list[str]:
    """The given name and the names that it may be short for, sorted: bob, robert."""
    first = given_name.split(" ", maxsplit=1)[0]
    return sorted({given_name, first} | _nicknames().canonicals_of(first))


@cache
def _nicknames() -> NickNamer:
    return NickNamer()
