"""The files of SQL models as they lie in folders: which of them count, and the strict reading of a description.

Belongs here: file names, overriding, YAML and comment headers. Does not belong here: the meaning of SQL (`model_sql`)
or how files become models (`model_loading`).
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.tables import Personal

ASSERT_PREFIX = "assert_"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the first one is ten times faster, and not on every machine


@dataclass(frozen=True, slots=True)
class ModelColumn:
    """One documented column.

    Attributes:
        personal: direct unless the description says otherwise, so that a forgotten mark hides and never shows.
        null_means: empty when the column is never null.
        tests: as written.
    """

    name: str
    description: str
    personal: Personal
    null_means: str
    tests: tuple[Any, ...] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Description:
    """What `<table>.yml` says; `tests` are those of the whole table, as written."""

    grain: str
    description: str
    key: tuple[str, ...]
    columns: tuple[ModelColumn, ...]
    tests: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """What the comment lines at the top of an `assert_<claim>.sql` say.

    Attributes:
        text: the claim and the incident it prevents, as one line.
        zh: the same in Chinese, from a line `-- zh: text`, else empty.
        model: from a line `-- model: name`, else empty.
        severity: from a line `-- severity: warn`, else error; as written.
    """

    text: str
    zh: str
    model: str
    severity: str


def files_by_name(folders: Collection[Path]) -> dict[str, Path]:
    """`schema/file name` to path for each .sql and .yml; a file in a later folder takes the place of its namesake.

    The first folder must be there; a later one may be missing, as in a project without models of its own.

    Raises:
        ConfigurationError: the first folder is missing, or a file does not lie in a folder named after a schema.
    """
    found: dict[str, Path] = {}
    for number, folder in enumerate(folders):
        if number == 0 and not folder.is_dir():
            raise ConfigurationError(
                where=str(folder), expected="a folder of SQL models", found="none", cure="Correct the path."
            )
        for path in sorted(folder.rglob("*")):
            if path.suffix not in {".sql", ".yml"}:
                continue
            name = path.relative_to(folder)
            if len(name.parts) != 2 or not all(part.isidentifier() for part in (name.parts[0], path.stem)):
                raise ConfigurationError(
                    where=str(path),
                    expected="<schema>/<table>.sql or .yml, in letters, digits and underscores",
                    found=name.as_posix(),
                    cure="Move or rename the file.",
                )
            found[name.as_posix()] = path
    return found


def read_description(path: Path) -> Description:
    """The description in a .yml file.

    Raises:
        ConfigurationError: it is not YAML, a key is unknown, missing or of another type.
    """
    fields = _mapping(_yaml(path), str(path))
    where = str(path)
    refuse_unknown(fields, ("grain", "description", "key", "columns", "tests"), where)
    columns = tuple(
        _column(entry, f"{where}, column {number}")
        for number, entry in enumerate(_list(fields, "columns", where, needed=True), 1)
    )
    _refuse_duplicates([column.name for column in columns], where)
    key = tuple(str(name) for name in _list(fields, "key", where, needed=True))
    for name in key:
        refuse_unknown({name: None}, [column.name for column in columns], f"{where}, key")
    return Description(
        grain=_text(fields, "grain", where),
        description=_text(fields, "description", where),
        key=key,
        columns=columns,
        tests=tuple(_list(fields, "tests", where)),
    )


def read_header(path: Path, sql: str) -> Header:
    """What the comment at the top of an assert says.

    Raises:
        ConfigurationError: there is none.
    """
    lines = []
    for line in sql.lstrip().splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.lstrip("-").strip())
    directives = {"model": "", "severity": "error", "zh": ""}
    text = []
    for line in lines:
        name, colon, value = line.partition(":")
        if colon and name in directives:
            directives[name] = value.strip()
        else:
            text.append(line)
    claim = " ".join(line for line in text if line)
    if not claim:
        raise ConfigurationError(
            where=str(path),
            expected="a comment at the top: the claim, and the incident it prevents",
            found="none",
            cure="Begin the file with lines that start with --.",
        )
    return Header(claim, directives["zh"], directives["model"], directives["severity"])


def refuse_unknown(names: Collection[str] | Mapping[str, Any], known: Collection[str], where: str) -> None:
    """Returns when each name is known.

    Raises:
        ConfigurationError: one is not; the cure gives the nearest known one.
    """
    for name in names:
        if name not in known:
            nearest = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
            raise ConfigurationError(
                where=where,
                expected=f"one of {', '.join(sorted(known))}",
                found=str(name),
                cure=f"Did you mean {nearest[0]}?" if nearest else "Correct or remove it.",
            )


def _column(entry: Any, where: str) -> ModelColumn:
    fields = _mapping(entry, where)
    refuse_unknown(fields, ("name", "description", "personal", "null_means", "tests"), where)
    personal = fields.get("personal", Personal.DIRECT.value)
    refuse_unknown([personal], [mark.value for mark in Personal], where)
    return ModelColumn(
        name=_text(fields, "name", where),
        description=_text(fields, "description", where),
        personal=Personal(personal),
        null_means=_text(fields, "null_means", where) if "null_means" in fields else "",
        tests=tuple(_list(fields, "tests", where)),
    )


def _yaml(path: Path) -> Any:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - a safe one either way
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        raise ConfigurationError(
            where=f"{path}:{mark.line + 1}" if mark else str(path),
            expected="YAML in UTF-8",
            found=getattr(error, "problem", None) or "other bytes",
            cure="Correct the file.",
        ) from None


def _mapping(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(where, "keys with values", value)
    return {str(key): content for key, content in value.items()}


def _list(fields: Mapping[str, Any], name: str, where: str, *, needed: bool = False) -> list[Any]:
    value = fields.get(name, [])
    if not isinstance(value, list) or (needed and not value):
        raise _wrong(f"{where}, {name}", "a list that is not empty" if needed else "a list", value)
    return value


def _text(fields: Mapping[str, Any], name: str, where: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip():
        raise _wrong(f"{where}, {name}", "text", value)
    return " ".join(value.split())


def _refuse_duplicates(names: list[str], where: str) -> None:
    duplicates = sorted({name for name in names if names.count(name) > 1})
    if duplicates:
        raise _wrong(where, "each column once", f"{', '.join(duplicates)} more than once")


def _wrong(where: str, expected: str, found: Any) -> ConfigurationError:
    what = "nothing" if found is None or found == [] else found if isinstance(found, str) else type(found).__name__
    return ConfigurationError(where=where, expected=expected, found=what, cure="Correct the file.")
