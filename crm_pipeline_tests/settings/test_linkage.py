"""Claims on `linkage:`: every key is in the JSON Schema and in the docs, and refused in one clear line when wrong."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings import json_schema
from crm_pipeline.settings.linkage import Guards, Linkage
from crm_pipeline_tests.settings.conftest import SOUND, Load

DOCS = Path(__file__).parents[2] / "docs" / "linking.md"
KEYS = [
    *(name for name in Linkage.model_fields if name != "guards"),
    *(f"guards.{name}" for name in Guards.model_fields),
]
# By hand, each key: what is just allowed, what is just not, and what the refusal says of that.
EDGES: dict[str, tuple[list[Any], list[tuple[Any, str]]]] = {
    "match_threshold": ([1, 0.6], [(0, "greater than 0"), (1.0001, "less than or equal to 1")]),
    "review_threshold": ([0.0001, 0.95], [(0, "greater than 0"), (1.0001, "less than or equal to 1"),
                                          (0.96, "at most match_threshold")]),
    "pair_budget": ([1, 10**12], [(0, "greater than or equal to 1"), (-1, "greater than or equal to 1"),
                                  (1.5, "a valid integer")]),
    "largest_cluster": ([2, 10**6], [(1, "greater than or equal to 2"), (2.5, "a valid integer")]),
    "largest_model_change": ([0, 1], [(-0.01, "greater than or equal to 0"), (1.01, "less than or equal to 1")]),
    "guards.match_rate": ([1, 0.001, None], [(0, "greater than 0"), (1.01, "less than or equal to 1")]),
    "guards.edges_per_record": ([1.001, 50, None], [(1, "greater than 1"), (math.inf, "a finite number")]),
    "guards.cluster_growth": ([1.001, 50, None], [(1, "greater than 1"), (math.inf, "a finite number")]),
    "guards.match_weights": ([0.001, 50, None], [(0, "greater than 0"), (math.inf, "a finite number")]),
}  # fmt: skip
NO_NUMBERS = ["high", True, False, [1], {"a": 1}, math.nan]


def written(key: str, value: Any) -> str:
    """A sound configuration with one key of `linkage`, on line 15."""
    outer, _, inner = key.rpartition(".")
    told = {outer: {inner: value}} if outer else {inner: value}
    return f"{SOUND}linkage: {yaml.safe_dump(told, default_flow_style=True, width=math.inf)}"


def is_in_schema(text: str) -> bool:
    """Whether the JSON Schema accepts a configuration; what JSON can't write, it can't accept."""
    try:
        value = json.loads(json.dumps(yaml.safe_load(text), default=str, allow_nan=False))
    except ValueError:
        return False
    return bool(jsonschema.Draft202012Validator(json_schema()).is_valid(value))


def refusal(load: Load, text: str) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        load(text)
    assert "\n" not in str(caught.value)
    assert (caught.value.where, caught.value.exit_code) == ("pipeline.yaml:15", 2)
    return caught.value


def field(key: str) -> dict[str, Any]:
    """What the JSON Schema says of a key, that it may be null apart."""
    kind, name = ("Guards", key.removeprefix("guards.")) if key.startswith("guards.") else ("Linkage", key)
    told: dict[str, Any] = json_schema()["$defs"][kind]["properties"][name]
    return told | told["anyOf"][0] if "anyOf" in told else told


def test_every_key_is_tried() -> None:
    """The cases below have every key of the settings, once each."""
    assert sorted(EDGES) == sorted(KEYS)


@pytest.mark.parametrize("key", KEYS)
def test_edges(load: Load, key: str) -> None:
    """What is just allowed is taken; what is just not is refused with the key, the bound and what was found."""
    allowed, refused = EDGES[key]
    for value in allowed:
        linkage: Any = load(written(key, value)).config.linkage
        assert getattr(linkage.guards if "." in key else linkage, key.rpartition(".")[2]) == value
        assert is_in_schema(written(key, value)), value
    for value, expected in refused:
        error = refusal(load, written(key, value))
        assert expected in error.expected
        if "match_threshold" not in expected:  # between two keys, which a schema can't say
            assert f"linkage.{key}" in error.expected
            assert repr(value) in error.found
            assert not is_in_schema(written(key, value)), value


@pytest.mark.parametrize("key", KEYS)
def test_types(load: Load, key: str) -> None:
    """Words, lists, keys, no number, and yes or no are refused as no number; null too, where it does not mean never."""
    for value in [*NO_NUMBERS, *([] if key.startswith("guards.") else [None])]:
        error = refusal(load, written(key, value))
        assert f"linkage.{key}" in error.expected, str(error)
        assert any(word in error.expected for word in ("number", "integer", "than")), str(error)
        assert not is_in_schema(written(key, value)), value


@pytest.mark.parametrize(
    ("text", "expected", "found", "cure"),
    [
        ("linkage: 3", "keys and their values for linkage", "3", "keys below"),
        ("linkage: {guards: null}", "keys and their values for linkage.guards", "None", "keys below"),
        ("linkage: {guards: {match_rte: 0.1}}", "a known key", "linkage.guards.match_rte", "Did you mean match_rate?"),
        ("linkage: {larges_cluster: 5}", "a known key", "linkage.larges_cluster", "Did you mean largest_cluster?"),
    ],
)
def test_keys(load: Load, text: str, expected: str, found: str, cure: str) -> None:
    """A value in place of keys is refused, and a key that is none, with the nearest one; the editor marks both."""
    error = refusal(load, f"{SOUND}{text}\n")
    assert expected in error.expected
    assert found in error.found
    assert cure in error.cure
    assert not is_in_schema(f"{SOUND}{text}\n")


def allowed_in_words(told: dict[str, Any]) -> str:
    words = ["whole"] if told["type"] == "integer" else []
    bounds = {"exclusiveMinimum": "above", "minimum": "at least", "maximum": "at most"}
    words += [f"{word} {told[bound]:g}" for bound, word in bounds.items() if bound in told]
    return ", ".join([*words, *(["or null"] if "anyOf" in told else [])])


def test_docs_have_every_key() -> None:
    """The table of settings in docs/linking.md has each key in order, with its default and what it may be."""
    rows = [line.split(" | ") for line in DOCS.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    table = [[cell.strip("| `") for cell in row[:3]] for row in rows if len(row) == 4 and row[0].strip("| `") in KEYS]
    assert table == [[key, f"{field(key)['default']:,}", allowed_in_words(field(key))] for key in KEYS]
    assert all(field(key)["description"] for key in KEYS)
