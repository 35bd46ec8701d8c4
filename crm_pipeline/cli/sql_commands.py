"""Commands around SQL models: sql list, show, test, run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from crm_pipeline.cli.options import JsonOption, ProjectOption
from crm_pipeline.cli.output import counted, print_json, print_table, say
from crm_pipeline.settings import load_project

if TYPE_CHECKING:
    from crm_pipeline.steps.sql_models import Tested

_sql = typer.Typer(help="SQL models: the tables made of selects, shipped and your own.", no_args_is_help=True)
NamesArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[MODEL]…", help="Such as sales_monthly or mart.sales_monthly.")
]


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    _sql.command("list")(sql_list)
    _sql.command("show")(sql_show)
    _sql.command("test")(sql_test)
    _sql.command("run")(sql_run)
    app.add_typer(_sql, name="sql")


def sql_list(project: ProjectOption = None, as_json: JsonOption = False) -> None:
    """List the SQL models: what a row is, how they are built, whose they are, and the file.

    Example: crm-pipeline sql list
    """
    from crm_pipeline.steps.sql_models import listed

    rows = listed(load_project(project))
    if as_json:
        print_json(rows)
        return
    columns = ("model", "grain", "built", "origin")
    print_table(counted(len(rows), "SQL model"), columns, [[row[name] for name in columns] for row in rows])
    for row in rows:
        if row["origin"] != "shipped":
            say(f"{row['model']}: {row['path']}")


def sql_show(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Such as sales_monthly or mart.sales_monthly.")],
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one SQL model: its select, its columns with where they come from, its tests and its neighbours.

    Example: crm-pipeline sql show customer_value
    """
    from crm_pipeline.steps.sql_models import told

    shown = told(load_project(project), model)
    if as_json:
        print_json(shown)
        return
    say(f"{shown['model']}: {shown['grain']} ({shown['built']}, {shown['origin']}, {shown['path']})")
    say(shown["description"])
    say(f"Key: {', '.join(shown['key'])}")
    for title, names in (("Reads", "reads"), ("Its tests also read", "tests_read"), ("Read by", "read_by")):
        if shown[names]:
            say(f"{title}: {', '.join(shown[names])}")
    say("")
    columns = [(each["name"], each["description"], each["from"]) for each in shown["columns"]]
    print_table("Columns", ("column", "description", "from"), columns)
    heads = ("test", "severity", "claim")
    print_table("Tests", heads, [[each[name] for name in heads] for each in shown["tests"]])
    say(shown["sql"].strip())


def sql_test(names: NamesArgument = None, project: ProjectOption = None, as_json: JsonOption = False) -> None:
    """Test the named SQL models, or all, on the tables as the last run left them.

    Exit code 1: a test that would stop a run fails. While a run is going on, it says so and exits with 3.

    Example: crm-pipeline sql test sales_monthly
    """
    from crm_pipeline.steps.sql_models import tested

    _tell(tested(load_project(project), names or ()), as_json=as_json)


def sql_run(names: NamesArgument = None, project: ProjectOption = None, as_json: JsonOption = False) -> None:
    """Build the named SQL models, or all, and what depends on them, in the warehouse, and test them.

    All or nothing. Nothing is published: readers get it with the next run, which builds all models.

    Example: crm-pipeline sql run sales_monthly
    """
    from crm_pipeline.steps.sql_models import built

    _tell(built(load_project(project), names or ()), as_json=as_json)


def _tell(done: list[Tested], *, as_json: bool) -> None:
    is_good = all(each.is_good for each in done)
    if as_json:
        print_json([_as_dict(each) for each in done])
        raise typer.Exit(0 if is_good else 1)
    rows = [
        (each.model.qualified, each.row_count, len(each.results), sum(bool(r.failed_count) for r in each.results))
        for each in done
    ]
    print_table(
        counted(len(done), "SQL model"), ("model", "rows", "tests", "failing"), rows, right=("rows", "tests", "failing")
    )
    failing = [
        (each.model.qualified, result.test_id, result.severity, result.failed_count, result.description)
        for each in done
        for result in each.results
        if result.failed_count
    ]
    if failing:
        print_table("Tests that fail", ("model", "test", "severity", "rows", "claim"), failing, right=("rows",))
    raise typer.Exit(0 if is_good else 1)


def _as_dict(done: Tested) -> dict[str, Any]:
    return {
        "model": done.model.qualified,
        "rows": done.row_count,
        "tests": [
            {"test": result.test_id, "severity": result.severity, "failed_rows": result.failed_count}
            for result in done.results
        ],
    }
