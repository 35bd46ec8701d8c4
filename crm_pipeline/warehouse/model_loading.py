"""SQL models out of folders: the select, the description and the asserts of a table put together and checked.

Belongs here: what can be refused before anything runs. Does not belong here: reading one file (`model_files`,
`model_sql`) or touching a warehouse (`models`).
"""

from __future__ import annotations

import graphlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.tables import Table
from crm_pipeline.warehouse.model import (
    OPEN_SCHEMAS,
    PUBLISHED_SCHEMAS,
    Model,
    Models,
    contract_tables,
    refuse_other_columns,
)
from crm_pipeline.warehouse.model_files import (
    ASSERT_PREFIX,
    Description,
    files_by_name,
    read_description,
    read_header,
    refuse_unknown,
)
from crm_pipeline.warehouse.model_sql import columns_returned, parse_select, tables_read
from crm_pipeline.warehouse.model_test_words import described_tests, distinct, severity_of
from crm_pipeline.warehouse.model_tests import ModelTest


def load_models(*folders: Path, known: Iterable[Table] | None = None) -> Models:
    """The models of all folders; a file in a later folder takes the place of the one with its schema and name.

    Args:
        folders: each with one folder per schema; the first must be there, a later one may be missing.
        known: tables that models may read besides each other; by default `contract_tables()`.

    Raises:
        ConfigurationError: a file is missing, can't be read, or contradicts another; it says which and what to do.
    """
    contracts = {table.qualified: table.column_names for table in (contract_tables() if known is None else known)}
    files = files_by_name(folders)
    asserts = [name for name in files if name.endswith(".sql") and _stem(name).startswith(ASSERT_PREFIX)]
    names = sorted(name for name in files if name.endswith(".sql") and name not in asserts)
    descriptions = {_qualified(name): _description(name, files) for name in names}
    _refuse_lonely_descriptions(files, descriptions)
    for name in names:
        _refuse_taken_name(_qualified(name), files[name], {*contracts, *descriptions} - {_qualified(name)}, contracts)
    columns_of = contracts | {
        name: tuple(column.name for column in description.columns) for name, description in descriptions.items()
    }
    loaded_asserts = [_assert(files[name], name.split("/")[0], descriptions, columns_of) for name in asserts]
    models = [
        _model(
            files[name],
            _qualified(name),
            descriptions[_qualified(name)],
            columns_of,
            [test for model, test in loaded_asserts if model == _qualified(name)],
        )
        for name in names
    ]
    return Models(_in_order(models))


def _model(
    path: Path,
    qualified: str,
    description: Description,
    columns_of: Mapping[str, tuple[str, ...]],
    asserts: Iterable[ModelTest],
) -> Model:
    sql, query = parse_select(_text(path), str(path))
    reads = tables_read(query, str(path))
    refuse_unknown(reads, columns_of, f"{path}, tables read")
    dependency_columns = {name: columns_of[name] for name in reads}
    returned = columns_returned(query, dependency_columns)
    if "*" not in returned:  # otherwise the warehouse tells, before the table is made
        refuse_other_columns(returned, description.columns, path)
    tests = distinct([*described_tests(qualified, description, columns_of), *asserts], qualified)
    beside = {name for test in tests for name in test.reads} - {qualified, *reads}
    schema, name = qualified.split(".")
    return Model(
        schema=schema,
        name=name,
        path=path,
        sql=sql,
        grain=description.grain,
        description=description.description,
        key=description.key,
        columns=description.columns,
        tests=tuple(tests),
        dependencies=reads,
        test_dependencies=tuple(sorted(beside)),
        dependency_columns=dependency_columns,
    )


def _assert(
    path: Path, schema: str, models: Iterable[str], columns_of: Mapping[str, tuple[str, ...]]
) -> tuple[str, ModelTest]:
    text = _text(path)
    header = read_header(path, text)
    sql, query = parse_select(text, str(path))
    reads = tables_read(query, str(path))
    refuse_unknown(reads, columns_of, f"{path}, tables read")
    candidates = [name for name in models if name.startswith(f"{schema}.")]
    if header.model:
        model = header.model if "." in header.model else f"{schema}.{header.model}"
        refuse_unknown([model], candidates, f"{path}, model")
    else:
        model = next((name for name in reads if name in candidates), "")
    if not model:
        raise ConfigurationError(
            where=str(path),
            expected=f"an assert about a model in {schema}",
            found=f"one that reads {', '.join(reads) or 'no table'}",
            cure="Move it to the model's schema, or name the model in a line `-- model: name`.",
        )
    severity = severity_of(header.severity, str(path))
    return model, ModelTest(path.stem, severity, header.text, sql, reads, header.zh)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ConfigurationError(
            where=str(path), expected="text in UTF-8", found="other bytes", cure="Save the file as UTF-8."
        ) from None


def _in_order(models: list[Model]) -> tuple[Model, ...]:
    by_name = {model.qualified: model for model in models}
    graph = {
        name: sorted({*model.dependencies, *model.test_dependencies} & set(by_name)) for name, model in by_name.items()
    }
    try:
        order = list(graphlib.TopologicalSorter(graph).static_order())
    except graphlib.CycleError as error:
        cycle: list[str] = error.args[1]
        raise ConfigurationError(
            where=str(by_name[cycle[0]].path),
            expected="models that do not wait for each other",
            found=" reads ".join(reversed(cycle)),
            cure="Move what they share into a model of its own.",
        ) from None
    return tuple(by_name[name] for name in order)


def _description(name: str, files: Mapping[str, Path]) -> Description:
    beside = name.removesuffix(".sql") + ".yml"
    if beside not in files:
        raise ConfigurationError(
            where=str(files[name]),
            expected=f"a description beside it, {beside.split('/')[1]}",
            found="none",
            cure="Write one: grain, description, key and columns.",
        )
    return read_description(files[beside])


def _refuse_lonely_descriptions(files: Mapping[str, Path], models: Iterable[str]) -> None:
    for name in files:
        if name.endswith(".yml"):
            refuse_unknown([_qualified(name)], list(models), f"{files[name]}, the model it describes")


def _refuse_taken_name(qualified: str, path: Path, others: Iterable[str], contracts: Iterable[str]) -> None:
    schema, name = qualified.split(".")
    # All that is published goes into one schema, where two tables of one name can't be.
    published = {f"{other}.{name}" for other in PUBLISHED_SCHEMAS if schema in PUBLISHED_SCHEMAS}
    namesakes = sorted(published & set(others))
    if schema not in OPEN_SCHEMAS or qualified in contracts or namesakes:
        raise ConfigurationError(
            where=str(path),
            expected=f"a table of a free name in one of the schemas {', '.join(OPEN_SCHEMAS)}",
            found=f"{qualified}{', while there is ' + namesakes[0] if namesakes else ''}",
            cure="Rename or move the file.",
        )


def _qualified(name: str) -> str:
    return name.rsplit(".", 1)[0].replace("/", ".")


def _stem(name: str) -> str:
    return _qualified(name).split(".")[1]
