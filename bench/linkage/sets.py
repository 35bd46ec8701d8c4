"""The labelled sets: which files, which mapping, and what their truth says; records and truth part here for good.

Belongs here: what sets there are, and taking their labels away. Does not belong here: how columns become standard ones
(the mappings, which are ordinary `pipeline.yaml` files), running anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from bench.linkage import readers

_HERE = Path(__file__).parent
_EXAMPLES = _HERE.parent.parent / "examples"
FIXTURES = _HERE.parent.parent / "crm_pipeline_tests" / "data"
GENERATED = "generated"


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """One labelled set.

    Attributes:
        name: what it is called at the command line.
        what: it in a few words.
        mapping: its `pipeline.yaml`.
        files: the files that it is read from, below the folder of the sets.
        read: its records and labels, given these files.
        expectations: suites of its own, a folder; None for the shipped ones alone.
        identifiers: namespace to delivered column, mapped as `external_ids` besides what the mapping says, wherever a
            source delivers the column.
        is_shipped: whether the files come with the project, so that they are read from there.
    """

    name: str
    what: str
    mapping: Path
    files: tuple[str, ...]
    read: Callable[[Sequence[Path]], readers.Delivered]
    expectations: Path | None = None
    identifiers: Mapping[str, str] = field(default_factory=dict)
    is_shipped: bool = False

    def found(self, data: Path) -> list[Path]:
        """Its files, of which some may not exist."""
        return [(_EXAMPLES if self.is_shipped else data) / name for name in self.files]

    def missing(self, data: Path) -> list[Path]:
        """Those of its files that do not exist."""
        return [path for path in self.found(data) if not path.is_file()]

    def delivered(self, data: Path) -> readers.Delivered:
        """Its records without their labels, and the labels."""
        return self.read(self.found(data))


def _mapping(name: str) -> Path:
    return _HERE / "mappings" / f"{name}.yaml"


def _febrl(number: int, what: str) -> LabelledSet:
    files = (f"febrl/dataset{number}.csv",)
    return LabelledSet(f"febrl{number}", what, _mapping("febrl"), files, readers.febrl)


_PSEUDOPEOPLE = tuple(f"pseudopeople_default/{source}.parquet" for source in readers.PSEUDOPEOPLE)
_TRUTH_SET = ("customers", "reference", "watchlist")

SETS: tuple[LabelledSet, ...] = (
    LabelledSet(
        "splink_fake_1000",
        "people, many cells missing",
        _mapping("splink_fake_1000"),
        ("splink_fake_1000/fake_1000.csv",),
        readers.splink_fake_1000,
    ),
    _febrl(1, "people, each once or twice"),
    _febrl(2, "people, up to six records of one"),
    _febrl(3, "people, up to six records of one, more errors"),
    LabelledSet(
        "febrl4",
        "people, two registers",
        _mapping("febrl4"),
        ("febrl/dataset4a.csv", "febrl/dataset4b.csv"),
        readers.febrl4,
    ),
    LabelledSet(
        "senzing",
        "people and organisations, three sources, identifiers",
        _EXAMPLES / "senzing" / "pipeline.yaml",
        (
            *(f"senzing/extracts/2026-01-31/{source}.csv" for source in _TRUTH_SET),
            "senzing/actual_truthset_key.csv",
        ),
        readers.senzing,
        expectations=_EXAMPLES / "senzing" / "expectations",
        is_shipped=True,
    ),
    LabelledSet(
        "pseudopeople",
        "people, seven registers, without the social security number",
        _mapping("pseudopeople"),
        _PSEUDOPEOPLE,
        readers.pseudopeople,
    ),
    LabelledSet(
        "pseudopeople_ssn",
        "the same with it, noisy and at times somebody else's",
        _mapping("pseudopeople"),
        _PSEUDOPEOPLE,
        readers.pseudopeople,
        identifiers={"social_security": "ssn"},
    ),
    LabelledSet(
        "orgs_hard",
        "companies written in misleading ways",
        _mapping("orgs_hard"),
        ("goldenmatch_sets/corpora/orgs_hard/records.csv", "goldenmatch_sets/corpora/orgs_hard/truth.csv"),
        readers.orgs_hard,
    ),
    LabelledSet(
        "magellan_restaurants",
        "restaurants of two guides",
        _mapping("magellan_restaurants"),
        tuple(f"magellan_restaurants/{name}.csv" for name in ("fodors", "zagats", "matches_fodors_zagats")),
        readers.magellan_restaurants,
    ),
)
BY_NAME = {each.name: each for each in SETS}
NAMES = (*BY_NAME, GENERATED)


def truth_of_generated(folder: Path) -> pl.DataFrame:
    """record_key and label of a generated project's records, those of all entities of customers."""
    rows = pl.read_csv(folder / "truth.csv", infer_schema=False)
    key = pl.concat_str("source", "extract", "source_id", separator="/").alias("record_key")
    return rows.select(key, "label")
