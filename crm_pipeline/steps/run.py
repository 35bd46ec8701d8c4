"""What the steps of one run share: the project, the open warehouse, the stores, the run's id and time.

Belongs here: opening and closing them together, under the writer's lock. Does not belong here: any step.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from crm_pipeline import quality
from crm_pipeline.bundled import bundled
from crm_pipeline.settings import Project
from crm_pipeline.state.decisions.links import LinkDecisions, LinkEvent
from crm_pipeline.state.files import write_json
from crm_pipeline.state.history import History
from crm_pipeline.state.landing import Landing
from crm_pipeline.state.ledger import Ledger
from crm_pipeline.state.measures import MeasureStore
from crm_pipeline.state.models import ModelStore
from crm_pipeline.state.publications import Publications
from crm_pipeline.steps.measuring import Progress
from crm_pipeline.steps.models import project_models
from crm_pipeline.steps.readable import readable_flags, readable_rules
from crm_pipeline.steps.stores import landing_of
from crm_pipeline.steps.temporary import abandoned_folders
from crm_pipeline.tables import Table, std
from crm_pipeline.warehouse import Warehouse, writer_lock
from crm_pipeline.warehouse.models import Models

_log = logging.getLogger(__name__)
_KEPT = "rest"  # pages of a service, with which the next run goes on; they are swept there when they are old


@dataclass(frozen=True)
class Run:
    """One run of the chain over one project; holds the writer's lock as long as it exists.

    Attributes:
        started_at: UTC without a zone.
        progress: what has become of it so far.
    """

    project: Project
    warehouse: Warehouse
    run_id: str
    started_at: datetime
    progress: Progress = field(default_factory=Progress)

    @cached_property
    def sql_models(self) -> Models:
        """The SQL models, as they were when first asked for."""
        return project_models(self.project)

    @cached_property
    def landing(self) -> Landing:
        """The store of deliveries."""
        return landing_of(self.project)

    @cached_property
    def ledger(self) -> Ledger:
        """The store of identities."""
        return Ledger(self.project.state / "ledger")

    @cached_property
    def models(self) -> ModelStore:
        """The store of linkage models."""
        return ModelStore(self.project.state / "models")

    @cached_property
    def link_events(self) -> list[LinkEvent]:
        """What people said of records, as it was when first asked for: all steps hold to the same decisions."""
        return LinkDecisions(self.project.state / "decisions").events()

    @cached_property
    def history(self) -> History:
        """The store of runs and of what people allowed."""
        return History(self.project.state / "history")

    @cached_property
    def publications(self) -> Publications:
        """The store of what was published when."""
        return Publications(self.project.state / "history" / "publications")

    @cached_property
    def measures(self) -> MeasureStore:
        """The store of what runs took."""
        return MeasureStore(self.project.state / "history" / "measures")


def suite_of(project: Project, table: Table) -> quality.Suite:
    """The rules of a table, the project's own columns known."""
    if table.schema != "std":
        return quality.load_suite(table.qualified, *_suite_folders(project), columns=table.columns)
    flags, rules = readable_flags(project, table.name), readable_rules(project, table.name)
    columns = (*std(table.name, project.config.extras(table.name)).columns, quality.BUSINESS_DATE, *flags)
    return quality.load_suite(table.qualified, *_suite_folders(project), columns=columns, given=rules)


def suite_tables(project: Project, models: Iterable[Table]) -> tuple[str, ...]:
    """The tables that have a suite, by schema and name.

    Args:
        project: whose suites.
        models: tables of its SQL models.

    Raises:
        ConfigurationError: a file is not named after a table that is judged.
    """
    return quality.suite_tables(*_suite_folders(project), models=models)


def _suite_folders(project: Project) -> tuple[Path, Path]:
    """Shipped suites, then the project's own."""
    return bundled("expectations"), project.root / "expectations"


def utc_now() -> datetime:
    """Now, UTC without a zone, as tables store it."""
    return datetime.now(UTC).replace(tzinfo=None)


@contextlib.contextmanager
def private_files() -> Iterator[None]:
    """Files made within the block, DuckDB's log and spilled rows among them, are readable by their owner only."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def _sweep(project: Project, mark: Path) -> None:
    """Removes the delivered rows and spilled tables that runs which were killed left lying about.

    Needs the writer's lock. The landing store is looked through only after a run that did not end, or where nothing is
    known of the last one: it may hold a million files.
    """
    left = [path for path in (project.var / "temporary").glob("*") if path.name != _KEPT]
    left += (project.var / "tmp").glob("duckdb_temp_*")
    left += abandoned_folders(project)
    for path in left:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    count = len(left)
    if mark.exists() or not project.warehouse_file.exists():
        count += Landing(project.state / "landing").sweep()
    if count:
        _log.info("removed %d leftovers of runs that did not end", count)


@contextlib.contextmanager
def _swept(project: Project, run_id: str) -> Iterator[None]:
    """What killed runs left is gone; within the block there is a mark in `var/`, which a killed one leaves there."""
    mark = project.var / "run.open.json"
    _sweep(project, mark)
    write_json(mark, {"run_id": run_id})
    try:
        yield
    finally:
        mark.unlink(missing_ok=True)


@contextlib.contextmanager
def open_run(project: Project, *, run_id: str, wait_seconds: float = 0) -> Iterator[Run]:
    """A run that may write; the lock is taken first and given back last, what killed runs left is swept between.

    Raises:
        BusyError: another run holds the project for longer than `wait_seconds`.
    """
    with (
        private_files(),
        writer_lock(project.var, run_id=run_id, wait_seconds=wait_seconds),
        _swept(project, run_id),
        Warehouse.open(
            project.warehouse_file, temporary=project.var / "tmp", memory_limit=project.config.memory_limit
        ) as warehouse,
    ):
        yield Run(project, warehouse, run_id, utc_now())
