"""Data tests that a description asks for, in dbt's words, turned into selects that return the rows which break them.

Belongs here: unique, not_null, accepted_values and relationships. Does not belong here: running them (`model_tests`),
or expectations on delivered rows (`quality`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.warehouse.connection import quoted
from crm_pipeline.warehouse.model_files import Description, ModelColumn, refuse_unknown
from crm_pipeline.warehouse.model_tests import ModelTest, Severity

_SEVERITIES: dict[str, Severity] = {"error": "error", "warn": "warning"}


def described_tests(table: str, description: Description, columns_of: Mapping[str, Iterable[str]]) -> list[ModelTest]:
    """The tests that a description asks for, those that its key implies first, equal ones once.

    A key is unique, nulls counted as equal; its columns are never null unless they say what null means.

    Args:
        table: schema and name of the model.
        description: its description.
        columns_of: columns of each table that a relationship may lead to.

    Raises:
        ConfigurationError: a test is unknown, incomplete, or contradicts another of the same name.
    """
    where = f"{table}, tests"
    tests = [_unique(table, description.key, "error")]
    columns = {column.name: column for column in description.columns}
    tests += [_not_null(table, name, "error") for name in description.key if not columns[name].null_means]
    for column in description.columns:
        tests += [_column_test(table, column, entry, columns_of) for entry in column.tests]
    for entry in description.tests:
        name, arguments, severity = _entry(entry, where)
        refuse_unknown([name], ["unique"], where)
        chosen = _argument(arguments, "columns", list, f"{where}, {name}")
        refuse_unknown(chosen, columns, f"{where}, {name}")
        tests.append(_unique(table, tuple(chosen), severity))
    return distinct(tests, where)


def distinct(tests: Iterable[ModelTest], where: str) -> list[ModelTest]:
    """The tests in their order, equal ones once.

    Raises:
        ConfigurationError: two different ones have the same id.
    """
    found: dict[str, ModelTest] = {}
    for test in tests:
        if found.setdefault(test.test_id, test) != test:
            raise ConfigurationError(
                where=where,
                expected="each test once",
                found=f"{test.test_id} twice, with different settings",
                cure="Remove one; a key is tested without being asked.",
            )
    return list(found.values())


def severity_of(word: Any, where: str) -> Severity:
    """`error` or `warning` for dbt's `error` or `warn`.

    Raises:
        ConfigurationError: another word.
    """
    refuse_unknown([word], _SEVERITIES, f"{where}, severity")
    return _SEVERITIES[word]


def _column_test(table: str, column: ModelColumn, entry: Any, columns_of: Mapping[str, Iterable[str]]) -> ModelTest:
    where = f"{table}.{column.name}, tests"
    name, arguments, severity = _entry(entry, where)
    simple: dict[str, Callable[[], ModelTest]] = {
        "unique": lambda: _unique(table, (column.name,), severity),
        "not_null": lambda: _not_null(table, column.name, severity),
        "accepted_values": lambda: _accepted_values(table, column.name, arguments, severity),
        "relationships": lambda: _relationships(table, column.name, arguments, severity, columns_of),
    }
    refuse_unknown([name], simple, where)
    takes = {"accepted_values": ("values",), "relationships": ("to", "field")}.get(name, ())
    refuse_unknown(arguments, takes, f"{where}, {name}")
    return simple[name]()


def _entry(entry: Any, where: str) -> tuple[str, dict[str, Any], Severity]:
    """Name, arguments and severity of `unique`, `{unique: {…}}`, with `config` inside or beside the arguments."""
    if isinstance(entry, str):
        return entry, {}, "error"
    if not isinstance(entry, dict):
        raise _incomplete(where, "a test's name, or its name with its arguments", type(entry).__name__)
    names = [name for name in entry if name != "config"]
    if len(names) != 1:
        raise _incomplete(where, "one test per entry", f"{len(names)}")
    arguments = dict(entry[names[0]] or {})
    config = {**(arguments.pop("config", None) or {}), **(entry.get("config") or {})}
    refuse_unknown(config, ("severity",), f"{where}, config")
    return str(names[0]), arguments, severity_of(config.get("severity", "error"), where)


def _unique(table: str, columns: tuple[str, ...], severity: Severity) -> ModelTest:
    names = ", ".join(quoted(name) for name in columns)
    given = f" WHERE {names} IS NOT NULL" if len(columns) == 1 else ""
    return ModelTest(
        test_id=f"unique_{'_'.join(columns)}",
        severity=severity,
        description=f"No two rows of {table} have the same {', '.join(columns)}.",
        sql=f"SELECT * FROM {table}{given} QUALIFY count(*) OVER (PARTITION BY {names}) > 1",
        description_zh=f"{table} 中 {'、'.join(columns)} 不重复。",
        is_generic=True,
    )


def _not_null(table: str, column: str, severity: Severity) -> ModelTest:
    return ModelTest(
        test_id=f"not_null_{column}",
        severity=severity,
        description=f"Every row of {table} has {column}.",
        sql=f"SELECT * FROM {table} WHERE {quoted(column)} IS NULL",
        description_zh=f"{table} 的 {column} 不为空。",
        is_generic=True,
    )


def _accepted_values(table: str, column: str, arguments: Mapping[str, Any], severity: Severity) -> ModelTest:
    values = _argument(arguments, "values", list, f"{table}.{column}, accepted_values")
    listed = ", ".join(_literal(value) for value in values)
    return ModelTest(
        test_id=f"accepted_values_{column}",
        severity=severity,
        description=f"{column} of {table} is null or one of {listed}.",
        sql=f"SELECT * FROM {table} WHERE {quoted(column)} NOT IN ({listed})",
        description_zh=f"{table} 的 {column} 为空，或取值为 {listed.replace(', ', '、')} 之一。",
        is_generic=True,
    )


def _relationships(
    table: str,
    column: str,
    arguments: Mapping[str, Any],
    severity: Severity,
    columns_of: Mapping[str, Iterable[str]],
) -> ModelTest:
    where = f"{table}.{column}, relationships"
    to = _argument(arguments, "to", str, where)
    field = _argument(arguments, "field", str, where)
    refuse_unknown([to], columns_of, where)
    refuse_unknown([field], list(columns_of[to]), where)
    return ModelTest(
        test_id=f"relationships_{column}_{to.replace('.', '_')}",
        severity=severity,
        description=f"Each {column} of {table} that is there is a {field} of {to}.",
        sql=f"SELECT child.* FROM {table} AS child WHERE child.{quoted(column)} IS NOT NULL AND NOT EXISTS "
        f"(SELECT 1 FROM {to} AS parent WHERE parent.{quoted(field)} = child.{quoted(column)})",
        reads=(to,) if to != table else (),
        description_zh=f"{table} 的 {column} 若有值，必须存在于 {to} 的 {field}。",
        is_generic=True,
    )


def _argument(arguments: Mapping[str, Any], name: str, kind: type, where: str) -> Any:
    value = arguments.get(name)
    if not isinstance(value, kind) or not value:
        raise _incomplete(where, f"{name}: {'a list' if kind is list else 'a name'}", "nothing of the kind")
    return value


def _literal(value: Any) -> str:
    if isinstance(value, bool | int | float):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"


def _incomplete(where: str, expected: str, found: str) -> ConfigurationError:
    return ConfigurationError(where=where, expected=expected, found=found, cure="Correct the .yml file.")
