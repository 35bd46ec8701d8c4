"""Increments: what is scored night by night is what one run over everything says with the same model."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_pipeline.linkage import Constraints, PairSummary, cluster_records, pair_records
from crm_pipeline.linkage.candidates.identifiers import LARGEST_FULL_GROUP
from crm_pipeline.linkage.model.population import LARGEST_CONTACT_BLOCK
from crm_pipeline.state.models import ModelStore
from crm_pipeline.tables import PAIRS
from crm_pipeline.warehouse import Warehouse, open_reader

from .conftest import fill_customers

GIVEN = ("Anna", "Robert", "Carla", "Daniel", "Wei", "Elena", "Farid", "Greta", "Hannes", "Ines", "Jonas")
FAMILY = ("Smith", "Jones", "Zhang", "Wang", "Miller", "Okafor", "Petrov", "Quist", "Rossi", "Silva", "Tanaka", "Urban")
ORGANISATIONS = (
    "上海星河科技有限公司",
    "上海星河科技",
    "Acme Maschinenbau GmbH",
    "北京远山贸易有限公司",
    "北京远山商贸有限公司",
)
REAL_PEOPLE = 60
Row = dict[str, Any]


@dataclass
class Nights:
    """A project whose records change, beside its index; the oracle is the same call without the index."""

    warehouse: Warehouse
    folder: Path
    records: dict[str, Row]
    index: Path = field(init=False)
    models: ModelStore = field(init=False)

    def __post_init__(self) -> None:
        self.index = self.folder / "matching.duckdb"
        self.models = ModelStore(self.folder / "models")

    def night(self, **options: Any) -> PairSummary:
        """One increment."""
        fill_customers(self.warehouse, list(self.records.values()))
        return pair_records(self.warehouse, self.models, index_file=self.index, **options)

    def content(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Pairs and clusters as they are."""
        cluster_records(self.warehouse, constraints=Constraints())
        clusters = self.warehouse.frame("FROM link.clusters ORDER BY record_key")
        return self.warehouse.frame("FROM link.pairs"), clusters

    def equals_full_run(self, **options: Any) -> bool:
        """Whether the increments gave what one run over everything gives with the model they used last."""
        pairs, clusters = self.content()
        summary = pair_records(self.warehouse, self.models, **options)
        assert summary.new_model_reason is None
        self.warehouse.execute("DROP TABLE link.clusters")
        all_pairs, all_clusters = self.content()
        return pairs.equals(all_pairs) and clusters.equals(all_clusters)


def person(key: int, random: Random) -> Row:
    """A record of one of `REAL_PEOPLE`, with gaps and typing errors."""
    real = random.randrange(REAL_PEOPLE)
    given, family = GIVEN[real % len(GIVEN)], FAMILY[real % len(FAMILY)]
    if random.random() < 0.1:
        family = family.replace("i", "y")
    return {
        "record_key": f"crm/people/{key:04}",
        "kind": "person",
        "given_name": given,
        "family_name": family,
        "birth_date": date(1950 + real, 1 + real % 12, 1 + real % 28) if random.random() < 0.8 else None,
        "city": ("Köln", "Bonn", "Ulm")[real % 3] if random.random() < 0.8 else None,
        "phones": [f"+4922155500{real:02}"] if random.random() < 0.5 else None,
        "emails": [f"mail{real}@example.com"] if random.random() < 0.5 else None,
        "tax_id": f"T{real}" if random.random() < 0.4 else None,
    }


def organisation(key: int, random: Random) -> Row:
    return {
        "record_key": f"erp/firms/{key:04}",
        "kind": "organisation",
        "name": random.choice(ORGANISATIONS),
        "city": random.choice(("上海市", "北京市", None)),
        "phones": [f"+8621555500{random.randrange(20):02}"] if random.random() < 0.5 else None,
    }


def records(seed: int, people: int = 90, organisations: int = 30) -> dict[str, Row]:
    random = Random(seed)
    made = [person(n, random) for n in range(people)] + [organisation(n, random) for n in range(organisations)]
    return {row["record_key"]: row for row in made}


@pytest.fixture
def nights(warehouse: Warehouse, tmp_path: Path) -> Iterator[Nights]:
    """A project after its first night."""
    project = Nights(warehouse, tmp_path, records(1))
    summary = project.night()
    assert min(summary.model_link_count, summary.review_count, summary.identifier_count) > 0  # lest claims be empty
    yield project


def change(project: Nights, kind: str, random: Random) -> None:
    """One thing that deliveries of a night may do to records."""
    keys = sorted(project.records)
    key = random.choice(keys)
    make = person if key.startswith("crm") else organisation
    number = int(key[-4:])
    match kind:
        case "new":
            fresh = 1000 + random.randrange(1000)
            made = random.choice((person, organisation))(fresh, random)
            project.records[made["record_key"]] = made
        case "changed":
            project.records[key] = make(number, random)
        case "deleted":
            del project.records[key]
        case "landed again":
            project.records[key] = dict(project.records[key])
        case "copied":
            fresh = 2000 + random.randrange(1000)
            row = {**project.records[key], "record_key": f"{key[:-4]}{fresh:04}"}
            project.records[row["record_key"]] = row
        case "other kind":
            other = organisation if make is person else person
            project.records[key] = {**other(number, random), "record_key": key}
        case "identifier taken away":
            project.records[key] = {**project.records[key], "tax_id": None}
        case "identifier shared":
            project.records[key] = {**project.records[key], "tax_id": "T1"}


KINDS = (
    "new",
    "changed",
    "deleted",
    "landed again",
    "copied",
    "other kind",
    "identifier taken away",
    "identifier shared",
)
SEQUENCES = st.lists(st.lists(st.sampled_from(KINDS), min_size=1, max_size=6), min_size=1, max_size=3)


@given(sequence=SEQUENCES, seed=st.integers(0, 2**32))
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
def test_nights_equal_one_full_run(
    sequence: list[list[str]], seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Random changes applied night by night give exactly the pairs and clusters of one full run with the same model."""
    folder, random = tmp_path_factory.mktemp("nights"), Random(seed)
    with Warehouse.open(folder / "warehouse.duckdb", temporary=folder / "temporary") as warehouse:
        project = Nights(warehouse, folder, records(1))
        project.night()
        for night in sequence:
            for kind in night:
                change(project, kind, random)
            summary = project.night()
            project.content()
            assert summary.new_model_reason or summary.compared_count <= len(night)
        assert project.equals_full_run()


@pytest.mark.slow
@given(sequence=st.lists(st.lists(st.sampled_from(KINDS), max_size=12), min_size=2, max_size=6), seed=st.integers(0))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_many_nights_equal_one_full_run(
    sequence: list[list[str]], seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The same over longer sequences."""
    folder, random = tmp_path_factory.mktemp("nights"), Random(seed)
    with Warehouse.open(folder / "warehouse.duckdb", temporary=folder / "temporary") as warehouse:
        project = Nights(warehouse, folder, records(seed % 7))
        project.night()
        for night in sequence:
            for kind in night:
                change(project, kind, random)
            project.night()
            project.content()
        assert project.equals_full_run()


def test_nothing_changed_compares_nothing(nights: Nights) -> None:
    """A night without changes scores no pair, and the pairs stay."""
    before = nights.content()
    summary = nights.night()
    assert (summary.compared_count, summary.candidate_count) == (0, 0)
    assert all(one.equals(other) for one, other in zip(nights.content(), before, strict=True))


def test_only_changed_records_are_compared(nights: Nights) -> None:
    """One new record costs the pairs that it makes, and none of the others'."""
    known = nights.night(retrain=True).candidate_count
    nights.records["crm/people/5000"] = {**nights.records["crm/people/0001"], "record_key": "crm/people/5000"}
    summary = nights.night()
    assert summary.compared_count == 1
    assert 0 < summary.candidate_count < known / 4
    assert nights.equals_full_run()


def test_identifier_that_is_gone_leaves_the_pair_to_the_model(nights: Nights) -> None:
    """A group on one identifier that grows too large for all pairs leaves them to the model; shrunk, it has them."""
    crowd = {}
    for n in range(LARGEST_FULL_GROUP):
        row = person(3000 + n, Random(n % 25))
        crowd[row["record_key"]] = {**row, "tax_id": "SHARED"}
    nights.records |= crowd
    nights.night()
    assert nights.equals_full_run()
    one_more = {**person(3999, Random(5)), "tax_id": "SHARED"}
    nights.records[one_more["record_key"]] = one_more  # now a star: most pairs share no identifier row any more
    summary = nights.night()
    assert summary.compared_count == 1
    assert nights.equals_full_run()
    del nights.records[one_more["record_key"]]
    nights.night()
    assert nights.equals_full_run()


def test_value_that_turns_hot(nights: Nights) -> None:
    """A phone that many records come to share gives a new model, and the pairs of a full run with it."""
    for n in range(2 * LARGEST_CONTACT_BLOCK + 5):
        row = {**person(4000 + n, Random(n)), "phones": ["+4922199999"]}
        nights.records[row["record_key"]] = row
        if n in (LARGEST_CONTACT_BLOCK - 5, LARGEST_CONTACT_BLOCK + 20):
            assert nights.night().new_model_reason is None
            assert nights.equals_full_run()
    assert "too frequent" in str(nights.night().new_model_reason)
    assert nights.equals_full_run()


def test_thresholds_and_models_of_another_day(nights: Nights) -> None:
    """Other thresholds and a new model hold for all pairs, those scored before as well."""
    nights.night(review_threshold=0.2)
    assert nights.equals_full_run(review_threshold=0.2)
    nights.night(match_threshold=0.99)
    assert nights.equals_full_run(match_threshold=0.99)
    assert nights.night(retrain=True).model_version == 2
    assert nights.equals_full_run()


@pytest.mark.parametrize("damage", [b"", b"no database", None])
def test_index_that_is_gone_is_made_anew(nights: Nights, damage: bytes | None) -> None:
    """Without the file, or with one that can't be read, everything is compared again with the same outcome."""
    before = nights.content()
    if damage is None:
        nights.index.unlink()
    else:
        nights.index.write_bytes(damage)
    assert nights.night().compared_count > 1
    assert all(one.equals(other) for one, other in zip(nights.content(), before, strict=True))


@pytest.mark.parametrize("share", [0.2, 0.4, 0.6, 0.8, 0.95])
def test_index_that_is_damaged_somewhere_is_made_anew(nights: Nights, share: float) -> None:
    """Whichever block of the file is damaged, pairs are those of a full run, and after two nights the file is whole."""
    content = bytearray(nights.index.read_bytes())
    first = int(len(content) * share)
    content[first : first + 4096] = Random(first).randbytes(4096)
    nights.index.write_bytes(content)
    change(nights, "new", Random(1))
    nights.night()
    assert nights.equals_full_run()
    nights.night()
    assert nights.equals_full_run()
    assert nights.night().compared_count == 0


def test_index_that_is_cut_off_is_made_anew(nights: Nights) -> None:
    """Half a file is no index: everything is compared again."""
    before = nights.content()
    nights.index.write_bytes(nights.index.read_bytes()[: nights.index.stat().st_size // 2])
    assert nights.night().compared_count > 1
    assert all(one.equals(other) for one, other in zip(nights.content(), before, strict=True))


def test_another_model_of_the_same_number_is_another_model(nights: Nights) -> None:
    """A store of models that begins again has its own version 1: what the former one scored does not count."""
    shutil.rmtree(nights.models.folder)
    nights.records |= {row["record_key"]: row for row in (person(n, Random(n)) for n in range(5000, 5200))}
    fill_customers(nights.warehouse, list(nights.records.values()))
    assert pair_records(nights.warehouse, nights.models).model_version == 1
    summary = nights.night()
    assert (summary.model_version, summary.new_model_reason) == (1, None)
    assert summary.compared_count == len(nights.records)
    assert nights.equals_full_run()


def test_nothing_stays_of_a_population_that_is_gone(nights: Nights) -> None:
    """Where all organisations are deleted, the index knows none of them, nor their pairs."""
    nights.records = {key: row for key, row in nights.records.items() if row["kind"] == "person"}
    nights.night()
    with open_reader(nights.index) as index:
        tables = {name for (name,) in index.execute("SELECT table_name FROM duckdb_tables()")}
        assert index.execute("SELECT population FROM basis") == [("people",)]
    assert tables == {"basis", *(f"people_{each}" for each in ("records", "keys", "pairs", "identified"))}
    assert nights.equals_full_run()


def test_pairs_of_a_deleted_record_are_gone(nights: Nights) -> None:
    """Once a record is deleted no pair names it, and once it is back its pairs are as before."""
    pairs = nights.warehouse.frame(
        f"SELECT record_key_l FROM {PAIRS.qualified} WHERE matched_by = 'model' ORDER BY ALL"
    )
    key = pairs["record_key_l"][0]
    before, row = nights.content(), nights.records.pop(key)
    nights.night()
    assert nights.warehouse.value(f"SELECT count(*) FROM link.pairs WHERE '{key}' IN (record_key_l, record_key_r)") == 0
    nights.records[key] = row
    assert nights.night().compared_count == 1
    assert all(one.equals(other) for one, other in zip(nights.content(), before, strict=True))
