"""Refusals of `pipeline.yaml`: one line each, with the line of the file and the nearest known name.

Belongs here: turning a violation into a `ConfigurationError`. Does not belong here: finding it (`load`, `model`).
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import yaml
from pydantic import ValidationError

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings.forms import ValueForm
from crm_pipeline.settings.model import Config
from crm_pipeline.settings.read import KINDS
from crm_pipeline.settings.rest import REST_KINDS

YamlPath = tuple[str | int, ...]
# Keys whose values are not shown, nor those inside.
_SECRET = frozenset({"backup", "key", "url", "to", "database"}) | {
    *("base_url", "token_url", "token", "password", "client_id", "client_secret", "params", "headers", "body", "form")
}
_NOT_SHOWN = "another value (not shown)"
_FOUND = "; found "
_LONGEST = 80  # characters of a value that are shown


def require_known(
    file: Path, lines: Mapping[YamlPath, int], path: YamlPath, known: Iterable[str], what: str, name: str | None = None
) -> None:
    """Nothing, when `name`, or else the last key of `path`, is one of the `known` ones; `what` says which are."""
    given = name or str(path[-1])
    names = list(known)
    if given in names:
        return
    refuse(file, lines.get(path), what, repr(given), _nearest(given, names))


def _nearest(given: str, known: list[str]) -> str:
    close = difflib.get_close_matches(given, known, n=1, cutoff=0.5)
    return f"Did you mean {close[0]}?" if close else f"Known: {', '.join(known)}."


def refuse_first(
    file: Path, error: ValidationError, lines: Mapping[YamlPath, int], written: Any, prefix: YamlPath = ()
) -> NoReturn:
    """The first violation as one line; unknown keys come first, since they explain missing ones."""
    details = sorted(
        error.errors(include_url=False, include_context=False), key=lambda d: d["type"] != "extra_forbidden"
    )
    first = details[0]
    path = (*prefix, *(part for part in first["loc"] if not _is_mark(part)))
    line = _line(path, lines)
    name = ".".join(str(part) for part in path)
    if first["type"] == "extra_forbidden":
        known = _known_keys(first["loc"], ValueForm if prefix else Config)
        refuse(file, line, "a known key", f"{name}, which is not one", _nearest(str(path[-1]), known))
    if first["type"] == "missing":
        refuse(file, line, f"{name}", "nothing", f"Add {path[-1]}.")
    if first["type"] == "string_pattern_mismatch" and "[key]" in first["loc"]:
        cure = "Rename it; it becomes a part of keys and paths."
        refuse(file, line, "a name of small letters, digits and underscores, a letter first", repr(path[-1]), cure)
    if first["type"] == "model_type" and not prefix:  # a form may be a text, too
        refuse(file, line, f"keys and their values for {name}", _shown(written, path), "Write its keys below it.")
    said, _, told = first["msg"].partition(_FOUND)  # what a rule found where the value itself does not show it
    expected = said.removeprefix("Value error, ").removeprefix("expected ").removeprefix("Input should be ")
    found = told or (repr(path[-1]) if "[key]" in first["loc"] else _shown(written, path))
    refuse(file, line, f"{expected} for {name}", found, "Correct this value.")


def _is_mark(part: str | int) -> bool:
    """Whether a part of a violation's place is none of the file's: `[key]`, or the kind of a `read:` as `[file]`."""
    return isinstance(part, str) and part.startswith("[") and part.endswith("]")


def _shown(written: Any, path: YamlPath) -> str:
    """The value refused as it was written; never one that may hold a secret."""
    if _SECRET & {str(part) for part in path}:
        return _NOT_SHOWN
    value = written
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):  # a form's name is not part of the file: the value around it
            break
    shown = _without_secrets(value)
    if isinstance(value, dict):  # in the words of the file
        text = yaml.safe_dump(shown, default_flow_style=True, allow_unicode=True, sort_keys=False, width=math.inf)
        return text.strip() if len(text) <= _LONGEST else f"the keys {', '.join(map(str, value))}"
    text = repr(shown)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: "…" if key in _SECRET else _without_secrets(inner) for key, inner in value.items()}
    return [_without_secrets(inner) for inner in value] if isinstance(value, list) else value


def _line(path: YamlPath, lines: Mapping[YamlPath, int]) -> int | None:
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path)


def _known_keys(location: tuple[int | str, ...], model: Any) -> list[str]:
    """The keys of the model that holds `location`'s last part; `model` is the outermost one."""
    for part in location[:-1]:
        if not hasattr(model, "model_fields"):
            break
        field = model.model_fields.get(str(part))
        if _is_mark(part):  # one of several forms
            model = {f"[{name}]": kind for name, kind in (KINDS | REST_KINDS).items()}.get(str(part), model)
        if field is None:  # a free name: source or extract
            continue
        model = _model_of(field.annotation) or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_of(annotation: Any) -> Any:
    if hasattr(annotation, "model_fields"):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _model_of(inner)
        if found is not None:
            return found
    return None


def refuse(file: Path, line: int | None, expected: str, found: str, cure: str) -> NoReturn:
    """Raises the one line that says where in the file, what was expected, what was found and what to do."""
    where = f"{file.name}:{line}" if line else str(file.name)
    raise ConfigurationError(where=where, expected=expected, found=found, cure=cure)
