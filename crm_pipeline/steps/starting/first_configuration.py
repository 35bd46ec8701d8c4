"""The text of a first pipeline.yaml: commented, with what speaks for each suggestion.

Belongs here: YAML. Does not belong here: what is suggested (`steps.starting.first_mapping`), a project's other files
(`steps.starting.project`).
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from crm_pipeline.steps.starting.first_mapping import FirstExtract, first_mapping
from crm_pipeline.steps.starting.given_files import GivenExtract, extracts_of

_PLAIN = re.compile(r"^[\w\u3400-\u9fff](?:[\w .\u3400-\u9fff/-]*[\w\u3400-\u9fff])?$")
_NOT_TEXT = re.compile(r"^(?:[-+.\d_]+|0x.*|true|false|yes|no|on|off|null|y|n|~|\d+[:-].*)$", re.IGNORECASE)
_ZONES = {"CN": "Asia/Shanghai"}
_COMMENT_COLUMN = 58

_HEAD = """\
# yaml-language-server: $schema=pipeline.schema.json
# Written by `crm-pipeline init --from` out of the first rows of the files: suggestions, to be corrected.
# `crm-pipeline check` says whether it is fit to run; `crm-pipeline preview SOURCE.EXTRACT` shows what would become of
# a delivery, and what columns that are not mapped may be. Behind each column stands what speaks for it.
version: 1
default_country: "{country}"         # a guess; ISO 3166-1 alpha-2, for phone numbers that name no country
timezone: {zone}
start_date: {start}        # first business date

sources:
"""
_TAIL = """
backup: {to: backup, key: "${CRM_BACKUP_KEY}"}  # the key is in .env; keep a copy elsewhere
"""


def first_configuration(files: Sequence[Path], root: Path, today: date) -> tuple[str, list[FirstExtract]]:
    """The text of pipeline.yaml for files, and the extracts in it.

    Raises:
        DeliveryError: a file is missing or can't be read.
    """
    extracts, country = first_mapping(extracts_of(files, root), root)
    return configuration(extracts, country, today), extracts


def configuration(extracts: Sequence[FirstExtract], country: str, today: date) -> str:
    """The text of pipeline.yaml.

    Args:
        extracts: as they are proposed, those of one source together.
        country: ISO 3166-1 alpha-2.
        today: the first business date where no file has one.
    """
    days = [day for extract in extracts for day, _ in extract.given.files if day]
    head = _HEAD.format(country=country, zone=_ZONES.get(country, "UTC"), start=min(days, default=today))
    lines: list[str] = []
    for source in dict.fromkeys(extract.given.source for extract in extracts):
        lines += [f"  {source}:", "    trust: 50                 # 0 to 100; raise it for the system you trust most"]
        lines.append("    extracts:")
        for extract in extracts:
            if extract.given.source == source:
                lines += _extract(extract)
    return head + "\n".join(lines) + "\n" + _TAIL


def _extract(extract: FirstExtract) -> list[str]:
    """The lines of one extract."""
    read = {"file": extract.given.pattern} | ({"sheet": extract.given.sheet} if extract.given.sheet else {})
    entity = [] if extract.entity == extract.name else [f"entity: {extract.entity}"]
    key = list(extract.primary_key) if len(extract.primary_key) > 1 else extract.primary_key[0]
    lines = [
        f"      {extract.name}:",
        *(f"        {line}" for line in entity),
        _commented(f"        read: {_flow(read)}", f"found: {extract.origin.described}{_a_day(extract.given)}"),
        _commented(f"        load: {extract.load}", extract.load_reason),
        f"        primary_key: {_flow(key)}",
    ]
    if extract.updated_at:
        lines.append(f"        updated_at: {_flow(extract.updated_at)}")
    lines.append("        columns:" if extract.mapping else "        columns: {}")
    lines += [
        _commented(f"          {name}: {_flow(form)}", extract.why.get(name, ""))
        for name, form in extract.mapping.items()
    ]
    if extract.contact:
        lines.append(f"        contact: {_flow(extract.contact)}")
    if extract.unmapped:
        lines += _wrapped(f"# not mapped: {', '.join(_one_line(name) for name in extract.unmapped)}")
    return lines


def _a_day(given: GivenExtract) -> str:
    """What to write where files of other days are to come."""
    return f"; for a file a day: {given.dated_pattern}" if given.dated_pattern else ""


def _wrapped(comment: str, width: int = 108) -> list[str]:
    lines, rest = [], comment
    while len(rest) > width and ", " in rest[:width]:
        cut = rest.rindex(", ", 0, width) + 1
        lines.append(rest[:cut])
        rest = "#  " + rest[cut:]
    return [f"        {line}" for line in [*lines, rest]]


def _commented(line: str, comment: str) -> str:
    if not comment:
        return line
    return f"{line}{' ' * max(_COMMENT_COLUMN - _width(line), 0)}  # {_one_line(comment)}"


def _width(text: str) -> int:
    """Columns that a text takes: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _flow(value: Any) -> str:
    """A value in YAML's flow style; text is quoted where it could be taken for something else."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(str(key))}: {_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(inner) for inner in value) + "]"
    return _scalar(str(value))


def _scalar(text: str) -> str:
    is_plain = _PLAIN.match(text) and not _NOT_TEXT.match(text)
    return text if is_plain else json.dumps(text, ensure_ascii=False)
