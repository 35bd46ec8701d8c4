"""How right addresses come apart: Chinese ones by jionlp's tests, others by those of usaddress and libpostal.

Belongs here: comparing components one by one. Does not belong here: speed (`bench.standardise`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl

from bench.quality.figures import Figure
from crm_pipeline.standardise.places import addresses, regions

_CHINESE_TARGET = 0.95
# Labels of usaddress that make up the street.
_STREET = ("PreDirectional", "PreModifier", "PreType", "", "PostType", "PostDirectional", "PostModifier")
_US_LABELS = {f"StreetName{part}": "street" for part in _STREET} | {
    "AddressNumber": "street_number",
    "PlaceName": "city",
    "StateName": "province",
    "ZipCode": "postcode",
}
_WORLD_LABELS = {
    "house_number": "street_number",
    "road": "street",
    "city": "city",
    "state": "province",
    "postcode": "postcode",
    "country": "country",
}
_COMPONENTS = ("street_number", "street", "city", "province", "postcode", "country")


def measure(data: Path) -> list[Figure]:
    """The figures, Chinese ones first; `data` holds the three files."""
    return [
        _chinese(_rows(data / "value_truth" / "addresses_cn.jsonl")),
        *_american(_rows(data / "value_truth" / "addresses_us.jsonl")),
        *_world(_rows(data / "value_truth" / "addresses_world.jsonl")),
    ]


def _rows(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line]


def _chinese(rows: Sequence[dict[str, object]]) -> Figure:
    """Province, city, district and the whole tidy line; an expected null counts as a component."""
    expected = pl.DataFrame([row["expect"] for row in rows], infer_schema_length=None)
    found = addresses.read(pl.Series([row["text"] for row in rows], dtype=pl.String), "CN")
    pairs = (("province", "province"), ("city", "city"), ("county", "district"), ("full_location", "value"))
    right = sum((expected[truth].eq_missing(found[ours])).sum() for truth, ours in pairs)
    return Figure("addresses, Chinese, addresses_cn.jsonl", right, len(rows) * len(pairs), _CHINESE_TARGET)


def _american(rows: Sequence[dict[str, object]]) -> Iterable[Figure]:
    truth = []
    for row in rows:
        parts: dict[str, list[str]] = {}
        for token, label in row["tokens"]:  # type: ignore[attr-defined]  # a list in the file
            if label in _US_LABELS:
                parts.setdefault(_US_LABELS[label], []).append(token)
        truth.append({name: " ".join(tokens) for name, tokens in parts.items()})
    found = addresses.read(pl.Series([row["text"] for row in rows], dtype=pl.String), "US")
    return _compared("addresses, US, addresses_us.jsonl", truth, found, "US")


def _world(rows: Sequence[dict[str, object]]) -> Iterable[Figure]:
    """The country is that of the test, as a column would tell it."""
    truth = [{_WORLD_LABELS[k]: v for k, v in row["components"] if k in _WORLD_LABELS} for row in rows]  # type: ignore[attr-defined]  # a list in the file
    country = pl.Series([str(row["test"])[5:7].upper() for row in rows])
    found = addresses.read(pl.Series([row["text"] for row in rows], dtype=pl.String), country)
    return _compared("addresses, world, addresses_world.jsonl", truth, found, "US")


def _compared(name: str, truth: Sequence[dict[str, str]], found: pl.DataFrame, country: str) -> Iterable[Figure]:
    """One figure per component that the truth has."""
    for component in _COMPONENTS:
        pairs = [(row[component], ours) for row, ours in zip(truth, found[component], strict=True) if component in row]
        if pairs:
            right = sum(_same(component, expected, ours, country) for expected, ours in pairs)
            yield Figure(f"{name}, {component}", right, len(pairs))


def _same(component: str, expected: str, found: str | None, country: str) -> bool:
    if found is None:
        return False
    if component == "province":
        return regions.regions(country).get(expected.lower().strip(" .,"), expected) == found
    if component == "country":
        return regions.countries().get(expected.lower(), expected.upper()) == found
    return re.sub(r"\W", "", expected.lower()) == re.sub(r"\W", "", found.lower())
