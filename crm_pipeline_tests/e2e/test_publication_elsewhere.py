"""Claims on `publish` and the places beside the published file, by the command line, on a real server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from crm_pipeline.publish import query
from crm_pipeline_tests import projects
from crm_pipeline_tests.publish.postgresql.databases import Database, Server

_ROW = "SELECT fingerprint, entry_number FROM crm.published"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    running = Server(tmp_path_factory.mktemp("server"))
    yield running.database()
    running.stop()


def test_publish(small: projects.Finished, database: Database, tmp_path: Path) -> None:
    """Roles by a dry run and for good, first publications, the same again, a server that is behind, a secret URL."""
    folder = projects.copy(small.folder, tmp_path / "project")
    with (folder / "pipeline.yaml").open("a", encoding="utf-8") as file:
        file.write('\npublish: {postgres: {url: "${CRM_POSTGRES_URL}"}, parquet: {to: files}}\n')
    environment = {"CRM_POSTGRES_URL": database.url()}

    def publish(*options: str, env: dict[str, str] = environment) -> str:
        done = projects.crm_pipeline("publish", *options, "--project", str(folder), env=env)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert publish("--setup-roles", "--dry-run").startswith("BEGIN;\n")
    assert database.ask("SELECT 1 FROM pg_namespace WHERE nspname LIKE 'crm%'") == []
    publish("--setup-roles")
    published = folder / "published" / "crm.duckdb"
    expected = query(published, "SELECT customer_id, name, phone FROM customers ORDER BY ALL").rows()
    assert sorted(database.ask("SELECT customer_id, name, phone FROM crm.customers")) == sorted(expected)
    masked = query(folder / "published" / "crm_masked.duckdb", "SELECT customer_id, name, phone FROM customers").rows()
    assert sorted(database.ask("SELECT customer_id, name, phone FROM crm_masked.customers")) == sorted(masked)
    assert sorted(masked) != sorted(expected)
    current = json.loads((folder / "files/current.json").read_text(encoding="utf-8"))
    file = next(each["file"] for each in current["tables"] if each["name"] == "customers")
    rows = pl.read_parquet(folder / "files" / file).select("customer_id", "name", "phone").sort(pl.all()).rows()
    assert sorted(rows, key=repr) == sorted(expected, key=repr)
    again = json.loads(publish("--json"))
    assert (again["postgres_changed_rows"], again["parquet_tables_written"]) == ({}, [])

    there = database.ask(_ROW)
    database.ask("UPDATE crm_base.published SET fingerprint = 'of another project'")
    database.ask("DELETE FROM crm_base.customers WHERE customer_id = (SELECT min(customer_id) FROM crm_base.customers)")
    changed = json.loads(publish("--json"))["postgres_changed_rows"]
    assert {name: count for name, count in changed.items() if count} == {"customers": 1}
    assert database.ask(_ROW) == there

    wrong = {"CRM_POSTGRES_URL": "postgresql://u:hush-hush@db.example/d?sslmode=require"}
    refused = projects.crm_pipeline("publish", "--project", str(folder), env=wrong)
    assert refused.returncode == 2
    assert "sslmode=verify-full" in refused.stderr
    assert "hush-hush" not in refused.stderr + refused.stdout
