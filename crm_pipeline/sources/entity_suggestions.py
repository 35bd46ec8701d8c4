"""What a file holds, and what its key is: an entity out of its columns and its name.

Belongs here: weights of columns, and the choice of entity, primary key and load. Does not belong here: which column is
which (`suggestions`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from crm_pipeline.sources.column_names import readings, words_of
from crm_pipeline.sources.suggestion_words import FILE_WORDS
from crm_pipeline.sources.suggestions import Shares, Suggestion, candidates, choose
from crm_pipeline.tables import CONTACTS, ENTITIES

# Columns that many entities have say little of which one it is.
_COMMON = {"status", "owner", "channel", "category", "currency", "subject", "kind", "description"}
_COMMON_WEIGHT = 0.3
_NAMED = 2.5  # a file that is named after an entity counts as so many columns more
_KEY_WORDS = {"id", "number", "code", "key", "sku", "uuid", "guid"}
_CHINESE_KEY_ENDS = ("编号", "编码", "代码", "单号", "号")
_KEY_COLUMNS = {
    "orders": ("order_number",), "products": ("product_code",), "tickets": ("ticket_number",),
    "campaigns": ("campaign_code",), "payments": ("payment_number",), "opportunities": ("opportunity_number",),
}  # fmt: skip
_NO_KEYS = ("email", "phone", "time", "national_id", "gender", "kind", "person", "company")
_DISTINCT = 0.98  # of its values a key may repeat a few: a delivery may have a record twice
_TRANSACTIONS = {"orders", "tickets", "interactions", "payments"}


@dataclass(frozen=True, slots=True)
class EntitySuggestion:
    """What a file seems to hold.

    Attributes:
        entity: one of `tables.ENTITIES`, or contacts.
        columns: one delivered column for each standard one; of lists several.
        primary_key: delivered columns; empty when none is distinct.
        load: full or incremental.
        unmapped: delivered columns that are nothing we know.
    """

    entity: str
    columns: tuple[Suggestion, ...]
    primary_key: tuple[str, ...]
    load: str
    unmapped: tuple[str, ...]

    def delivered(self, standard: str) -> list[str]:
        """The delivered columns of a standard one."""
        return [each.delivered for each in self.columns if each.standard == standard]


def suggest_entity(
    name: str, columns: Mapping[str, Shares], distinct: Callable[[Sequence[str]], float], *, entity: str | None = None
) -> EntitySuggestion:
    """What a file seems to hold.

    Args:
        name: of the file or the sheet.
        columns: delivered column to what it holds.
        distinct: share of different rows among the rows of some columns, 0 to 1.
        entity: where it is known.
    """
    suggested = {}
    for each in [entity] if entity else (*ENTITIES, CONTACTS):
        chosen = choose(candidates(each, columns))
        key = primary_key(each, columns, chosen, distinct)
        suggested[each] = _without_own_key(chosen, key), key
    best = max(suggested, key=lambda each: _weight(each, suggested[each][0]) + _NAMED * is_named(name, each))
    found, key = suggested[best]
    used = {each.delivered for each in found} | set(key)
    load = "incremental" if best in _TRANSACTIONS else "full"
    return EntitySuggestion(best, tuple(found), key, load, tuple(column for column in columns if column not in used))


def is_named(name: str, entity: str) -> bool:
    """Whether a file, sheet or table is called like an entity."""
    words = words_of(name)
    known = set(FILE_WORDS[entity].split()) if entity in FILE_WORDS else set()
    spoken = {*words, *(word.removesuffix("s") for word in words), *(reading for reading, _ in readings(words))}
    return bool(known & spoken)


def _weight(entity: str, chosen: Sequence[Suggestion]) -> float:
    found = sum(each.score * (_COMMON_WEIGHT if each.standard in _COMMON else 1.0) for each in chosen)
    return found - (1.0 if entity == CONTACTS else 0.0)  # what customers have; only its name tells it apart


def _without_own_key(chosen: Sequence[Suggestion], key: Sequence[str]) -> list[Suggestion]:
    """Without references that are the file's own key: what it refers to is somebody else's."""
    own = key[0] if len(key) == 1 else None
    return [each for each in chosen if each.delivered != own or each.standard not in {"customer", "external_ids"}]


def primary_key(
    entity: str,
    columns: Mapping[str, Shares],
    chosen: Sequence[Suggestion],
    distinct: Callable[[Sequence[str]], float],
) -> tuple[str, ...]:
    """The column that tells rows apart, else two of them; none when no two do."""
    ranked = sorted(columns, key=lambda name: -_key_score(entity, name, columns, chosen))
    if ranked and _key_score(entity, ranked[0], columns, chosen) > 1:
        return (ranked[0],)
    of = {each.standard: each.delivered for each in reversed(chosen)}
    leading = [of[name] for name in ("order_number", "customer", "campaign_code") if name in of]
    following = [of[name] for name in ("line_number", "product_code", "occurred_at", "opened_at", "name") if name in of]
    pairs = [(first, second) for first in leading for second in following]
    found = next((pair for pair in pairs if distinct(pair) >= _DISTINCT), None)
    if found:
        return found
    best = next((name for name in ranked if columns[name]["distinct"] * columns[name]["filled"] >= _DISTINCT), None)
    return (best,) if best else ()


def _key_score(entity: str, name: str, columns: Mapping[str, Shares], chosen: Sequence[Suggestion]) -> float:
    """Above 1 for a column that tells rows apart and is called like a key; earlier columns before later ones."""
    shares = columns[name]
    if shares["distinct"] < _DISTINCT or shares["filled"] < _DISTINCT:
        return 0.0
    if any(shares.get(kind, 0) > 0.5 for kind in _NO_KEYS):
        return 0.1
    words = words_of(name)
    whole = "".join(words)
    is_key = bool(words) and (words[-1] in _KEY_WORDS or whole.endswith((*_KEY_WORDS, *_CHINESE_KEY_ENDS)))
    standard = next((each.standard for each in chosen if each.delivered == name), "")
    is_own = standard in _KEY_COLUMNS.get(entity, ()) or (entity == "customers" and whole.startswith("客户"))
    place = list(columns).index(name) / max(len(columns), 1)
    return shares["distinct"] + is_key + is_own - 0.5 * place - (standard == "external_ids") * 0.2
