"""Golden records: one row for a customer out of the rows of its living records, and where each value comes from.

Belongs here: filling gold.customers, gold.customer_records, gold.customer_values and gold.customer_contacts. Does not
belong here: reading the records (`gathering`), what rules there are (`rules`), what survives together (`units`), which
value survives (`choosing`, `contacts`), what was published (`history`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from crm_pipeline.errors import ReconciliationError
from crm_pipeline.golden.choosing import Choosing, Told
from crm_pipeline.golden.contacts import rank_contacts
from crm_pipeline.golden.evidence import Evidence, gather_evidence
from crm_pipeline.golden.gathering import RECORDS_AT_ONCE, SCRATCH, SPANS, Portion, number_records, portions
from crm_pipeline.golden.listing import listed_by, lists_of
from crm_pipeline.golden.overriding import Override, Standing, gather_overrides
from crm_pipeline.golden.ranking import Rows, Trust
from crm_pipeline.golden.rules import Rules
from crm_pipeline.golden.units import UNION_COLUMN, Units, units_of
from crm_pipeline.settings.survivorship import LINKED
from crm_pipeline.tables import (
    ALTERNATIVES_TYPE,
    CUSTOMER_CONTACTS,
    CUSTOMER_RECORDS,
    CUSTOMER_VALUES,
    Column,
    customers,
    polars_type,
)
from crm_pipeline.warehouse import Warehouse

_LOSER = ("value", "source", "extract", "source_id", "lost_by")


@dataclass(frozen=True, slots=True)
class GoldenSummary:
    """Counts of one merge: customers, living and deleted records, values that had a choice, phones and e-mails."""

    customer_count: int
    record_count: int
    deleted_record_count: int
    choice_count: int
    contact_count: int


def merge_customers(
    warehouse: Warehouse,
    *,
    rules: Rules,
    trust: Mapping[str, int] | Trust,
    extra_columns: Sequence[str | Column] = (),
    linked: Mapping[str, Sequence[str]] = LINKED,
    overrides: Sequence[Override] = (),
    records_at_once: int = RECORDS_AT_ONCE,
) -> GoldenSummary:
    """Counts after the golden tables were made anew from std.customers, link.members and link.former_members.

    All four tables change together or not at all. Values are those of living records. A pure function: neither the
    order of rows nor earlier runs matter.

    Args:
        warehouse: the writing connection.
        rules: golden column, group of linked columns, or `default`, to survivorship rules in order; `phones` and
            `emails` mean phone and email.
        trust: source to trust, 0 to 100, a source that is not there counting as 0; or how it fades as well.
        extra_columns: the project's own columns of std.customers.
        linked: group to the columns that survive together, the leading one first.
        overrides: what stewards said, those not withdrawn.
        records_at_once: of a portion that is held in memory, about.

    Raises:
        ConfigurationError: a rule or its column is unknown, or does not fit.
        ReconciliationError: link.members and the current records of std.customers are not the same records.
    """
    units = units_of(rules, linked, extra_columns)
    _refuse_unassigned(warehouse)
    number_records(warehouse)
    columns = [column for unit in units.values for column in unit.columns]
    evidence = gather_evidence(warehouse) if "verified" in units.rules else Evidence.none()
    said = gather_overrides(warehouse, overrides, units, columns)
    trusted = trust if isinstance(trust, Trust) else Trust(trust)
    tables = (customers(extra_columns), CUSTOMER_VALUES, CUSTOMER_CONTACTS)
    counts = dict.fromkeys(tables, 0)
    with warehouse.transaction():
        for table in tables:
            warehouse.replace(table, table.empty())
        for portion in portions(warehouse, columns, most=records_at_once):
            for table, frame in zip(tables, _golden(portion, units, trusted, evidence, said), strict=True):
                counts[table] += warehouse.insert(table, frame)
        record_count = warehouse.replace(CUSTOMER_RECORDS, f"SELECT * FROM {SPANS}")
        deleted_count = int(warehouse.value(f"SELECT count(deleted_on) FROM {SPANS}"))
    for scratch in SCRATCH:
        warehouse.execute(f"DROP TABLE {scratch}")
    return GoldenSummary(
        counts[tables[0]], record_count - deleted_count, deleted_count, *(counts[t] for t in tables[1:])
    )


def _refuse_unassigned(warehouse: Warehouse) -> None:
    living = "(SELECT record_key FROM std.customers WHERE valid_to IS NULL)"
    unassigned = warehouse.value(f"SELECT count(*) FROM {living} ANTI JOIN link.members USING (record_key)")
    unknown = warehouse.value(f"SELECT count(*) FROM link.members ANTI JOIN {living} AS living USING (record_key)")
    if unassigned or unknown:
        raise ReconciliationError(
            where="link.members",
            expected="exactly the current records of std.customers",
            found=f"{unassigned} records without a customer and {unknown} customers' records that are not current",
            cure="Run the assignment of customers again before the merge.",
        )


def _golden(
    portion: Portion, units: Units, trusted: Trust, evidence: Evidence, said: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """The rows of gold.customers, gold.customer_values and gold.customer_contacts of a portion, in key order."""
    rows = _rows(portion, trusted, evidence, said)
    choosing = Choosing(rows)
    golden: list[pl.Series] = [*portion.customers.get_columns()]
    told: list[Told] = []
    for unit in units.values:
        values, of_unit = choosing.choose(unit)
        golden += values
        told += of_unit
    contacts = []
    for unit in units.contacts:
        ranked = rank_contacts(rows, unit)
        golden.append(ranked.best)
        told.append(ranked.told)
        contacts.append(ranked.contacts.with_columns(kind=pl.lit(unit.name)))
    golden += [_external_ids(portion), *_counts(portion)]
    ids = portion.customers["customer_id"]
    all_contacts = pl.concat(contacts).sort("customer", "kind", maintain_order=True)
    return (
        pl.DataFrame(golden),
        _values(rows, told, ids),
        all_contacts.with_columns(ids.gather(all_contacts["customer"]).alias("customer_id")),
    )


def _rows(portion: Portion, trusted: Trust, evidence: Evidence, said: pl.DataFrame) -> Rows:
    records = portion.records.with_columns(_standing=pl.lit(int(Standing.RECORD), dtype=pl.Int64))
    height = portion.customers.height
    own = said.with_columns((pl.col("_customer") - portion.first).alias("_customer")).filter(
        pl.col("_customer").is_between(0, height - 1)
    )
    if own.height:
        last = int(records["_record"].max() or 0)  # type: ignore[arg-type]
        kinds = records.schema
        own = own.with_columns(
            (pl.int_range(pl.len()) + last + 1).cast(kinds["_record"]).alias("_record"),
            pl.col("_customer").cast(kinds["_customer"]),
            pl.col("_standing").cast(pl.Int64),
        )
        records = pl.concat([records, own], how="diagonal")
    else:
        records = records.with_columns(pl.lit(None, dtype=pl.String).alias(n) for n in ("_unit", "phone", "email"))
    return Rows(records.rechunk(), height, trusted, evidence)


def _values(rows: Rows, told: Sequence[Told], ids: pl.Series) -> pl.DataFrame:
    """Rows of gold.customer_values by customer and column, each with its alternatives, the best one first."""
    told = sorted(told, key=lambda each: each.column)
    frame = rows.frame
    survivors = pl.concat(
        each.survivors.with_columns(
            pl.lit(place).alias("place"),
            pl.lit(each.column).alias("column_name"),
            pl.lit(each.group, dtype=pl.String).alias("linked_group"),
        )
        for place, each in enumerate(told)
    )
    losers = pl.concat(each.losers.with_columns(pl.lit(place).alias("place")) for place, each in enumerate(told))
    order, key = _by_key(survivors, len(told))
    order_of_losers, key_of_losers = _by_key(losers, len(told))
    survivors, losers = survivors[order], losers[order_of_losers]
    counts = np.searchsorted(key_of_losers, key, side="right") - np.searchsorted(key_of_losers, key, side="left")
    fields = pl.DataFrame(
        [
            losers["value"],
            *(frame[name].gather(losers["row"]) for name in ("source", "extract", "source_id")),
            losers["lost_by"],
        ]
    )
    alternatives = lists_of(fields.to_struct("alternatives"), np.r_[0, np.cumsum(counts)].astype(np.int64))
    return survivors.select("column_name", "value", "rule", "linked_group").with_columns(
        ids.gather(survivors["customer"]).alias("customer_id"),
        *(frame[name].gather(survivors["row"]) for name in ("source", "extract", "source_id")),
        alternatives.cast(polars_type(ALTERNATIVES_TYPE)).alias("alternatives"),
    )


def _by_key(frame: pl.DataFrame, places: int) -> tuple[pl.Series, np.ndarray]:
    key = frame["customer"].to_numpy() * places + frame["place"].to_numpy()
    order = np.argsort(key, kind="stable")
    return pl.Series(order), key[order]


def _external_ids(portion: Portion) -> pl.Series:
    """All different ones of each customer, sorted; null where there is none."""
    found = (
        portion.records.select("_customer", UNION_COLUMN)
        .filter(pl.col(UNION_COLUMN).list.len() > 0)
        .explode(UNION_COLUMN)
        .drop_nulls(UNION_COLUMN)
        .unnest(UNION_COLUMN)
    )
    several = pl.len().over("_customer") > 1
    found = pl.concat(
        [
            found.filter(~several),
            found.filter(several).unique().sort("_customer", "namespace", "value", nulls_last=True),
        ]
    )
    lists = listed_by(found, ["_customer"], found.select("namespace", "value").to_struct(UNION_COLUMN))
    at = np.full(portion.customers.height, -1, dtype=np.int64)
    at[lists["_customer"].to_numpy()] = np.arange(lists.height)
    if lists.is_empty():
        return pl.Series(UNION_COLUMN, [None] * len(at), dtype=portion.records.schema[UNION_COLUMN])
    return lists["listed"].gather(pl.Series(at).replace(-1, None)).alias(UNION_COLUMN)


def _counts(portion: Portion) -> list[pl.Series]:
    customer = portion.records["_customer"].to_numpy()
    codes = portion.records["source"].rank("dense").to_numpy().astype(np.int64)
    pairs = np.unique(customer.astype(np.int64) * (codes.max(initial=0) + 1) + codes)
    size = portion.customers.height
    return [
        pl.Series("record_count", np.bincount(customer, minlength=size)),
        pl.Series("source_count", np.bincount(pairs // (codes.max(initial=0) + 1), minlength=size)),
    ]
