"""The SQL models of a project: the shipped ones with the project's own over them.

Belongs here: which folders and which contracts. Does not belong here: loading, building and testing (`warehouse`).
"""

from __future__ import annotations

import functools
from pathlib import Path

from crm_pipeline.bundled import bundled
from crm_pipeline.settings import Project
from crm_pipeline.tables import ENTITIES, Table
from crm_pipeline.warehouse.models import Models, contract_tables, load_models, model_tables

_Version = tuple[tuple[str, int, int], ...]  # of the files: path, time of the last change in ns, bytes


def project_models(project: Project) -> Models:
    """The models in the order in which they are built.

    Raises:
        ConfigurationError: a file of the project's `sql/` is not fit for use.
    """
    folders = _folders(project)
    return _loaded(folders, _version_of(folders), _contracts(project))


def project_model_tables(project: Project, models: Models) -> dict[str, Table]:
    """The contract of each model's table, by `schema.table`; found by building all on empty tables."""
    return dict(_built(models, _contracts(project)))


# A run asks several times for the same files, and reading and checking them takes a second.
@functools.lru_cache(maxsize=4)
def _loaded(folders: tuple[Path, ...], _version: _Version, contracts: tuple[Table, ...]) -> Models:
    return load_models(*folders, known=contracts)


@functools.lru_cache(maxsize=4)
def _built(models: Models, contracts: tuple[Table, ...]) -> dict[str, Table]:
    return model_tables(models, contracts)


def _folders(project: Project) -> tuple[Path, ...]:
    return bundled("dbt_like_sql"), project.root / "sql"


def _version_of(folders: tuple[Path, ...]) -> _Version:
    files = sorted(file for folder in folders for file in folder.rglob("*") if file.is_file())
    return tuple((str(file), status.st_mtime_ns, status.st_size) for file in files for status in [file.stat()])


def _contracts(project: Project) -> tuple[Table, ...]:
    return contract_tables({entity: project.config.extras(entity) for entity in ENTITIES})
