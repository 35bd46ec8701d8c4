"""What every asset does around its one call: measure it, and keep cells out of what Dagster stores.

Belongs here: what is the same for all steps. Does not belong here: any step.
"""

import contextlib
from collections.abc import Iterator

from crm_pipeline.orchestration.discretion import discreet
from crm_pipeline.steps.run import Run


@contextlib.contextmanager
def step(run: Run, name: str) -> Iterator[None]:
    """The body of an asset as the step `name` of the run.

    Raises:
        PipelineError: in the place of any other error, see `discretion`.
    """
    with run.progress.step(name), discreet():
        yield
