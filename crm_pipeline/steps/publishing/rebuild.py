"""Making `var/` disposable in deed: the warehouse thrown away so that it is derived again.

Belongs here: what may be deleted, and when. Does not belong here: deriving it, which the other steps do.
"""

from __future__ import annotations

from crm_pipeline.settings import Project
from crm_pipeline.warehouse import discard_database, writer_lock


def discard_warehouse(project: Project) -> None:
    """Deletes the warehouse and the matching index, under the writer's lock; `state/` and `published/` stay.

    Raises:
        BusyError: a run is going on.
    """
    with writer_lock(project.var, run_id="rebuild"):
        for file in (project.warehouse_file, project.matching_index_file):
            discard_database(file)
