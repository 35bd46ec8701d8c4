"""Golden records: one row for a customer out of the rows of its living records, and where each value comes from.

Belongs here: filling gold.customers, gold.customer_records, gold.customer_values and gold.customer_contacts. Does not
belong here: reading the records (`gathering`), what rules there are (`rules`), how candidates are ranked
(`candidates`), what was published (`history`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crm_pipeline.errors import ReconciliationError
from crm_pipeline.golden.candidates import (
    RECORDS,
    choices,
    contact_candidates,
    contested,
    rank_candidates,
    ranked_contacts,
    value_candidates,
)
from crm_pipeline.golden.gathering import OVERVIEW, SPANS, gather_overview, gather_records, has_choice
from crm_pipeline.golden.rules import CONTACT_TIE_BREAKS, VALUE_TIE_BREAKS, Rule, column_rules
from crm_pipeline.tables import (
    CUSTOMER_COLUMNS,
    CUSTOMER_CONTACTS,
    CUSTOMER_RECORDS,
    CUSTOMER_VALUES,
    Column,
    customers,
)
from crm_pipeline.tables import extra_columns as as_columns
from crm_pipeline.warehouse import Warehouse
from crm_pipeline.warehouse.connection import quoted

# Golden column of the best value to the list it is chosen from.
CONTACT_LISTS: Mapping[str, str] = {"phone": "phones", "email": "emails"}

_GOLDEN_NAMES: Mapping[str, str] = {column: kind for kind, column in CONTACT_LISTS.items()}

# Chosen by no rule: the union of what the records have.
UNION_COLUMN = "external_ids"

# One table per list of rules. DuckDB 2.0 loses rows that are inserted into a table which the same transaction made by
# an empty `CREATE TABLE AS` (scans see none, count(*) sees all), so that scratch tables are never appended to.
_CANDIDATES = "golden_scratch_candidates_{}"
_RANKED = "golden_scratch_ranked_{}"
_CHOICES = "golden_scratch_choices"
_CONTACTS = "golden_scratch_contacts"


@dataclass(frozen=True, slots=True)
class _Ranked:
    """A scratch table of candidates ranked by the same rules: part to golden column, and those rules."""

    table: str
    parts: Mapping[int, str]
    rules: tuple[Rule, ...]


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
    extra_columns: Sequence[str | Column] = (),
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
    gather_records(warehouse, trust)
    gather_overview(warehouse, columns)
    numbers = {name: part for part, name in enumerate(by_column)}
    ranked = [*_rank_values(warehouse, columns, by_column, numbers), *_rank_contacts(warehouse, by_column, numbers)]
    _choose(warehouse, ranked)
    with warehouse.transaction():
        summary = GoldenSummary(
            customer_count=warehouse.replace(customers(extra_columns), _golden_select(columns, ranked)),
            record_count=warehouse.value(f"SELECT count(*) FROM {RECORDS}"),
            deleted_record_count=warehouse.value(f"SELECT count(*) FROM {SPANS} WHERE deleted_on IS NOT NULL"),
            choice_count=warehouse.replace(CUSTOMER_VALUES, _identified(_CHOICES)),
            contact_count=warehouse.replace(CUSTOMER_CONTACTS, _identified(_CONTACTS)),
        )
        warehouse.replace(CUSTOMER_RECORDS, f"SELECT * FROM {SPANS}")
    candidates = [_CANDIDATES.format(kind) for kind in CONTACT_LISTS]
    for scratch in (RECORDS, SPANS, OVERVIEW, _CHOICES, _CONTACTS, *candidates, *(group.table for group in ranked)):
        warehouse.execute(f"DROP TABLE {scratch}")
    return summary


def _single_columns(extra_columns: Sequence[str | Column]) -> list[Column]:
    lists = {*CONTACT_LISTS.values(), UNION_COLUMN}
    return [
        *(column for column in CUSTOMER_COLUMNS if column.name not in lists),
        *as_columns(extra_columns),
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


def _rank_values(
    warehouse: Warehouse,
    columns: Sequence[Column],
    by_column: Mapping[str, tuple[Rule, ...]],
    numbers: Mapping[str, int],
) -> list[_Ranked]:
    """The ranked candidates for columns with one value a record, of customers whose records differ in them."""
    counts = ", ".join(f"count(*) FILTER (WHERE {has_choice(column)})" for column in columns)
    found = warehouse.execute(f"SELECT {counts} FROM {OVERVIEW}")[0]
    candidates: dict[tuple[Rule, ...], dict[str, str]] = {}
    for column, count in zip(columns, found, strict=True):
        if count:
            differing = f"SELECT _customer FROM {OVERVIEW} WHERE {has_choice(column)}"
            select = value_candidates(numbers[column.name], column.name, where=f"_customer IN ({differing})")
            candidates.setdefault((*by_column[column.name], *VALUE_TIE_BREAKS), {})[column.name] = select
    made = []
    for number, (rules, selects) in enumerate(candidates.items()):
        made.append(_Ranked(_RANKED.format(number), {numbers[name]: name for name in selects}, rules))
        rank_candidates(warehouse, made[-1].table, list(selects.values()), rules)
    return made


def _rank_contacts(
    warehouse: Warehouse, by_column: Mapping[str, tuple[Rule, ...]], numbers: Mapping[str, int]
) -> list[_Ranked]:
    """The ranked candidates for phones and e-mails, of customers that have several; makes those of all customers."""
    made = []
    for kind, column in CONTACT_LISTS.items():
        group = _Ranked(_RANKED.format(kind), {numbers[kind]: kind}, (*by_column[kind], *CONTACT_TIE_BREAKS))
        warehouse.execute(f"""
            CREATE OR REPLACE TEMP TABLE {_CANDIDATES.format(kind)} AS {contact_candidates(numbers[kind], column)}
        """)
        rank_candidates(warehouse, group.table, [contested(_CANDIDATES.format(kind))], group.rules)
        made.append(group)
    return made


def _choose(warehouse: Warehouse, ranked: Sequence[_Ranked]) -> None:
    """Fills the scratch tables of gold.customer_values and gold.customer_contacts."""
    chosen = [choices(group.table, group.parts, group.rules) for group in ranked]
    contacts = [
        ranked_contacts(_CANDIDATES.format(kind), group.table, {part: kind})
        for group in ranked
        for part, kind in group.parts.items()
        if kind in CONTACT_LISTS
    ]
    for table, selects in ((_CHOICES, chosen), (_CONTACTS, contacts)):
        union = " UNION ALL BY NAME ".join(f"({select})" for select in selects)
        warehouse.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {union}")


def _identified(table: str) -> str:
    return f"SELECT * FROM {table} JOIN (SELECT _customer, customer_id FROM {OVERVIEW}) USING (_customer)"


def _golden_select(columns: Sequence[Column], ranked: Sequence[_Ranked]) -> str:
    """A select of `gold.customers`: the chosen value where there was a choice, else the only one."""
    parts = {name: part for group in ranked for part, name in group.parts.items()}
    chosen = [column for column in columns if column.name in parts]
    values = ", ".join(_golden_value(column, parts.get(column.name)) for column in columns)
    best = ", ".join(f"best_{kind}.value AS {kind}" for kind in CONTACT_LISTS)
    joins = " ".join(
        f"LEFT JOIN (SELECT _customer, value FROM {_CHOICES} WHERE part = {parts[column.name]})"
        f" AS chosen_{parts[column.name]} USING (_customer)"
        for column in chosen
    )
    contacts = " ".join(
        f"LEFT JOIN (SELECT _customer, value FROM {_CONTACTS} WHERE part = {parts[kind]} AND rank = 1)"
        f" AS best_{kind} USING (_customer)"
        for kind in CONTACT_LISTS
    )
    return f"""
        SELECT overview.customer_id, {values}, {best}, ids.external_ids,
            overview._record_count AS record_count, overview._source_count AS source_count,
            spans.first_seen_on, spans.changed_on
        FROM {OVERVIEW} AS overview {joins} {contacts}
        LEFT JOIN (
            SELECT _customer, list_sort(list(DISTINCT external_id)) AS external_ids
            FROM (SELECT _customer, unnest(external_ids) AS external_id FROM {RECORDS})
            WHERE external_id IS NOT NULL GROUP BY _customer
        ) AS ids USING (_customer)
        LEFT JOIN (
            SELECT customer_id, min(first_seen_on) AS first_seen_on, max(changed_on) AS changed_on
            FROM {SPANS} GROUP BY customer_id
        ) AS spans ON spans.customer_id = overview.customer_id
    """


def _golden_value(column: Column, part: int | None) -> str:
    name = quoted(column.name)
    if part is None:
        return f"overview.{name}"
    return f"coalesce(CAST(chosen_{part}.value AS {column.type}), overview.{name}) AS {name}"
