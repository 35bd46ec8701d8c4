"""Commands around a project folder: init, demo, check, preview."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crm_pipeline.cli import run_commands
from crm_pipeline.cli.options import DateOption, JsonOption, ProjectOption, parse_date
from crm_pipeline.cli.output import print_json, print_table, program, say, shown_path
from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings import Project, load_project


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    app.command()(init)
    app.command()(demo)
    app.command()(check)
    app.command()(preview)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")], as_json: JsonOption = False
) -> None:
    """Make a commented project folder.

    Example: crm-pipeline init my_crm
    """
    from crm_pipeline.steps.project import create_project

    create_project(folder, "init")
    if as_json:
        print_json({"project": str(folder.absolute()), "configuration": str((folder / "pipeline.yaml").absolute())})
        return
    say(f"{folder}: made. Next: edit {folder / 'pipeline.yaml'}, then crm-pipeline check --project {folder}")
    say(f"The key of its backups is in {folder / '.env'}; keep a copy elsewhere.")


def demo(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder; a demo that is there is run again.")],
    as_json: JsonOption = False,
) -> None:
    """Make a project with bundled data of two real systems and run it to the end.

    Example: crm-pipeline demo demo
    """
    from crm_pipeline.steps.project import DEMO_DATE, create_project, is_demo

    if not is_demo(folder):
        create_project(folder, "demo")
    project = load_project(folder.absolute())
    is_good = run_commands.run_and_report(project, DEMO_DATE, DEMO_DATE, as_json=as_json)
    if not as_json:
        _say_what_next(folder, project)
    raise typer.Exit(0 if is_good else 1)


def _say_what_next(folder: Path, project: Project) -> None:
    from crm_pipeline.publish import query

    sql = "SELECT customer_id FROM crm.customer_values ORDER BY customer_id LIMIT 1"
    example = query(project.published_file, sql)["customer_id"].to_list() or ["C…"]
    say("What to look at next:")
    for command, what in (
        (f'crm-pipeline query --project {folder} "select * from sales_monthly order by month"', "a mart"),
        (f"crm-pipeline explain --project {folder} {example[0]}", "why a customer is who it is"),
        (f"crm-pipeline quarantine list --project {folder}", "what was rejected, and why"),
        (f"crm-pipeline backup verify --project {folder}", "that the backup can be read"),
        (f"crm-pipeline ui --project {folder}", "the run, the assets and the checks in the browser"),
    ):
        say(f"  {command.replace('crm-pipeline', program(), 1)}\n      {what}")


def check(project: ProjectOption = None, date: DateOption = None, as_json: JsonOption = False) -> None:
    """Check configuration, sources and mapping, without loading anything.

    Example: crm-pipeline check --project my_crm
    """
    from crm_pipeline.steps.check import check_project, default_day

    opened = load_project(project)
    day = parse_date(date, "--date") if date else default_day(opened)
    checked = check_project(opened, day)
    rows = [(item.subject, "fit" if item.error is None else "refused", item.error or item.detail) for item in checked]
    if as_json:
        print_json([{"subject": s, "is_fit": verdict == "fit", "detail": str(detail)} for s, verdict, detail in rows])
    else:
        print_table(f"{shown_path(opened.config_file)}, business date {day}", ("part", "verdict", "detail"), rows)
    raise typer.Exit(max((item.error.exit_code for item in checked if item.error), default=0))


def preview(
    extract: Annotated[str, typer.Argument(metavar="SOURCE[.EXTRACT]", help="As named in pipeline.yaml.")],
    project: ProjectOption = None,
    date: DateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what would become of a delivery: columns before and after, and what would be rejected.

    Shows delivered values, personal ones too. Example: crm-pipeline preview crm.customers --date 2026-01-28
    """
    from crm_pipeline.steps.check import default_day
    from crm_pipeline.steps.preview import preview_extract

    opened = load_project(project)
    day = parse_date(date, "--date") if date else default_day(opened)
    previews = [preview_extract(opened, source, name, day) for source, name in _named(opened, extract)]
    if as_json:
        print_json(
            [
                {
                    "extract": p.where,
                    "file": p.file_name,
                    "encoding": p.encoding,
                    "rows": p.row_count,
                    "columns": [{"name": c.name, "before": c.delivered, "after": c.standardised} for c in p.columns],
                    "rejected": p.rejected.to_dicts(),
                    "unmapped": p.unmapped,
                }
                for p in previews
            ]
        )
        return
    for p in previews:
        say(f"{p.where}, {p.business_date}: {p.file_name}, {p.file_bytes:,} bytes, {p.encoding}, {p.row_count:,} rows")
        rows = [
            (c.name if i == 0 else "", before, after)
            for c in p.columns
            for i, (before, after) in enumerate(zip(c.delivered, c.standardised, strict=True))
        ]
        print_table("Columns", ("standard column", "as delivered", "standardised"), rows)
        if p.unmapped:
            say(f"Not mapped by name: {', '.join(p.unmapped)}\n")
        rejected = p.rejected.select("rule_id", "severity", "rows", "reason").rows()
        print_table("Would be rejected or flagged", ("rule", "severity", "rows", "why"), rejected, right=("rows",))


def _named(project: Project, name: str) -> list[tuple[str, str]]:
    """The extracts that SOURCE or SOURCE.EXTRACT names."""
    known = [(source, extract) for source, extract, _ in project.config.extracts]
    found = [pair for pair in known if name in {pair[0], ".".join(pair)}]
    if not found:
        raise ConfigurationError(
            where="SOURCE[.EXTRACT]",
            expected=f"one of {', '.join('.'.join(pair) for pair in known)}",
            found=repr(name),
            cure="Name a source or an extract of pipeline.yaml.",
        )
    return found
