"""Clusters under constraints: against the oracle, by properties, and by the steps that they take at size."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_pipeline.linkage import Constraints, Decision
from crm_pipeline.linkage.clustering.clusters import partition
from crm_pipeline.linkage.clustering.dividing import clusters_at

from . import cluster_oracle
from .cluster_oracle import Link
from .steps_taken import steps_of
from .test_clusters import links, model

EXTRACTS = ("crm/customers", "erp/customers", "erp/locations", "shop/accounts")
NAMES = ("crm", "crm.customers", "erp", "erp.locations", "shop")


def groups(found: pl.DataFrame) -> set[frozenset[str]]:
    return {frozenset(keys) for keys in found.group_by("cluster_key").agg("record_key")["record_key"].to_list()}


def reasons(conflicts: pl.DataFrame) -> dict[tuple[str, str], str]:
    return {(row["record_key_l"], row["record_key_r"]): row["reason"] for row in conflicts.to_dicts()}


def random_case(seed: int) -> tuple[list[str], list[Link], Constraints]:
    """Records of several extracts, some of them not current, linked at random, with decisions and extracts."""
    random = Random(seed)
    count = random.choice([4, 8, 14, 24])
    keys = sorted({f"{random.choice(EXTRACTS)}/{number:02d}" for number in range(count)})
    pairs = [(a, b) for a in keys for b in keys if a < b]
    chosen = random.sample(pairs, min(len(pairs), int(count * random.choice([0.5, 1.0, 2.0, 4.0]))))
    edges = [
        Link(a, b, "identifier", None)
        if random.random() < 0.25
        else model(a, b, random.choice([7.0, 8.0, 11.0, 15.0, 15.0, 20.0]))
        for a, b in chosen
    ]
    decided = random.choices(pairs, k=random.choice([0, 1, 3, 8]))
    decisions = tuple(
        Decision(*random.sample(pair, 2), random.random() < 0.5, str(number)) for number, pair in enumerate(decided)
    )
    names = frozenset(random.sample(NAMES, random.choice([0, 0, 1, 2])))
    current = [key for key in keys if random.random() < 0.85]
    return current, edges, Constraints(decisions, names)


def expected(current: Sequence[str], edges: Sequence[Link], constraints: Constraints) -> cluster_oracle.Expected:
    living = [link for link in edges if {link.left, link.right} <= set(current)]
    held = cluster_oracle.accepted(constraints.decisions)
    bridges = cluster_oracle.weak_bridges(living, [d.record_keys for d in held if d.is_same])
    return cluster_oracle.clusters(current, living, constraints.decisions, constraints.duplicate_free, bridges)


@pytest.mark.parametrize("block", range(8))
def test_clusters_are_those_of_the_oracle(block: int) -> None:
    """On random graphs under random constraints groups, refused links and their reasons are those of the oracle."""
    for seed in range(50 * block, 50 * block + 50):
        current, edges, constraints = random_case(seed)
        found, conflicts = partition(pl.Series(current, dtype=pl.String), links(edges), constraints)
        wanted = expected(current, edges, constraints)
        assert groups(found) == wanted.groups, seed
        assert reasons(conflicts) == wanted.conflicts, seed


SEEDS = st.integers(min_value=1_000, max_value=1_000_000)
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@QUICK
@given(SEEDS)
def test_constraints_hold(seed: int) -> None:
    """Must-links are together, cannot-links apart, and a customer has one record of an extract without duplicates.

    Two records of such an extract are together only when must-links join records of their customer.
    """
    current, edges, constraints = random_case(seed)
    found, _ = partition(pl.Series(current, dtype=pl.String), links(edges), constraints)
    cluster = dict(zip(found["record_key"], found["cluster_key"], strict=True))
    held = cluster_oracle.accepted(constraints.decisions)
    for decision in held:
        left, right = decision.record_keys
        if left in cluster and right in cluster:
            assert (cluster[left] == cluster[right]) == decision.is_same
    if any(decision.is_same for decision in held):
        return
    for group in groups(found):
        extracts = [cluster_oracle.extract_of(key) for key in group]
        single = [name for name in extracts if {name, name.split(".")[0]} & constraints.duplicate_free]
        assert len(single) == len(set(single))


@QUICK
@given(SEEDS)
def test_every_link_holds_or_is_listed(seed: int) -> None:
    """The listed links are those whose records are two customers, each once, in key order."""
    current, edges, constraints = random_case(seed)
    found, conflicts = partition(pl.Series(current, dtype=pl.String), links(edges), constraints)
    cluster = dict(zip(found["record_key"], found["cluster_key"], strict=True))
    apart = sorted(
        (link.left, link.right)
        for link in edges
        if link.left in cluster and link.right in cluster and cluster[link.left] != cluster[link.right]
    )
    assert conflicts.select("record_key_l", "record_key_r").rows() == apart


@QUICK
@given(SEEDS)
def test_order_of_links_does_not_matter(seed: int) -> None:
    """Links in any order give the same rows, and so do decisions that do not contradict each other."""
    current, edges, constraints = random_case(seed)
    constraints = Constraints(tuple(cluster_oracle.accepted(constraints.decisions)), constraints.duplicate_free)
    keys, random = pl.Series(current, dtype=pl.String), Random(seed)
    shuffled = Constraints(
        tuple(random.sample(constraints.decisions, len(constraints.decisions))), constraints.duplicate_free
    )
    one = partition(keys, links(edges), constraints)
    other = partition(keys, links(random.sample(edges, len(edges))), shuffled)
    assert one[0].equals(other[0])
    assert one[1].drop("blocked_by").equals(other[1].drop("blocked_by"))


@QUICK
@given(SEEDS, SEEDS)
def test_a_component_is_on_its_own(seed: int, other: int) -> None:
    """A component with constraints gives the same rows whatever else is clustered with it."""
    current, edges, constraints = random_case(seed)
    names = {key: key.replace("/", "_b/", 1) for key in random_case(other)[0]}
    others = [
        link._replace(left=names[link.left], right=names[link.right])
        for link in random_case(other)[1]
        if {link.left, link.right} <= set(names)
    ]
    alone = partition(pl.Series(current, dtype=pl.String), links(edges), constraints)
    keys = pl.Series(sorted([*current, *names.values()]), dtype=pl.String)
    others = [link._replace(left=min(link[:2]), right=max(link[:2])) for link in others]
    beside = partition(keys, links([*edges, *others]), constraints)
    own = pl.col("record_key").is_in(current)
    assert beside[0].filter(own).equals(alone[0])
    assert beside[1].filter(pl.col("record_key_l").is_in(current)).equals(alone[1])


@QUICK
@given(SEEDS)
def test_untouched_component_is_the_plain_one(seed: int) -> None:
    """A plain component within which no constraint and no weak bridge speaks stays whole."""
    current, edges, constraints = random_case(seed)
    keys = pl.Series(current, dtype=pl.String)
    found, conflicts = partition(keys, links(edges), constraints)
    plain, _ = partition(keys, links(edges), Constraints(), cut_bridges=False)
    touched = {key for row in conflicts.rows() for key in row[:2]}
    named = {key for decision in constraints.decisions for key in decision.record_keys}
    for group in groups(plain):
        if not group & touched and not group & named:
            assert group in groups(found)


def test_person_stands_above_an_extract() -> None:
    """A must-link joins two records of an extract without duplicates; a third of it is still refused."""
    a, b, c = (f"crm/customers/{key}" for key in "abc")
    constraints = Constraints((Decision(a, b, True, "1"),), frozenset({"crm.customers"}))
    found, conflicts = partition(pl.Series([a, b, c]), links([model(a, c, 20.0), model(b, c, 20.0)]), constraints)
    assert groups(found) == {frozenset({a, b}), frozenset({c})}
    assert set(reasons(conflicts).values()) == {"duplicate_free"}


def test_strongest_link_wins() -> None:
    """Of two records of an extract without duplicates the one with the stronger link joins.

    An identifier is stronger than any weight; of equal weights the smaller key counts.
    """
    a, b, s = "crm/customers/a", "crm/customers/b", "shop/accounts/s"
    free = Constraints(duplicate_free=frozenset({"crm"}))
    for with_a, with_b, winner in [
        (model(a, s, 9.0), model(b, s, 8.0), a),
        (model(a, s, 8.0), model(b, s, 9.0), b),
        (model(a, s, 30.0), Link(b, s, "identifier", None), b),
        (model(a, s, 9.0), model(b, s, 9.0), a),
    ]:
        found, _ = partition(pl.Series([a, b, s]), links([with_a, with_b]), free)
        assert frozenset({winner, s}) in groups(found)


def test_extracts_of_one_source_still_merge() -> None:
    """Two extracts of a source without duplicates merge by the identifier that their records of one customer share.

    Two customers that the model links stay apart in both.
    """
    keys = [f"{extract}/{n}" for extract in ("crm/customers", "erp/customers", "erp/locations") for n in (1, 2)]
    crm, erp, locations = keys[:2], keys[2:4], keys[4:]
    shared = [Link(a[n], b[n], "identifier", None) for n in (0, 1) for a, b in [(crm, erp), (crm, locations)]]
    shared += [Link(erp[n], locations[n], "identifier", None) for n in (0, 1)]
    found, conflicts = partition(
        pl.Series(keys), links([*shared, model(*crm)]), Constraints(duplicate_free=frozenset({"erp"}))
    )
    assert groups(found) == {frozenset({crm[n], erp[n], locations[n]}) for n in (0, 1)}
    assert reasons(conflicts) == {(crm[0], crm[1]): "duplicate_free"}


def test_contacts_in_rows_are_another_extract() -> None:
    """An extract without duplicates says nothing of another one of the source."""
    keys = ["crm/customers_contact/1", "crm/customers_contact/2"]
    free = Constraints(duplicate_free=frozenset({"crm.customers"}))
    found, _ = partition(pl.Series(keys), links([model(*keys)]), free)
    assert groups(found) == {frozenset(keys)}


_HUB = 2  # a record of the shop, as are those in steps of three from it


def large_component(count: int) -> tuple[pl.Series, pl.DataFrame, Constraints]:
    """One component of three extracts, one of them without duplicates.

    A hub unites with many records one after the other, and many others stay apart from it: were the heavier group hung
    below the lighter one, all that stands between groups would move each time.
    """
    random = Random(1)
    keys = [f"{('crm', 'erp', 'shop')[n % 3]}/customers/{n:06d}" for n in range(count)]
    pairs = {(n, n + 1) for n in range(count - 1)}
    pairs |= {tuple(sorted(random.sample(range(count), 2))) for _ in range(3 * count)}
    star = {(_HUB, n) for n in range(_HUB + 3, count // 3, 3)}
    weights = {pair: random.uniform(7, 30) for pair in sorted(pairs)} | dict.fromkeys(sorted(star), 31.0)
    edges = [model(*sorted((keys[a], keys[b])), weight=weight) for (a, b), weight in weights.items()]
    apart = [random.sample(range(count), 2) for _ in range(2 * count // 5)]
    apart += [[_HUB, n] for n in range(count // 3, 2 * count // 3)]
    decisions = tuple(Decision(keys[a], keys[b], False, f"{a}-{b}") for a, b in apart)
    return pl.Series(sorted(keys)), links(edges), Constraints(decisions, frozenset({"crm"}))


def test_steps_grow_with_the_component() -> None:
    """Four times the component, thousands of refused links in it, takes about four times the steps, not sixteen."""
    small, large = large_component(2_000), large_component(8_000)
    _, conflicts = partition(*large)
    assert conflicts.height > 4_000
    assert steps_of(lambda: partition(*large)) < 6 * steps_of(lambda: partition(*small))


@pytest.mark.parametrize("block", range(4))
def test_clusters_at_a_threshold_are_those_of_a_run_with_it(block: int) -> None:
    """At each threshold clusters are those of a run whose links are the pairs scored high enough, under constraints."""
    for seed in range(50 * block, 50 * block + 50):
        current, edges, constraints = random_case(seed)
        keys, stored = pl.Series(current, dtype=pl.String), links(edges).with_columns(pl.lit("link").alias("verdict"))
        thresholds = [0.6, 0.9991, 0.99999]
        for threshold, found in zip(thresholds, clusters_at(keys, stored, constraints, thresholds), strict=True):
            high = stored.filter((pl.col("matched_by") != "model") | (pl.col("match_probability") >= threshold))
            wanted, _ = partition(keys, high.drop("verdict"), constraints)
            of_number = pl.DataFrame({"record_key": keys, "cluster_key": pl.Series(found, dtype=pl.Int64)})
            assert groups(of_number) == groups(wanted), (seed, threshold)
