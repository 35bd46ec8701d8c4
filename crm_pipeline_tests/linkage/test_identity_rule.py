"""The rule of identities against an oracle, on random histories of partitions."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.linkage.identity.identity_events import events_between
from crm_pipeline.linkage.identity.identity_rule import assign, resolved
from crm_pipeline.state.ledger import IDS_SCHEMA, MEMBERS_SCHEMA

from .identity_oracle import Partition, replay

RECORDS = "abcdefg"
PARTITIONS = st.lists(
    st.fixed_dictionaries({}, optional={record: st.integers(0, 3) for record in RECORDS}), min_size=1, max_size=7
)
WHOLE = st.fixed_dictionaries({record: st.integers(0, 3) for record in RECORDS})
MANY = settings(max_examples=12, deadline=None)
RECORD_SCHEMA = {"record_key": pl.String, "cluster_key": pl.String, "matched_by": pl.String, "first_seen": pl.Int64}


class History:
    """Ids, members and events after partitions, one after the other, without files."""

    def __init__(self, partitions: Sequence[Partition]) -> None:
        self.ids = pl.DataFrame(schema=IDS_SCHEMA)
        self.members = pl.DataFrame(schema=MEMBERS_SCHEMA)
        self.events: list[dict[str, list[str] | str]] = []
        self.first_seen: dict[str, int] = {}
        for day, partition in enumerate(partitions):
            self.live(day, partition)

    def live(self, day: int, partition: Partition) -> None:
        """One more day."""
        rows = [
            {
                "record_key": record,
                "cluster_key": str(cluster),
                "matched_by": "single" if list(partition.values()).count(cluster) == 1 else "model",
                "first_seen": self.first_seen.setdefault(record, day),
            }
            for record, cluster in partition.items()
        ]
        after = assign(pl.DataFrame(rows, schema=RECORD_SCHEMA), self.ids, self.members)
        self.events += events_between(self.ids, self.members, after).to_dicts()
        self.ids = after.ids.with_columns(pl.lit(None, dtype=pl.Datetime("us")).alias("since"))
        known = pl.concat([self.members, after.records.select(list(MEMBERS_SCHEMA))])
        self.members = known.unique("record_key", keep="last", maintain_order=True).sort("record_key")

    def belongs(self) -> dict[str, int]:
        """Record to the sequence it last belonged to."""
        return dict(self.members.select("record_key", "sequence").iter_rows())


@MANY
@given(PARTITIONS)
def test_rule_agrees_with_oracle(partitions: list[Partition]) -> None:
    """After any history, founders, status, aliases and members are those of a plain replay of the rule."""
    found, expected = History(partitions), replay(partitions)
    rows = list(found.ids.select("sequence", "founder_record_key", "status", "merged_into").iter_rows())
    assert rows == [
        (n + 1, an_id.founder, an_id.status, None if an_id.into is None else an_id.into + 1)
        for n, an_id in enumerate(expected.ids)
    ]
    assert found.belongs() == {record: index + 1 for record, index in expected.belongs.items()}


@MANY
@given(PARTITIONS)
def test_ids_are_one_to_one_and_all_resolve(partitions: list[Partition]) -> None:
    """Each cluster has one current id, no two share one, and no alias points at another alias."""
    found, last = History(partitions), partitions[-1]
    belongs = found.belongs()
    for left, right in itertools.combinations(last, 2):
        assert (belongs[left] == belongs[right]) == (last[left] == last[right])
    status = dict(found.ids.select("sequence", "status").iter_rows())
    assert {n for n in status if status[n] == "current"} == {belongs[record] for record in last}
    assert all(status[n] in ("current", "retired") for n in resolved(found.ids)["stands_for"])


@MANY
@given(PARTITIONS)
def test_same_partition_again_changes_nothing(partitions: list[Partition]) -> None:
    """A day on which nothing happens changes no id and no member, and has no event."""
    once, twice = History(partitions), History([*partitions, partitions[-1]])
    assert once.ids.equals(twice.ids)
    assert once.belongs() == twice.belongs()
    assert once.events == twice.events


@MANY
@given(WHOLE, WHOLE, WHOLE)
def test_unmerge_restores_old_ids(first: Partition, second: Partition, third: Partition) -> None:
    """When all records are clustered as they were, each has the id it had, whatever happened in between."""
    assert History([first]).belongs() == History([first, second, third, first]).belongs()


@MANY
@given(PARTITIONS)
def test_ids_do_not_depend_on_the_names_of_clusters(partitions: list[Partition]) -> None:
    """Clusters that are numbered otherwise but hold the same records give the same ids and events."""
    renamed = [{record: 9 - cluster for record, cluster in partition.items()} for partition in partitions]
    left, right = History(partitions), History(renamed)
    assert left.ids.equals(right.ids)
    assert left.events == right.events


@MANY
@given(PARTITIONS)
def test_every_change_of_an_id_has_its_event(partitions: list[Partition]) -> None:
    """What became of each id is what its last event says, and each event names its records, sorted."""
    found = History(partitions)
    said: dict[str, str] = {}
    for event in found.events:
        assert event["record_keys"]
        assert event["record_keys"] == sorted(event["record_keys"])
        assert event["cause"] in ("identifier", "model", "decision", "deletion", "new record")
        said[event["customer_ids"][1 if event["kind"] == "merged" else 0]] = str(event["kind"])
    status = dict(found.ids.select("customer_id", "status").iter_rows())
    assert {key: kind if kind in ("merged", "retired") else "current" for key, kind in said.items()} == status
