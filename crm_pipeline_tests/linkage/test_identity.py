"""Persistent customer ids in ledger and tables; the rule itself is tested in test_identity_rule."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_pipeline.errors import LinkageError
from crm_pipeline.linkage import IdentitySummary, assign_customers
from crm_pipeline.linkage.identity.ids import customer_ids
from crm_pipeline.state.ledger import Ledger
from crm_pipeline.tables import CLUSTERS, CUSTOMER_IDS, FORMER_MEMBERS, IDENTITY_EVENTS, MEMBERS, std
from crm_pipeline.warehouse import Warehouse

from .identity_oracle import Partition, replay

RECORDS = "abcdefg"
PARTITIONS = st.lists(
    st.fixed_dictionaries({}, optional={record: st.integers(0, 3) for record in RECORDS}), min_size=1, max_size=6
)
TABLES = (MEMBERS, FORMER_MEMBERS, CUSTOMER_IDS, IDENTITY_EVENTS)
FIRST_DAY, NOW = date(2026, 1, 1), datetime(2026, 1, 1)  # noqa: DTZ001  # UTC without a zone is the contract
SLOW = settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))


class Life:
    """A warehouse and a ledger that live through partitions, one a day."""

    def __init__(self, warehouse: Warehouse, folder: Path) -> None:
        self.warehouse = warehouse
        self.ledger = Ledger(folder)
        self.partitions: list[Partition] = []

    def live(self, partition: Partition) -> IdentitySummary:
        """One more day, on which the records are in these clusters."""
        self.partitions.append(partition)
        first_seen: dict[str, int] = {}
        for day, earlier in enumerate(self.partitions):
            for record in earlier:
                first_seen.setdefault(record, day)
        versions = [
            {
                "record_key": record,
                "valid_from": FIRST_DAY + timedelta(days=day),
                "valid_to": None if record in partition else date(2027, 1, 1),
            }
            for record, day in first_seen.items()
        ]
        table = std("customers")
        schema = {name: table.polars_schema[name] for name in ("record_key", "valid_from", "valid_to")}
        self.warehouse.replace(table, pl.DataFrame(versions, schema=schema))
        self.warehouse.replace(CLUSTERS, self._clusters(partition))
        return self.assign()

    def assign(self) -> IdentitySummary:
        """The step under test, on what is in the warehouse."""
        return assign_customers(self.warehouse, self.ledger, run_id="run", now=NOW + timedelta(len(self.partitions)))

    def _clusters(self, partition: Partition) -> pl.DataFrame:
        smallest = {c: min(r for r in partition if partition[r] == c) for c in set(partition.values())}
        sizes = {c: list(partition.values()).count(c) for c in smallest}
        rows = [
            {
                "record_key": record,
                "cluster_key": smallest[cluster],
                "match_probability": 1.0 if sizes[cluster] > 1 else None,
                "matched_by": "identifier" if sizes[cluster] > 1 else "single",
            }
            for record, cluster in partition.items()
        ]
        return pl.DataFrame(rows, schema=CLUSTERS.polars_schema)

    def tables(self) -> list[pl.DataFrame]:
        """What the step filled."""
        return [self.warehouse.frame(f"SELECT * FROM {t.qualified}") for t in TABLES]

    def members(self) -> dict[str, str]:
        """Record to customer id."""
        return dict(self.warehouse.execute("SELECT record_key, customer_id FROM link.members"))

    def events(self) -> list[tuple[str, list[str], list[str], str]]:
        """Kind, customers, records and cause of every event."""
        columns = "kind, customer_ids, record_keys, cause"
        return self.warehouse.execute(f"SELECT {columns} FROM gold.identity_events ORDER BY event_number")  # type: ignore[return-value]


def lived(warehouse: Warehouse, partitions: Sequence[Partition]) -> Life:
    """A new life through all these partitions."""
    life = Life(warehouse, Path(tempfile.mkdtemp()))
    for partition in partitions:
        life.live(partition)
    return life


def ids(count: int) -> list[str]:
    """The first ids ever given."""
    return customer_ids(pl.Series(range(1, count + 1))).to_list()


@SLOW
@given(PARTITIONS)
def test_tables_are_what_the_ledger_says(shared_warehouse: Warehouse, partitions: list[Partition]) -> None:
    """Assigning again adds no entry; dropped tables come back from the files; every id resolves or is retired."""
    life = lived(shared_warehouse, partitions)
    before, entries = life.tables(), len(life.ledger.numbers)
    for table in TABLES:
        shared_warehouse.execute(f"DROP TABLE {table.qualified}")
    life.ledger = Ledger(life.ledger.folder)
    assert life.assign().entry_number is None
    assert len(life.ledger.numbers) == entries
    assert all(a.equals(b) for a, b in zip(before, life.tables(), strict=True))
    rows = shared_warehouse.execute("SELECT any_customer_id, customer_id, reason FROM gold.customer_ids")
    current = {row[0] for row in rows if row[2] == "current"}
    assert current == set(life.members().values())
    assert all(row[1] is None if row[2] == "retired" else row[1] in current for row in rows)
    expected, names = replay(partitions), ids(len(rows))
    former = {record: expected.stands_for(index) for record, index in expected.belongs.items()}
    assert dict(shared_warehouse.execute("SELECT record_key, customer_id FROM link.former_members")) == {
        record: None if index is None else names[index]
        for record, index in former.items()
        if record not in partitions[-1]
    }


@SLOW
@given(PARTITIONS)
def test_setting_aside_what_stays_changes_nothing(shared_warehouse: Warehouse, partitions: list[Partition]) -> None:
    """The ledger, whose runs look at changed customers only, ends with the ids and members of a plain replay of all."""
    life, expected = lived(shared_warehouse, partitions), replay(partitions)
    rows = life.ledger.ids.select("sequence", "founder_record_key", "status", "merged_into").rows()
    assert rows == [
        (n + 1, an_id.founder, an_id.status, None if an_id.into is None else an_id.into + 1)
        for n, an_id in enumerate(expected.ids)
    ]
    members = {record: (sequence - 1, lives) for record, sequence, _, lives in life.ledger.members.iter_rows()}
    assert members == {record: (index, record in partitions[-1]) for record, index in expected.belongs.items()}


def test_merge_and_unmerge_by_hand(warehouse: Warehouse, tmp_path: Path) -> None:
    """Two customers become one under the older id, and two again under their own; the events say why."""
    life = Life(warehouse, tmp_path / "ledger")
    for partition in ({"a": 0, "b": 1}, {"a": 0, "b": 0}, {"a": 0, "b": 1}):
        life.live(partition)
    first, second = ids(2)
    assert life.members() == {"a": first, "b": second}
    assert life.events() == [
        ("created", [first], ["a"], "new record"),
        ("created", [second], ["b"], "new record"),
        ("merged", [first, second], ["b"], "identifier"),
        ("split", [second, first], ["b"], "identifier"),
    ]


def test_heir_keeps_the_id_when_the_founder_goes(warehouse: Warehouse, tmp_path: Path) -> None:
    """Deleting the founder passes the id to the earliest remaining record, without a new id and without an event."""
    life = Life(warehouse, tmp_path / "ledger")
    life.live({"b": 0})
    life.live({"b": 0, "c": 0, "a": 0})
    life.live({"a": 0, "c": 0})
    assert life.members() == dict.fromkeys("ac", ids(1)[0])
    assert life.ledger.ids["founder_record_key"].to_list() == ["a"]
    assert [event[0] for event in life.events()] == ["created"]


def test_retired_id_resolves_to_nothing_and_is_revived(warehouse: Warehouse, tmp_path: Path) -> None:
    """When the last record goes the id is retired, still known; when the record returns the same id lives again."""
    life = Life(warehouse, tmp_path / "ledger")
    life.live({"a": 0})
    life.live({})
    assert warehouse.execute("SELECT customer_id, reason FROM gold.customer_ids") == [(None, "retired")]
    assert warehouse.execute("SELECT * FROM link.former_members") == [("a", None)]
    summary = life.live({"a": 5})
    assert summary.event_counts == {"revived": 1}
    assert life.members() == {"a": ids(1)[0]}


def test_new_ids_follow_first_delivery_then_key(warehouse: Warehouse, tmp_path: Path) -> None:
    """New ids are numbered by their founder's first delivery, and by key on one day; alike in every run."""
    life = Life(warehouse, tmp_path / "ledger")
    life.partitions.append({"g": 0})  # delivered on the first day, when no ids were assigned
    life.live({"a": 1, "c": 3, "b": 2, "g": 0})
    assert [life.members()[record] for record in "gabc"] == ids(4)


def test_split_by_deletion_of_the_bridge(warehouse: Warehouse, tmp_path: Path) -> None:
    """When the record that linked two others is deleted, the other part gets a new id and the event says deletion."""
    life = Life(warehouse, tmp_path / "ledger")
    life.live({"a": 0, "b": 0, "c": 0})
    life.live({"a": 0, "c": 1})
    first, second = ids(2)
    assert life.members() == {"a": first, "c": second}
    assert life.events()[-1] == ("split", [second, first], ["c"], "deletion")


def test_stale_clusters_are_refused(warehouse: Warehouse, tmp_path: Path) -> None:
    """Clusters that lack a current record stop the step before anything is written."""
    life = Life(warehouse, tmp_path / "ledger")
    life.live({"a": 0})
    warehouse.execute("INSERT INTO std.customers (record_key, valid_from) VALUES ('b', DATE '2026-01-02')")
    with pytest.raises(LinkageError, match="1 records"):
        life.assign()
    assert life.ledger.numbers == [1]
