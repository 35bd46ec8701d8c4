"""Suites of expectations: found by table name, merged over folders by rule id.

Files are `<folder>/<schema>.<table>.json`, plain Great Expectations suites. A later folder adds rules, replaces those
with the same `meta.rule_id`, and switches one off with `{"meta": {"rule_id": "…", "disabled": true}}`.

Belongs here: files, folders, merging, and which tables may have a suite. Does not belong here: the content of one rule
(`parsing`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from crm_pipeline import tables
from crm_pipeline.bundled import bundled
from crm_pipeline.errors import ConfigurationError
from crm_pipeline.quality.parsing import Place, nearest, parse_rule, shown
from crm_pipeline.quality.rules import Rule, Suite, ValueKind
from crm_pipeline.warehouse.models import contract_tables, load_models, model_tables

# Given to every suite on a standardised table: the date of the delivery, which is "today" in any rule.
BUSINESS_DATE = tables.Column("business_date", "DATE", "day the delivery stands for")

_FIXED = frozenset(column.name for column in (*tables.VERSION_COLUMNS, BUSINESS_DATE))
_SUITE_KEYS = ("name", "expectations", "meta", "notes", "id", "suite_parameters")
_KINDS = {
    "VARCHAR": ValueKind.TEXT,
    "BOOLEAN": ValueKind.TEXT,  # true and false
    "BIGINT": ValueKind.NUMBER,
    "HUGEINT": ValueKind.NUMBER,
    "INTEGER": ValueKind.NUMBER,
    "DOUBLE": ValueKind.NUMBER,
    "DECIMAL": ValueKind.NUMBER,  # of any precision
    "DATE": ValueKind.TIME,
    "TIMESTAMP": ValueKind.TIME,
}


def judged_tables(
    extra: Iterable[str | tables.Column] = (), models: Iterable[tables.Table] | None = None
) -> dict[str, tuple[tables.Column, ...]]:
    """Every table that may have a suite, by schema and name, with the columns its rules may use.

    Args:
        extra: own columns of the project, in any entity; a name stands for text.
        models: tables of the SQL models; None for those of the shipped ones.
    """
    extra = tuple(extra)
    built = contract_tables(dict.fromkeys(tables.ENTITIES, extra))
    published = (tables.published_entity(entity, extra) for entity in tables.ENTITIES if entity != "customers")
    modelled = _shipped_models() if models is None else models
    known = {table.qualified: table.columns for table in (*built, *modelled, *published)}
    standardised = (tables.std(entity, extra) for entity in tables.ENTITIES)
    return known | {table.qualified: (*table.columns, BUSINESS_DATE) for table in standardised}


@cache
def _shipped_models() -> tuple[tables.Table, ...]:
    """The tables of the shipped SQL models."""
    return tuple(model_tables(load_models(bundled("dbt_like_sql"))).values())


def load_suite(
    table: str,
    *folders: Path,
    extra: Iterable[str | tables.Column] = (),
    given: Iterable[Rule] = (),
    columns: tuple[tables.Column, ...] = (),
) -> Suite:
    """The rules for `table`, out of all `folders`, the later ones adding to and overriding the earlier ones.

    A folder without a file for the table adds nothing; no file at all is a suite without rules.

    Args:
        table: schema and name, such as `std.customers`.
        folders: the shipped folder first, then the project's.
        extra: own columns of the project, and others that its rows are judged with.
        given: rules that no file has; files may override them as any other.
        columns: of the table, where it is one that the caller knows, such as a project's own SQL model.

    Raises:
        ConfigurationError: the table is unknown or a file is broken.
    """
    columns = columns or _columns_of(table, "expectations", judged_tables(extra))
    rules = {rule.rule_id: rule for rule in given}
    for file in (folder / f"{table}.json" for folder in folders):
        if file.is_file():
            _merge(rules, _read(file), file, table, columns)
    return Suite(table, tuple(rules.values()))


def suite_tables(
    *folders: Path, extra: Iterable[str | tables.Column] = (), models: Iterable[tables.Table] | None = None
) -> tuple[str, ...]:
    """The tables that have a suite in any of the folders, sorted.

    Args:
        folders: the shipped folder first, then the project's.
        extra: own columns of the project.
        models: tables of the SQL models; None for those of the shipped ones.

    Raises:
        ConfigurationError: a file is named after a table that does not exist, so that no rule in it would ever run.
    """
    known = judged_tables(extra, models)
    files = [file for folder in folders for file in sorted(folder.glob("*.json"))]
    for file in files:
        _columns_of(file.stem, str(file), known)
    return tuple(sorted({file.stem for file in files}))


def notes_zh(*folders: Path) -> dict[str, str]:
    """The notes of each rule in the folders that has them in Chinese, to these.

    Raises:
        ConfigurationError: a file is no suite, or a rule has no id.
    """
    files = [file for folder in folders for file in sorted(folder.glob("*.json"))]
    metas = [raw["meta"] for file in files for _, _, raw in _identified(_read(file), file)]
    return {str(meta.get("notes")).strip(): str(meta["notes_zh"]).strip() for meta in metas if meta.get("notes_zh")}


def _columns_of(table: str, where: str, known: Mapping[str, tuple[tables.Column, ...]]) -> tuple[tables.Column, ...]:
    if table not in known:
        expected = f"the name of a table: {nearest(table, known)}"
        raise ConfigurationError(where=where, expected=expected, found=shown(table), cure="Rename it.")
    return known[table]


def _read(file: Path) -> list[Any]:
    """The expectations of one file, not yet looked at."""
    place = Place(str(file), file.stem, {}, _FIXED)
    try:
        suite = json.loads(file.read_text(encoding="utf-8"), object_pairs_hook=_unique_keys)
    except UnicodeDecodeError:
        raise place.fault(expected="UTF-8", found="another encoding", cure="Save the file as UTF-8.") from None
    except ValueError as error:
        raise place.fault(expected="JSON", found=str(error), cure="Correct the file.") from None
    if not isinstance(suite, dict) or not isinstance(suite.get("expectations"), list):
        expected = 'a suite: {"name": …, "expectations": […]}'
        raise place.fault(expected=expected, found=suite, cure="Correct the file.")
    for key in suite:
        place.one_of("a key of a suite", key, _SUITE_KEYS)
    expectations: list[Any] = suite["expectations"]
    return expectations


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        names = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in names if names.count(key) > 1)} twice in one object")
    return dict(pairs)


def _merge(
    rules: dict[str, Rule], expectations: list[Any], file: Path, table: str, columns: tuple[tables.Column, ...]
) -> None:
    """Adds the rules of one file to `rules`, replacing or removing those with the same id."""
    kinds = {column.name: _KINDS.get(column.type.split("(")[0], ValueKind.LIST) for column in columns}
    seen: set[str] = set()
    for rule_id, where, raw in _identified(expectations, file):
        place = Place(where, table, kinds, _FIXED)
        if rule_id in seen:
            raise place.fault(expected="each rule_id once in a file", found=rule_id, cure="Rename or remove one.")
        seen.add(rule_id)
        if raw["meta"].get("disabled") is True:
            del rules[place.one_of("the rule_id of a rule to switch off", rule_id, rules)]
        else:
            rules[rule_id] = parse_rule(raw, place)


def _identified(expectations: list[Any], file: Path) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Each expectation with its rule id and its place; one without an id is a fault."""
    for number, raw in enumerate(expectations, start=1):
        place = Place(f"{file}, expectation {number}", file.stem, {}, _FIXED)
        if not isinstance(raw, dict) or not isinstance(raw.get("meta"), dict):
            expected = 'an expectation: {"type": …, "kwargs": …, "severity": …, "meta": …}'
            raise place.fault(expected=expected, found=raw)
        rule_id = raw["meta"].get("rule_id")
        if not isinstance(rule_id, str) or not rule_id.strip():
            raise place.fault(expected="meta.rule_id: a name", found=rule_id, cure="Name the rule.")
        yield rule_id, f"{file}, rule {rule_id}", raw
