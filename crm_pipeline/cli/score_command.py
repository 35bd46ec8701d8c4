"""The command that looks for a record among the published customers before it is entered: score."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from crm_pipeline.cli.options import JsonOption, ProjectOption
from crm_pipeline.cli.output import print_json, print_table, say
from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings import load_project

if TYPE_CHECKING:
    from crm_pipeline.steps.looking.score import Candidate


def add_to(app: typer.Typer) -> None:
    """Adds this command."""
    app.command()(score)


def score(
    record: Annotated[
        str | None, typer.Option("--record", metavar="JSON", help="Standard columns of one customer record.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE.json", help="One such record, or a list of them; UTF-8.")
    ] = None,
    least: Annotated[
        float | None,
        typer.Option("--least", min=0, max=1, metavar="P", help="Least probability; default the review_threshold."),
    ] = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look for a new record among the published customers: which it may be, how surely, and why. Nothing is written.

    Example: crm-pipeline score --record '{"name": "王小明", "phones": "13800138010"}'
    """
    from crm_pipeline.steps.looking.score import DuplicateCheck

    if (record is None) == (file is None):
        _refuse("score", "either --record or --file", "both" if record else "neither", "Give one of the two.")
    records = _parsed("--record", record) if record is not None else _read(file)
    with DuplicateCheck.open(load_project(project)) as check:
        found = [check.score(each, least_probability=least) for each in records]
    if as_json:
        print_json([[asdict(candidate) for candidate in each] for each in found])
        return
    for number, candidates in enumerate(found, 1):
        _print_candidates(f"Record {number}" if len(found) > 1 else "The record", candidates)


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
