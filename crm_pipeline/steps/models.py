"""The SQL models of a project: the shipped ones with the project's own over them.

Belongs here: which folders and which contracts. Does not belong here: loading, building and testing (`warehouse`).
"""

from __future__ import annotations

from crm_pipeline.bundled import bundled
from crm_pipeline.settings import Project
from crm_pipeline.tables import ENTITIES, Table
from crm_pipeline.warehouse.models import Models, contract_tables, load_models, model_tables


def project_models(project: Project) -> Models:
    """The models in the order in which they are built.

    Raises:
        ConfigurationError: a file of the project's `sql/` is not fit for use.
    """
    return load_models(bundled("dbt_like_sql"), project.root / "sql", known=_contracts(project))


def project_model_tables(project: Project, models: Models) -> dict[str, Table]:
    """The contract of each model's table, by `schema.table`; found by building all on empty tables."""
    return model_tables(models, _contracts(project))


def _contracts(project: Project) -> tuple[Table, ...]:
    return contract_tables({entity: project.config.extras(entity) for entity in ENTITIES})
