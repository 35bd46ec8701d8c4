"""Rules out of the JSON of an expectation suite, each fault named with its file, rule and cure.

Belongs here: from one decoded expectation to one `Rule`. Does not belong here: finding files and merging folders
(`suites`), or what types and options there are (`catalogue`, `options`).
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.quality.catalogue import EXPECTATIONS, Expectation
from crm_pipeline.quality.rules import IgnoreRowIf, Option, Rule, Severity, ValueKind, Where

_KEYS = ("type", "kwargs", "severity", "meta", "id", "notes", "description")
_META = ("rule_id", "severity", "column", "notes", "notes_zh", "disabled")
_REPORT_SEVERITIES = ("critical", "warning", "info")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rule is written, and the columns its table has."""

    where: str
    table: str
    columns: Mapping[str, ValueKind]
    fixed: frozenset[str]  # columns that can't become null: the record's key and version

    def fault(self, *, expected: str, found: object, cure: str = "Correct the rule.") -> ConfigurationError:
        """The error that says so, at this place."""
        return ConfigurationError(where=self.where, expected=expected, found=shown(found), cure=cure)

    def one_of(self, what: str, found: object, known: Iterable[str]) -> str:
        """`found`, when it is known; else the fault that names the nearest known one."""
        known = tuple(known)
        if isinstance(found, str) and found in known:
            return found
        raise self.fault(expected=f"{what}: {nearest(found, known)}", found=found)

    def kind(self, column: object) -> ValueKind:
        """How values of `column` compare; a column that the table lacks is a fault."""
        return self.columns[self.one_of(f"a column of {self.table}", column, self.columns)]


def shown(found: object) -> str:
    """`found` as JSON, or `nothing`, cut to 80 characters."""
    text = "nothing" if found is None else json.dumps(found, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:79]}…"


def nearest(found: object, known: Iterable[str]) -> str:
    """The known word most like `found`; all of them when none is like it."""
    known = tuple(known)
    best = difflib.get_close_matches(str(found), known, n=1, cutoff=0.6)
    return f"{best[0]} is the nearest known one" if best else f"one of {', '.join(known)}"


def parse_rule(raw: Mapping[str, Any], place: Place) -> Rule:
    """One rule out of one expectation.

    Raises:
        ConfigurationError: a key, type, column, option or severity that is unknown, missing or does not fit.
    """
    for key in raw:
        place.one_of("a key of an expectation", key, _KEYS)
    meta: Mapping[str, Any] = raw["meta"]
    for key in meta:
        place.one_of("a key of meta", key, _META)
    kind_of_expectation = place.one_of("a type of expectation", raw.get("type"), EXPECTATIONS)
    expectation = EXPECTATIONS[kind_of_expectation]
    kwargs = _object(raw.get("kwargs"), "kwargs", place)
    columns, kinds = _columns(kwargs, expectation, place)
    severity = Severity(place.one_of("meta.severity", meta.get("severity"), Severity))
    return Rule(
        rule_id=meta["rule_id"],
        type=kind_of_expectation,
        severity=severity,
        column=_column_concerned(meta, severity, expectation, columns, place),
        notes=_notes(meta, place),
        notes_zh=_notes_zh(meta, place),
        columns=columns,
        kinds=kinds,
        options=_options(kwargs, expectation, kinds, place),
        ignore=_ignore(kwargs, expectation, place),
        mostly=_mostly(kwargs, place),
        where=_row_condition(kwargs, place),
        report_severity=place.one_of("severity", raw.get("severity"), _REPORT_SEVERITIES),
    )


def _object(raw: object, what: str, place: Place) -> Mapping[str, Any]:
    if not isinstance(raw, dict):
        raise place.fault(expected=f"{what}: an object", found=raw)
    return raw


def _notes(meta: Mapping[str, Any], place: Place) -> str:
    notes = meta.get("notes")
    if not isinstance(notes, str) or not notes.strip():
        raise place.fault(expected="meta.notes: why the rule is there, and what to do", found=notes, cure="Write them.")
    return notes.strip()


def _notes_zh(meta: Mapping[str, Any], place: Place) -> str:
    notes = meta.get("notes_zh", "")
    if not isinstance(notes, str):
        raise place.fault(expected="meta.notes_zh: the notes in Chinese", found=notes, cure="Write them, or remove it.")
    return notes.strip()


def _columns(
    kwargs: Mapping[str, Any], expectation: Expectation, place: Place
) -> tuple[tuple[str, ...], tuple[ValueKind, ...]]:
    if expectation.column_keys == ("column_list",):
        names = kwargs.get("column_list")
        if not isinstance(names, list) or len(names) < 2:
            raise place.fault(expected="column_list: two or more columns", found=names)
    else:
        names = [kwargs.get(key) for key in expectation.column_keys]
    kinds = tuple(place.kind(name) for name in names)
    for name, kind in zip(names, kinds, strict=True):
        if kind not in expectation.accepts:
            expected = f"a column of {' or '.join(sorted(expectation.accepts))}"
            raise place.fault(expected=expected, found=f"{name}, a column of {kind}")
    if len(expectation.column_keys) == 2 and len(set(kinds)) > 1:
        raise place.fault(expected="two columns of one kind", found=f"{kinds[0]} and {kinds[1]}")
    return tuple(names), kinds


def _column_concerned(
    meta: Mapping[str, Any], severity: Severity, expectation: Expectation, columns: tuple[str, ...], place: Place
) -> str:
    if expectation.is_of_table and severity in {Severity.ROW, Severity.VALUE}:
        cure = "A rule on the whole table can't blame a row."
        raise place.fault(expected="meta.severity: table or warning", found=severity, cure=cure)
    column: str = meta.get("column", columns[0] if columns else "")
    if column or "column" in meta:
        place.kind(column)
    if severity is Severity.VALUE and column in place.fixed:
        cure = "Use severity row, or warning."
        raise place.fault(expected="meta.column: a column that may become null", found=column, cure=cure)
    return column


def _options(
    kwargs: Mapping[str, Any], expectation: Expectation, kinds: tuple[ValueKind, ...], place: Place
) -> Mapping[str, Option]:
    common = ("mostly", "row_condition") if expectation.column_keys else ()
    known = (*expectation.column_keys, *expectation.options, *common, *(("ignore_row_if",) * bool(expectation.ignore)))
    for key in kwargs:
        place.one_of("a keyword argument of this expectation", key, known)
    for key in expectation.required:
        place.one_of(f"kwargs with {key}", key if key in kwargs else None, (key,))
    kind = kinds[0] if kinds else ValueKind.NUMBER
    options: dict[str, Option] = {}
    for key, parser in expectation.options.items():
        if kwargs.get(key) is not None:
            try:
                options[key] = parser(kwargs[key], kind)
            except ValueError as error:
                raise place.fault(expected=f"{key}: {error}", found=kwargs[key]) from None
    try:
        expectation.check(options)
    except ValueError as error:
        raise place.fault(expected=str(error), found=dict(kwargs)) from None
    return MappingProxyType(options)


def _ignore(kwargs: Mapping[str, Any], expectation: Expectation, place: Place) -> IgnoreRowIf:
    if not expectation.ignore:
        return "never"
    word = kwargs.get("ignore_row_if", next(iter(expectation.ignore)))
    return expectation.ignore[place.one_of("ignore_row_if", word, expectation.ignore)]


def _mostly(kwargs: Mapping[str, Any], place: Place) -> float:
    mostly = kwargs.get("mostly", 1)
    if isinstance(mostly, bool) or not isinstance(mostly, int | float) or not 0 <= mostly <= 1:
        raise place.fault(expected="mostly: a share from 0 to 1", found=mostly)
    return float(mostly)


def _row_condition(kwargs: Mapping[str, Any], place: Place) -> Where | None:
    raw = kwargs.get("row_condition")
    if raw is None:
        return None
    column = _object(_object(raw, "row_condition", place).get("column"), "row_condition.column", place).get("name")
    kind = place.kind(column)
    match raw:
        case {"type": "nullity", "is_null": bool(is_null), **rest} if rest.keys() == {"column"}:
            return Where(str(column), kind, is_null)
        case {"type": "comparison", "operator": "==", "parameter": str(text), **rest} if (
            rest.keys() == {"column"} and kind is ValueKind.TEXT
        ):
            return Where(str(column), kind, None, text)
    expected = (
        'row_condition: {"type": "nullity", …, "is_null": true}, or {"type": "comparison", …, "operator": "=="} on text'
    )
    raise place.fault(expected=expected, found=raw)
