"""Contracts of schema gold: golden records, what is behind them, their ids and their history."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from crm_pipeline.tables.contract import ALTERNATIVES_TYPE, Column, Personal, Table
from crm_pipeline.tables.records import CUSTOMER_COLUMNS, ENTITIES, RECORD_COLUMNS, extra_columns

_DIRECT, _INDIRECT = Personal.DIRECT, Personal.INDIRECT


CUSTOMER_IDS = Table(
    "gold",
    "customer_ids",
    "one id ever given",
    ("any_customer_id",),
    (
        Column("any_customer_id", "VARCHAR", "an id that was given at some time"),
        Column("customer_id", "VARCHAR", "the id that stands for the same customer now", null="retired or erased"),
        Column("reason", "VARCHAR", "current, merged, retired or erased"),
        Column("since", "TIMESTAMP", "since when this is so", is_run_time=True),
    ),
)

_NO_PAIR = "no pair is behind it, or none is left"

IDENTITY_EVENTS = Table(
    "gold",
    "identity_events",
    "one event in the life of customer ids",
    ("event_number",),
    (
        Column("event_number", "BIGINT", "position in the ledger, from 1"),
        Column("occurred_at", "TIMESTAMP", "when it was entered in the ledger", is_run_time=True),
        Column("run_id", "VARCHAR", "the run that entered it", is_run_time=True),
        Column("kind", "VARCHAR", "created, merged, split, moved, revived, retired or erased"),
        Column(
            "customer_ids",
            "VARCHAR[]",
            "the ids concerned; the one that lives on comes first, of a split and a move the one that records got",
        ),
        Column("record_keys", "VARCHAR[]", "the records concerned, sorted", _INDIRECT),
        Column(
            "cause",
            "VARCHAR",
            "what brought it about: identifier, model, decision, deletion, erasure, new record, returned record, or "
            "the constraint that refused a link: duplicate_free, weak_bridge",
        ),
        Column(
            "record_key_l",
            "VARCHAR",
            "the pair behind it, the smaller record key. Of a merge the weakest of the links without which the two "
            "were not one; of a move the strongest link to the new customer; of a split the strongest pair that is "
            "left between the two, which waits for review or is refused",
            _INDIRECT,
            null=_NO_PAIR,
        ),
        Column("record_key_r", "VARCHAR", "the larger record key of that pair", _INDIRECT, null=_NO_PAIR),
        Column("matched_by", "VARCHAR", "what speaks for the pair: identifier, model or decision", null=_NO_PAIR),
        Column(
            "rule",
            "VARCHAR",
            "namespace of the shared identifier, or the blocking rule that found the pair",
            null="no pair, or one that was decided",
        ),
        Column("match_weight", "DOUBLE", "of the pair, as link.pairs had it then", null="no pair, or not by the model"),
        Column("match_probability", "DOUBLE", "of the pair, 0 to 1; 1 for identifiers and decisions", null=_NO_PAIR),
        Column("decision_id", "VARCHAR", "the decision that joined or refused the pair", null="no decision did"),
        Column("model_version", "INTEGER", "version of the linkage model in use", null="there was none"),
        Column(
            "changed",
            "VARCHAR[]",
            "what is known to have changed since the entry before: new record, returned record, deleted record (of "
            "the customers concerned), model, settings, package; empty: none of these, such as a changed value",
        ),
    ),
)

_CUSTOMER_ID = Column("customer_id", "VARCHAR", "persistent id: C, eight or more digits, one check digit")


def _golden_columns() -> tuple[Column, ...]:
    best = {"phones": ("phone", "best telephone number, E.164"), "emails": ("email", "best e-mail address")}
    columns = []
    for column in CUSTOMER_COLUMNS:
        name, description = best.get(column.name, (column.name, column.description))
        kind = "VARCHAR" if column.name in best else column.type
        columns.append(Column(name, kind, description, column.personal, "no living record has an accepted value"))
    return tuple(columns)


GOLDEN_COLUMNS: tuple[Column, ...] = _golden_columns()


def customers(extra: Iterable[str | Column] = ()) -> Table:
    """`gold.customers`: the golden records."""
    own = extra_columns(extra)
    counts = (
        Column("record_count", "BIGINT", "living records behind it"),
        Column("source_count", "BIGINT", "systems behind it"),
        Column("first_seen_on", "DATE", "business date of its earliest record"),
        Column("changed_on", "DATE", "business date of the latest delivery that changed one of its records"),
    )
    return Table("gold", "customers", "one customer", ("customer_id",), (_CUSTOMER_ID, *GOLDEN_COLUMNS, *own, *counts))


def customers_archive(extra: Iterable[str | Column] = ()) -> Table:
    """`gold.customers_archive`: the customers whom a rule of the project archived; `gold.customers` has them too."""
    own = (
        Column("archived_by", "VARCHAR", "the rule that archived it, by its name in pipeline.yaml"),
        Column("last_active_on", "DATE", "last day with an activity, as in customer_activity"),
    )
    columns = (*customers(extra).columns, *own)
    return Table("gold", "customers_archive", "one archived customer", ("customer_id",), columns)


def customer_history(extra: Iterable[str | Column] = ()) -> Table:
    """`gold.customer_history`: what was published of each customer, and when."""
    own = extra_columns(extra)
    times = (
        Column("valid_from", "TIMESTAMP", "when it was published", is_run_time=True),
        Column("valid_to", "TIMESTAMP", "when it was replaced or retired", null="current", is_run_time=True),
        Column("version", "INTEGER", "version of this customer, from 1"),
    )
    columns = (_CUSTOMER_ID, *times, *GOLDEN_COLUMNS, *own)
    return Table("gold", "customer_history", "one version of a customer", ("customer_id", "version"), columns)


CUSTOMER_RECORDS = Table(
    "gold",
    "customer_records",
    "one record of one system, living or deleted",
    ("source", "extract", "source_id"),
    (
        *RECORD_COLUMNS[1:],
        replace(_CUSTOMER_ID, null="deleted, and its customer retired"),
        Column("match_probability", "DOUBLE", "of its strongest link within the customer", null="alone, or deleted"),
        Column(
            "matched_by",
            "VARCHAR",
            "single, identifier, model or decision: of that strongest link",
            null="deleted",
        ),
        Column("first_seen_on", "DATE", "business date of its first delivery"),
        Column("deleted_on", "DATE", "business date on which it was gone", null="it lives"),
    ),
)

CUSTOMER_VALUES = Table(
    "gold",
    "customer_values",
    "one surviving value that had a choice: two or more different values were there, or a steward gave one",
    ("customer_id", "column_name"),
    (
        _CUSTOMER_ID,
        Column("column_name", "VARCHAR", "column of crm.customers"),
        Column(
            "value",
            "VARCHAR",
            "the surviving value as text",
            _DIRECT,
            null="the record that its linked columns come from has none",
        ),
        *RECORD_COLUMNS[1:3],
        replace(
            RECORD_COLUMNS[3],
            description="primary key in the source of the record that gave the value; of an override the record it "
            "was set on, of a union the first one",
        ),
        Column(
            "rule",
            "VARCHAR",
            "what decided over the best other value: a survivorship rule, override, present (only one of the records "
            "has the first of the linked columns) or a tie-break: position, value, record_key",
        ),
        Column(
            "linked_group",
            "VARCHAR",
            "the group of linked columns, which come from this record together",
            null="the column survives alone",
        ),
        Column(
            "alternatives",
            ALTERNATIVES_TYPE,
            "the values that lost, the best one first, with their records and the rule by which each lost: that of "
            "`rule`, newer_override, or review_due of an override that waits for a review; of a union its parts, "
            "lost_by null",
            _DIRECT,
        ),
    ),
)

CUSTOMER_CONTACTS = Table(
    "gold",
    "customer_contacts",
    "one phone or e-mail of a customer",
    ("customer_id", "kind", "value"),
    (
        _CUSTOMER_ID,
        Column("kind", "VARCHAR", "phone or email"),
        Column("value", "VARCHAR", "E.164 number or lower-case address", _DIRECT),
        Column("rank", "INTEGER", "1 for the best one; it is the one in crm.customers"),
        Column("sources", "VARCHAR[]", "systems that have it, sorted; empty where only a steward's override has it"),
    ),
)


def published_entity(entity: str, extra: Iterable[str | Column] = ()) -> Table:
    """`gold.<entity>` for all but customers: current records, with `customer_id` where the entity refers to one."""
    own = extra_columns(extra)
    columns = tuple(column for column in ENTITIES[entity] if not column.name.startswith("customer_"))
    link: tuple[Column, ...] = ()
    if len(columns) < len(ENTITIES[entity]):
        link = (Column("customer_id", "VARCHAR", "the golden customer", null="an orphan, see mart.orphans"),)
    key = ("source", "extract", "source_id")
    return Table("gold", entity, f"one current record of {entity}", key, (*RECORD_COLUMNS[1:], *link, *columns, *own))
