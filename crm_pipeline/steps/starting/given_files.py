"""Files that a user names, as extracts: which of them are deliveries of one extract on different days.

Belongs here: dates in paths, names of sources, sheets of workbooks. Does not belong here: what files hold
(`steps.starting.first_mapping`).
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import FileRead
from crm_pipeline.sources.column_names import words_of
from crm_pipeline.sources.files.workbook import open_sheet
from crm_pipeline.sources.suggestion_words import FILE_WORDS

# Dates in paths, and the form of each as `read.file` has it; the longest first.
_DATES = (
    (re.compile(r"(?<!\d)\d{4}/\d{2}/\d{2}(?!\d)"), "%Y/%m/%d"),
    (re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)"), "%Y-%m-%d"),
    (re.compile(r"(?<!\d)\d{4}_\d{2}_\d{2}(?!\d)"), "%Y_%m_%d"),
    (re.compile(r"(?<!\d)\d{4}\.\d{2}\.\d{2}(?!\d)"), "%Y.%m.%d"),
    (re.compile(r"(?<!\d)(?:19|20)\d{6}(?!\d)"), "%Y%m%d"),
    (re.compile(r"(?<!\d)(?:19|20)\d{2}年\d{1,2}月\d{1,2}日"), "%Y年%m月%d日"),
)
_PLAIN_DAY = "%Y-%m-%d"
_NAME = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class GivenExtract:
    """Files that are one extract.

    Attributes:
        source: a name for it in pipeline.yaml.
        title: what the file or the sheet is called, which may say what it holds.
        pattern: what to write into `read.file`.
        sheet: of a workbook with several.
        files: business date to file, oldest first; one without a date where the pattern has none.
        dated_pattern: what to write instead for a delivery a day, where the name has a date and the pattern has none.
    """

    source: str
    title: str
    pattern: str
    sheet: str | None
    files: tuple[tuple[date | None, Path], ...]
    dated_pattern: str = ""

    @property
    def largest(self) -> tuple[date | None, Path]:
        """The largest file and its date, the newest of several: of increments it tells most."""
        return max(self.files, key=lambda dated: (dated[1].stat().st_size, dated[0] or date.min))

    @property
    def read(self) -> FileRead:
        """As pipeline.yaml has it."""
        return FileRead.model_validate({"file": self.pattern} | ({"sheet": self.sheet} if self.sheet else {}))


def extracts_of(files: Iterable[Path], root: Path) -> list[GivenExtract]:
    """The extracts that files are, in the order in which they were named.

    A single dated file among some without a date is as undated as they are: there is no day for which a source without
    dates and that file both answer.

    Args:
        files: as a user named them.
        root: the project folder; files within are named relative to it.

    Raises:
        DeliveryError: there is no such file.
    """
    grouped: dict[str, list[tuple[date | None, Path]]] = {}
    for file in dict.fromkeys(each.absolute() for each in files):
        if not file.is_file():
            raise DeliveryError(
                where="--from", expected="a file", found=f"none at {file}", cure="Name files that are there."
            )
        day, pattern = _dated(file, root.absolute())
        grouped.setdefault(pattern, []).append((day, file))
    has_undated = any(day is None for dated in grouped.values() for day, _ in dated)
    known: list[str] = []
    found: list[GivenExtract] = []
    for pattern, dated in grouped.items():
        dated.sort(key=lambda pair: (pair[0] or date.min, str(pair[1])))
        newest = dated[-1][1]
        stem = _undated(Path(pattern).stem)
        source = _source_name(stem, newest, known)
        known.append(source)
        is_alone = has_undated and len(dated) == 1 and dated[0][0] is not None
        for sheet in _sheets(newest):
            title = f"{stem} {sheet or ''}".strip()
            if is_alone:
                plain = _escaped(newest, root.absolute())
                found.append(GivenExtract(source, title, plain, sheet, ((None, newest),), pattern))
            else:
                found.append(GivenExtract(source, title, pattern, sheet, tuple(dated)))
    return found


def first_run(given: Iterable[GivenExtract]) -> str:
    """The options of the `run` that loads all the files; empty where it needs none."""
    days = sorted({day or date.max for each in given for day, _ in each.files})
    if days[0] == date.max:
        return ""
    if days[-1] == date.max:  # up to today, which those without a date answer for
        return f"--from {days[0]}"
    return f"--date {days[0]}" if len(days) == 1 else f"--from {days[0]} --to {days[-1]}"


def _dated(file: Path, root: Path) -> tuple[date | None, str]:
    """The date in a path, and the path as `read.file` has it; the same date may stand in it twice."""
    escaped = _escaped(file, root)
    for shape, form in _DATES:
        for match in reversed([*shape.finditer(escaped)]):
            with contextlib.suppress(ValueError):
                day = datetime.strptime(match[0], form).date()  # noqa: DTZ007 - a date has no zone
                placeholder = "{date}" if form == _PLAIN_DAY else f"{{date:{form}}}"
                return day, escaped.replace(match[0], placeholder)
    return None, escaped


def _escaped(file: Path, root: Path) -> str:
    """A path as `read.file` has it, date and all."""
    path = str(file.relative_to(root)) if file.is_relative_to(root) else str(file)
    return path.replace("{", "{{").replace("}", "}}")


def _undated(stem: str) -> str:
    """The stem of a file without its date."""
    return re.sub(r"[_\-. ]?\{date(?::[^}]*)?\}[_\-. ]?", "", stem).replace("{{", "{").replace("}}", "}")


def _source_name(stem: str, file: Path, known: Sequence[str]) -> str:
    """A name of small letters for a source: the file's own, else what it is called like, else a number."""
    name = _NAME.sub("_", stem.lower()).strip("_")
    if not re.match("[a-z]", name):
        words = set(words_of(stem))
        name = next((entity for entity, called in FILE_WORDS.items() if words & set(called.split())), "source")
    folder = _NAME.sub("_", file.parent.name.lower()).strip("_")
    if name in known and re.match("[a-z]", folder):
        name = f"{folder}_{name}"
    numbered = [name, *(f"{name}_{n}" for n in range(2, len(known) + 3))]
    return next(each for each in numbered if each not in known)


def _sheets(file: Path) -> list[str | None]:
    """The sheets of a workbook with several; of any other file none to name."""
    read = FileRead(file=file.name.replace("{", "{{").replace("}", "}}"))
    if read.file_format != "excel":
        return [None]
    names = open_sheet(file, read, str(file)).names
    return [*names] if len(names) > 1 else [None]
