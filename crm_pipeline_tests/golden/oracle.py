"""Survivorship once more, in plain Python over dicts, as slow and as plain as can be."""

# ruff: noqa: DTZ001 - the contract has times in UTC without a zone

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any

Record = Mapping[str, Any]


def seen_at(record: Record) -> datetime:
    return record["updated_at"] or record["created_at"] or datetime.combine(record["valid_from"], time())


def text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return str(value)


def candidates(records: Sequence[Record], column: str) -> list[dict[str, Any]]:
    """One candidate per record and different value; for lists with the first position, from 1."""
    found = []
    for record in records:
        cell = record[column]
        values = [] if cell is None else cell if isinstance(cell, list) else [cell]
        for value in dict.fromkeys(value for value in values if value is not None):
            found.append({"record": record, "value": text(value), "position": values.index(value) + 1})
    return found


def key(candidate: Mapping[str, Any], rule: str, pool: Sequence[Mapping[str, Any]], trust: Mapping[str, int]) -> Any:
    record, value = candidate["record"], candidate["value"]
    moment = (seen_at(record) - datetime(1970, 1, 1)).total_seconds()
    return {
        "most_recent": -moment,
        "oldest": moment,
        "trust": -trust.get(record["source"], 0),
        "longest": -len(value),
        "most_frequent": -sum(other["value"] == value for other in pool),
        "position": candidate["position"],
        "value": value,
        "record_key": record["record_key"],
    }[rule]


def ranking(records: Sequence[Record], column: str, rules: Sequence[str], trust: Mapping[str, int]) -> list[Any]:
    pool = candidates(records, column)
    return sorted(pool, key=lambda candidate: [key(candidate, rule, pool, trust) for rule in rules])


def choice(records: Sequence[Record], column: str, rules: Sequence[str], trust: Mapping[str, int]) -> Any:
    """(value, source_id, rule, alternatives) where there was a choice, else None."""
    ranked = ranking(records, column, rules, trust)
    losers = [candidate for candidate in ranked if candidate["value"] != ranked[0]["value"]]
    if not losers:
        return None
    decided = next(rule for rule in rules if key(ranked[0], rule, ranked, trust) != key(losers[0], rule, ranked, trust))
    fields = ("source", "extract", "source_id")
    alternatives = sorted((c["value"], *(c["record"][field] for field in fields)) for c in losers)
    return (ranked[0]["value"], ranked[0]["record"]["record_key"], decided, alternatives)
