"""`pipeline.yaml` and the environment as frozen values; the only reader of both.

Belongs here: what a user can set, its defaults and its refusals. Does not belong here: what is done with it.
"""

from crm_pipeline.settings.environment import (
    DAGSTER_POSTGRES_URL,
    POSTGRES_ADMIN_URL,
    dagster_postgres_url,
)
from crm_pipeline.settings.extracts import AppliedExtract, Extract, Source
from crm_pipeline.settings.forms import ExtraColumn, ValueForm
from crm_pipeline.settings.linkage import Guards, Linkage
from crm_pipeline.settings.load import Project, backup_elsewhere, load_project
from crm_pipeline.settings.model import Backup, Config, json_schema
from crm_pipeline.settings.publish import Postgres, Publish
from crm_pipeline.settings.read import DatabaseRead, FileRead, Read, RestRead

__all__ = [
    "DAGSTER_POSTGRES_URL",
    "POSTGRES_ADMIN_URL",
    "AppliedExtract",
    "Backup",
    "Config",
    "DatabaseRead",
    "ExtraColumn",
    "Extract",
    "FileRead",
    "Guards",
    "Linkage",
    "Postgres",
    "Project",
    "Publish",
    "Read",
    "RestRead",
    "Source",
    "ValueForm",
    "backup_elsewhere",
    "dagster_postgres_url",
    "json_schema",
    "load_project",
]
