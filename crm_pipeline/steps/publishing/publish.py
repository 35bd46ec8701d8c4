"""Publication: which tables readers get, under which names.

Belongs here: the list. Does not belong here: how a file appears (`publish`) or what the tables hold.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import crm_pipeline
from crm_pipeline.golden import record_history
from crm_pipeline.publish import (
    BASE,
    Edition,
    Publication,
    PublishSummary,
    attached_edition,
    found_changes,
    keep,
    publish_duckdb,
    publish_edition,
    publish_matching_index,
    put_together,
    read_edition,
)
from crm_pipeline.settings import Project
from crm_pipeline.state.measures import Outcome
from crm_pipeline.state.salt import salt_of
from crm_pipeline.steps.models import project_model_tables
from crm_pipeline.steps.publishing.link_guards import figures_of
from crm_pipeline.steps.publishing.quarantine import find_open, follow_corrections
from crm_pipeline.steps.run import Run, utc_now
from crm_pipeline.steps.temporary import temporary_folder
from crm_pipeline.tables import (
    ANOMALIES,
    CHECK_RESULTS,
    CLUSTERS,
    CONFLICTS,
    CORRECTIONS,
    CUSTOMER_CONTACTS,
    CUSTOMER_IDS,
    CUSTOMER_RECORDS,
    CUSTOMER_VALUES,
    HOT_VALUES,
    IDENTITY_EVENTS,
    LINK_DECISIONS,
    LOADS,
    OPEN_REJECTIONS,
    PAIRS,
    QUARANTINE,
    REJECTIONS,
    REVIEW_QUEUE,
    Table,
    customer_history,
    customers,
    customers_archive,
    review_records,
)
from crm_pipeline.warehouse import DamagedError
from crm_pipeline.warehouse.models import PUBLISHED_SCHEMAS, Models, run_model


def published_tables(project: Project, sql_models: Models) -> list[Table]:
    """What readers of `published/crm.duckdb` get, in the order of the documentation: contracts, then SQL models."""
    extras = project.config.extras("customers")
    contracts = [
        customers(extras),
        customers_archive(extras),
        CUSTOMER_RECORDS,
        CUSTOMER_VALUES,
        customer_history(extras),
        CUSTOMER_IDS,
        IDENTITY_EVENTS,
        CUSTOMER_CONTACTS,
        LOADS,
    ]
    models = project_model_tables(project, sql_models).values()
    return [*contracts, *(table for table in models if table.schema in PUBLISHED_SCHEMAS)]


def publish(run: Run) -> PublishSummary:
    """What became visible: kept in the store first (append-only), then the file by rename, when anything changed."""
    salt_of(run.project.state)  # made before the backup that follows, though masks ask for it after that
    try:
        summary, now = _publish(run, is_file_good=True)
    except DamagedError:  # the published file, so it seems: the store says what was published
        try:
            summary, now = _publish(run, is_file_good=False)
        except DamagedError as error:  # no: a disk that is full or failing
            raise (error.__cause__ or error) from None
    index, published_index = run.project.matching_index_file, run.project.matching_file
    publish_matching_index(run.warehouse, index, published_index, summary.fingerprint)
    figures_of(run.project).confirm()
    run.progress.outcome = Outcome.PUBLISHED if summary.is_changed else Outcome.UNCHANGED
    _record(run, summary, now)
    return summary


def _publish(run: Run, *, is_file_good: bool) -> tuple[PublishSummary, datetime]:
    extras, store, version = run.project.config.extras("customers"), run.publications, crm_pipeline.__version__
    now = store.time_of_next(utc_now())
    with _last_publication(run, is_file_good=is_file_good) as base:
        record_history(
            run.warehouse,
            before=BASE if base else None,
            now=now,
            extra_columns=extras,
            no_consent=run.project.config.life_cycle.no_consent,
        )
        tables = [
            _without_archived(run, Publication.of(table)) for table in published_tables(run.project, run.sql_models)
        ]
        with found_changes(run.warehouse, tables, base) as changes:
            number = keep(run.warehouse, store, changes, run_id=run.run_id, now=now, code_version=version)
            summary = publish_edition(
                run.warehouse,
                run.project.published_file,
                changes,
                run_id=run.run_id,
                now=now,
                code_version=version,
                entry_number=number,
            )
    return summary, now


def _without_archived(run: Run, table: Publication) -> Publication:
    """Of customers those who are not in the archive; any other table as it is."""
    extras = run.project.config.extras("customers")
    archive = customers_archive(extras)
    if table.source != customers(extras).qualified or not run.warehouse.count(archive):
        return table
    return replace(table, source=f"(FROM {table.source} ANTI JOIN {archive.qualified} USING (customer_id))")


@contextlib.contextmanager
def _last_publication(run: Run, *, is_file_good: bool) -> Iterator[Edition | None]:
    """The last publication, attached as BASE within the block: the published file, or one made of the store.

    The file is an earlier one after a crash between store and file, and may be lost or damaged; then the store tells.
    """
    entries, path = run.publications.entries(), run.project.published_file
    if not entries:
        yield None
        return
    edition = read_edition(path) if is_file_good else None
    if edition and (edition.fingerprint, edition.entry_number) == (entries[-1].fingerprint, entries[-1].number):
        with attached_edition(run.warehouse, path) as base:
            yield base
        return
    with temporary_folder(run.project) as folder:
        made = folder / "crm.duckdb"
        put_together(entries, made, temporary=folder, memory_limit=run.project.config.memory_limit)
        with attached_edition(run.warehouse, made) as base:
            yield base


def publish_steward(run: Run) -> PublishSummary:
    """What stewards see, also when the checks stopped the run.

    The quarantine and which of its rows are open, corrections, loads, check results; pairs, clusters, what is asked
    about them and what was decided; values left out of blocking.
    """
    records = review_records(run.project.config.extras("customers"))
    of_pairs = (PAIRS, CLUSTERS, CONFLICTS, REVIEW_QUEUE, records, LINK_DECISIONS, HOT_VALUES)
    for table in (LOADS, REJECTIONS, CHECK_RESULTS, ANOMALIES, *of_pairs):
        run.warehouse.ensure(table)
    run_model(run.warehouse, run.sql_models[QUARANTINE.qualified])
    find_open(run)
    follow_corrections(run)
    of_rows = (QUARANTINE, OPEN_REJECTIONS, CORRECTIONS, LOADS, CHECK_RESULTS, ANOMALIES)
    shown = (*of_rows, *of_pairs)
    tables = [Publication.of(table) for table in shown]
    return publish_duckdb(
        run.warehouse,
        run.project.steward_file,
        tables,
        run_id=run.run_id,
        now=run.started_at,
        code_version=crm_pipeline.__version__,
    )


def _record(run: Run, summary: PublishSummary, now: datetime) -> None:
    """Keeps what was published when; after a crash between publication and this, the next run catches up."""
    if any(told["fingerprint"] == summary.fingerprint for told in run.history.runs()[-1:]):
        return
    told = {
        "fingerprint": summary.fingerprint,
        "code_version": crm_pipeline.__version__,
        "configuration_sha256": run.project.configuration_sha256,
        "row_counts": dict(summary.row_counts),
    }
    run.history.append_run(run.run_id, run.started_at, {"published_at": now, **told})
