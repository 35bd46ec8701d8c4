"""Dagster's instance of a project: its folder and configuration.

Belongs here: `dagster.yaml` and what the UI's process needs in its environment. Does not belong here: definitions.
"""

import contextlib
import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import dagster as dg
import yaml

from crm_pipeline.orchestration.metadata import POOL
from crm_pipeline.settings import Project
from crm_pipeline.state.files import appearing

# One step at a time over all runs; with granularity `run` the first two runs of a fresh instance overlap.
_CONFIGURATION = {
    "concurrency": {"pools": {"granularity": "op", "default_limit": 1}},
    "python_logs": {"managed_python_loggers": ["crm_pipeline"], "python_log_level": "INFO"},
    "telemetry": {"enabled": False},
    "nux": {"enabled": False},  # no sign-up dialog over the first page
}


LOCATION = "crm_pipeline"
_WORKSPACE = {"load_from": [{"python_module": {"module_name": "crm_pipeline.definitions", "location_name": LOCATION}}]}


def workspace_file(project: Project) -> Path:
    """The workspace that `crm-pipeline ui` opens, in the instance's folder."""
    return project.dagster_home / "workspace.yaml"


def prepare_home(project: Project) -> None:
    """Makes the instance's folder, its `dagster.yaml` and its workspace; files that are there are left as they are."""
    files = {project.dagster_home / "dagster.yaml": _CONFIGURATION, workspace_file(project): _WORKSPACE}
    for file, content in files.items():
        if not file.exists():
            with appearing(file) as temporary:
                temporary.write_text("# Written by crm-pipeline; yours to change.\n" + yaml.safe_dump(content))


@contextlib.contextmanager
def project_instance(project: Project) -> Iterator[dg.DagsterInstance]:
    """The instance that the UI of this project shows."""
    prepare_home(project)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with dg.DagsterInstance.from_config(str(project.dagster_home)) as instance:
        instance.event_log_storage.set_concurrency_slots(POOL, 1)
        yield instance


def ui_environment(project: Project) -> Mapping[str, str]:
    """The environment in which `dagster dev` shows this project."""
    prepare_home(project)
    return {
        **os.environ,
        "CRM_PIPELINE_PROJECT": str(project.root),
        "DAGSTER_HOME": str(project.dagster_home),
        "DAGSTER_DISABLE_TELEMETRY": "1",
    }
