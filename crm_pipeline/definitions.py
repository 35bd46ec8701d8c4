"""What workspace.yaml names: the definitions of the project that CRM_PIPELINE_PROJECT points at."""

import dagster as dg

from crm_pipeline.orchestration.build import build_definitions
from crm_pipeline.settings import load_project


@dg.definitions
def defs() -> dg.Definitions:
    """The project's assets, jobs and schedules, read when Dagster asks for them."""
    return build_definitions(load_project())
