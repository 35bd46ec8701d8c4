"""Publication: which tables readers get, under which names.

Belongs here: the list. Does not belong here: how a file appears (`publish`) or what the tables hold.
"""

from __future__ import annotations

from datetime import datetime

import crm_pipeline
from crm_pipeline.golden import record_history
from crm_pipeline.publish import Publication, PublishSummary, publish_duckdb, publish_matching_index
from crm_pipeline.state.measures import Outcome
from crm_pipeline.steps.models import project_model_tables
from crm_pipeline.steps.publishing.link_guards import figures_of
from crm_pipeline.steps.publishing.quarantine import find_open, follow_corrections
from crm_pipeline.steps.run import Run, utc_now
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
    review_records,
)
from crm_pipeline.warehouse.models import PUBLISHED_SCHEMAS, run_model


def published_tables(run: Run) -> list[Table]:
    """What readers of `published/crm.duckdb` get, in the order of the documentation: contracts, then SQL models."""
    extras = run.project.config.extras("customers")
    contracts = [
        customers(extras),
        CUSTOMER_RECORDS,
        CUSTOMER_VALUES,
        customer_history(extras),
        CUSTOMER_IDS,
        IDENTITY_EVENTS,
        CUSTOMER_CONTACTS,
        LOADS,
    ]
    models = project_model_tables(run.project, run.sql_models).values()
    return [*contracts, *(table for table in models if table.schema in PUBLISHED_SCHEMAS)]


def publish(run: Run) -> PublishSummary:
    """What became visible: history first (append-only), then the file by rename, when anything changed."""
    extras, now = run.project.config.extras("customers"), utc_now()
    record_history(run.warehouse, run.history, run_id=run.run_id, now=now, extra_columns=extras)
    summary = publish_duckdb(
        run.warehouse,
        run.project.published_file,
        [Publication.of(table) for table in published_tables(run)],
        run_id=run.run_id,
        now=now,
        code_version=crm_pipeline.__version__,
    )
    index, published_index = run.project.matching_index_file, run.project.matching_file
    publish_matching_index(run.warehouse, index, published_index, summary.fingerprint)
    figures_of(run.project).confirm()
    run.progress.outcome = Outcome.PUBLISHED if summary.is_changed else Outcome.UNCHANGED
    _record(run, summary, now)
    return summary


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
