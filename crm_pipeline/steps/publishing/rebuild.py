"""Making `var/` disposable in deed: the warehouse thrown away so that it is derived again.

Belongs here: what may be deleted, and when. Does not belong here: deriving it, which the other steps do.
"""

from __future__ import annotations

from crm_pipeline.settings import Project
from crm_pipeline.warehouse import writer_lock


def discard_warehouse(project: Project) -> None:
    """Deletes the warehouse and its write-ahead log, under the writer's lock; `state/` and `published/` stay.

    Raises:
        BusyError: a run is going on.
    """
    with writer_lock(project.var, run_id="rebuild"):
        for file in (project.warehouse_file, project.warehouse_file.with_name(project.warehouse_file.name + ".wal")):
            file.unlink(missing_ok=True)
