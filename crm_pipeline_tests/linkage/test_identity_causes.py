"""What is said of why ids merged, split and moved, on clusters made of pairs and decisions written by hand."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pytest

from crm_pipeline.linkage import Constraints, Decision, assign_customers, cluster_records
from crm_pipeline.linkage.identity.evidence import EVIDENCE_SCHEMA, uniting
from crm_pipeline.state.ledger import Ledger
from crm_pipeline.tables import PAIRS, std
from crm_pipeline.warehouse import Warehouse

FIRST_DAY, NOW = date(2026, 1, 1), datetime(2026, 1, 1)  # noqa: DTZ001  # UTC without a zone is the contract
THRESHOLD = 4.0
A, B, C = "C000000013", "C000000021", "C000000037"


@dataclass
class Night:
    """A project of a few records: each night its records, its pairs by weight, its decisions."""

    warehouse: Warehouse
    ledger: Ledger
    seen: dict[str, date] = field(default_factory=dict)

    def __call__(
        self,
        records: str,
        pairs: Sequence[tuple[str, str, float | None]] = (),
        *decisions: Decision,
        model: int = 1,
        threshold: float = THRESHOLD,
        duplicate_free: Sequence[str] = (),
    ) -> list[dict[str, Any]]:
        """The events of one more night; a pair without weight shares an identifier, `a` is the record s/x/a."""
        day = FIRST_DAY + timedelta(days=len(self.seen))
        keys = [key(name) for name in records]
        for each in keys:
            self.seen.setdefault(each, day)
        versions = [
            {"record_key": k, "valid_from": d, "valid_to": None if k in keys else date(2027, 1, 1)}
            for k, d in self.seen.items()
        ]
        schema = {name: std("customers").polars_schema[name] for name in ("record_key", "valid_from", "valid_to")}
        self.warehouse.replace(std("customers"), pl.DataFrame(versions, schema=schema))
        rows = [pair(left, right, weight, threshold) for left, right, weight in pairs]
        self.warehouse.replace(PAIRS, pl.DataFrame(rows, schema=PAIRS.polars_schema))
        constraints = Constraints(decisions, frozenset(duplicate_free))
        cluster_records(self.warehouse, constraints=constraints)
        before = self.ledger.events.height
        assign_customers(
            self.warehouse,
            self.ledger,
            run_id="run",
            now=NOW,
            constraints=constraints,
            match_threshold=threshold,
            model_version=model,
        )
        return self.ledger.events.slice(before).to_dicts()


def key(name: str) -> str:
    """The key of a record of one letter; capitals are of another extract."""
    return f"s/{'y' if name.isupper() else 'x'}/{name}"


def pair(left: str, right: str, weight: float | None, threshold: float) -> dict[str, Any]:
    """A row of `link.pairs`."""
    is_linked = weight is None or weight >= threshold
    return {
        "record_key_l": min(key(left), key(right)),
        "record_key_r": max(key(left), key(right)),
        "matched_by": "identifier" if weight is None else "model",
        "rule": "tax_id" if weight is None else "phone",
        "match_weight": weight,
        "match_probability": 1.0 if weight is None else 1 / (1 + 2**-weight),
        "verdict": "link" if is_linked else "review",
    }


@pytest.fixture
def night(warehouse: Warehouse, tmp_path: Path) -> Night:
    """The project before its first night."""
    return Night(warehouse, Ledger(tmp_path / "ledger"))


def told(events: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Of each event its kind, customers, cause, pair as two letters, weight, decision and what changed."""
    return [
        (
            event["kind"],
            event["customer_ids"],
            event["cause"],
            "".join(str(event[name])[-1] for name in ("record_key_l", "record_key_r") if event[name]),
            event["match_weight"],
            event["decision_id"],
            event["changed"],
        )
        for event in events
    ]


SAME, APART = Decision(key("a"), key("b"), True, "D1"), Decision(key("b"), key("a"), False, "D2")


def test_new_customers(night: Night) -> None:
    """A new id says that its records are new; no pair is behind it, the model in use is named."""
    events = night("ab", [("a", "b", 9.0)], model=3)
    assert told(events) == [("created", [A], "new record", "", None, None, ["new record"])]
    assert events[0]["model_version"] == 3
    assert events[0]["record_keys"] == [key("a"), key("b")]


def test_merge_names_the_strongest_link(night: Night) -> None:
    """Of two links between two customers the stronger one is named: one would have been enough, and it was first."""
    inner = [("a", "c", None), ("b", "d", None)]
    night("abcd", inner)
    events = night("abcd", [*inner, ("a", "b", 5.0), ("c", "d", 7.0)])
    assert told(events) == [("merged", [A, B], "model", "cd", 7.0, None, [])]
    assert events[0]["rule"] == "phone"


def test_merge_by_a_new_record_names_its_weaker_link(night: Night) -> None:
    """Where late data joins two customers, the weaker of the two links counts, and the new record is told."""
    night("ab")
    assert told(night("abn", [("a", "n", None), ("b", "n", 6.0)])) == [
        ("merged", [A, B], "model", "bn", 6.0, None, ["new record"])
    ]


def test_merge_by_retraining(night: Night) -> None:
    """A pair that another model links says so; so does a pair that a lower threshold links."""
    night("ab", [("a", "b", 2.0)])
    assert told(night("ab", [("a", "b", 5.0)], model=2)) == [("merged", [A, B], "model", "ab", 5.0, None, ["model"])]
    assert told(night("ab", [("a", "b", 3.0)], model=2)) == [("split", [B, A], "model", "ab", 3.0, None, [])]
    assert told(night("ab", [("a", "b", 3.0)], model=2, threshold=2.5)) == [
        ("merged", [A, B], "model", "ab", 3.0, None, ["settings"])
    ]


def test_a_model_that_changed_nothing_is_not_blamed_later(night: Night) -> None:
    """What was new on an uneventful night is no news on the night after."""
    night("ab")
    assert night("ab", model=2) == []
    assert told(night("ab", [("a", "b", 5.0)], model=2)) == [("merged", [A, B], "model", "ab", 5.0, None, [])]


def test_unmerge_names_the_decision_and_brings_the_old_id_back(night: Night) -> None:
    """A cannot-link splits under its name, the old id is back; withdrawn, the two merge again by their link."""
    linked = [("a", "b", 8.0)]
    night("ab")
    assert told(night("ab", linked)) == [("merged", [A, B], "model", "ab", 8.0, None, [])]
    assert told(night("ab", linked, APART)) == [("split", [B, A], "decision", "ab", 8.0, "D2", [])]
    assert dict(night.warehouse.execute("SELECT record_key, customer_id FROM link.members")) == {
        key("a"): A,
        key("b"): B,
    }
    assert told(night("ab", linked)) == [("merged", [A, B], "model", "ab", 8.0, None, [])]
    assert told(night("ab", linked, APART)) == [("split", [B, A], "decision", "ab", 8.0, "D2", [])]


def test_customer_that_was_always_one_is_split_by_a_decision(night: Night) -> None:
    """Where the part never had an id of its own it gets a new one, and the decision that refused its link is named."""
    linked = [("a", "c", 8.0), ("b", "c", 6.0)]
    night("abc", linked)
    assert told(night("abc", linked, APART)) == [("split", [B, A], "decision", "bc", 6.0, "D2", [])]


def test_merge_by_a_decision(night: Night) -> None:
    """A must-link is named, also as a chain over a record that is gone."""
    first, second = Decision(key("a"), key("z"), True, "D7"), Decision(key("z"), key("b"), True, "D8")
    night("ab")
    [event] = night("ab", [], first, second)
    assert (event["cause"], event["matched_by"], event["match_weight"]) == ("decision", "decision", None)
    assert event["decision_id"] == "D8"  # of two equal links on the way the one with the larger keys is the weaker
    assert told(night("ab", [], first)) == [("split", [B, A], "decision", "", None, None, [])]
    assert told(night("ab", [], SAME)) == [("merged", [A, B], "decision", "ab", None, "D1", [])]


def test_split_by_an_extract_without_duplicates(night: Night) -> None:
    """A constraint of the configuration that refuses a link is the cause, and that settings changed is told."""
    linked = [("a", "C", 8.0), ("b", "C", 6.0)]
    night("abC", linked)
    assert told(night("abC", linked, duplicate_free=["s.x"])) == [
        ("split", [B, A], "duplicate_free", "bC", 6.0, None, ["settings"])
    ]


def test_split_by_deletion_only_where_a_record_is_gone_now(night: Night) -> None:
    """A deleted record is a cause in the run that finds it gone, not in a later one."""
    night("abcd", [("a", "b", 8.0), ("b", "c", 8.0), ("a", "d", 8.0)])
    assert told(night("acd", [("a", "d", 8.0)])) == [("split", [B, A], "deletion", "", None, None, ["deleted record"])]
    assert told(night("acd", [("a", "d", 3.0)], model=2)) == [("split", [C, A], "model", "ad", 3.0, None, ["model"])]


def test_move_between_two_customers(night: Night) -> None:
    """A record that goes from one living customer to another is an event of its own, with the link that took it."""
    night("abm", [("a", "m", 8.0)])
    events = night("abm", [("a", "m", 3.0), ("b", "m", 9.0)])
    assert told(events) == [("moved", [B, A], "model", "bm", 9.0, None, [])]
    assert events[0]["record_keys"] == [key("m")]


def test_retired_and_revived(night: Night) -> None:
    """A deletion retires, a returned record revives; both are told."""
    night("a")
    assert told(night("")) == [("retired", [A], "deletion", "", None, None, ["deleted record"])]
    assert told(night("a")) == [("revived", [A], "returned record", "", None, None, ["returned record"])]


@pytest.mark.parametrize("seed", range(20))
def test_the_link_that_made_two_one_is_the_best_weakest_link(seed: int) -> None:
    """Over all ways from one former customer to the other the weakest link named is the strongest that any way has."""
    random = Random(seed)
    names = [f"r{n}" for n in range(random.randint(2, 7))]
    former = {name: random.choice([None, 1, 2, 3]) for name in names} | {names[0]: 1, names[1]: 2}
    links = [two for two in itertools.combinations(names, 2) if random.random() < 0.5]
    random.shuffle(links)
    evidence = pl.DataFrame(
        [
            {"record_key_l": left, "record_key_r": right, "holds": True, "rank": rank}
            for rank, (left, right) in enumerate(links)
        ],
        schema=EVIDENCE_SCHEMA,
    )
    places = pl.DataFrame(
        {"record_key": names, "sequence": [1] * len(names), "former": [former[name] for name in names]},
        schema={"record_key": pl.String, "sequence": pl.Int64, "former": pl.Int64},
    )
    wanted = pl.DataFrame({"event": [0], "sequence": [1], "from_former": [2], "to_former": [1]})
    assert uniting(evidence, places, wanted)["rank"].to_list() == [_best(links, former)]


def _best(links: list[tuple[str, str]], former: dict[str, int | None]) -> int | None:
    """The first rank up to which the links join former customers 1 and 2; None when they never do."""
    groups = {name: number or name for name, number in former.items()}
    for rank, (left, right) in enumerate(links):
        old, new = groups[left], groups[right]
        groups = {name: new if group == old else group for name, group in groups.items()}
        one, two = (next(groups[name] for name in former if former[name] == number) for number in (1, 2))
        if one == two:
            return rank
    return None
