"""Which delivered column is which standard column: by its name, and by what it holds.

Belongs here: scores, and the choice of one delivered column for each standard one. Does not belong here: names
(`suggestion_words`, `column_names`), telling what a column holds (`standardise.recognition`), keys and entities
(`entity_suggestions`).

A column's content comes as shares by kind, 0 to 1, as `standardise.recognise` gives them.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from crm_pipeline.settings.forms import LIST_COLUMNS, NAMESPACED_COLUMNS
from crm_pipeline.settings.model import mappable_columns
from crm_pipeline.sources.column_names import readings, without_shared_prefix
from crm_pipeline.sources.suggestion_words import CONTACT_WORDS, WORDS
from crm_pipeline.tables import CONTACTS, ENTITIES

Shares = Mapping[str, float]

LEAST_SCORE = 0.5  # below it nothing is suggested
_NEAREST_WORD = 0.86  # difflib's ratio from which a misspelt name counts as the word
_OF_CONTENT = 0.6  # score of a column that only its content tells
_SURE = 0.8  # share of values from which content tells a column

# Kind of content that a standard column must have, besides those whose type says so.
_OF_CUSTOMERS = {
    "phones": "phone", "emails": "email", "national_id": "national_id", "organisation_id": "organisation_id",
    "gender": "gender", "country": "country", "website": "url", "postcode": "postcode",
}  # fmt: skip
_OF_TYPE = {"DATE": "date", "TIMESTAMP": "date", "DECIMAL(18,4)": "number"}
# Content that tells a column of customers whatever its name is.
_TELLING = {
    "emails": "email", "phones": "phone", "national_id": "national_id", "organisation_id": "organisation_id",
    "gender": "gender", "kind": "kind", "country": "country", "province": "province", "website": "url",
    "name": "name", "birth_date": "birth",
}  # fmt: skip
_BIRTH_YEARS = (1935, 2012)  # a middle year between them is that of birth dates; records are kept since later
# Kinds that speak against a column of text.
_OTHER_THAN_TEXT = ("email", "phone", "time", "national_id", "organisation_id")
_MOST_KINDS = 20  # more different values than any list of kinds of customer has
_NOT_TEXT = 0.3  # of its score such a column keeps


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One delivered column for a standard one.

    Attributes:
        standard: standard column, or `contact.name` and the like.
        delivered: delivered column.
        score: 0 to 1.
        reason: what speaks for it, in words.
    """

    standard: str
    delivered: str
    score: float
    reason: str


def candidates(entity: str, columns: Mapping[str, Shares]) -> list[Suggestion]:
    """Every standard column that each delivered one may be, from `LEAST_SCORE` on; the best first.

    Args:
        entity: one of `tables.ENTITIES`, or contacts.
        columns: delivered column to what it holds.
    """
    found = []
    names = list(columns)
    for name, words in zip(names, without_shared_prefix(names), strict=True):
        for standard, known in _words(entity).items():
            score, reason = _score(entity, standard, _by_name(words, known), columns[name])
            if score >= LEAST_SCORE:
                found.append(Suggestion(standard, name, round(score, 3), reason))
    order = {name: place for place, name in enumerate(names)}
    return sorted(found, key=lambda each: (-each.score, order[each.delivered], each.standard))


def choose(found: Sequence[Suggestion]) -> list[Suggestion]:
    """One delivered column for each standard one, several where it is a list; each delivered one once."""
    chosen: list[Suggestion] = []
    for each in found:
        is_several = each.standard.split(".")[-1] in LIST_COLUMNS | NAMESPACED_COLUMNS
        is_free = is_several or all(other.standard != each.standard for other in chosen)
        if is_free and all(other.delivered != each.delivered for other in chosen):
            chosen.append(each)
    return chosen


def free_meanings(columns: Mapping[str, Shares], entity: str, taken: Collection[str]) -> list[Suggestion]:
    """What columns that are not mapped may be, each its best meaning that no other column has; the best first.

    Args:
        columns: delivered column to what it holds.
        entity: of the extract.
        taken: standard columns that are mapped; lists and namespaced ones can have more.
    """
    several = LIST_COLUMNS | NAMESPACED_COLUMNS
    found = candidates(entity, columns)
    return choose([each for each in found if each.standard not in taken or each.standard in several])


@cache
def _words(entity: str) -> dict[str, frozenset[str]]:
    """Standard column to its names; of customers those of contacts besides."""
    table = WORDS.get(entity, {})
    known = set(mappable_columns(_stored(entity))) - (set() if entity == CONTACTS else {"customer"} - table.keys())
    found = {name: frozenset(table.get(name, "").split()) | {name.replace("_", "")} for name in sorted(known)}
    if entity == "customers":
        found |= {f"contact.{name}": frozenset(words.split()) for name, words in CONTACT_WORDS.items()}
    return found


def _stored(entity: str) -> str:
    """The entity whose columns it has: contacts are customers."""
    return "customers" if entity == CONTACTS else entity


def _by_name(words: Sequence[str], known: frozenset[str]) -> tuple[float, str]:
    """How near a delivered name is to a standard column's names, and which of them; 0 when it is near none."""
    for reading, nearness in readings(words):
        if reading in known:
            return nearness, reading
    whole = "".join(words)
    if whole.isascii() and len(whole) > 3:
        close = difflib.get_close_matches(whole, sorted(known), n=1, cutoff=_NEAREST_WORD)
        if close:
            return 0.8, close[0]
    return 0.0, ""


def _score(entity: str, standard: str, by_name: tuple[float, str], shares: Shares) -> tuple[float, str]:
    """The score of a column for a standard one, and why: a name that its content contradicts counts for little."""
    nearness, word = by_name
    kind = _kind_of(entity, standard)
    if not shares["values"]:
        return nearness * 0.9, f"{_named(by_name)}, and empty" if word else ""
    if kind and word:
        share = shares[kind]
        if share < 0.5:
            return nearness * share, f"{_named(by_name)}, yet {share:.0%} of its values fit"
        return nearness * (0.7 + 0.3 * share), f"{_named(by_name)}, and {share:.0%} of its values fit"
    if word:
        against = max((shares[other] for other in _OTHER_THAN_TEXT), default=0.0)
        if standard == "kind" and _stored(entity) == "customers" and shares["values"] > _MOST_KINDS:
            return nearness * _NOT_TEXT, f"{_named(by_name)}, with many values"
        is_text = against < _SURE or _is_key_like(standard)
        return nearness * (1.0 if is_text else _NOT_TEXT), _named(by_name)
    told = _told(entity).get(standard)
    share = _telling_share(told, shares) if told else 0.0
    return (_OF_CONTENT * share, f"{share:.0%} of its values are {told}") if share >= _SURE else (0.0, "")


def _named(by_name: tuple[float, str]) -> str:
    nearness, word = by_name
    return "by its name" if nearness >= 1 else f"named like {word}"


def _is_key_like(standard: str) -> bool:
    return standard.endswith(("_number", "_code", "_id", "_ids")) or standard == "customer"


def _kind_of(entity: str, standard: str) -> str | None:
    name = standard.removeprefix("contact.")
    if _stored(entity) == "customers" and name in _OF_CUSTOMERS:
        return _OF_CUSTOMERS[name]
    kinds = {column.name: column.type for column in ENTITIES[_stored(entity)]}
    return "currency" if name == "currency" else _OF_TYPE.get(kinds.get(name, ""))


def _told(entity: str) -> Mapping[str, str]:
    return _TELLING if _stored(entity) == "customers" else {}


def _telling_share(told: str, shares: Shares) -> float:
    """The share of values that tell a column without its name; names are of people, of organisations, or both."""
    if told == "name":
        return shares["company"] + shares["person"]
    if told == "birth":
        is_birth = _BIRTH_YEARS[0] <= shares.get("year", 0) <= _BIRTH_YEARS[1] and shares["time"] < 0.5
        return shares["date"] if is_birth and shares["id"] < 1 else 0.0
    if told == "country" and shares["values"] < 2:
        return 0.0
    return shares[told]
