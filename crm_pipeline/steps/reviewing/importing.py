"""A file of questions that people answered, taken over as a whole or not at all.

Belongs here: the lines of the file as answers. Does not belong here: what can be decided (`judging`), entering it
(`deciding`), reading any file (`spreadsheet_files`).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from crm_pipeline.errors import ConfigurationError, DeliveryError
from crm_pipeline.settings import Project
from crm_pipeline.state.decisions.links import LinkEvent
from crm_pipeline.state.delivery import LINE
from crm_pipeline.steps.reviewing.deciding import enter
from crm_pipeline.steps.reviewing.handing_out import DECISION, LEFT, NEEDED, RIGHT, WHY
from crm_pipeline.steps.reviewing.judging import Answer
from crm_pipeline.steps.run import private_files
from crm_pipeline.steps.spreadsheet_files import ReadSheet, read_sheets

WORDS = {"same": True, "different": False, "相同": True, "不同": False}
"""What `[decision]` may say, whatever its case, and what it means."""

_NO_WORD = f"its {DECISION} is none of {', '.join(WORDS)}"
_NO_RECORDS = f"it has no {LEFT} or no {RIGHT}; leave these columns as they were exported"


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file; its lines are entered, unchanged, open or refused.

    Attributes:
        events: decisions entered; none where any line is refused.
        unchanged: lines that say what is in force already, or what a line before them says.
        still_open: lines without a decision.
        refused: place in the file and why, in order; where there are any, nothing was taken over.
    """

    events: tuple[LinkEvent, ...]
    unchanged: int
    still_open: int
    refused: tuple[tuple[str, str], ...]


def import_answers(project: Project, file: Path, *, decided_by: str, why: str = "") -> Imported:
    """What became of a file of answers: all of it is entered, or nothing.

    Args:
        project: whose records.
        file: as `handing_out` wrote it, `[decision]` filled in, and saved by a spreadsheet.
        decided_by: who decided.
        why: the reason for lines without one of their own.

    Raises:
        ConfigurationError: nothing has been published, or the file is none of that kind.
        BusyError: another decision has not ended.
    """
    sheets = _read(project, file)
    lines = [line for sheet in sheets for line in _lines(sheet)]
    given = [line for line in lines if line[DECISION]]
    wrong = {line["place"]: reason for line in given if (reason := _wrong(line))}
    answers = [
        Answer(line["place"], line[LEFT], line[RIGHT], WORDS[line[DECISION]], line[WHY] or why)
        for line in given
        if line["place"] not in wrong
    ]
    done = enter(project, answers, decided_by=decided_by, file_name=file.name, is_refused=bool(wrong))
    refused = wrong | {each.answer.place: each.refusal.reason for each in done.refused if each.refusal}
    in_order = tuple((line["place"], refused[line["place"]]) for line in given if line["place"] in refused)
    return Imported(done.events, len(done.known), len(lines) - len(given), in_order)


def _read(project: Project, file: Path) -> list[ReadSheet]:
    """The sheets that are files of questions.

    Raises:
        ConfigurationError: there is none.
    """
    if not file.is_file():
        raise _refusal(file, "a file", "none")
    folder = project.var / "decisions"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with private_files(), tempfile.TemporaryDirectory(dir=folder) as temporary:
            sheets = list(read_sheets(file, Path(temporary)))
    except DeliveryError as error:
        raise _refusal(file, error.expected, error.found) from None
    fit = [sheet for sheet in sheets if set(NEEDED) <= set(sheet.rows.columns)]
    if not fit:
        raise _refusal(
            file, f"the columns {', '.join(NEEDED)}, as review list --export writes them", "none of that kind"
        )
    return fit


def _lines(sheet: ReadSheet) -> Iterator[dict[str, str]]:
    """The lines of a sheet: `place`, and the columns that are read, without blanks around them."""
    rows = sheet.rows if WHY in sheet.rows.columns else sheet.rows.with_columns(pl.lit("").alias(WHY))
    texts = rows.select(LINE, *(pl.col(name).str.strip_chars() for name in (LEFT, RIGHT, DECISION, WHY)))
    of_sheet = f" of {sheet.name}" if sheet.name else ""
    for line, left, right, decision, why in texts.iter_rows():
        yield {"place": f"line {line}{of_sheet}", LEFT: left, RIGHT: right, DECISION: decision.lower(), WHY: why}


def _wrong(line: dict[str, str]) -> str | None:
    if line[DECISION] not in WORDS:
        return _NO_WORD
    return None if line[LEFT] and line[RIGHT] else _NO_RECORDS


def _refusal(file: Path, expected: str, found: str) -> ConfigurationError:
    return ConfigurationError(
        where=str(file),
        expected=expected,
        found=found,
        cure="Import a file that review list --export wrote, saved as .xlsx, or as CSV in UTF-8.",
    )
