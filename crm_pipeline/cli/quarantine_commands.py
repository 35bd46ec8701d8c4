"""Commands around rejected rows: quarantine list, export, replay."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crm_pipeline.cli.options import JsonOption, ProjectOption, system_user
from crm_pipeline.cli.output import counted, print_json, print_table, progress_reported, say
from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings import Project, load_project

if TYPE_CHECKING:
    from crm_pipeline.steps.correcting.replaying import Replayed

_quarantine = typer.Typer(
    help="Rejected rows: why they were rejected, and how they are corrected.", no_args_is_help=True
)
_LISTED = 20  # refused lines shown; all of them with --json

SourceOption = Annotated[str | None, typer.Option(help="Only rows of this source.")]
ExtractOption = Annotated[str | None, typer.Option(help="Only rows of extracts of this name.")]
RuleOption = Annotated[str | None, typer.Option(help="Only rows that broke this rule.")]
SeverityOption = Annotated[str | None, typer.Option(help="Only row, duplicate, value or warning.")]


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    _quarantine.command("list")(quarantine_list)
    _quarantine.command("export")(quarantine_export)
    _quarantine.command("replay")(quarantine_replay)
    app.add_typer(_quarantine, name="quarantine")


def quarantine_list(
    project: ProjectOption = None,
    source: SourceOption = None,
    extract: ExtractOption = None,
    rule: RuleOption = None,
    severity: SeverityOption = None,
    rows: Annotated[
        int, typer.Option("--rows", min=0, help="Show so many rows with their cells, personal ones too.")
    ] = 0,
    every: Annotated[
        bool, typer.Option("--all", help="Also rows that something delivered since took the place of.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Count rejected rows by extract, rule and severity; show them only with --rows.

    Example: crm-pipeline quarantine list --severity row
    """
    from crm_pipeline.publish.quarantine import counted as counted_by
    from crm_pipeline.publish.quarantine import quarantined
    from crm_pipeline.steps.correcting.choosing import chosen

    opened = load_project(project)
    file, meant = opened.steward_file, chosen(opened, source, extract, rule, severity, is_all=every)
    found = counted_by(file, meant)
    shown = quarantined(file, meant, limit=rows) if rows else None
    if as_json:
        told = {"rows_in_all": found.total, "counts": found.counts.to_dicts(), "corrections": found.corrections}
        print_json(told | ({} if shown is None else {"rows": shown.to_dicts()}))
        return
    names = ("source", "extract", "rule", "severity", "rows", "corrected")
    what = "rejected row" if every else "open rejected row"
    print_table(counted(found.total, what), names, found.counts.select(names).rows(), right=("rows", "corrected"))
    if found.corrections:
        say("Corrections: " + ", ".join(f"{count:,} {status}" for status, count in found.corrections.items()))
    if shown is not None:
        cells = ("source", "extract", "file_name", "file_line", "source_id", "severity", "reasons", "delivered_values")
        print_table(f"The first {shown.height:,}", cells, shown.select(cells).rows(), right=("file_line",))


def quarantine_export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that ends in .csv or .xlsx.")],
    project: ProjectOption = None,
    source: SourceOption = None,
    extract: ExtractOption = None,
    rule: RuleOption = None,
    severity: SeverityOption = None,
    corrected: Annotated[
        bool, typer.Option("--corrected", help="Instead, the rows that were corrected, to correct them again.")
    ] = False,
    lang: Annotated[str, typer.Option(metavar="en|zh", help="Language of the advice.")] = "en",
    as_json: JsonOption = False,
) -> None:
    """Take rejected rows out into a file, to correct them there, a line for each, with reasons and advice.

    The file holds delivered values, personal ones too. Correct cells in place, and replay it.

    Example: crm-pipeline quarantine export quarantine.xlsx --severity row --lang zh
    """
    from crm_pipeline.steps.correcting.choosing import chosen
    from crm_pipeline.steps.correcting.exporting import export_rows
    from crm_pipeline.steps.correcting.marks import UNREADABLE_SHEET

    if lang not in {"en", "zh"}:
        raise ConfigurationError(where="--lang", expected="en or zh", found=lang, cure="Write --lang zh.")
    opened = load_project(project)
    meant = chosen(opened, source, extract, rule, severity)
    done = export_rows(opened, file, meant, is_chinese=lang == "zh", is_corrected=corrected)
    if as_json:
        print_json({"file": str(file), "rows": dict(done.rows), "unreadable_lines": done.unreadable})
        return
    for name, count in done.rows.items():
        say(f"{name}: {counted(count, 'row')}")
    if done.unreadable:
        place = f"in the sheet {UNREADABLE_SHEET!r}" if file.suffix.lower() == ".xlsx" else "left out of a CSV file"
        say(f"{done.unreadable:,} lines that could not be read are {place}: have the source deliver them again.")
    say(f"{file}: correct cells in place, leave the columns in brackets, then crm-pipeline quarantine replay {file}")


def quarantine_replay(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file of quarantine export with corrected cells.")],
    project: ProjectOption = None,
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who corrects; default: the system's user.")] = None,
    run: Annotated[bool, typer.Option("--run", help="Apply and publish it at once; no source is asked.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Take the corrections of an exported file over; the next run applies them.

    Exit code 1: some lines were refused, the others were taken over. The same file again changes nothing.

    Example: crm-pipeline quarantine replay quarantine.xlsx --run
    """
    from crm_pipeline.steps.correcting.replaying import replay

    opened = load_project(project)
    done = replay(opened, file, decided_by=by or system_user())
    if as_json and not run:
        print_json(_as_dict(done))
    elif not as_json:
        _print(done)
    is_good = (_applied(opened, done, as_json=as_json) if run else True) and done.refused.is_empty()
    raise typer.Exit(0 if is_good else 1)


def _applied(project: Project, done: Replayed, *, as_json: bool) -> bool:
    """Whether the run that applies what was landed ended without findings."""
    from crm_pipeline.cli.run_results import report_run
    from crm_pipeline.orchestration.execute import execute
    from crm_pipeline.orchestration.jobs import REBUILD
    from crm_pipeline.steps.looking.check import require_backup_key
    from crm_pipeline.warehouse.lock import require_free

    require_free(project.var)
    require_backup_key(project)
    with progress_reported("run") as progress:
        executed = execute(project, REBUILD, progress=progress)
    report_run(project, executed, as_json=as_json, more=_as_dict(done))
    return not executed.has_findings


def _as_dict(done: Replayed) -> dict[str, Any]:
    return {
        "replay": done.replay.number if done.replay else None,
        "is_known": done.is_known,
        "corrected": dict(done.corrected),
        "unchanged": done.unchanged,
        "refused": done.refused.to_dicts(),
        "ignored_columns": list(done.ignored_columns),
        "ignored_sheets": list(done.passed_over),
    }


def _print(done: Replayed) -> None:
    if done.replay and done.is_known:
        say(f"This file was replayed as {done.replay.number} at {done.replay.decided_at:%Y-%m-%d %H:%M} UTC; "
            "nothing is changed.")  # fmt: skip
        return
    for name, count in done.corrected.items():
        say(f"{name}: {count:,} rows corrected")
    say(f"{sum(done.corrected.values()):,} corrected, {done.unchanged:,} unchanged, {done.refused.height:,} refused.")
    if done.replay:
        say(f"Replay {done.replay.number}, told in the audit; the next run applies it.")
    for what, names in (("columns", done.ignored_columns), ("sheets", done.passed_over)):
        if names:
            say(f"Ignored {what}: {', '.join(names)}")
    if not done.refused.is_empty():
        columns = ("sheet", "file_line", "source", "extract", "reason")
        print_table("Refused lines", columns, done.refused.select(columns).head(_LISTED).rows(), right=("file_line",))
        if done.refused.height > _LISTED:
            say(f"{done.refused.height - _LISTED:,} more with --json.")
