"""Commands that run the chain, and say how runs went: run, rebuild, ui, status."""

from __future__ import annotations

import contextlib
import difflib
import signal
import subprocess
import sys
from collections.abc import Collection, Iterator
from dataclasses import asdict
from datetime import date as Date  # noqa: N812 - `date` is an option's name here
from typing import Annotated

import typer

from crm_pipeline.cli.options import (
    DateOption,
    FromOption,
    JsonOption,
    ProjectOption,
    ToOption,
    VerboseOption,
    parse_date,
)
from crm_pipeline.cli.output import log_to_stderr, print_json, print_table, progress_reported, say, shown_path
from crm_pipeline.cli.run_results import print_newest, print_overview, print_pending, report_run
from crm_pipeline.errors import ConfigurationError, QualityError
from crm_pipeline.settings import Project, load_project


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    app.command()(run)
    app.command()(rebuild)
    app.command()(ui)
    app.command()(status)


def run(
    project: ProjectOption = None,
    date: DateOption = None,
    first: FromOption = None,
    last: ToOption = None,
    reread: Annotated[
        bool, typer.Option("--reread", help="Ask dated sources again for dates that were landed.")
    ] = False,
    accept_loss: Annotated[
        list[str] | None,
        typer.Option(
            "--accept-loss",
            metavar="SOURCE.EXTRACT",
            help="Land its full delivery though it lacks more records than delete_limit allows; may be repeated.",
        ),
    ] = None,
    monthly: Annotated[
        bool,
        typer.Option(
            "--monthly", help="The monthly job: all records judged, the linkage model trained anew, a full backup."
        ),
    ] = False,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Run the main job, headless: the same job as in the UI, recorded there too.

    Examples: crm-pipeline run --date 2026-01-28   crm-pipeline run --from 2026-01-01 --to 2026-01-31
    crm-pipeline run --monthly
    """
    log_to_stderr(is_verbose=verbose)
    opened = load_project(project)
    begin, end = _days(opened, date, first, last)
    accepted = known_extracts(opened, accept_loss or [])
    is_good = run_and_report(
        opened, begin, end, reread=reread, accept_loss=accepted, is_monthly=monthly, as_json=as_json
    )
    raise typer.Exit(0 if is_good else 1)


def known_extracts(project: Project, names: list[str]) -> list[str]:
    """The names, when each is an extract of the project."""
    known = [f"{source}.{name}" for source, name, _ in project.config.extracts]
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            raise ConfigurationError(
                where="--accept-loss",
                expected=f"an extract as source.extract: {', '.join(close or known)}",
                found=name,
                cure="Name one of pipeline.yaml.",
            )
    return names


def rebuild(project: ProjectOption = None, as_json: JsonOption = False, verbose: VerboseOption = False) -> None:
    """Make all of var/ again from state/, and publish; no source is asked.

    Example: crm-pipeline rebuild --project my_crm
    """
    from crm_pipeline.orchestration.execute import execute
    from crm_pipeline.orchestration.jobs import REBUILD
    from crm_pipeline.steps.publishing.rebuild import discard_warehouse

    log_to_stderr(is_verbose=verbose)
    opened = load_project(project)
    discard_warehouse(opened)
    with progress_reported("rebuild") as progress:
        executed = execute(opened, REBUILD, progress=progress)
    report_run(opened, executed, as_json=as_json)
    raise typer.Exit(1 if executed.has_findings else 0)


def ui(
    project: ProjectOption = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port to listen on.")] = 3000,
    reports_port: Annotated[
        int | None, typer.Option(help="Port for the reports that the UI links to; it is remembered. 0: any free one.")
    ] = None,
) -> None:
    """Open the Dagster UI on this project; stop it with Ctrl+C.

    Example: crm-pipeline ui --project demo
    """
    from crm_pipeline.orchestration.instance import ui_environment, workspace_file
    from crm_pipeline.orchestration.report_links import project_name, remember_reports_address
    from crm_pipeline.orchestration.report_links import reports_port as usual_port
    from crm_pipeline.report.server import serve, url_of

    opened = load_project(project)
    command = [sys.executable, "-m", "dagster", "dev", "--host", host, "--port", str(port)]
    served_at = usual_port(opened) if reports_port is None else reports_port
    with serve(opened.reports, host, served_at, project=project_name(opened)) as reports_address:
        environment = ui_environment(opened)
        remember_reports_address(opened, reports_address)
        say(f"The UI of {opened.root} will be at {url_of(host, port)} in half a minute; stop it with Ctrl+C.")
        say(f"The latest report is at {reports_address}/")
        # dagster dev keeps scratch files in the current folder
        servers = subprocess.Popen(  # noqa: S603 - our own interpreter
            [*command, "-w", str(workspace_file(opened))], cwd=opened.dagster_home, env=environment
        )
        raise typer.Exit(_wait_for(servers))


def _wait_for(servers: subprocess.Popen[bytes]) -> int:
    """The exit code of the UI's servers, which are told to end when this process is."""
    signal.signal(signal.SIGTERM, lambda *_: servers.send_signal(signal.SIGINT))
    while True:
        try:
            return 0 if servers.wait() in {0, -signal.SIGINT, 128 + signal.SIGINT} else 3
        except KeyboardInterrupt:  # a terminal sends Ctrl+C to the servers too; they need a moment
            continue


def status(project: ProjectOption = None, as_json: JsonOption = False) -> None:
    """Show the last runs, counts at each hop, checks that failed, and what waits for a person.

    Example: crm-pipeline status --json
    """
    from crm_pipeline.orchestration.runs import last_runs
    from crm_pipeline.publish import query
    from crm_pipeline.state.decisions.withdrawals import taken_back
    from crm_pipeline.steps.stores import withdrawals_of
    from crm_pipeline.steps.telling.overview import overview
    from crm_pipeline.steps.telling.pending import pending

    opened = load_project(project)
    runs = last_runs(opened)
    failed = (
        "SELECT table_name, rule_id, kind, severity, judged_count, failed_count FROM crm.check_results "
        "WHERE NOT is_passed ORDER BY ALL"
    )
    checks = query(opened.steward_file, failed).rows(named=True) if opened.steward_file.exists() else []
    published = overview(opened) if opened.published_file.exists() else None
    waits = pending(opened)
    undone = taken_back(withdrawals_of(opened).events())
    for row in runs:
        row["is_taken_back"] = row["run_id"] in undone
    if as_json:
        values = {"runs": runs, "failed_checks": checks, "published": published.as_dict() if published else None}
        print_json(values | {"waiting": asdict(waits)})
        return
    names = ("run_id", "job", "status", "business_dates", "started_at", "seconds")
    if not runs:
        say("No run yet: crm-pipeline run.")
        return
    told = [row | ({"status": f"{row['status']}, taken back"} if row["is_taken_back"] else {}) for row in runs]
    print_table("Last runs", names, [[row[name] for name in names] for row in told], right=("seconds",))
    if published:
        print_overview(published)
        print_newest(published)
    if checks:
        print_table("Checks that do not pass, as judged last", list(checks[0]), [list(row.values()) for row in checks])
    print_pending(waits)


def run_and_report(
    project: Project,
    first: Date,
    last: Date,
    *,
    reread: bool = False,
    accept_loss: Collection[str] = (),
    is_monthly: bool = False,
    as_json: bool = False,
) -> bool:
    """Runs the nightly or the monthly job over business dates and prints the result; True when no check failed."""
    from crm_pipeline.orchestration.execute import execute
    from crm_pipeline.orchestration.jobs import MONTHLY, NIGHTLY
    from crm_pipeline.state.landing import Landing
    from crm_pipeline.steps.days import days_between
    from crm_pipeline.steps.looking.check import require_backup_key, require_deliveries
    from crm_pipeline.warehouse.lock import require_free

    require_deliveries(project, Landing(project.state / "landing"), days_between(first, last))
    require_free(project.var)
    require_backup_key(project)
    with progress_reported("run") as progress, _report_of_stopped_run(project):
        job = MONTHLY if is_monthly else NIGHTLY
        executed = execute(
            project, job, first=first, last=last, reread=reread, accept_loss=accept_loss, progress=progress
        )
    report_run(project, executed, as_json=as_json)
    return not executed.has_findings


@contextlib.contextmanager
def _report_of_stopped_run(project: Project) -> Iterator[None]:
    """Says where the report is when a check stops the run within the block."""
    from crm_pipeline.steps.telling.report import LATEST

    latest = project.reports / LATEST
    before = latest.stat().st_mtime_ns if latest.exists() else None
    try:
        yield
    except QualityError:
        if latest.exists() and latest.stat().st_mtime_ns != before:
            say(f"Report: {shown_path(latest)}", error=True)
        raise


def _days(project: Project, day: str | None, first: str | None, last: str | None) -> tuple[Date, Date]:
    from crm_pipeline.steps.days import business_today

    if day and (first or last):
        raise ConfigurationError(
            where="--date", expected="either --date or --from and --to", found="both", cure="Leave one of them out."
        )
    if last and not first:
        raise ConfigurationError(where="--to", expected="--from with it", found="--to alone", cure="Add --from.")
    today = business_today(project)
    begin = parse_date(first, "--from") if first else parse_date(day, "--date") if day else today
    end = parse_date(last, "--to") if last else today if first else begin
    if end < begin:
        raise ConfigurationError(
            where="--to", expected=f"a date from {begin} on", found=str(end), cure="Exchange --from and --to."
        )
    return begin, end
