"""What assets are given: the open run of the project.

Belongs here: opening and closing around a Dagster run. Does not belong here: what a run is (`steps.run`).
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from crm_pipeline.orchestration.assets.publish import PUBLISHED
from crm_pipeline.orchestration.discretion import discreet
from crm_pipeline.orchestration.failures import noted
from crm_pipeline.orchestration.jobs import PUBLISHING
from crm_pipeline.settings import load_project
from crm_pipeline.steps.publishing.publish import publish_steward
from crm_pipeline.steps.run import Run, open_run
from crm_pipeline.steps.telling.report import write_report


class OpenRun(dg.ConfigurableResource[Run]):
    """The run that a Dagster run's assets share; it holds the writer's lock from its first step to its last.

    Attributes:
        project_folder: absolute path of the project.
        wait_seconds: how long to wait for another run to end; the queue of the UI waits, a command asks once.
    """

    project_folder: str
    wait_seconds: float

    @contextlib.contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Run]:
        """The run, open for the time of the Dagster run; stewards see the result however it ends."""
        project = load_project(Path(self.project_folder))
        run_id = context.run.run_id if context.run else "manual"
        with noted(), open_run(project, run_id=run_id, wait_seconds=self.wait_seconds) as run:
            try:
                yield run
            finally:
                try:
                    with discreet():
                        publish_steward(run)
                finally:
                    if run.progress.report is None and _meant_to_publish(context.run):
                        with discreet():
                            write_report(run, is_stopped=True)


def _meant_to_publish(run: dg.DagsterRun | None) -> bool:
    """Whether publication was part of the run's plan, so that a report is due though the run did not get there."""
    if run is None:
        return False
    if not run.asset_selection:  # the whole job
        return run.job_name in PUBLISHING
    return PUBLISHED in run.asset_selection
