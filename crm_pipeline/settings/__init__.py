"""`pipeline.yaml` and the environment as frozen values; the only reader of both.

Belongs here: what a user can set, its defaults and its refusals. Does not belong here: what is done with it.
"""

from crm_pipeline.settings.load import Project, backup_elsewhere, load_project
from crm_pipeline.settings.model import Backup, Config, Extract, Linkage, Read, Source, ValueForm, json_schema

__all__ = [
    "Backup",
    "Config",
    "Extract",
    "Linkage",
    "Project",
    "Read",
    "Source",
    "ValueForm",
    "backup_elsewhere",
    "json_schema",
    "load_project",
]
