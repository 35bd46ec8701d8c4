"""Publication: which tables readers get, under which names.

Belongs here: the list. Does not belong here: how a file appears (`publish`) or what the tables hold.
"""

from __future__ import annotations

import crm_pipeline
from crm_pipeline.golden import record_history
from crm_pipeline.publish import Publication, PublishSummary, publish_duckdb
from crm_pipeline.steps.run import Run, model_folders
from crm_pipeline.tables import (
    CHECK_RESULTS,
    CUSTOMER_CONTACTS,
    CUSTOMER_IDS,
    CUSTOMER_RECORDS,
    CUSTOMER_VALUES,
    IDENTITY_EVENTS,
    LOADS,
    PAIRS,
    QUARANTINE,
    Table,
    customer_history,
    customers,
    published_entity,
)
from crm_pipeline.warehouse.models import Model, Models, load_models, run_model

WAREHOUSE_TABLES = ("std", "link", "gold", "ops")


def contracts(run: Run) -> list[Table]:
    """The published tables that have a contract, in the order of the documentation."""
    extras = run.project.config.extras("customers")
    return [
        customers(extras),
        CUSTOMER_RECORDS,
        CUSTOMER_VALUES,
        customer_history(extras),
        CUSTOMER_IDS,
        IDENTITY_EVENTS,
        CUSTOMER_CONTACTS,
        published_entity("orders"),
        published_entity("products"),
        QUARANTINE,
        LOADS,
    ]


def sql_models(run: Run) -> Models:
    """The shipped SQL models with the project's own over them."""
    return load_models(*model_folders(run.project))


def publish(run: Run) -> PublishSummary:
    """What became visible: history first (append-only), then the file by rename, when anything changed."""
    extras = run.project.config.extras("customers")
    changed = record_history(run.warehouse, run.history, run_id=run.run_id, now=run.started_at, extra_columns=extras)
    tables = [_of_contract(table) for table in contracts(run)]
    tables += [_of_model(model) for model in sql_models(run).ordered if model.schema == "mart"]
    return publish_duckdb(
        run.warehouse,
        run.project.published_file,
        tables,
        run_id=run.run_id,
        now=run.started_at,
        code_version=crm_pipeline.__version__,
        before_rename=lambda summary: _record(run, summary, changed),
    )


def publish_steward(run: Run) -> PublishSummary:
    """What stewards see, also when the checks stopped the run: quarantine, loads, pairs to review, check results."""
    for table in (QUARANTINE, LOADS, PAIRS, CHECK_RESULTS):
        if not run.warehouse.exists(table):
            run.warehouse.ensure(table)
    run_model(run.warehouse, sql_models(run)[QUARANTINE.qualified])
    tables = [_of_contract(table) for table in (QUARANTINE, LOADS, CHECK_RESULTS, PAIRS)]
    return publish_duckdb(
        run.warehouse,
        run.project.steward_file,
        tables,
        run_id=run.run_id,
        now=run.started_at,
        code_version=crm_pipeline.__version__,
    )


def _record(run: Run, summary: PublishSummary, changed_customers: int) -> None:
    run.history.append_run(
        {
            "run_id": run.run_id,
            "published_at": run.started_at.isoformat(),
            "code_version": crm_pipeline.__version__,
            "configuration_sha256": run.project.configuration_sha256,
            "fingerprint": summary.fingerprint,
            "changed_customers": changed_customers,
            "row_counts": dict(summary.row_counts),
        }
    )


def _of_contract(table: Table) -> Publication:
    return Publication.of_table(table)


def _of_model(model: Model) -> Publication:
    return Publication.of_model(model)
