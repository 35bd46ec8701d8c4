"""How right the parts of persons' names are: nameparser's cases, and names tagged for probablepeople.

Belongs here: bringing their fields onto ours and counting. Does not belong here: reading names.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from bench.quality.figures import Figure
from crm_pipeline.standardise.people import person_names

TARGET = 0.95
_FIELDS = {
    "given": "given_name",
    "middle": "middle_name",
    "family": "family_name",
    "title": "title",
    "suffix": "suffix",
    "nickname": "nickname",
    "maiden": "maiden_name",
}
_EAST_ASIAN = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]"
_PEOPLE = {"GivenName", "FirstInitial", "MiddleName", "MiddleInitial", "Surname", "LastInitial"}
_OF_TAG = {
    **dict.fromkeys(("GivenName", "FirstInitial"), "given"),
    **dict.fromkeys(("MiddleName", "MiddleInitial"), "given"),
    **dict.fromkeys(("Surname", "LastInitial"), "family"),
}
_CASES_NOTE = (
    "rows of the default policy; all seven parts compared after NFKC, commas and blanks between credentials alike; an "
    "East Asian honorific counts as title or suffix alike"
)
_TAGGED_NOTE = (
    "all given and middle names together, and the surname, compared without marks and case; left out: one word alone, "
    "whose tag only its giver knows, and cells with two persons or two surnames apart; prefixes and suffixes count as "
    "found where they are in neither"
)


def measure(data: Path) -> list[Figure]:
    """The figures of person names.

    Args:
        data: the folder that holds `value_truth`.
    """
    cases = _lines(data / "value_truth" / "person_names.jsonl")
    tagged = _lines(data / "value_truth" / "person_names_tagged.jsonl")
    plain = [row for row in cases if not row["policy"] and not row["locale"]]
    told = [row for row in cases if row["policy"] or row["locale"]]
    whole = [row for row in tagged if _is_one_person(row) and len(row["tokens"]) > 1]
    single = [row for row in tagged if len(row["tokens"]) == 1]
    return [
        _figure("person names, person_names.jsonl", plain, _is_case_right, TARGET, _CASES_NOTE),
        _figure("person names, person_names.jsonl, other policies", told, _is_case_right, None, "our default policy"),
        _figure("person names, person_names_tagged.jsonl", whole, _is_tagged_right, TARGET, _TAGGED_NOTE),
        _figure(
            "person names of one word, person_names_tagged.jsonl", single, _is_tagged_right, None, "told by no rule"
        ),
    ]


def wrong(data: Path) -> list[tuple[str, Any, dict[str, str]]]:
    """The cases that come out otherwise: text, what was expected, what came out; for work on the standardiser."""
    found = []
    for name, is_right in (("person_names.jsonl", _is_case_right), ("person_names_tagged.jsonl", _is_tagged_right)):
        rows = _lines(data / "value_truth" / name)
        read = _read(rows)
        found += [
            (row["text"], row.get("expect", row.get("tokens")), got)
            for row, got in zip(rows, read, strict=True)
            if not is_right(row, got)
        ]
    return found


def _figure(
    name: str,
    rows: list[dict[str, Any]],
    is_right: Callable[[Mapping[str, Any], Mapping[str, str]], bool],
    target: float | None,
    note: str,
) -> Figure:
    right = sum(is_right(row, got) for row, got in zip(rows, _read(rows), strict=True))
    return Figure(name, right, len(rows), target, note)


def _read(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    """The parts that are not null, by the names of the truth."""
    found = person_names.read(pl.Series([row["text"] for row in rows], dtype=pl.String()))
    parts = found.select(pl.col(own).alias(name) for name, own in _FIELDS.items())
    return [{name: value for name, value in row.items() if value} for row in parts.iter_rows(named=True)]


def _is_case_right(row: Mapping[str, Any], got: Mapping[str, str]) -> bool:
    return _alike(row["expect"]) == _alike(got)


def _alike(parts: Mapping[str, str]) -> dict[str, str]:
    """The parts with East Asian honorifics in one place, whether they are called title or suffix."""
    series = pl.Series(list(parts.values()), dtype=pl.String()).str.normalize("NFKC").str.replace_all(r"[\s,]+", " ")
    plain = dict(zip(parts, series.to_list(), strict=True))
    affixes = " ".join(plain[name] for name in ("title", "suffix") if name in plain)
    if pl.Series([affixes]).str.contains(_EAST_ASIAN).item():
        plain = {name: value for name, value in plain.items() if name not in {"title", "suffix"}}
        plain["affixes"] = affixes
    return plain


def _is_one_person(row: Mapping[str, Any]) -> bool:
    tags = [tag for _, tag in row["tokens"]]
    runs = [tag for at, tag in enumerate(tags) if at == 0 or tags[at - 1] != tag]
    return runs.count("Surname") <= 1 and "And" not in tags


def _is_tagged_right(row: Mapping[str, Any], got: Mapping[str, str]) -> bool:
    wanted: dict[str, list[str]] = {"given": [], "family": []}
    for word, tag in row["tokens"]:
        if tag in _PEOPLE:
            wanted[_OF_TAG[tag]].append(word)
    found = {"given": " ".join(got.get(name, "") for name in ("given", "middle")), "family": got.get("family", "")}
    return all(_folded(" ".join(words)) == _folded(found[name]) for name, words in wanted.items())


def _folded(text: str) -> str:
    return " ".join("".join(c for c in text.lower() if c.isalnum() or c in " -").split())


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
