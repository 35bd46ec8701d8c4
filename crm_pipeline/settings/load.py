"""Reading a project folder: YAML with line numbers, `${NAME}` from the environment, every refusal in one line.

Belongs here: turning files and environment into `Project`. Does not belong here: what the keys mean (`model`).
"""

from __future__ import annotations

import difflib
import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings.model import NAMESPACED_COLUMNS, Config, Extract, mappable_columns, survivorship_columns
from crm_pipeline.tables import ENTITIES

CONFIG_NAME = "pipeline.yaml"
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_ENVIRONMENT_LINE = re.compile(r"^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$")
_Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Project:
    """A project folder and its configuration.

    Attributes:
        root: absolute path of the folder.
        config: the validated `pipeline.yaml`.
        configuration_sha256: of the file as written, so without the values of `${NAME}`.
    """

    root: Path
    config: Config
    configuration_sha256: str

    @property
    def config_file(self) -> Path:
        """`pipeline.yaml`."""
        return self.root / CONFIG_NAME

    @property
    def state(self) -> Path:
        """The append-only stores: what can't be derived."""
        return self.root / "state"

    @property
    def var(self) -> Path:
        """Disposable: warehouse, temporary files, Dagster's instance."""
        return self.root / "var"

    @property
    def warehouse_file(self) -> Path:
        """The DuckDB file of the warehouse."""
        return self.var / "warehouse.duckdb"

    @property
    def published_file(self) -> Path:
        """What analysts query."""
        return self.root / "published" / "crm.duckdb"

    @property
    def steward_file(self) -> Path:
        """Review queue, quarantine and check results, published before the checks decide."""
        return self.root / "published" / "steward.duckdb"

    @property
    def dagster_home(self) -> Path:
        """Dagster's instance of this project; DAGSTER_HOME wins."""
        given = os.environ.get("DAGSTER_HOME")
        return Path(given).absolute() if given else self.var / "dagster"


def find_root(given: Path | None) -> Path:
    """The project folder: the one given, else CRM_PIPELINE_PROJECT, else the current folder."""
    return (given or Path(os.environ.get("CRM_PIPELINE_PROJECT", "."))).absolute()


def load_project(root: Path | None = None) -> Project:
    """The project in `root` (see `find_root`).

    Raises:
        ConfigurationError: anything that is not as it must be; the message names file and line.
    """
    folder = find_root(root)
    file = folder / CONFIG_NAME
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError(
            where=str(folder),
            expected=f"a project folder with {CONFIG_NAME}",
            found="none",
            cure="Give --project DIR, set CRM_PIPELINE_PROJECT, or make one with `crm-pipeline init DIR`.",
        ) from None
    except UnicodeDecodeError as error:
        _refuse(file, None, "UTF-8 text", f"other bytes at position {error.start}", "Save the file as UTF-8.")
    value, lines = _parse(file, text)
    config = _validate(file, _substitute(file, value, lines, _environment(folder)), lines)
    return Project(folder, config, hashlib.sha256(text.encode()).hexdigest())


def _parse(file: Path, text: str) -> tuple[Any, dict[_Path, int]]:
    """The value of a YAML text, and the line on which each key or item starts."""
    lines: dict[_Path, int] = {}
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is not None:
            _mark_lines(file, node, (), lines)
        return yaml.safe_load(text), lines
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        problem = getattr(error, "problem", None) or "unreadable text"
        _refuse(file, line, "valid YAML", str(problem), "Check indentation, quotes and colons around this line.")


def _mark_lines(file: Path, node: yaml.Node, path: _Path, lines: dict[_Path, int]) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*path, key.value)
            line = key.start_mark.line + 1
            if inner in lines:
                _refuse(file, line, "each key once", f"{key.value} again (first on line {lines[inner]})", "Keep one.")
            lines[inner] = line
            _mark_lines(file, value, inner, lines)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            lines[(*path, index)] = item.start_mark.line + 1
            _mark_lines(file, item, (*path, index), lines)


def _environment(folder: Path) -> Mapping[str, str]:
    """The environment, and below it the `.env` file of the project."""
    file = folder / ".env"
    found = {}
    if file.exists():
        matches = (_ENVIRONMENT_LINE.match(line) for line in file.read_text(encoding="utf-8").splitlines())
        found = {m[1]: m[2].strip("\"'") for m in matches if m}
    return {**found, **os.environ}


def _substitute(file: Path, value: Any, lines: Mapping[_Path, int], names: Mapping[str, str], path: _Path = ()) -> Any:
    if isinstance(value, dict):
        return {key: _substitute(file, item, lines, names, (*path, str(key))) for key, item in value.items()}
    if isinstance(value, list):
        return [_substitute(file, item, lines, names, (*path, index)) for index, item in enumerate(value)]
    if not isinstance(value, str):
        return value
    for name in _REFERENCE.findall(value):
        if not names.get(name):
            cure = f"Export {name}, or write {name}=… into the .env file of the project."
            _refuse(file, lines.get(path), f"the environment variable {name}", "it is not set", cure)
    return _REFERENCE.sub(lambda match: names[match[1]], value)


def _validate(file: Path, value: Any, lines: Mapping[_Path, int]) -> Config:
    if not isinstance(value, dict):
        _refuse(file, 1, "keys such as version, start_date and sources", "none", "See `crm-pipeline init`.")
    try:
        config = Config.model_validate(value)
    except ValidationError as error:
        _refuse_first(file, error, lines)
    for source, name, extract in config.extracts:
        _check_extract(file, lines, ("sources", source, "extracts", name), extract)
    for column in config.survivorship:
        _check_name(file, lines, ("survivorship", column), survivorship_columns(config), "a column of customers")
    return config


def _check_extract(file: Path, lines: Mapping[_Path, int], path: _Path, extract: Extract) -> None:
    if extract.entity not in ENTITIES:
        place = (*path, "entity") if (*path, "entity") in lines else path
        _check_name(file, lines, place, tuple(ENTITIES), "an entity", extract.entity)
    for column in extract.columns:
        inner = (*path, "columns", column)
        _check_name(file, lines, inner, mappable_columns(extract.entity), f"a standard column of {extract.entity}")
        try:
            extract.namespaces(column) if column in NAMESPACED_COLUMNS else extract.form(column)
        except ValidationError as error:
            _refuse_first(file, error, lines, inner)
        except AttributeError:
            cure = f"Write {column}: {{namespace: column}}."
            _refuse(file, lines.get(inner), "one column per namespace", repr(extract.columns[column]), cure)
    taken = set(mappable_columns(extract.entity)) & set(extract.extra_columns)
    if taken:
        name = sorted(taken)[0]
        where = lines.get((*path, "extra_columns", name))
        _refuse(file, where, "a name of your own", f"{name}, a standard column", "Map it under columns, or rename it.")


def _check_name(
    file: Path, lines: Mapping[_Path, int], path: _Path, known: Iterable[str], what: str, name: str | None = None
) -> None:
    given = name or str(path[-1])
    names = list(known)
    if given in names:
        return
    _refuse(file, lines.get(path), what, repr(given), _nearest(given, names))


def _nearest(given: str, known: list[str]) -> str:
    close = difflib.get_close_matches(given, known, n=1, cutoff=0.5)
    return f"Did you mean {close[0]}?" if close else f"Known: {', '.join(known)}."


def _refuse_first(file: Path, error: ValidationError, lines: Mapping[_Path, int], prefix: _Path = ()) -> NoReturn:
    """The first violation as one line; unknown keys come first, since they explain missing ones."""
    details = sorted(
        error.errors(include_url=False, include_context=False), key=lambda d: d["type"] != "extra_forbidden"
    )
    first = details[0]
    path = (*prefix, *(part for part in first["loc"] if part != "[key]"))
    line = _line(path, lines)
    name = ".".join(str(part) for part in path)
    if first["type"] == "extra_forbidden":
        known = _known_keys(first["loc"])
        _refuse(file, line, "a known key", f"{name}, which is not one", _nearest(str(path[-1]), known))
    if first["type"] == "missing":
        _refuse(file, line, f"{name}", "nothing", f"Add {path[-1]}.")
    expected = first["msg"].removeprefix("Value error, ").removeprefix("expected ").removeprefix("Input should be ")
    _refuse(file, line, f"{expected} for {name}", _shown(first, path), "Correct this value.")


def _shown(detail: ErrorDetails, path: _Path) -> str:
    """The value refused; never one that may hold a secret."""
    if {"key", "url", "to"} & {str(part) for part in path}:
        return "another value (not shown)"
    value = detail["input"]
    return f"{len(value)} keys" if isinstance(value, dict) and len(value) > 3 else repr(value)


def _line(path: _Path, lines: Mapping[_Path, int]) -> int | None:
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path)


def _known_keys(location: tuple[int | str, ...]) -> list[str]:
    """The keys of the model that holds `location`'s last part."""
    model: Any = Config
    for part in location[:-1]:
        if not hasattr(model, "model_fields"):
            break
        field = model.model_fields.get(str(part))
        if field is None:  # a free name: source or extract
            continue
        model = _model_of(field.annotation) or model
    return list(model.model_fields)


def _model_of(annotation: Any) -> Any:
    if hasattr(annotation, "model_fields"):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _model_of(inner)
        if found is not None:
            return found
    return None


def _refuse(file: Path, line: int | None, expected: str, found: str, cure: str) -> NoReturn:
    where = f"{file.name}:{line}" if line else str(file.name)
    raise ConfigurationError(where=where, expected=expected, found=found, cure=cure)
