"""Running a job here and now, recorded in the instance that the UI shows.

Belongs here: one call for the command line. Does not belong here: printing.
"""

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date

import dagster as dg

from crm_pipeline.orchestration.build import build_definitions
from crm_pipeline.orchestration.failures import collecting, error_of, failure_noted
from crm_pipeline.orchestration.instance import LOCATION, project_instance
from crm_pipeline.orchestration.jobs import STEP_CONFIG
from crm_pipeline.orchestration.rules import names_of_broken
from crm_pipeline.orchestration.runs import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PROCESS_TAG,
    close_dead_runs,
)
from crm_pipeline.settings import Project

# A tag that Dagster's UI reads: the job's page lists runs of its repository.
REPOSITORY_LABEL_TAG = ".dagster/repository"
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
Progress = Callable[[str, int, int], None]  # step just done, steps done, steps in all


@dataclass(frozen=True, slots=True)
class FailedCheck:
    """One check that did not pass."""

    table: str
    name: str
    is_warning: bool


@dataclass(frozen=True, slots=True)
class Executed:
    """A finished run; `failed_checks` in the order judged."""

    run_id: str
    failed_checks: tuple[FailedCheck, ...]
    metadata: dict[str, dict[str, object]]

    @property
    def has_findings(self) -> bool:
        """Whether a check failed that is more than a warning."""
        return any(not check.is_warning for check in self.failed_checks)


def execute(
    project: Project,
    job_name: str,
    *,
    first: date | None = None,
    last: date | None = None,
    reread: bool = False,
    accept_loss: Collection[str] = (),
    tags: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Executed:
    """The job run to its end in this process.

    Args:
        project: whose job.
        job_name: see `orchestration.jobs`.
        first: first business date; None for a job that lands nothing.
        last: last business date, all of them in one run; None for `first` alone.
        reread: ask dated sources again for dates that were landed.
        accept_loss: extracts, as `source.extract`, whose full delivery may lack more records than `delete_limit` says.
        tags: by which the UI finds the run, beside those it has anyway.
        progress: told after each step.

    Raises:
        QualityError: a blocking check failed, nothing was published.
        DeliveryError: a delivery was refused, nothing was published; the others were landed.
        PipelineError: what stopped a step, or kept the run from being opened.
        KeyboardInterrupt: Ctrl+C, also within a step.
    """
    definitions = build_definitions(project, wait_seconds=0)
    job = definitions.resolve_job_def(job_name)
    hooks = {failure_noted} | ({_progress_hook(progress, len(job.nodes))} if progress else set())
    with project_instance(project) as instance, collecting() as failures:
        close_dead_runs(instance)
        result = job.with_hooks(hooks).execute_in_process(
            run_config=run_configuration(
                project, job_name, reread=reread and first is not None, accept_loss=accept_loss
            ),
            instance=instance,
            partition_key=first.isoformat() if first and last in {None, first} else None,
            tags=_tags(first, last) | dict(tags or {}),
            raise_on_error=False,  # what does not depend on a failed step is done all the same
        )
    if failures:
        raise error_of(failures, job_name) from None
    if not result.success:
        raise KeyboardInterrupt  # between two steps; within one it is noted
    return Executed(result.run_id, _failed_checks(result), _metadata(result))


def run_configuration(
    project: Project, job_name: str, *, reread: bool, accept_loss: Collection[str]
) -> dict[str, object]:
    """The run configuration: the job's own, a silent console, and landing told what was asked for."""
    steps = dict(STEP_CONFIG[job_name])
    for source, name, _ in project.config.extracts:
        told = {"reread": reread, "accept_loss": f"{source}.{name}" in accept_loss}
        if any(told.values()):
            steps[f"landing__{source}__{name}"] = {"config": {key: True for key, value in told.items() if value}}
    return {**_QUIET, "ops": steps}


def _tags(first: date | None, last: date | None) -> dict[str, str]:
    """The tags by which the UI shows the run under its job, and those of a range of partitions."""
    tags = {
        REPOSITORY_LABEL_TAG: f"__repository__@{LOCATION}",
        "crm_pipeline/started_by": "command line",
        PROCESS_TAG: str(os.getpid()),
    }
    if first and last and last != first:
        tags |= {
            ASSET_PARTITION_RANGE_START_TAG: first.isoformat(),
            ASSET_PARTITION_RANGE_END_TAG: last.isoformat(),
        }
    return tags


def _progress_hook(progress: Progress, total: int) -> dg.HookDefinition:
    done: set[str] = set()

    @dg.success_hook(name="command_line_progress")
    def report(context: dg.HookContext) -> None:
        done.add(context.op.name)
        progress(context.op.name.replace("__", "."), len(done), total)

    return report


def _failed_checks(result: dg.ExecuteInProcessResult) -> tuple[FailedCheck, ...]:
    return tuple(
        FailedCheck(
            ".".join(evaluation.asset_key.path),
            name,
            evaluation.severity is dg.AssetCheckSeverity.WARN,
        )
        for evaluation, name in names_of_broken(result.get_asset_check_evaluations())
    )


def _metadata(result: dg.ExecuteInProcessResult) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = {}
    for event in result.get_asset_materialization_events():
        materialization = event.step_materialization_data.materialization
        values: dict[str, object] = {name: value.value for name, value in materialization.metadata.items()}
        found[".".join(materialization.asset_key.path)] = values
    return found
