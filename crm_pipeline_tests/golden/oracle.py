"""Survivorship once more, in plain Python over dicts, as slow and as plain as can be."""

# ruff: noqa: DTZ001 - the contract has times in UTC without a zone

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

Record = Mapping[str, Any]

LISTS = {"phone": "phones", "email": "emails"}


@dataclass(frozen=True)
class World:
    """What the rules may look at beside the customer's records.

    Attributes:
        standard: the standard columns, of which most_complete counts the filled ones.
        warned: record key and column that validation flagged.
        bounced: record key and kind to when its first phone or e-mail was found wrong.
        formula: what an expression computes from a candidate, in Python; None loses.
    """

    trust: Mapping[str, float]
    standard: Sequence[str]
    half_lives: Mapping[str, float] = field(default_factory=dict)
    today: date = date(2026, 1, 1)
    warned: frozenset[tuple[str, str]] = frozenset()
    bounced: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    formula: Any = None


@dataclass(frozen=True)
class Said:
    """An override: its number, the record it names, its values by column, whether it waits for a review."""

    number: int
    record: Record
    values: Mapping[str, str | None]
    is_due: bool


def seen_at(record: Record) -> datetime:
    return record["updated_at"] or record["created_at"] or datetime.combine(record["valid_from"], time())


def text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def trust_of(record: Record, world: World) -> float:
    level = world.trust.get(record["source"], 0)
    if record["source"] not in world.half_lives:
        return level
    age = max(0, (world.today - seen_at(record).date()).days)
    return round(level * 0.5 ** (age / world.half_lives[record["source"]]), 6)


def candidates(records: Sequence[Record], columns: Sequence[str]) -> list[dict[str, Any]]:
    """One candidate per record that has any of the columns; of phone and email one per different value of its list."""
    found = []
    for record in records:
        if columns[0] in LISTS:
            cell = record[LISTS[columns[0]]] or []
            for value in dict.fromkeys(value for value in cell if value is not None):
                found.append({"record": record, "values": (value,), "position": cell.index(value) + 1})
        elif any(record[column] is not None for column in columns):
            values = tuple(text(record[column]) for column in columns)
            found.append({"record": record, "values": values, "position": 1})
    return found


def is_unverified(candidate: Mapping[str, Any], columns: Sequence[str], pool: Any, world: World) -> bool:
    names = {*columns, *(LISTS[column] for column in columns if column in LISTS)}
    if any((candidate["record"]["record_key"], name) in world.warned for name in names):
        return True
    same = [other for other in pool if other["values"] == candidate["values"]]
    tried = [
        world.bounced[other["record"]["record_key"], columns[0]]
        for other in same
        if other["position"] == 1 and (other["record"]["record_key"], columns[0]) in world.bounced
    ]
    return bool(tried) and max(tried) > max(seen_at(other["record"]) for other in same)


def key(  # noqa: PLR0911, PLR0912 - one line for each rule
    candidate: Mapping[str, Any], rule: str, columns: Sequence[str], pool: Any, world: World
) -> Any:
    record, values = candidate["record"], candidate["values"]
    moment = (seen_at(record) - datetime(1970, 1, 1)).total_seconds()
    match rule:
        case "most_recent":
            return -moment
        case "oldest":
            return moment
        case "trust":
            return -trust_of(record, world)
        case "longest":
            return -sum(len(value) for value in values if value is not None)
        case "most_frequent":
            return -sum(other["values"] == values for other in pool)
        case "most_complete":
            return -sum(record[column] not in (None, []) for column in world.standard)
        case "verified":
            return is_unverified(candidate, columns, pool, world)
        case "expression":
            result = world.formula(" ".join(value for value in values if value is not None), record)
            return float("inf") if result is None else -result
        case "present":
            return values[0] is None
        case "position":
            return candidate["position"]
        case "value":
            return values[0]
        case "record_key":
            return record["record_key"]
        case "union":
            return 0
    raise AssertionError(rule)


def ranking(records: Sequence[Record], columns: Sequence[str], rules: Sequence[str], world: World) -> list[Any]:
    pool = candidates(records, columns)
    return sorted(pool, key=lambda candidate: [key(candidate, rule, columns, pool, world) for rule in rules])


def overriding(said: Sequence[Said], columns: Sequence[str]) -> list[tuple[str, Said]]:
    """The overrides of a unit with their standing: the newest in force, others and those due behind."""
    own = sorted((each for each in said if set(each.values) & set(columns)), key=lambda each: -each.number)
    holding = [each for each in own if not each.is_due]
    due = [("review_due", each) for each in own if each.is_due]
    return [("override" if place == 0 else "newer_override", each) for place, each in enumerate(holding)] + due


@dataclass(frozen=True)
class Choice:
    """The outcome for one unit: golden values by column, and the expected row of customer_values by column."""

    golden: dict[str, str | None]
    told: dict[str, tuple[Any, ...]]


def record_of(record: Record) -> tuple[str, str, str]:
    return record["source"], record["extract"], record["source_id"]


def choose(
    records: Sequence[Record], columns: Sequence[str], rules: Sequence[str], world: World, said: Sequence[Said] = ()
) -> Choice:
    """Rules are those of the unit with its tie-breaks; a row told is (value, record, rule, alternatives)."""
    pool = candidates(records, columns)
    ranked = ranking(records, columns, rules, world)
    own = overriding(said, columns)
    line = [(each["values"], each["record"], each, "") for each in ranked]
    behind = []
    for standing, each in own:
        entry = (tuple(each.values.get(column) for column in columns), each.record, None, standing)
        if standing == "override":
            line.insert(0, entry)
        else:
            behind.append(entry)
    if not line:
        return Choice(dict.fromkeys(columns), {})
    winner = line[0]
    golden = dict(zip(columns, winner[0], strict=True))
    told = {}
    for place, column in enumerate(columns):
        lost = []
        for values, record, candidate, standing in [*line[1:], *behind]:
            if values[place] in (None, winner[0][place]):
                continue
            if standing:
                by = standing
            elif winner[3]:
                by = "override"
            else:
                by = next(
                    rule
                    for rule in rules
                    if key(candidate, rule, columns, pool, world) != key(winner[2], rule, columns, pool, world)
                )
            lost.append((values[place], *record_of(record), by))
        if lost or winner[3]:
            rule = "override" if winner[3] else lost[0][4]
            told[column] = (winner[0][place], record_of(winner[1]), rule, lost)
    if "union" in rules and not winner[3]:
        return joined(columns[0], line, [entry for entry in behind if entry[0] != winner[0]], told)
    return Choice(golden, told)


def joined(column: str, line: Sequence[Any], behind: Sequence[Any], told: dict[str, tuple[Any, ...]]) -> Choice:
    different = sorted({values[0] for values, *_ in line})
    value = "; ".join(different)
    if column not in told:
        return Choice({column: value}, {})
    parts = [(values[0], *record_of(record), None) for values, record, *_ in line] if len(different) > 1 else []
    parts += [(values[0], *record_of(record), standing) for values, record, _, standing in behind]
    return Choice({column: value}, {column: (value, record_of(line[0][1]), "union", parts)})
