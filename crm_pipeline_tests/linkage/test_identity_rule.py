"""The rule of identities against an oracle, on random histories of partitions."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from random import Random

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.linkage.identity.causes import explained
from crm_pipeline.linkage.identity.evidence import EVIDENCE_SCHEMA
from crm_pipeline.linkage.identity.identity_events import Before, events_between
from crm_pipeline.linkage.identity.identity_rule import assign, resolved
from crm_pipeline.linkage.identity.stability import Stability, stability
from crm_pipeline.state.ledger import IDS_SCHEMA, MEMBERS_SCHEMA, Circumstances

from .identity_oracle import Partition, replay

RECORDS = "abcdefg"
PARTITIONS = st.lists(
    st.fixed_dictionaries({}, optional={record: st.integers(0, 3) for record in RECORDS}), min_size=1, max_size=7
)
WHOLE = st.fixed_dictionaries({record: st.integers(0, 3) for record in RECORDS})
MANY = settings(max_examples=12, deadline=None)
MOST = settings(max_examples=200, deadline=None)
RECORD_SCHEMA = {"record_key": pl.String, "cluster_key": pl.String, "matched_by": pl.String, "first_seen": pl.Int64}


class History:
    """Ids, members, events and stability after partitions, one after the other, without files.

    With a `shuffle` the records of each day come in that order; `is_told`: with events and stability. `days` has what
    each day ended with: ids, record to sequence, and the number of events so far.
    """

    def __init__(self, partitions: Sequence[Partition], shuffle: Random | None = None, *, is_told: bool = True) -> None:
        self.shuffle, self.is_told = shuffle, is_told
        self.days: list[tuple[pl.DataFrame, dict[str, int], int]] = []
        self.stabilities: list[Stability] = []
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
        if self.shuffle:
            self.shuffle.shuffle(rows)
        after = assign(pl.DataFrame(rows, schema=RECORD_SCHEMA), self.ids, self.members)
        if self.is_told:
            before, evidence = Before.of(self.ids, self.members), pl.DataFrame(schema=EVIDENCE_SCHEMA)
            events = events_between(before, after)
            told = explained(events, before, after, evidence, earlier=None, present=Circumstances())
            self.events += told.to_dicts()
            self.stabilities.append(stability(self.members, before, after))
        self.ids = after.ids.with_columns(pl.lit(None, dtype=pl.Datetime("us")).alias("since"))
        living = after.records.with_columns(pl.lit(value=True).alias("is_living"))
        gone = self.members.with_columns(pl.lit(value=False).alias("is_living"))
        known = pl.concat([gone, living.select(list(MEMBERS_SCHEMA))])
        self.members = known.unique("record_key", keep="last", maintain_order=True).sort("record_key")
        self.days.append((self.ids, self.belongs(), len(self.events)))

    def belongs(self) -> dict[str, int]:
        """Record to the sequence it last belonged to."""
        return dict(self.members.select("record_key", "sequence").iter_rows())


@MOST
@given(PARTITIONS)
def test_rule_agrees_with_oracle(partitions: list[Partition]) -> None:
    """After any history, founders, status, aliases and members are those of a plain replay of the rule."""
    found, expected = History(partitions, is_told=False), replay(partitions)
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
@given(PARTITIONS, st.randoms(use_true_random=False))
def test_ids_do_not_depend_on_the_order_of_records(partitions: list[Partition], random: Random) -> None:
    """Records that come in another order give the same ids, members and events."""
    left, right = History(partitions), History(partitions, random)
    assert left.ids.equals(right.ids)
    assert left.members.equals(right.members)
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
        assert event["cause"] in ("model", "deletion", "new record", "returned record")
        if event["kind"] != "moved":
            said[event["customer_ids"][1 if event["kind"] == "merged" else 0]] = str(event["kind"])
    status = dict(found.ids.select("customer_id", "status").iter_rows())
    assert {key: kind if kind in ("merged", "retired") else "current" for key, kind in said.items()} == status


@MANY
@given(PARTITIONS)
def test_every_record_that_left_its_customer_is_in_an_event(partitions: list[Partition]) -> None:
    """A known record that is not where its old id leads is listed by an event of that day that names both customers."""
    found = History(partitions)
    names = dict(found.ids.select("sequence", "customer_id").iter_rows())
    for (ids, belonged, past), (new_ids, belongs, until) in itertools.pairwise(found.days):
        were, leads = dict(resolved(ids).iter_rows()), dict(resolved(new_ids).iter_rows())
        for record in belongs:
            former = were.get(belonged.get(record, 0))
            if former is None or leads[former] == leads[belongs[record]]:
                continue
            both = {names[former], names[belongs[record]]}
            told = found.events[past:until]
            assert any(record in event["record_keys"] and both <= set(event["customer_ids"]) for event in told)


@MANY
@given(PARTITIONS)
def test_stability_is_what_counting_gives(partitions: list[Partition]) -> None:
    """Of the records there on both days, counted one by one, so many keep their id or are found under the old one."""
    found = History(partitions)
    for count in range(1, len(partitions)):
        before, now = replay(partitions[:count]), replay(partitions[: count + 1])
        both = [record for record in partitions[count - 1] if record in partitions[count]]
        assert found.stabilities[count] == Stability(
            known_count=len(both),
            kept_count=sum(before.belongs[record] == now.belongs[record] for record in both),
            resolving_count=sum(now.stands_for(before.belongs[record]) == now.belongs[record] for record in both),
        )


def test_an_erased_id_claims_nobody() -> None:
    """An erased id stays known, is never current again, and what comes back under its records gets a new id."""
    history = History([{"a": 0, "b": 1}])
    history.ids = history.ids.with_columns(
        pl.when(pl.col("sequence") == 1).then(pl.lit("erased")).otherwise("status").alias("status")
    )
    for day, partition in enumerate(({"b": 1}, {"a": 0, "b": 1}, {"a": 0, "b": 0}, {"a": 0, "b": 1}), start=1):
        history.live(day, partition)
    assert history.ids["status"].to_list() == ["erased", "current", "current"]
    assert history.belongs() == {"a": 3, "b": 2}
