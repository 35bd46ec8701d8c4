"""What assets are given: the open run of the project.

Belongs here: opening and closing around a Dagster run. Does not belong here: what a run is (`steps.run`).
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
from pydantic import PrivateAttr

from crm_pipeline.settings import load_project
from crm_pipeline.steps.publish import publish_steward
from crm_pipeline.steps.run import Run, open_run


class Pipeline(dg.ConfigurableResource[Run]):  # type: ignore[misc]  # dagster's generic base is untyped
    """The run that a Dagster run's assets share; it holds the writer's lock from its first step to its last.

    Attributes:
        project_folder: absolute path of the project.
        wait_seconds: how long to wait for another run to end; the queue of the UI waits, a command asks once.
    """

    project_folder: str
    wait_seconds: float = 6 * 3600
    _run: Run | None = PrivateAttr(default=None)

    @property
    def run(self) -> Run:
        """The open run."""
        if self._run is None:
            raise RuntimeError("the run is open only while assets are materialised")
        return self._run

    @contextlib.contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Pipeline"]:
        """Opens the run for the time of the Dagster run; stewards see the result however it ends."""
        project = load_project(Path(self.project_folder))
        run_id = context.run_id or "manual"
        with open_run(project, run_id=run_id, wait_seconds=self.wait_seconds) as run:
            self._run = run
            try:
                yield self
            finally:
                publish_steward(run)
                self._run = None
