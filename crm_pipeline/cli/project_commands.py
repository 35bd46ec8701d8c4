"""Commands around a project folder: init, demo, check, preview."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from crm_pipeline.cli import preview_command, run_commands
from crm_pipeline.cli.options import DateOption, JsonOption, ProjectOption, parse_date
from crm_pipeline.cli.output import print_json, print_table, program, progress_reported, say, shown_path
from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings import Project, load_project


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    app.command()(init)
    app.command()(demo)
    app.command()(check)
    app.command()(preview_command.preview)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
    more: Annotated[list[Path] | None, typer.Argument(metavar="[FILE]...", help="Further files of --from.")] = None,
    files: Annotated[
        list[Path] | None,
        typer.Option("--from", metavar="FILE", help="Files to suggest a first mapping for; several may follow."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a commented project folder; with --from, one whose mapping is suggested by the files.

    Examples: crm-pipeline init my_crm   crm-pipeline init my_crm --from exports/*.csv
    """
    from crm_pipeline.steps.starting.project import create_project

    if more and not files:
        raise ConfigurationError(
            where="init", expected="--from before files", found="files alone",
            cure="Write crm-pipeline init DIR --from FILE...",
        )  # fmt: skip
    suggested, options = _create_from(folder, [*(files or []), *(more or [])]) if files else (None, "")
    if suggested is None:
        create_project(folder, "init")
    if as_json:
        made = {"project": str(folder.absolute()), "configuration": str((folder / "pipeline.yaml").absolute())}
        print_json(made | ({} if suggested is None else {"extracts": suggested, "run_options": options}))
        return
    for each in suggested or ():
        say(f"{each['extract']}: {each['mapped']} of {each['delivered']} columns mapped, key {each['primary_key']}, "
            f"{each['load']}")  # fmt: skip
    what = "correct" if suggested else "edit"
    say(f"{folder}: made. Next: {what} {folder / 'pipeline.yaml'}, then crm-pipeline check --project {folder}")
    if suggested:
        say(f"What loads these files: crm-pipeline run --project {folder} {options}".rstrip())
    say(f"The key of its backups is in {folder / '.env'}; keep a copy elsewhere.")


def _create_from(folder: Path, files: list[Path]) -> tuple[list[dict[str, Any]], str]:
    """A project whose mapping is suggested; what was suggested of each extract, in short, and how to run them."""
    from crm_pipeline.steps.starting.first_configuration import first_configuration
    from crm_pipeline.steps.starting.given_files import first_run
    from crm_pipeline.steps.starting.project import create_from, require_new

    require_new(folder)
    text, extracts = first_configuration(files, folder, datetime.now(UTC).date())
    create_from(folder, text)
    return [
        {
            "extract": f"{each.given.source}.{each.name}",
            "entity": each.entity,
            "primary_key": ", ".join(each.primary_key),
            "load": each.load,
            "mapped": each.mapped_count,
            "delivered": each.mapped_count + len(each.unmapped),
        }
        for each in extracts
    ], first_run(each.given for each in extracts)


def demo(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder; a demo that is there is run again.")],
    customers: Annotated[
        int | None, typer.Option(help="Generate four messy systems that know this many people and organisations.")
    ] = None,
    days: Annotated[
        int | None, typer.Option(help="Of generated systems: business dates with deliveries; default 3.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Of generated systems: equal seeds give equal files; default 1.")
    ] = None,
    generate_only: Annotated[bool, typer.Option("--generate-only", help="Write the files, and do not run.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a project with bundled data of two real systems, or with generated ones, and run it to the end.

    Examples: crm-pipeline demo demo   crm-pipeline demo big --customers 100000 --days 3
    """
    from crm_pipeline.steps.starting.project import DEMO_DATE, create_project, generated_plan, is_demo

    if customers is None and (days, seed, generate_only) != (None, None, False):
        raise ConfigurationError(
            where="demo", expected="--customers with --days, --seed or --generate-only", found="none",
            cure="Say how many customers to generate: --customers 10000.",
        )  # fmt: skip
    if customers is not None or generated_plan(folder):
        is_good = _generated_demo(folder, customers, days, seed, is_run=not generate_only, as_json=as_json)
        raise typer.Exit(0 if is_good else 1)
    if not is_demo(folder):
        create_project(folder, "demo")
    project = load_project(folder.absolute())
    is_good = run_commands.run_and_report(project, DEMO_DATE, DEMO_DATE, as_json=as_json)
    if not as_json:
        _say_what_next(folder, project)
    raise typer.Exit(0 if is_good else 1)


def _generated_demo(
    folder: Path, customers: int | None, days: int | None, seed: int | None, *, is_run: bool, as_json: bool
) -> bool:
    """Whether a generated demo was made, unless it is there, and run without findings."""
    from crm_pipeline.generator import Plan
    from crm_pipeline.steps.starting.project import create_generated, generated_plan

    plan = generated_plan(folder)
    if customers is not None:
        asked = Plan(customers, 3 if days is None else days, 1 if seed is None else seed)
        if plan is not None and plan != asked:
            raise ConfigurationError(
                where=str(folder),
                expected=f"--customers {plan.customers} --days {plan.days} --seed {plan.seed}, as it was generated",
                found=f"--customers {asked.customers} --days {asked.days} --seed {asked.seed}",
                cure="Choose another folder, or run this one again with its own numbers.",
            )
        if plan is None:
            with progress_reported("generate") as progress:
                made = create_generated(folder, asked, progress)
            if not as_json:
                rows = sum(made.rows.values())
                say(f"{folder}: {made.records:,} records of {asked.customers:,} customers, {rows:,} rows delivered, "
                    f"made in {made.seconds:.0f} s.")  # fmt: skip
        plan = asked
    if plan is None or not is_run:
        if as_json:
            print_json({"project": str(folder.absolute())})
        return True
    project = load_project(folder.absolute())
    is_good = run_commands.run_and_report(project, plan.dates[0], plan.dates[-1], as_json=as_json)
    if not as_json:
        _say_what_next(
            folder,
            project,
            (f"crm-pipeline evaluate {folder / 'truth.csv'} --project {folder}", "how well customers were found"),
        )
    return is_good


def _say_what_next(folder: Path, project: Project, *further: tuple[str, str]) -> None:
    from crm_pipeline.publish import query

    sql = "SELECT customer_id FROM crm.customer_values ORDER BY customer_id LIMIT 1"
    example = query(project.published_file, sql)["customer_id"].to_list() or ["C…"]
    say("What to look at next:")
    for command, what in (
        *further,
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
    from crm_pipeline.steps.looking.check import check_project, default_day

    opened = load_project(project)
    asked_for = parse_date(date, "--date") if date else None
    day, checked = asked_for or default_day(opened), check_project(opened, asked_for)
    rows = [(item.subject, "fit" if item.error is None else "refused", item.error or item.detail) for item in checked]
    if as_json:
        print_json([{"subject": s, "is_fit": verdict == "fit", "detail": str(detail)} for s, verdict, detail in rows])
    else:
        print_table(f"{shown_path(opened.config_file)}, business date {day}", ("part", "verdict", "detail"), rows)
    raise typer.Exit(max((item.error.exit_code for item in checked if item.error), default=0))
