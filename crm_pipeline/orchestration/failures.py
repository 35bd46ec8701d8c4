"""What failed while a job ran in this process: every step's own error, and that of the run's resource.

Dagster goes on with the steps that do not depend on a failed one, and keeps of an error its words alone.

Belongs here: collecting errors, which of them the command ends with. Does not belong here: what an error says.
"""

import contextlib
from collections.abc import Iterator, Sequence
from contextvars import ContextVar

import dagster as dg
from dagster._core.errors import DagsterAssetCheckFailedError  # raised to callers, exported nowhere else

from crm_pipeline.errors import DeliveryError, PipelineError, QualityError, RefusedDeliveriesError

_COLLECTED: ContextVar[list[BaseException] | None] = ContextVar("collected_failures", default=None)


@contextlib.contextmanager
def collecting() -> Iterator[list[BaseException]]:
    """The errors that are noted within the block, in their order."""
    failures: list[BaseException] = []
    token = _COLLECTED.set(failures)
    try:
        yield failures
    finally:
        _COLLECTED.reset(token)


@contextlib.contextmanager
def noted() -> Iterator[None]:
    """Notes an error of the block for who collects, and lets it through."""
    try:
        yield
    except (PipelineError, KeyboardInterrupt) as error:
        _note(error)
        raise


@dg.failure_hook(name="note_failure")
def failure_noted(context: dg.HookContext) -> None:
    """Notes why a step failed."""
    if context.op_exception is not None:
        _note(context.op_exception)


def _note(error: BaseException) -> None:
    collected = _COLLECTED.get()
    if collected is not None:
        collected.append(error)


def error_of(failures: Sequence[BaseException], job_name: str) -> BaseException:
    """The error that a job ends with: an interruption, else what is no refused delivery, else all that were refused."""
    if any(isinstance(each, KeyboardInterrupt | dg.DagsterExecutionInterruptedError) for each in failures):
        return KeyboardInterrupt()
    others = [each for each in failures if not isinstance(each, DeliveryError)]
    if others:
        return _stopped(others[0], job_name) if isinstance(others[0], DagsterAssetCheckFailedError) else others[0]
    refused = [each for each in failures if isinstance(each, DeliveryError)]
    return refused[0] if len(refused) == 1 else RefusedDeliveriesError(refused)


def _stopped(error: DagsterAssetCheckFailedError, job_name: str) -> QualityError:
    failed = ", ".join(line.strip().replace(": ", " ") for line in str(error).splitlines()[1:])
    return QualityError(
        where=job_name,
        expected="every blocking check to pass",
        found=f"{failed} failed; nothing was published, readers see what was there",
        cure="See `crm-pipeline status` or the check in the UI; correct the data or the rule and run again.",
    )
