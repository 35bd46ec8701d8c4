"""Golden records: one row for a customer out of the rows of its living records, and where each value comes from.

Belongs here: filling gold.customers, gold.customer_records, gold.customer_values and gold.customer_contacts. Does not
belong here: what rules there are (`rules`), how candidates are ranked (`candidates`), what was published (`history`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from crm_pipeline.errors import ReconciliationError
from crm_pipeline.golden.candidates import (
    RANKED,
    RECORDS,
    choices,
    contact_candidates,
    rank_candidates,
    ranked_contacts,
    value_candidates,
)
from crm_pipeline.golden.rules import CONTACT_TIE_BREAKS, VALUE_TIE_BREAKS, Rule, column_rules
from crm_pipeline.tables import (
    CUSTOMER_COLUMNS,
    CUSTOMER_CONTACTS,
    CUSTOMER_RECORDS,
    CUSTOMER_VALUES,
    Column,
    customers,
    extra_column,
)
from crm_pipeline.warehouse import Warehouse
from crm_pipeline.warehouse.connection import quoted

# Golden column of the best value to the list it is chosen from.
CONTACT_LISTS: Mapping[str, str] = {"phone": "phones", "email": "emails"}

_GOLDEN_NAMES: Mapping[str, str] = {column: kind for kind, column in CONTACT_LISTS.items()}

# Chosen by no rule: the union of what the records have.
UNION_COLUMN = "external_ids"

_SPANS = "golden_scratch_spans"
_OVERVIEW = "golden_scratch_overview"

# One table per column. DuckDB 2.0 loses rows that are inserted into a table which the same transaction made by an
# empty `CREATE TABLE AS` (scans see none, count(*) sees all), so that scratch tables are never appended to.
_CHOICES = "golden_scratch_choices_{}"
_CONTACTS = "golden_scratch_contacts_{}"


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
    rules: Mapping[str, tuple[str, ...]],
    trust: Mapping[str, int],
    extra_columns: Sequence[str] = (),
) -> GoldenSummary:
    """Counts after the golden tables were made anew from std.customers, link.members and link.former_members.

    All four tables change together or not at all. Values are those of living records. A pure function: neither the
    order of rows nor earlier runs matter.

    Args:
        warehouse: the writing connection.
        rules: golden column, or `default`, to survivorship rules in order; `phones` and `emails` mean phone and email.
        trust: source to trust, 0 to 100; a source that is not there counts as 0.
        extra_columns: the project's own columns of std.customers.

    Raises:
        ConfigurationError: a rule or its column is unknown.
        ReconciliationError: link.members and the current records of std.customers are not the same records.
    """
    columns = _single_columns(extra_columns)
    rules = {_GOLDEN_NAMES.get(name, name): rules[name] for name in sorted(rules, reverse=True)}  # phone beats phones
    by_column = column_rules(rules, (*(column.name for column in columns), *CONTACT_LISTS))
    _refuse_unassigned(warehouse)
    _gather_records(warehouse, trust)
    _gather_overview(warehouse, columns)
    of_values = _choose_values(warehouse, columns, by_column)
    of_contacts = _choose_contacts(warehouse, by_column)
    contacts = [_CONTACTS.format(kind) for kind in CONTACT_LISTS]
    choices_made = [*of_values.values(), *of_contacts.values()]
    with warehouse.transaction():
        summary = GoldenSummary(
            customer_count=warehouse.replace(customers(extra_columns), _golden_select(columns, of_values)),
            record_count=warehouse.value(f"SELECT count(*) FROM {RECORDS}"),
            deleted_record_count=warehouse.value(f"SELECT count(*) FROM {_SPANS} WHERE deleted_on IS NOT NULL"),
            choice_count=warehouse.replace(CUSTOMER_VALUES, _union(choices_made)),
            contact_count=warehouse.replace(CUSTOMER_CONTACTS, _union(contacts)),
        )
        warehouse.replace(CUSTOMER_RECORDS, f"SELECT * FROM {_SPANS}")
    for scratch in (RECORDS, RANKED, _SPANS, _OVERVIEW, *choices_made, *contacts):
        warehouse.execute(f"DROP TABLE {scratch}")
    return summary


def _single_columns(extra_columns: Sequence[str]) -> list[Column]:
    lists = {*CONTACT_LISTS.values(), UNION_COLUMN}
    return [
        *(column for column in CUSTOMER_COLUMNS if column.name not in lists),
        *(extra_column(name) for name in extra_columns),
    ]


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


def _gather_records(warehouse: Warehouse, trust: Mapping[str, int]) -> None:
    """Fills RECORDS, the living records, and the spans of all records: first, last change, end."""
    levels = pl.DataFrame(
        {"source": list(trust), "level": list(trust.values())}, schema={"source": pl.String, "level": pl.Int64}
    )
    with warehouse.registered("golden_scratch_trust", levels):
        warehouse.execute(f"""
            CREATE OR REPLACE TEMP TABLE {RECORDS} AS
            WITH numbered AS (
                SELECT record_key, customer_id, dense_rank() OVER (ORDER BY customer_id) AS _customer,
                    row_number() OVER (ORDER BY record_key) AS _record,
                    count(*) OVER (PARTITION BY customer_id) AS _record_count
                FROM link.members
            )
            SELECT records.*, numbered.* EXCLUDE (record_key), coalesce(trust.level, 0) AS _trust,
                coalesce(records.updated_at, records.created_at, CAST(records.valid_from AS TIMESTAMP)) AS _seen_at
            FROM std.customers AS records
            JOIN numbered USING (record_key)
            LEFT JOIN golden_scratch_trust AS trust ON trust.source = records.source
            WHERE records.valid_to IS NULL
        """)
    warehouse.execute(f"""
        CREATE OR REPLACE TEMP TABLE {_SPANS} AS
        WITH spans AS (
            SELECT record_key, any_value(source) AS source, any_value(extract) AS extract,
                any_value(source_id) AS source_id, min(valid_from) AS first_seen_on,
                max(greatest(valid_from, coalesce(valid_to, valid_from))) AS changed_on,
                CASE WHEN count(*) = count(valid_to) THEN max(valid_to) END AS deleted_on
            FROM std.customers GROUP BY record_key
        )
        SELECT spans.*, coalesce(members.customer_id, former.customer_id) AS customer_id,
            members.match_probability, members.matched_by
        FROM spans
        LEFT JOIN link.members AS members USING (record_key)
        LEFT JOIN link.former_members AS former ON former.record_key = spans.record_key AND deleted_on IS NOT NULL
    """)


def _gather_overview(warehouse: Warehouse, columns: Sequence[Column]) -> None:
    """Fills the overview: of each customer its counts, each column's smallest value, and whether there is another."""
    bounds = ", ".join(
        f"min({quoted(column.name)}) AS {quoted(column.name)}, "
        f"min({quoted(column.name)}) <> max({quoted(column.name)}) AS {_has_choice(column)}"
        for column in columns
    )
    values = ", ".join(f"{quoted(column.name)}, false AS {_has_choice(column)}" for column in columns)
    # Customers with one record, mostly the many, need no grouping: it would take most of the time of the merge.
    warehouse.execute(f"""
        CREATE OR REPLACE TEMP TABLE {_OVERVIEW} AS
        SELECT _customer, customer_id, _record_count, 1 AS _source_count, {values}
        FROM {RECORDS} WHERE _record_count = 1
        UNION ALL BY NAME
        SELECT _customer, any_value(customer_id) AS customer_id, count(*) AS _record_count,
            count(DISTINCT source) AS _source_count, {bounds}
        FROM {RECORDS} WHERE _record_count > 1 GROUP BY _customer
    """)


def _has_choice(column: Column) -> str:
    return quoted(f"_has_choice_{column.name}")


def _choose_values(
    warehouse: Warehouse, columns: Sequence[Column], by_column: Mapping[str, tuple[Rule, ...]]
) -> dict[str, str]:
    """Column to scratch table with its rows of customer_values, for columns in which a customer's records differ."""
    made = {}
    for number, column in enumerate(columns):
        differing = f"SELECT _customer FROM {_OVERVIEW} WHERE {_has_choice(column)}"
        if not warehouse.value(f"SELECT count(*) FROM ({differing})"):
            continue
        rules = (*by_column[column.name], *VALUE_TIE_BREAKS)
        rank_candidates(warehouse, value_candidates(column.name, where=f"_customer IN ({differing})"), rules)
        made[column.name] = _CHOICES.format(number)
        warehouse.execute(f"CREATE OR REPLACE TEMP TABLE {made[column.name]} AS {choices(column.name, rules)}")
    return made


def _choose_contacts(warehouse: Warehouse, by_column: Mapping[str, tuple[Rule, ...]]) -> dict[str, str]:
    """Kind to scratch table with its rows of customer_values; makes those with rows of customer_contacts too."""
    made = {}
    for kind, column in CONTACT_LISTS.items():
        rules = (*by_column[kind], *CONTACT_TIE_BREAKS)
        rank_candidates(warehouse, contact_candidates(column), rules)
        warehouse.execute(f"CREATE OR REPLACE TEMP TABLE {_CONTACTS.format(kind)} AS {ranked_contacts(kind)}")
        made[kind] = _CHOICES.format(kind)
        warehouse.execute(f"CREATE OR REPLACE TEMP TABLE {made[kind]} AS {choices(kind, rules)}")
    return made


def _union(tables: Iterable[str]) -> str:
    return " UNION ALL BY NAME ".join(f"FROM {table}" for table in tables)


def _golden_select(columns: Sequence[Column], of_values: Mapping[str, str]) -> str:
    """A select of `gold.customers`: the chosen value where there was a choice, else the only one."""
    values = ", ".join(_golden_value(column, of_values.get(column.name)) for column in columns)
    best = ", ".join(f"best_{kind}.value AS {kind}" for kind in CONTACT_LISTS)
    chosen = " ".join(f"LEFT JOIN {table} USING (_customer)" for table in of_values.values())
    contacts = " ".join(
        f"LEFT JOIN (FROM {_CONTACTS.format(kind)} WHERE rank = 1) AS best_{kind} USING (_customer)"
        for kind in CONTACT_LISTS
    )
    return f"""
        SELECT overview.customer_id, {values}, {best}, ids.external_ids,
            overview._record_count AS record_count, overview._source_count AS source_count,
            spans.first_seen_on, spans.changed_on
        FROM {_OVERVIEW} AS overview {chosen} {contacts}
        LEFT JOIN (
            SELECT _customer, list_sort(list(DISTINCT external_id)) AS external_ids
            FROM (SELECT _customer, unnest(external_ids) AS external_id FROM {RECORDS})
            WHERE external_id IS NOT NULL GROUP BY _customer
        ) AS ids USING (_customer)
        LEFT JOIN (
            SELECT customer_id, min(first_seen_on) AS first_seen_on, max(changed_on) AS changed_on
            FROM {_SPANS} GROUP BY customer_id
        ) AS spans ON spans.customer_id = overview.customer_id
    """


def _golden_value(column: Column, chosen: str | None) -> str:
    name = quoted(column.name)
    if chosen is None:
        return f"overview.{name}"
    return f"coalesce(CAST({chosen}.value AS {column.type}), overview.{name}) AS {name}"
