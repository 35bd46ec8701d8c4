"""Who a customer is: its records, why they are one, where each value comes from, and its history.

Belongs here: gathering what the published tables know about one customer. Does not belong here: printing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.tables import CUSTOMER_VALUES
from crm_pipeline.warehouse import Warehouse, open_reader
from crm_pipeline.warehouse.connection import quoted

# Stands in the place of a rule where records had only one value, or none but this record had one.
ONLY_VALUE = "only value"
# External ids are not chosen: all of them stay.
UNION = "union"

_RELATIONS = """
    SELECT r.kind, r.is_forward, r.other AS related_customer_id, any_value(c.name) AS related_name,
        list(DISTINCT r.known_by ORDER BY r.known_by) AS known_by,
        list(DISTINCT r.source ORDER BY r.source) AS sources, min(r.since) AS since
    FROM (
        SELECT kind, true AS is_forward, related_customer_id AS other, known_by, source, since
        FROM customer_relations WHERE customer_id = ?
        UNION ALL
        SELECT kind, false, customer_id, known_by, source, since
        FROM customer_relations WHERE related_customer_id = ? AND kind <> 'household'
    ) AS r LEFT JOIN {everyone} AS c ON c.customer_id = r.other
    GROUP BY r.kind, r.is_forward, r.other ORDER BY r.kind, r.is_forward DESC, r.other
"""
_NO_RELATIONS = pl.DataFrame(
    schema={
        "kind": pl.String(), "is_forward": pl.Boolean(), "related_customer_id": pl.String(),
        "related_name": pl.String(), "known_by": pl.List(pl.String), "sources": pl.List(pl.String), "since": pl.Date(),
    }
)  # fmt: skip
_NOT_VALUES = ("customer_id", "record_count", "source_count", "first_seen_on", "changed_on")


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that the published tables know about one customer.

    Attributes:
        asked_id: the id asked for, or the one that the record asked for has or had.
        customer_id: the id that stands for the same customer now; None when it is retired or erased.
        reason: of that: current, merged, retired or erased.
        ids: every id that means this customer, with reason and since.
        customer: the golden record, column to value; empty when there is none.
        records: its records, living ones first: source, extract, source_id, match_probability, matched_by, dates.
        values: one row for each golden value: column_name, value as text, source record, rule, alternatives. The rule
            is `only value` where there was no choice; the record is then known only when the customer has just one.
        contacts: phones and e-mails by rank.
        relations: customers that it belongs together with, by kind: kind, is_forward (whether the relation leads from
            it to the other), related_customer_id, related_name, known_by and sources (lists), since. A household is
            forward on both sides.
        history: versions, oldest first, under all its ids.
        events: identity events that concern any of its ids, oldest first.
    """

    asked_id: str
    customer_id: str | None
    reason: str
    ids: pl.DataFrame
    customer: dict[str, Any]
    records: pl.DataFrame
    values: pl.DataFrame
    contacts: pl.DataFrame
    relations: pl.DataFrame
    history: pl.DataFrame
    events: pl.DataFrame

    @property
    def record_keys(self) -> list[str]:
        """The keys of its living records, in order."""
        living = self.records.filter(pl.col("deleted_on").is_null())
        keys = living.select(pl.concat_str("source", "extract", "source_id", separator="/").alias("record_key"))
        return keys["record_key"].sort().to_list()

    def as_dict(self) -> dict[str, Any]:
        """Everything as dicts and lists, for JSON; dates and times stay dates and times."""
        return {
            "asked_id": self.asked_id,
            "customer_id": self.customer_id,
            "reason": self.reason,
            "customer": self.customer,
            **{
                name: getattr(self, name).to_dicts()
                for name in ("ids", "records", "values", "contacts", "relations", "history", "events")
            },
        }


def explain(path: Path, customer_id: str) -> Explanation:
    """The customer that `customer_id` means, be it current, merged away, retired or erased.

    Raises:
        ConfigurationError: nothing has been published, or the id was never given.
    """
    with open_reader(path) as reader:
        return _explain(reader, customer_id)


def explain_record(path: Path, source: str, key: str, extract: str | None = None) -> Explanation:
    """The customer that a record belongs to, or last belonged to.

    Args:
        path: the published file.
        source: the system.
        key: the record's key in it.
        extract: needed only when several extracts of the system have the key.

    Raises:
        ConfigurationError: nothing has been published, the record is unknown, or several records have the key.
    """
    with open_reader(path) as reader:
        found = reader.execute(
            "SELECT extract, customer_id FROM customer_records"
            " WHERE source = ? AND source_id = ? AND extract = coalesce(?, extract) ORDER BY extract",
            [source, key, extract],
        )
        if len(found) != 1:
            extracts = ", ".join(row[0] for row in found) or "none"
            raise ConfigurationError(
                where=f"{source}/{extract or '*'}/{key}",
                expected="the key of one record",
                found=f"extracts that have it: {extracts}",
                cure="Name the extract." if found else "Look it up in customer_records.",
            )
        return _explain(reader, found[0][1] or _last_id(reader, f"{source}/{found[0][0]}/{key}"))


def _last_id(reader: Warehouse, record_key: str) -> str:
    """The id that the latest event about the record names first."""
    ids = reader.execute(
        "SELECT customer_ids[1] FROM identity_events WHERE list_contains(record_keys, ?) ORDER BY event_number DESC",
        [record_key],
    )
    return str(ids[0][0]) if ids else ""


def _explain(reader: Warehouse, asked_id: str) -> Explanation:
    current = reader.execute(
        "SELECT customer_id, reason FROM customer_ids WHERE any_customer_id = ?", [asked_id.strip().upper()]
    )
    if not current:
        raise ConfigurationError(
            where="explain",
            expected="a customer id that was given",
            found=repr(asked_id),
            cure="Look it up in customers.",
        )
    asked_id = asked_id.strip().upper()
    customer_id, reason = current[0]
    ids = reader.frame(
        "SELECT * FROM customer_ids WHERE any_customer_id = ? OR customer_id = ? ORDER BY ALL", [asked_id, customer_id]
    )
    known = ids["any_customer_id"].to_list()
    customer = reader.frame(f"FROM {_everyone(reader)} WHERE customer_id = ?", [customer_id]).to_dicts()
    records = _of(reader, "customer_records", customer_id, "deleted_on IS NOT NULL, source, extract, source_id")
    chosen = _of(reader, "customer_values", customer_id, "column_name")
    living = records.filter(pl.col("deleted_on").is_null())
    return Explanation(
        asked_id=asked_id,
        customer_id=customer_id,
        reason=reason,
        ids=ids,
        customer=customer[0] if customer else {},
        records=records,
        values=_values(_texts(reader, customer_id), chosen, living),
        contacts=_of(reader, "customer_contacts", customer_id, "kind, rank"),
        relations=_relations(reader, customer_id),
        history=_any(
            reader, "SELECT * FROM customer_history WHERE customer_id IN ({}) ORDER BY valid_from, customer_id", known
        ),
        events=_any(
            reader,
            "SELECT * FROM identity_events WHERE list_has_any(customer_ids, [{}]) ORDER BY event_number",
            known,
        ),
    )


def _relations(reader: Warehouse, customer_id: str | None) -> pl.DataFrame:
    """Each relation once, however many systems tell it; none in a file of a version that had no such table."""
    has_relations = reader.value("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'customer_relations'")
    sql = _RELATIONS.format(everyone=_everyone(reader))
    return reader.frame(sql, [customer_id] * 2) if has_relations else _NO_RELATIONS


def _everyone(reader: Warehouse) -> str:
    """Customers and archived ones as one relation; a file of an earlier version has no archive."""
    has_archive = reader.value("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'customers_archive'")
    if not has_archive:
        return "customers"
    archived = "SELECT * EXCLUDE (archived_by, last_active_on) FROM customers_archive"
    return f"(FROM customers UNION ALL BY NAME {archived})"


def _of(reader: Warehouse, table: str, customer_id: str | None, order: str) -> pl.DataFrame:
    sql = f"SELECT * EXCLUDE (customer_id) FROM {table} WHERE customer_id = ? ORDER BY {order}"
    return reader.frame(sql, [customer_id])


def _any(reader: Warehouse, sql: str, ids: Sequence[str]) -> pl.DataFrame:
    return reader.frame(sql.format(", ".join("?" for _ in ids)), list(ids))


def _texts(reader: Warehouse, customer_id: str | None) -> pl.DataFrame:
    """One row for each golden value that is not null: column_name and value as text, in the table's order."""
    columns = [row[0] for row in reader.execute("DESCRIBE customers") if row[0] not in _NOT_VALUES]
    selects = " UNION ALL ".join(
        f"SELECT {number} AS place, ? AS column_name, CAST({quoted(name)} AS VARCHAR) AS value FROM golden"
        for number, name in enumerate(columns)
    )
    golden = f"WITH golden AS (FROM {_everyone(reader)} WHERE customer_id = ?)"
    sql = f"{golden} SELECT * FROM ({selects}) WHERE value IS NOT NULL ORDER BY place"
    return reader.frame(sql, [customer_id, *columns]).drop("place")


def _values(texts: pl.DataFrame, chosen: pl.DataFrame, living: pl.DataFrame) -> pl.DataFrame:
    """Each golden value with its record, as far as it is known, the deciding rule and the alternatives."""
    without = texts.join(chosen, on="column_name", how="anti").with_columns(
        rule=pl.when(pl.col("column_name") == "external_ids").then(pl.lit(UNION)).otherwise(pl.lit(ONLY_VALUE))
    )
    if living.height == 1:
        without = without.join(living.select("source", "extract", "source_id"), how="cross")
    with_choice = texts.select("column_name").join(chosen, on="column_name")
    order = [name for name in CUSTOMER_VALUES.column_names if name != "customer_id" and name in with_choice.columns]
    all_values = pl.concat([with_choice.select(order), without], how="diagonal")
    return texts.select("column_name").join(all_values, on="column_name", how="left", maintain_order="left")
