"""The published file once more: masked for everybody, on the PostgreSQL server of the project, as Parquet files.

Belongs here: taking the published file as what is published there, and what of it changed. Does not belong here: making
the published file (`publish`), masks and roles (`crm_pipeline.publish`).

They follow the file: what went wrong at one place is made up for by the next run, or by `crm-pipeline publish`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.publish import (
    Edition,
    ParquetSummary,
    Publication,
    changed_since,
    publish_masked,
    publish_parquet,
    read_edition,
)
from crm_pipeline.publish.postgresql import (
    PostgresSummary,
    publish_postgresql,
    published_entry,
    roles_sql,
    set_up_roles,
)
from crm_pipeline.settings import Postgres, Project
from crm_pipeline.state.publications import Publications
from crm_pipeline.state.salt import salt_of
from crm_pipeline.steps.models import project_models
from crm_pipeline.steps.publishing.publish import published_tables
from crm_pipeline.steps.temporary import temporary_folder
from crm_pipeline.storage import open_store
from crm_pipeline.warehouse import Warehouse, writer_lock
from crm_pipeline.warehouse.connection import literal, quoted

_FILE = "published_file"


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What was published beside the file.

    Attributes:
        is_masked_changed: False when the masked edition had this content already.
        postgres: what was done on the server; None where none is configured.
        parquet: what was written as Parquet files; None where no place is configured.
    """

    is_masked_changed: bool
    postgres: PostgresSummary | None
    parquet: ParquetSummary | None


def publish_again(project: Project) -> Elsewhere:
    """What is published now, brought to every place of the project that has something else.

    Raises:
        ConfigurationError: nothing has been published yet.
        BusyError: a run is going on, which publishes by itself.
        PipelineError: the server can't be reached, or refuses us.
    """
    with (
        writer_lock(project.var, run_id="publish"),
        temporary_folder(project) as folder,
        Warehouse.in_memory(temporary=folder) as warehouse,
    ):
        is_masked_changed = refresh_masked(project, warehouse)
        postgres = refresh_postgres(project, warehouse) if project.config.publish.postgres else None
        parquet = refresh_parquet(project, warehouse) if project.config.publish.parquet else None
        return Elsewhere(is_masked_changed, postgres, parquet)


def refresh_masked(project: Project, warehouse: Warehouse) -> bool:
    """Whether the masked edition changed; it is looked at only where the full one is another than it was made of."""
    with _published(project, warehouse) as (edition, tables):
        before, target = read_edition(project.masked_file), project.masked_file
        if before and _origin(before) == _origin(edition):
            return False
        summary = publish_masked(
            warehouse,
            target,
            tables,
            salt=salt_of(project.state),
            run_id=edition.run_id,
            now=edition.published_at,
            code_version=edition.code_version,
        )
        return summary.is_changed


def refresh_postgres(project: Project, warehouse: Warehouse) -> PostgresSummary:
    """What was done on the server: what changed since the publication that it has, or everything.

    Raises:
        ConfigurationError: no server is configured, or it refuses us.
        PipelineError: the server can't be reached, or fails.
    """
    settings = _configured(project)
    with _published(project, warehouse) as (edition, tables):
        return publish_postgresql(
            warehouse,
            settings,
            tables,
            root=project.root,
            salt=salt_of(project.state),
            changes=_changes(project, settings, edition),
            edition=edition,
        )


def refresh_parquet(project: Project, warehouse: Warehouse) -> ParquetSummary:
    """What was written to the folder or bucket of Parquet files.

    Raises:
        ConfigurationError: none is configured.
        PipelineError: it can't be reached, or holds something else.
    """
    settings = project.config.publish.parquet
    if settings is None:
        raise ConfigurationError(
            where="pipeline.yaml: publish.parquet",
            expected="a place, as in publish: {parquet: {to: parquet}}",
            found="none",
            cure="Add it.",
        )
    store = open_store(settings.to, endpoint_url=settings.endpoint_url, base=project.root)
    with _published(project, warehouse) as (edition, tables), temporary_folder(project) as folder:
        return publish_parquet(warehouse, store, tables, edition, temporary=folder)


def published_customer_count(project: Project) -> int:
    """Customers in the published file; 0 before the first publication."""
    edition = read_edition(project.published_file)
    return edition.by_name["customers"].row_count if edition else 0


def setup_statements(project: Project) -> list[str]:
    """The statements that make roles and schemas on the server."""
    return roles_sql(_configured(project))


def set_up(project: Project) -> None:
    """Makes roles and schemas on the server, as often as one likes.

    Raises:
        ConfigurationError: no server is configured, or the user may not.
        PipelineError: the server can't be reached, or fails.
    """
    set_up_roles(_configured(project), root=project.root, url=project.postgres_admin_url)


def _configured(project: Project) -> Postgres:
    settings = project.config.publish.postgres
    if settings is None:
        raise ConfigurationError(
            where="pipeline.yaml: publish.postgres",
            expected='a server, as in publish: {postgres: {url: "${CRM_POSTGRES_URL}"}}',
            found="none",
            cure="Add it.",
        )
    return settings


def _changes(project: Project, settings: Postgres, edition: Edition) -> dict[str, str | None] | None:
    """What changed since the entry that the server has; None where its entry is not one of this project's."""
    entries = Publications(project.state / "history" / "publications").entries()
    there = published_entry(settings, root=project.root)
    known = {(entry.number, entry.fingerprint) for entry in entries}
    is_newest = bool(entries) and (entries[-1].number, entries[-1].fingerprint) == (
        edition.entry_number,
        edition.fingerprint,
    )
    return changed_since(entries, there[0]) if there in known and there and is_newest else None


@contextlib.contextmanager
def _published(project: Project, warehouse: Warehouse) -> Iterator[tuple[Edition, list[Publication]]]:
    """What the published file tells of itself, and its tables, attached within the block."""
    path = project.published_file
    edition = read_edition(path)
    if edition is None:
        raise ConfigurationError(
            where=str(path), expected="a published file", found="none", cure="Run `crm-pipeline run` first."
        )
    with warehouse.attached(path, _FILE, is_read_only=True):
        rows = warehouse.execute(f"SELECT table_name FROM duckdb_tables() WHERE database_name = {literal(_FILE)}")
        there = {row[0] for row in rows}
        known = published_tables(project, project_models(project))
        yield (
            edition,
            [
                replace(Publication.of(table), source=f"{_FILE}.main.{quoted(table.name)}")
                for table in known
                if table.name in there
            ],
        )


def _origin(edition: Edition) -> tuple[object, ...]:
    return (edition.published_at, edition.run_id, edition.code_version)
