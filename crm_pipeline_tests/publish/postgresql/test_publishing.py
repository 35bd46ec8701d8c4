"""Claims on what a publication leaves on a real server: the same rows, only what changed, contracts, stable views."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_pipeline.errors import BusyError, PipelineError
from crm_pipeline.publish import Publication
from crm_pipeline.publish.postgresql import published_entry
from crm_pipeline.tables import Column, Personal, customers
from crm_pipeline.warehouse import Warehouse
from crm_pipeline_tests.publish.postgresql.databases import TABLES, Database, Server, publications, publish

# By hand: types that PostgreSQL writes otherwise than DuckDB, one of each.
CUSTOMERS_TYPES = {
    "customer_id": "text",
    "birth_date": "date",
    "external_ids": "jsonb",
    "record_count": "bigint",
    "phone": "text",
}


def stored(database: Database, table: Publication, schema: str = "crm") -> list[tuple[Any, ...]]:
    """All rows of a view as its owner sees them, in key order."""
    columns = ", ".join(
        f'"{row[0]}"'
        for row in database.ask(
            f"SELECT attname FROM pg_attribute WHERE attrelid = '{schema}.{table.name}'::regclass AND attnum > 0 "
            "ORDER BY attnum"
        )
    )
    order = ", ".join(f'"{name}" COLLATE "C"' if name != "rank" else "rank" for name in text_key(table))
    return database.ask(f"SELECT {columns} FROM {schema}.{table.name} ORDER BY {order}")


def text_key(table: Publication) -> list[str]:
    """Columns of the key that are texts; they tell apart the rows of these tests."""
    return [name for name in table.order_by if name.endswith(("_id", "column_name", "kind", "value", "source"))] or [
        "cause"
    ]


def held(warehouse: Warehouse, table: Publication) -> list[tuple[Any, ...]]:
    """All rows of the warehouse in the same order."""
    order = ", ".join(f'"{name}"' for name in text_key(table))
    return warehouse.execute(f"FROM {table.source} ORDER BY {order}")


def moments(database: Database, table: str) -> dict[str, str]:
    """Customer to the transaction that wrote its row."""
    return dict(database.ask(f"SELECT customer_id, xmin::text FROM crm_base.{table}"))


def test_first_publication_is_whole(warehouse: Warehouse, database: Database) -> None:
    """Every row and value of every table is there, nested ones and Chinese text too, and the row of the edition."""
    summary = publish(warehouse, database.settings(), fingerprint="one", number=7)
    assert summary.is_changed
    for table in publications():
        rows = held(warehouse, table)
        assert summary.changed_rows[table.name] == len(rows)
        if table.name != "identity_events":
            assert stored(database, table) == rows, table.name
    assert database.ask("SELECT cause, customer_ids FROM crm.identity_events ORDER BY event_number LIMIT 1") == [
        ("new record", ["C1"])
    ]
    assert published_entry(database.settings(), root=Path("/")) == (7, "one")


def test_only_what_changed_is_written(warehouse: Warehouse, database: Database) -> None:
    """Told what changed, or finding it out, a publication writes these rows and leaves all others as they were."""
    publish(warehouse, database.settings(), fingerprint="one")
    for number, is_told in ((2, True), (3, False)):
        before = moments(database, "customers")
        warehouse.execute(f"UPDATE gold.customers SET city = 'city {number}' WHERE customer_id = 'C2'")
        changes: dict[str, str | None] | None = None
        if is_told:
            changes = {"customers": "SELECT false AS _is_gone, * FROM gold.customers WHERE customer_id = 'C2'"}
        done = publish(warehouse, database.settings(), fingerprint=f"{number}", number=number, changes=changes)
        assert {name: count for name, count in done.changed_rows.items() if count} == {"customers": 1}
        after = moments(database, "customers")
        assert {customer for customer in after if after[customer] != before[customer]} == {"C2"}
        assert database.ask("SELECT city FROM crm.customers WHERE customer_id = 'C2'") == [(f"city {number}",)]


def test_rows_that_went_are_gone(warehouse: Warehouse, database: Database) -> None:
    """A customer that is no longer published is in no table and no view, told or found out."""
    publish(warehouse, database.settings(), fingerprint="one")
    gone = "SELECT true AS _is_gone, * FROM gold.customers WHERE customer_id = 'C2'"
    warehouse.execute(f"CREATE TABLE gone AS {gone}")
    warehouse.execute("DELETE FROM gold.customers WHERE customer_id IN ('C2', 'C3')")
    publish(warehouse, database.settings(), fingerprint="2", changes={"customers": "FROM gone"})
    assert {row[0] for row in database.ask("SELECT customer_id FROM crm_masked.customers")} == {"C1", "C3", "C4"}
    publish(warehouse, database.settings(), fingerprint="3")
    assert {row[0] for row in database.ask("SELECT customer_id FROM crm_base.customers")} == {"C1", "C4"}


def test_same_again_changes_nothing(warehouse: Warehouse, database: Database) -> None:
    """The same content once more writes no row of a table."""
    publish(warehouse, database.settings())
    before = moments(database, "customers")
    again = publish(warehouse, database.settings(), number=9)
    assert (again.is_changed, dict(again.changed_rows)) == (False, {})
    assert moments(database, "customers") == before
    assert published_entry(database.settings(), root=Path("/")) == (9, "f")


def test_a_server_that_was_changed_by_hand_is_put_right(warehouse: Warehouse, database: Database) -> None:
    """Compared as a whole, rows that somebody changed, took away or added are as they should be."""
    publish(warehouse, database.settings(), fingerprint="one")
    database.ask("UPDATE crm_base.customers SET name = 'wrong' WHERE customer_id = 'C1'")
    database.ask("DELETE FROM crm_base.customers WHERE customer_id = 'C2'")
    database.ask("INSERT INTO crm_base.customers (customer_id, name) VALUES ('C9', 'nobody')")
    done = publish(warehouse, database.settings(), fingerprint="two")
    assert done.changed_rows["customers"] == 3
    [table] = [each for each in publications() if each.name == "customers"]
    assert stored(database, table) == held(warehouse, table)


def test_contract_of_each_column(warehouse: Warehouse, database: Database) -> None:
    """Types are PostgreSQL's own, keys are unique and filled, every table, view and column says what it is."""
    publish(warehouse, database.settings())
    found = dict(
        database.ask(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
            "WHERE attrelid = 'crm_base.customers'::regclass AND attnum > 0"
        )
    )
    assert {name: found[name] for name in CUSTOMERS_TYPES} == CUSTOMERS_TYPES
    with pytest.raises(psycopg2.errors.UniqueViolation):
        database.ask("INSERT INTO crm_base.customers (customer_id) VALUES ('C1')")
    with pytest.raises(psycopg2.errors.NotNullViolation):
        database.ask("INSERT INTO crm_base.customers (customer_id) VALUES (NULL)")
    silent = database.ask(
        "SELECT c.oid::regclass, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
        "WHERE c.relnamespace::regnamespace::text IN ('crm', 'crm_masked') AND c.relkind = 'v' AND a.attnum > 0 "
        "AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid) IS NULL)"
    )
    assert silent == []


def test_views_are_stable(warehouse: Warehouse, database: Database) -> None:
    """A reader's own view goes on working while columns come and go; the columns it knew keep their place."""
    publish(warehouse, database.settings())
    names = "SELECT attname FROM pg_attribute WHERE attrelid = 'crm.customers'::regclass AND attnum > 0 ORDER BY attnum"
    before = [row[0] for row in database.ask(names)]
    database.ask("CREATE VIEW public.mine AS SELECT customer_id, city, phone FROM crm.customers")
    extra = Publication.of(customers([Column("vip_level", "INTEGER", "level", Personal.NONE)]))
    warehouse.execute("CREATE TABLE gold.upgraded AS SELECT * EXCLUDE (city), 3 AS vip_level FROM gold.customers")
    tables = [replace(extra, source="gold.upgraded"), *publications(TABLES[1:])]
    done = publish(warehouse, database.settings(), tables, fingerprint="upgraded")
    assert done.changed_rows["customers"] == 4
    assert [row[0] for row in database.ask(names)] == [*before, "vip_level"]
    assert database.ask("SELECT * FROM public.mine WHERE customer_id = 'C1'") == [("C1", None, "+8613812348001")]
    assert database.ask("SELECT DISTINCT vip_level FROM crm_masked.customers") == [(3,)]
    publish(warehouse, database.settings(), fingerprint="back")
    assert database.ask("SELECT * FROM public.mine WHERE customer_id = 'C1'") == [("C1", "上海", "+8613812348001")]
    assert database.ask("SELECT DISTINCT vip_level FROM crm.customers") == [(None,)]


def test_a_type_that_changes(warehouse: Warehouse, database: Database) -> None:
    """A column of another type is published anew; where a reader's view needs it, nothing changes and it is said."""
    publish(warehouse, database.settings())
    warehouse.execute("CREATE TABLE gold.other AS SELECT * REPLACE (12 AS city) FROM gold.customers")
    tables = publications(customers="gold.other")
    database.ask("CREATE VIEW public.mine AS SELECT city FROM crm.customers")
    with pytest.raises(PipelineError, match="depends on a column whose type changes"):
        publish(warehouse, database.settings(), tables, fingerprint="other")
    assert database.ask("SELECT DISTINCT city FROM public.mine") == [("上海",)]
    database.ask("DROP VIEW public.mine")
    publish(warehouse, database.settings(), tables, fingerprint="other")
    assert database.ask("SELECT DISTINCT city FROM crm.customers") == [(12,)]


def test_a_table_no_longer_published_is_emptied(warehouse: Warehouse, database: Database) -> None:
    """It and its views stay for those who use them, without a row of anybody."""
    publish(warehouse, database.settings())
    publish(warehouse, database.settings(), publications(TABLES[:-1]), fingerprint="less")
    assert database.ask("SELECT count(*) FROM crm.products") == [(0,)]


def test_failure_leaves_everything(warehouse: Warehouse, database: Database) -> None:
    """A publication that fails at its last table, by a key that is not unique, leaves every table as it was."""
    publish(warehouse, database.settings(), fingerprint="one")
    warehouse.execute("UPDATE gold.customers SET city = '北京'")
    twice = "(SELECT * FROM gold.products UNION ALL SELECT * REPLACE ('Q' AS product_code) FROM gold.products)"
    twice = twice.replace("(SELECT *", "(SELECT * REPLACE ('R' AS product_code)")
    with pytest.raises(PipelineError, match="share a key") as caught:
        publish(warehouse, database.settings(), publications(products=twice), fingerprint="two")
    assert "张三丰" not in str(caught.value)
    assert database.ask("SELECT DISTINCT city FROM crm.customers") == [("上海",)]
    assert published_entry(database.settings(), root=Path("/")) == (1, "one")


def test_one_publication_at_a_time(warehouse: Warehouse, database: Database) -> None:
    """A second one at the same moment is told so, and the first goes on."""
    publish(warehouse, database.settings(), fingerprint="one")
    with database.connected() as cursor:
        cursor.execute("BEGIN; SELECT pg_advisory_xact_lock(hashtext('crm_pipeline crm'))")
        with pytest.raises(BusyError):
            publish(warehouse, database.settings(), fingerprint="two")


_TEXTS = st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]), max_size=12))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(_TEXTS, st.lists(_TEXTS, max_size=3), _TEXTS), min_size=1, max_size=5))
def test_any_text_arrives(rows: list[tuple[Any, ...]], warehouse: Warehouse, server: Server) -> None:
    """Texts, lists of texts and texts within structs arrive as they are, but for the character 0."""
    database = _shared(server)
    warehouse.execute(
        "CREATE OR REPLACE TABLE texts (id BIGINT, single VARCHAR, many VARCHAR[], nested STRUCT(a VARCHAR)[])"
    )
    for number, (single, many, nested) in enumerate(rows):
        warehouse.execute("INSERT INTO texts VALUES (?, ?, ?, [{'a': ?}])", (number, single, many, nested))
    table = Publication("texts", "texts", ("id",), ("id", "single", "many", "nested"))
    publish(warehouse, database.settings(), [table], fingerprint=repr(rows))
    assert database.ask("SELECT single, many, nested FROM crm.texts ORDER BY id") == [
        (_kept(single), [_kept(each) for each in many], [{"a": _kept(nested)}]) for single, many, nested in rows
    ]


def _kept(text: str | None) -> str | None:
    return None if text is None else text.replace("\0", "")


_DATABASES: dict[int, Database] = {}


def _shared(server: Server) -> Database:
    """One database for all examples."""
    return _DATABASES.setdefault(id(server), server.database())
