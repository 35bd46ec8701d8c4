"""Commands that read what was published: explain, query."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crm_pipeline.cli.explanation import print_explanation
from crm_pipeline.cli.options import JsonOption, ProjectOption
from crm_pipeline.cli.output import counted, print_json, print_table, say, shown_path
from crm_pipeline.cli.pair_explanation import print_pair
from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings import Project, load_project

if TYPE_CHECKING:
    from crm_pipeline.linkage.explaining.waterfall import Waterfall


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
    as_of: Annotated[
        str | None,
        typer.Option(
            metavar="DATE",
            help="The tables as they were published then: a day (its end) or a moment, in the project's time zone.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Query the published tables, also while a run is going on; print the rows, or take them out into a file.

    Examples: crm-pipeline query "select country, count(*) from customers group by all order by all" --to countries.xlsx
    crm-pipeline query "select count(*) from customers" --as-of 2026-05-01
    """
    opened = load_project(project)
    with contextlib.ExitStack() as stack:
        file = opened.published_file
        if as_of is not None:
            from crm_pipeline.steps.looking.as_of import published_as_of

            file = stack.enter_context(published_as_of(opened, as_of, sql))
        _query(file, sql, to, opened.config.timezone, as_json=as_json)


def _query(file: Path, sql: str, to: Path | None, zone: str, *, as_json: bool) -> None:
    from crm_pipeline.publish import query as run_query
    from crm_pipeline.publish import take_out

    if to is not None:
        rows = take_out(file, sql, to, zone=zone)
        if as_json:
            print_json({"file": str(to), "rows": rows})
        else:
            say(f"{to}: {counted(rows, 'row')}")
        return
    frame = run_query(file, sql, zone=zone)
    if as_json:
        print_json(frame.to_dicts())
        return
    numeric = [name for name, kind in frame.schema.items() if kind.is_numeric()]
    print_table(counted(frame.height, "row"), frame.columns, frame.rows(), right=numeric)


def explain(
    customer_id: Annotated[str | None, typer.Argument(metavar="ID", help="A customer id, also an earlier one.")] = None,
    source: Annotated[str | None, typer.Option(help="Instead of an id: the source of a record …")] = None,
    key: Annotated[str | None, typer.Option(help="… and its key there.")] = None,
    extract: Annotated[str | None, typer.Option(help="… and its extract, where several have the key.")] = None,
    pair: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="LEFT RIGHT", help="Why two records (source/extract/key) or customers are one, or not."),
    ] = None,
    chart: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="Also write the waterfall as a page that opens without a network."),
    ] = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say who a customer is: records, why they are one, where each value comes from, who belongs with it, history.

    Examples: crm-pipeline explain C000000174   crm-pipeline explain --source crm --key 11000
    crm-pipeline explain --pair C000000174 C000000255 --chart why.html
    """
    opened = load_project(project)
    asked = [bool(customer_id), bool(source or key), bool(pair)]
    if sum(asked) != 1 or bool(source) != bool(key):
        raise ConfigurationError(
            where="explain",
            expected="an ID, or --source and --key, or --pair",
            found="none of them or several",
            cure="See `crm-pipeline explain --help`.",
        )
    if chart and not chart.absolute().parent.is_dir():
        raise ConfigurationError(
            where="explain --chart",
            expected="a file in a folder that exists",
            found=str(chart),
            cure="Make the folder, or name another one.",
        )
    if pair:
        _explain_pair(opened, pair, chart, as_json=as_json)
        return
    from crm_pipeline.publish import explain as explain_id
    from crm_pipeline.publish import explain_record
    from crm_pipeline.steps.telling.explaining import reasons

    file = opened.published_file
    found = explain_id(file, customer_id) if customer_id else explain_record(file, source or "", key or "", extract)
    told = reasons(opened, found.record_keys)
    if chart:
        _write_chart(opened, told.waterfall, chart, told.missing)
    if as_json:
        print_json(found.as_dict() | {"reasons": told.as_dict()})
        return
    print_explanation(found, told)
    _say_chart(chart)


def _explain_pair(opened: Project, pair: tuple[str, str], chart: Path | None, *, as_json: bool) -> None:
    from crm_pipeline.steps.telling.explaining_pairs import explain_pair

    told = explain_pair(opened, *pair)
    if chart:
        _write_chart(opened, told.waterfall, chart, told.missing)
    if as_json:
        print_json(told.as_dict())
        return
    print_pair(told)
    _say_chart(chart)


def _write_chart(opened: Project, told: Waterfall | None, file: Path, missing: str) -> None:
    from crm_pipeline.steps.telling.evidence import write_waterfall

    if told is None:
        raise ConfigurationError(
            where="explain --chart",
            expected="a pair whose weight can be taken apart",
            found=missing or "none: there is no link of the model that holds records together here",
            cure="Name two records or customers by --pair.",
        )
    write_waterfall(opened, told, file)


def _say_chart(chart: Path | None) -> None:
    if chart:
        say(f"{shown_path(chart.absolute())}: the waterfall as a page")
