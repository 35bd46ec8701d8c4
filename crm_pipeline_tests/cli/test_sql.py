"""Claims on the commands around SQL models: list, show, test, run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import Result
from typer.testing import CliRunner

from crm_pipeline.cli.app import app
from crm_pipeline.errors import BusyError, ConfigurationError
from crm_pipeline.settings import load_project
from crm_pipeline.warehouse import writer_lock
from crm_pipeline_tests import projects

BIG = "SELECT customer_id, revenue FROM mart.customer_value WHERE revenue > 1000"
BIG_YML = """grain: one customer
description: 大客户，收入超过一千。
key: [customer_id]
columns:
  - {name: customer_id, description: the golden customer, personal: none}
  - {name: revenue, description: 收入, personal: none, tests: [not_null]}
"""


@pytest.fixture
def folder(small: projects.Finished, tmp_path: Path) -> Path:
    """A project after a run, with a model of its own and an own select in the place of a shipped one."""
    folder = projects.copy(small.folder, tmp_path / "客户")
    own = folder / "sql" / "mart"
    own.mkdir(parents=True, exist_ok=True)
    (own / "big_customers.sql").write_text(BIG, encoding="utf-8")
    (own / "big_customers.yml").write_text(BIG_YML, encoding="utf-8")
    return folder


def asked(*arguments: str, folder: Path) -> Result:
    """What a command of `sql` did."""
    return CliRunner().invoke(app, ["sql", *arguments, "--project", str(folder)])


def answer(*arguments: str, folder: Path) -> Any:
    """The JSON of a command that found nothing wrong."""
    done = asked(*arguments, "--json", folder=folder)
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


def rows(folder: Path, sql: str, file: str = "var/warehouse.duckdb") -> list[tuple[Any, ...]]:
    """The rows of a select over a database file of the project."""
    with duckdb.connect(str(folder / file), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_list_says_whose_models_there_are(folder: Path) -> None:
    """Each model is listed with its grain, the project's own and its overriding ones told apart from the shipped."""
    text = "SELECT source, extract FROM std.customers WHERE valid_to IS NULL GROUP BY ALL"
    shipped = {row["model"]: row for row in answer("list", folder=folder)}
    assert shipped["mart.big_customers"]["origin"] == "own"
    assert shipped["mart.sales_monthly"] | {"path": ""} == {
        "model": "mart.sales_monthly", "grain": "one month of order and currency", "built": "full",
        "origin": "shipped", "path": "",
    }  # fmt: skip
    (folder / "sql/mart/source_overview.sql").write_text(text, encoding="utf-8")
    columns = "- {name: source, description: system}\n  - {name: extract, description: extract}"
    yml = f"grain: one extract\ndescription: own\nkey: [source, extract]\ncolumns:\n  {columns}\n"
    (folder / "sql/mart/source_overview.yml").write_text(yml, encoding="utf-8")
    (folder / "sql/mart/assert_source_overview_has_every_record.sql").write_text(
        "-- Nothing to say.\nSELECT source FROM mart.source_overview WHERE source IS NULL", encoding="utf-8"
    )
    [row] = [row for row in answer("list", folder=folder) if row["model"] == "mart.source_overview"]
    assert (row["origin"], row["path"]) == ("overridden", str(folder / "sql/mart/source_overview.sql"))
    said = asked("list", folder=folder)
    assert f"mart.source_overview: {folder}" in said.output.replace("\n", "")


def test_show_tells_columns_with_their_origins(folder: Path) -> None:
    """A model is shown with select, key, tests, what it reads, who reads it, and where each value comes from."""
    shown = answer("show", "big_customers", folder=folder)
    assert (shown["reads"], shown["read_by"], shown["sql"]) == (["mart.customer_value"], [], BIG)
    assert [column["from"] for column in shown["columns"]] == [
        ["mart.customer_value.customer_id"],
        ["mart.customer_value.revenue"],
    ]
    assert "unique_customer_id" in [test["test"] for test in shown["tests"]]
    readers = ["mart.big_customers", "mart.customers_by_segment", "mart.owner_portfolio"]
    assert sorted(answer("show", "mart.customer_value", folder=folder)["read_by"]) == readers
    said = asked("show", "big_customers", folder=folder)
    assert "大客户，收入超过一千。" in said.output
    assert BIG in said.output


def test_a_model_that_is_none_is_refused_with_the_nearest(folder: Path) -> None:
    """A misspelt name is a wrong call that names the nearest model, with and without its schema."""
    for name, nearest in (("sale_monthly", "sales_monthly"), ("mart.sale_monthly", "mart.sales_monthly")):
        for command in ("show", "test", "run"):
            done = asked(command, name, folder=folder)
            assert isinstance(done.exception, ConfigurationError)
            assert f"Did you mean {nearest}?" in str(done.exception)


def test_run_builds_a_model_and_what_reads_it_and_publishes_nothing(folder: Path) -> None:
    """A named model and its readers are built and tested; what is published is what it was, byte by byte."""
    published = (folder / "published/crm.duckdb").read_bytes()
    done = answer("run", "customer_value", folder=folder)
    rows_of = {each["model"]: each["rows"] for each in done}
    readers = ["mart.big_customers", "mart.customers_by_segment", "mart.owner_portfolio"]
    assert (done[0]["model"], sorted(rows_of)[:1], sorted(rows_of)[2:]) == (
        "mart.customer_value", readers[:1], readers[1:]
    )  # fmt: skip
    expected = rows(folder, "SELECT count(*) FROM customer_value WHERE revenue > 1000", "published/crm.duckdb")
    assert rows(folder, "SELECT count(*) FROM mart.big_customers") == expected
    assert rows_of["mart.big_customers"] == expected[0][0] > 0
    assert (folder / "published/crm.duckdb").read_bytes() == published


def test_run_that_fails_leaves_every_table_as_it_was(folder: Path) -> None:
    """Where the second of two models can't be computed, the first keeps its rows too."""
    before = rows(folder, "SELECT count(*), sum(order_count) FROM mart.customer_value")
    (folder / "sql/mart/customer_value.sql").write_text(
        (_shipped("customer_value.sql")).replace("FROM gold.customers AS c\n", "FROM gold.customers AS c LEFT JOIN "
        "(SELECT 1 AS one WHERE false) AS none ON true\n").replace("COALESCE(a.order_count, 0)", "7 * 1"),
        encoding="utf-8",
    )  # fmt: skip
    (folder / "sql/mart/big_customers.sql").write_text(
        "SELECT customer_id, CAST(customer_id AS INTEGER) AS revenue FROM mart.customer_value", encoding="utf-8"
    )
    done = asked("run", "customer_value", folder=folder)
    assert isinstance(done.exception, ConfigurationError), done.output
    assert "big_customers.sql" in str(done.exception)
    assert rows(folder, "SELECT count(*), sum(order_count) FROM mart.customer_value") == before


def _shipped(name: str) -> str:
    from crm_pipeline.bundled import bundled

    return (bundled("dbt_like_sql") / "mart" / name).read_text(encoding="utf-8")


def test_test_counts_failing_rows_and_exits_with_1(folder: Path) -> None:
    """Tests hold on what a run left; a broken row fails those concerned, by name, with exit code 1."""
    assert {each["model"]: each["rows"] for each in answer("test", "sales_monthly", folder=folder)} == {
        "mart.sales_monthly": None
    }
    with duckdb.connect(str(folder / "var/warehouse.duckdb")) as connection:
        connection.execute("UPDATE mart.sales_monthly SET revenue = NULL WHERE month = '2011-01-01'")
    done = asked("test", "sales_monthly", "--json", folder=folder)
    assert done.exit_code == 1
    failed = {test["test"]: test["failed_rows"] for test in json.loads(done.output)[0]["tests"] if test["failed_rows"]}
    assert failed == {"not_null_revenue": 1, "assert_sales_monthly_has_all_revenue": 1}
    said = asked("test", "sales_monthly", folder=folder)
    assert (said.exit_code, "Every row of mart.sales_monthly has revenue." in said.output) == (1, True)


def test_a_table_that_was_not_built_is_said(folder: Path) -> None:
    """A model that no run has built yet has no tests to run; the message names its table."""
    done = asked("test", "big_customers", folder=folder)
    assert isinstance(done.exception, ConfigurationError)
    assert "no mart.big_customers" in str(done.exception)


def test_nothing_is_touched_while_a_run_holds_the_warehouse(folder: Path) -> None:
    """Both commands that need the warehouse say who holds it, and do nothing."""
    with writer_lock(load_project(folder).var, run_id="nightly-7"):
        for command in ("test", "run"):
            done = asked(command, "sales_monthly", folder=folder)
            assert isinstance(done.exception, BusyError)
            assert "run nightly-7 in process" in str(done.exception)


def test_before_the_first_run_there_is_nothing_to_test(fresh_small: Path) -> None:
    """Without a warehouse both say what to do first, and make none."""
    for command in ("test", "run"):
        done = asked(command, folder=fresh_small)
        assert isinstance(done.exception, ConfigurationError)
        assert "crm-pipeline run" in str(done.exception)
    assert not (fresh_small / "var" / "warehouse.duckdb").exists()
