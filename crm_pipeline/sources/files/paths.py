"""Paths as `read.file` has them: with dates, and with wildcards for files that together are one delivery.

Belongs here: what a path stands for. Does not belong here: which files are there (`places`).
"""

from __future__ import annotations

import contextlib
import glob
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import PurePosixPath
from string import Formatter

from crm_pipeline.settings import FileRead

_TOKENS = re.compile(r"\[(?P<escaped>[*?\[])\]|(?P<many>\*+)|(?P<one>\?)|(?P<plain>[^*?\[]+|\[)")


@dataclass(frozen=True, slots=True)
class PathPattern:
    """A path with wildcards: `*` any characters, `?` one, neither a `/`; `[*]` stands for a star itself.

    Attributes:
        start: the text before the first wildcard or date.
        wild: the same as Python's glob has it.
        regex: matches a whole path; a group for each date.
    """

    start: str
    wild: str
    regex: re.Pattern[str]

    @property
    def is_exact(self) -> bool:
        """Whether it stands for one path only."""
        return glob.escape(self.start) == self.wild

    def matches(self, path: str) -> bool:
        """Whether it stands for the path; hidden files only match where the dot is written."""
        name = PurePosixPath(path).name
        is_hidden = name.startswith(".") and not PurePosixPath(self.wild).name.startswith(".")
        return not is_hidden and self.regex.fullmatch(path) is not None


def pattern_on(read: FileRead, day: date) -> PathPattern:
    """The path of a business date."""
    return _pattern([(read.file.format(date=day), None)])


def dates_of(read: FileRead, paths: Sequence[str]) -> list[date]:
    """The business dates that paths stand for, oldest first; `paths` begin as `read.file` does."""
    forms, pattern = dated_pattern(read)
    matches = (pattern.regex.fullmatch(path) for path in paths)
    days = {_day_of(forms, match.groups()) for match in matches if match}
    return sorted(day for day in days if day)


def dated_pattern(read: FileRead) -> tuple[list[str], PathPattern]:
    """The forms of the dates in the path, and the path with any dates."""
    parts = [
        (text, None if name is None else form or "%Y-%m-%d") for text, name, form, _ in Formatter().parse(read.file)
    ]
    return [form for _, form in parts if form], _pattern(parts)


def _pattern(parts: Sequence[tuple[str, str | None]]) -> PathPattern:
    """The pattern of texts that may have wildcards, each with the form of the date behind it, if there is one."""
    start, wild, regex = "", "", ""
    for text, form in parts:
        for token in _TOKENS.finditer(text):
            literal = token["escaped"] or token["plain"]
            is_start = len(glob.escape(start)) == len(wild)
            wild += glob.escape(literal) if literal else "*" if token["many"] else "?"
            regex += re.escape(literal) if literal else "[^/]*" if token["many"] else "[^/]"
            start += literal if literal and is_start else ""
        if form:
            depth = form.count("/") + 1  # a form may hold folders: %Y/%m
            wild += "/".join(["*"] * depth)
            regex += "(" + "/".join(["[^/]+?"] * depth) + ")"
    return PathPattern(start, wild, re.compile(regex, re.DOTALL))


def _day_of(forms: Sequence[str], written: Sequence[str]) -> date | None:
    """The date that the placeholders of a path stand for; one that only repeats parts of another is not needed."""
    known: set[str] = set()
    used: list[tuple[str, str]] = []
    for form, text in sorted(zip(forms, written, strict=True), key=lambda pair: -len(pair[0])):
        if not known.issuperset(directives := re.findall(r"%.", form)):
            used.append((form, text))
        known.update(directives)
    with contextlib.suppress(ValueError, re.error):
        form, text = (" ".join(part) for part in zip(*used, strict=True))
        return datetime.strptime(text, form).date()  # noqa: DTZ007 - a date has no zone
    return None
