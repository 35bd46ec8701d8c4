"""The wrong pairs of a linkage with both records side by side, for the developer who asks why.

Belongs here: choosing pairs and telling what became of them. Does not belong here: printing. What is shown are public
or invented records; the command prints them only when it is asked to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from bench.linkage.measuring import open_warehouse
from crm_pipeline.linkage.evaluation import FALSE_LINK, MISSED, wrong_pairs
from crm_pipeline.settings import Project
from crm_pipeline.tables import PAIRS
from crm_pipeline.warehouse import Warehouse

NOT_BLOCKED, SCORED_LOW, CUT = "not blocked", "scored too low", "linked, but kept apart"
DIRECT, INDIRECT = "false link", "false by way of others"
KINDS = (NOT_BLOCKED, SCORED_LOW, CUT, DIRECT, INDIRECT)
_MOST = 200_000  # wrong pairs looked at, those of the smallest customers and labels first
_SEED = 1

_COMPARABLE = (
    "kind", "name", "family_name", "given_name", "organisation", "birth_date", "gender", "phones", "emails",
    "external_ids", "national_id", "organisation_id", "tax_id", "street", "district", "postcode", "city", "province",
    "country", "address", "website", "industry",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class WrongPair:
    """One wrong pair.

    Attributes:
        kind: one of `KINDS`.
        match_weight: log2 of the odds; None where the model gave none.
        rule: what brought the two together; None where nothing did.
        record_keys: of both.
        records: both by column; columns that are empty on both sides are left out.
    """

    kind: str
    match_weight: float | None
    rule: str | None
    record_keys: tuple[str, str]
    records: tuple[dict[str, Any], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Wrong:
    """Wrong pairs by kind: how many there are, and the chosen ones."""

    counts: dict[str, int]
    chosen: list[WrongPair]


def wrong(project: Project, labelled: pl.DataFrame, *, most: int) -> Wrong:
    """The wrong pairs of the customers, `most` of each kind at random; equal calls choose equally.

    Args:
        project: whose warehouse has `std.customers` and the pairs of every score.
        labelled: record_key, label and customer_id of all labelled records.
        most: of each kind.
    """
    with open_warehouse(project) as warehouse:
        pairs = warehouse.frame(f"SELECT * FROM {PAIRS.qualified}")
        found = classified(warehouse, labelled, pairs)
        chosen = pl.concat(
            [of_kind.sample(min(most, of_kind.height), seed=_SEED) for of_kind in found.partition_by("kind")] or [found]
        )
        keys = pl.concat([chosen["record_key_l"], chosen["record_key_r"]]).unique().alias("record_key")
        with warehouse.registered("_chosen", keys.to_frame()):
            columns = ", ".join(_COMPARABLE)
            rows = warehouse.frame(
                f"SELECT record_key, {columns} FROM std.customers SEMI JOIN _chosen USING (record_key) "
                "WHERE valid_to IS NULL"
            )
    records = {row.pop("record_key"): row for row in rows.to_dicts()}
    counts = {kind: found.filter(pl.col("kind") == kind).height for kind in KINDS}
    return Wrong(counts, [_side_by_side(row, records) for row in chosen.to_dicts()])


def classified(warehouse: Warehouse, labelled: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """One row per wrong pair: record_key_l, record_key_r, rule, match_weight, kind; by key.

    A missed pair is `not blocked` when it was never scored (or below 1e-6), `scored too low` when it was, `linked, but
    kept apart` when its link was refused or cut. A false pair is a link of its own or follows from other links.

    Args:
        warehouse: any open one, to compute in.
        labelled: record_key, label and customer_id.
        pairs: rows of `link.pairs` of every score.
    """
    found = wrong_pairs(warehouse, labelled.select("record_key", "label", "customer_id"), most=_MOST)
    scored = pairs.select("record_key_l", "record_key_r", "rule", "match_weight", pl.col("verdict").alias("of_pair"))
    is_missed, is_link = pl.col("verdict") == MISSED, (pl.col("of_pair") == "link").fill_null(value=False)
    kind = (
        pl.when(is_missed & is_link).then(pl.lit(CUT))
        .when(is_missed & pl.col("of_pair").is_null()).then(pl.lit(NOT_BLOCKED))
        .when(is_missed).then(pl.lit(SCORED_LOW))
        .when((pl.col("verdict") == FALSE_LINK) & is_link).then(pl.lit(DIRECT))
        .otherwise(pl.lit(INDIRECT))
    )  # fmt: skip
    return (
        found.join(scored, on=["record_key_l", "record_key_r"], how="left")
        .select("record_key_l", "record_key_r", "rule", "match_weight", kind.alias("kind"))
        .sort("record_key_l", "record_key_r")
    )


def _side_by_side(row: dict[str, Any], records: dict[str, dict[str, Any]]) -> WrongPair:
    keys = (row["record_key_l"], row["record_key_r"])
    left, right = (records.get(key, {}) for key in keys)
    filled = [name for name in _COMPARABLE if left.get(name) or right.get(name)]
    both = tuple({name: of.get(name) for name in filled} for of in (left, right))
    return WrongPair(row["kind"], row["match_weight"], row["rule"], keys, (both[0], both[1]))
