"""The command that looks for a record among the published customers before it is entered: score."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from crm_pipeline.cli.options import JsonOption, ProjectOption
from crm_pipeline.cli.output import print_json, print_table, progress_reported, say
from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings import Project, load_project
from crm_pipeline.state.delivery import LINE

if TYPE_CHECKING:
    from crm_pipeline.steps.looking.score import Candidate


_LISTED = 20  # lines of a file printed; all of them with --out or --json


def add_to(app: typer.Typer) -> None:
    """Adds this command."""
    app.command()(score)


def score(
    record: Annotated[
        str | None, typer.Option("--record", metavar="JSON", help="Standard columns of one customer record.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", metavar="FILE", help="Such records as .json, or lines of a .csv or Excel file."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Its lines with what was found: .csv or .xlsx."),
    ] = None,
    read_as: Annotated[
        str | None,
        typer.Option("--as", metavar="SOURCE.EXTRACT", help="Whose columns such a file has; or standard."),
    ] = None,
    least: Annotated[
        float | None,
        typer.Option("--least", min=0, max=1, metavar="P", help="Least probability; default the review_threshold."),
    ] = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look for a new record among the published customers: which it may be, how surely, and why. Nothing is written.

    Examples: crm-pipeline score --record '{"name": "王小明", "phones": "13800138010"}'
    crm-pipeline score --file leads.xlsx --out found.xlsx
    """
    from crm_pipeline.steps.looking.score import DuplicateCheck

    if (record is None) == (file is None):
        _refuse("score", "either --record or --file", "both" if record else "neither", "Give one of the two.")
    if file is not None and file.suffix.lower() != ".json":
        _score_table(load_project(project), file, out, read_as, least, as_json=as_json)
        return
    if out is not None or read_as is not None:
        _refuse("score", "--out and --as with a CSV or Excel --file", "another", "Leave them out.")
    records = _parsed("--record", record) if record is not None else _read(file)
    with DuplicateCheck.open(load_project(project)) as check:
        found = [check.score(each, least_probability=least) for each in records]
    if as_json:
        print_json([[asdict(candidate) for candidate in each] for each in found])
        return
    for number, candidates in enumerate(found, 1):
        _print_candidates(f"Record {number}" if len(found) > 1 else "The record", candidates)


def _score_table(
    project: Project, file: Path, out: Path | None, read_as: str | None, least: float | None, *, as_json: bool
) -> None:
    from crm_pipeline.steps.looking import scoring_files as files
    from crm_pipeline.steps.spreadsheet_files import require_writable

    if out is not None:
        require_writable(out, where="score --out", example="found.xlsx")
    with progress_reported("score") as progress:
        found = files.score_file(project, file, read_as=read_as, least_probability=least, progress=progress)
    if out is not None:
        files.write_scored(found, out)
    told = found.lines.select(LINE, files.CUSTOMER, files.PROBABILITY, files.VERDICT, files.RECORD, files.FOUND_BY)
    names = ("line", "customer", "probability", "verdict", "record", "found by")
    if as_json:
        print_json({"read_as": found.read_as, "columns_not_read": found.unread,
                    "lines": [dict(zip(names, row, strict=True)) for row in told.iter_rows()]})  # fmt: skip
        return
    if out is None:
        print_table(f"{told.height:,} lines", names, told.head(_LISTED).rows(), right=("line", "probability"))
        if told.height > _LISTED:
            say(f"{told.height - _LISTED:,} more with --out FILE.csv or --json.")
    unread = f"; {found.unread:,} columns were not read" if found.unread else ""
    say(f"Read as {found.read_as}{unread}. {found.count('link'):,} lines would be linked, {found.count('review'):,} "
        f"would wait for review, {found.count(files.NOBODY):,} neither.")  # fmt: skip
    if out is not None:
        say(f"{out}: each line with its likeliest customer")


def _print_candidates(what: str, candidates: list[Candidate]) -> None:
    if not candidates:
        say(f"{what}: no customer is like it.")
        return
    columns = ("customer", "record", "probability", "weight", "found by", "verdict")
    rows = [
        (c.customer_id, c.record_key, c.match_probability, c.match_weight, f"{c.matched_by}: {c.rule}", c.verdict)
        for c in candidates
    ]
    print_table(f"{what} may be", columns, rows, right=("probability", "weight"))


def _read(file: Path | None) -> list[dict[str, Any]]:
    if file is None or not file.is_file():
        _refuse(str(file), "a JSON file", "none", "Name a file.")
    try:
        return _parsed(str(file), file.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        _refuse(str(file), "UTF-8", "another encoding", "Save the file as UTF-8.")


def _parsed(where: str, text: str) -> list[dict[str, Any]]:
    """The records; what is no JSON is not quoted, since it may hold personal data."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        _refuse(where, "JSON", f"something else at line {error.lineno}, column {error.colno}", "Correct it.")
    records = found if isinstance(found, list) else [found]
    if not all(isinstance(each, dict) for each in records):
        _refuse(where, "an object of standard columns, or a list of such objects", "something else", "Correct it.")
    return records


def _refuse(where: str, expected: str, found: str, cure: str) -> NoReturn:
    raise ConfigurationError(where=where, expected=expected, found=found, cure=cure)
