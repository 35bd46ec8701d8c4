"""Looking at SQL models, testing and building them between runs.

Belongs here: which models are meant, and doing it under the writer's lock. Does not belong here: how a model is loaded,
built or tested (`warehouse`), or publication, which is the run's alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from crm_pipeline.bundled import bundled
from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings import Project
from crm_pipeline.steps.checks import record_tests
from crm_pipeline.steps.models import project_models
from crm_pipeline.steps.run import Run, open_run
from crm_pipeline.warehouse.model_files import refuse_unknown
from crm_pipeline.warehouse.models import Model, Models, ModelTestResult, column_lineage, run_model, test_model

Origin = Literal["shipped", "own", "overridden"]
_TABLES = "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = current_database()"


@dataclass(frozen=True, slots=True)
class Tested:
    """What became of one model.

    Attributes:
        row_count: rows after it was built; None when it was tested only.
    """

    model: Model
    results: tuple[ModelTestResult, ...]
    row_count: int | None = None

    @property
    def is_good(self) -> bool:
        """Whether no test that stops a run fails."""
        return not any(result.failed_count for result in self.results if result.severity == "error")


def origin_of(project: Project, model: Model) -> Origin:
    """Whose select it is: `own` is one of the project that no shipped model has the name of."""
    if not model.path.is_relative_to(project.root):
        return "shipped"
    shipped = bundled("dbt_like_sql") / model.schema / f"{model.name}.sql"
    return "overridden" if shipped.exists() else "own"


def chosen_models(models: Models, names: Collection[str]) -> list[Model]:
    """The named models in the order in which they are built, all where none is named.

    Args:
        models: of the project.
        names: `schema.table`, or the table alone where one schema only has it.

    Raises:
        ConfigurationError: there is no such model, or several.
    """
    meant = {_qualified(models, name) for name in names}
    return [model for model in models if not names or model.qualified in meant]


def with_dependents(models: Models, chosen: Iterable[Model]) -> list[Model]:
    """The models and all that read what they make, however indirectly, in the order in which they are built."""
    meant = {model.qualified for model in chosen}
    found = []
    for model in models:  # each after what it reads
        if model.qualified in meant or meant & set(model.dependencies):
            meant.add(model.qualified)
            found.append(model)
    return found


def listed(project: Project) -> list[dict[str, Any]]:
    """One row per model, in the order in which they are built."""
    return [_summary(project, model) for model in project_models(project)]


def told(project: Project, name: str) -> dict[str, Any]:
    """All that is known of one model without a warehouse: its SQL, columns with their origins, tests, neighbours.

    Raises:
        ConfigurationError: there is no such model, or several.
    """
    models = project_models(project)
    [model] = chosen_models(models, [name])
    lineage = column_lineage(model)
    return _summary(project, model) | {
        "description": model.description,
        "key": list(model.key),
        "columns": [
            {
                "name": column.name,
                "description": column.description,
                "personal": column.personal.value,
                "null_means": column.null_means,
                "from": [".".join(origin) for origin in lineage[column.name]],
            }
            for column in model.columns
        ],
        "tests": [
            {
                "test": test.test_id,
                "severity": test.severity,
                "claim": test.description,
                "claim_zh": test.description_zh,
            }
            for test in model.tests
        ],
        "reads": list(model.dependencies),
        "tests_read": list(model.test_dependencies),
        "read_by": [other.qualified for other in models if model.qualified in other.dependencies],
        "sql": model.sql,
    }


def tested(project: Project, names: Collection[str]) -> list[Tested]:
    """The tests of the named models, or of all, on the tables as the last run left them.

    Raises:
        BusyError: a run holds the warehouse; the message says which.
        ConfigurationError: no such model, or nothing was built yet.
    """
    models = chosen_models(project_models(project), names)
    _require_warehouse(project)
    with open_run(project, run_id="sql test") as run:
        _require_tables(run, (name for model in models for name in (model.qualified, *model.test_dependencies)))
        return [Tested(model, tuple(test_model(run.warehouse, model))) for model in models]


def built(project: Project, names: Collection[str]) -> list[Tested]:
    """The named models and those that depend on them, built in one transaction and tested; readers see nothing of it.

    All or nothing: where one can't be built, every table stays as it was. What readers get is made by the next run,
    which builds all models itself.

    Raises:
        BusyError: a run holds the warehouse; the message says which.
        ConfigurationError: no such model, a table that it reads was not built yet, or a select can't be computed.
    """
    models = project_models(project)
    meant = with_dependents(models, chosen_models(models, names))
    _require_warehouse(project)
    with open_run(project, run_id="sql run") as run:
        made = {model.qualified for model in meant}
        read = (name for model in meant for name in (*model.dependencies, *model.test_dependencies))
        _require_tables(run, (name for name in read if name not in made))
        with run.warehouse.transaction():
            return [_built(run, model) for model in meant]


def _built(run: Run, model: Model) -> Tested:
    row_count = run_model(run.warehouse, model)
    results = test_model(run.warehouse, model)
    record_tests(run, model, row_count, results)
    return Tested(model, tuple(results), row_count)


def _summary(project: Project, model: Model) -> dict[str, Any]:
    return {
        "model": model.qualified,
        "grain": model.grain,
        "built": "full",
        "origin": origin_of(project, model),
        "path": str(model.path),
    }


def _qualified(models: Models, name: str) -> str:
    if "." in name:
        return models[name].qualified
    found = [model.qualified for model in models if model.name == name]
    if len(found) > 1:
        raise ConfigurationError(
            where="SQL models", expected="one model", found=" and ".join(found), cure="Write its schema too."
        )
    if not found:
        refuse_unknown([name], {model.name for model in models}, "SQL models")
    return found[0]


def _require_warehouse(project: Project) -> None:
    if not project.warehouse_file.exists():
        raise ConfigurationError(
            where=str(project.warehouse_file),
            expected="tables that a run has built",
            found="none",
            cure="Run `crm-pipeline run` first.",
        )


def _require_tables(run: Run, names: Iterable[str]) -> None:
    there = {f"{schema}.{name}" for schema, name in run.warehouse.execute(_TABLES)}
    missing = sorted({*names} - there)
    if missing:
        raise ConfigurationError(
            where=str(run.project.warehouse_file),
            expected="the tables that are read",
            found=f"no {', '.join(missing)}",
            cure="Run `crm-pipeline run` first; it builds all of them.",
        )
