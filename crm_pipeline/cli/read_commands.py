"""Commands that read what was published: explain, query."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crm_pipeline.cli.explanation import print_explanation
from crm_pipeline.cli.options import JsonOption, ProjectOption
from crm_pipeline.cli.output import print_json, print_table, say
from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings import load_project


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    app.command()(explain)
    app.command()(query)


def query(
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One select over the published tables.")],
    project: ProjectOption = None,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FILE", help="Write the rows to a file: .csv, .xlsx or .parquet."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Query the published tables, also while a run is going on; print the rows, or take them out into a file.

    Example: crm-pipeline query "select country, count(*) from customers group by all order by all" --to countries.xlsx
    """
    from crm_pipeline.publish import query as run_query
    from crm_pipeline.publish import take_out

    opened = load_project(project)
    if to is not None:
        rows = take_out(opened.published_file, sql, to, zone=opened.config.timezone)
        if as_json:
            print_json({"file": str(to), "rows": rows})
        else:
            say(f"{to}: {rows:,} rows")
        return
    frame = run_query(opened.published_file, sql, zone=opened.config.timezone)
    if as_json:
        print_json(frame.to_dicts())
        return
    numeric = [name for name, kind in frame.schema.items() if kind.is_numeric()]
    print_table(f"{frame.height:,} rows", frame.columns, frame.rows(), right=numeric)


def explain(
    customer_id: Annotated[str | None, typer.Argument(metavar="ID", help="A customer id, also an earlier one.")] = None,
    source: Annotated[str | None, typer.Option(help="Instead of an id: the source of a record …")] = None,
    key: Annotated[str | None, typer.Option(help="… and its key there.")] = None,
    extract: Annotated[str | None, typer.Option(help="… and its extract, where several have the key.")] = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say who a customer is: its records, why they are one, where each value comes from, its history.

    Examples: crm-pipeline explain C000000174   crm-pipeline explain --source crm --key 11000
    """
    from crm_pipeline.publish import explain as explain_id
    from crm_pipeline.publish import explain_record

    file = load_project(project).published_file
    if customer_id and not (source or key):
        found = explain_id(file, customer_id)
    elif source and key and not customer_id:
        found = explain_record(file, source, key, extract)
    else:
        raise ConfigurationError(
            where="explain",
            expected="an ID, or --source and --key",
            found="neither or both",
            cure="See `crm-pipeline explain --help`.",
        )
    if as_json:
        print_json(found.as_dict())
        return
    print_explanation(found)
