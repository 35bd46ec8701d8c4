"""The command that takes back what a run did: undo-run."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crm_pipeline.cli.options import JsonOption, ProjectOption, VerboseOption, system_user
from crm_pipeline.cli.output import counted, log_to_stderr, print_json, print_table, progress_reported, say
from crm_pipeline.cli.run_results import report_run
from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings import load_project

if TYPE_CHECKING:
    from crm_pipeline.steps.undoing.foreseeing import Foreseen

UNDOES_TAG = "crm_pipeline/undoes"


def add_to(app: typer.Typer) -> None:
    """Adds this command."""
    app.command("undo-run")(undo_run)


def undo_run(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's id, or how it begins; see status.")],
    project: ProjectOption = None,
    why: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="The reason; with it, it is done. Without, it is only said what would be."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be, also where --why is given.")] = False,
    redo: Annotated[bool, typer.Option("--redo", help="Let a run count again that was taken back.")] = False,
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who decides; default: the system's user.")] = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Take back what a run did, and publish without it; without --why say what that would be.

    What it landed counts no more, a linkage model that it trained gives way to the one before. Decisions of people and
    pipeline.yaml stay as they are. All is kept: --redo lets the run count again.

    Examples: crm-pipeline undo-run 3f2a9c1b   crm-pipeline undo-run 3f2a9c1b --why "the shop sent test data"
    """
    from crm_pipeline.orchestration.execute import execute
    from crm_pipeline.orchestration.jobs import REBUILD
    from crm_pipeline.steps.looking.check import require_backup_key
    from crm_pipeline.steps.undoing.foreseeing import foresee
    from crm_pipeline.steps.undoing.withdrawing import withdraw

    log_to_stderr(is_verbose=verbose)
    opened = load_project(project)
    if why is None or dry_run:
        foreseen = foresee(opened, run, is_redo=redo)
        if as_json:
            print_json(_told(foreseen))
            return
        _print(foreseen)
        say(f"Nothing was changed. To do it: crm-pipeline undo-run {foreseen.run_id}{' --redo' * redo} --why TEXT")
        return
    if not why.strip():
        raise ConfigurationError(where="--why", expected="a reason", found="none", cure="Write why.")
    require_backup_key(opened)
    event, foreseen = withdraw(opened, run, is_redo=redo, why=why, decided_by=by or system_user())
    if not as_json:
        _print(foreseen)
    with progress_reported("undo-run") as progress:
        executed = execute(opened, REBUILD, tags={UNDOES_TAG: event.run_id}, progress=progress)
    report_run(opened, executed, as_json=as_json, more={"undone": _told(foreseen)})
    raise typer.Exit(1 if executed.has_findings else 0)


def _told(foreseen: Foreseen) -> dict[str, Any]:
    """As JSON has it."""
    return asdict(foreseen)


def _print(foreseen: Foreseen) -> None:
    """What it means, as a person reads it."""
    is_redo = foreseen.is_redo
    what = "counts again" if is_redo else "is taken back"
    when = f"; it published {foreseen.published_at:%Y-%m-%d %H:%M} UTC" if foreseen.published_at else ""
    say(f"Run {foreseen.run_id} {what}{when}.")
    if foreseen.deliveries:
        rows = [
            (f"{each.key.source}.{each.key.extract}", f"{each.key.business_date} {each.key.sequence}", each.row_count,
             f"{each.instead.business_date} {each.instead.sequence}" if each.instead else "")
            for each in foreseen.deliveries
        ]  # fmt: skip
        ends = "counts again" if is_redo else "no longer counts"
        title = f"{counted(len(rows), 'delivery', 'deliveries')} that {ends if len(rows) == 1 else _plural(ends)}"
        columns = ("extract", "delivery", "rows", "counts for that day then")
        print_table(title, columns, rows, right=("rows",))
    model = foreseen.model
    if model is not None and model.returns:
        say(f"Linkage model {model.wanted} is used again.")
    elif model is not None:
        say("A linkage model that was trained later stays in use; it learnt from what counted then. To train one from "
            "what counts now: crm-pipeline run --monthly")  # fmt: skip
    if foreseen.tables:
        columns = ("table", "rows it brought or changed", "rows it took out", "changed again since")
        tables = [
            (each.table, *("all" if n is None else n for n in (each.changed_count, each.gone_count)),
             "unknown" if each.changed_again_count is None else each.changed_again_count)
            for each in foreseen.tables
        ]  # fmt: skip
        print_table("What the run changed in what readers get", columns, tables, right=columns[1:])


def _plural(ends: str) -> str:
    return {"counts again": "count again", "no longer counts": "no longer count"}[ends]
