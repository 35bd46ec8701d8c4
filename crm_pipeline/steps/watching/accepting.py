"""Anomalies as stewards see them, and their acceptance as the new normal.

Belongs here: reading what was published for stewards, and appending decisions; a run that is going on is not disturbed.
Does not belong here: what an acceptance changes (`quality.anomalies`).
"""

from __future__ import annotations

from dataclasses import asdict

import polars as pl

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.publish import query
from crm_pipeline.settings import Project
from crm_pipeline.state.decisions.acceptances import AnomalyAcceptance
from crm_pipeline.steps.run import utc_now
from crm_pipeline.steps.watching.watch import acceptances_of

_ANOMALIES = "SELECT * FROM crm.anomalies ORDER BY source, extract, column_name, metric"
_FROM = ("source", "extract", "column_name", "metric", "business_date", "sequence")
_TABLES = "SELECT count(*) AS found FROM duckdb_tables() WHERE table_name = 'anomalies'"


def anomalies(project: Project) -> pl.DataFrame:
    """The rows of `ops.anomalies` as published last, with `is_accepted`: whether somebody accepted them since.

    Raises:
        ConfigurationError: nothing has been published.
    """
    if not query(project.steward_file, _TABLES)["found"][0]:
        return pl.DataFrame()
    shown = query(project.steward_file, _ANOMALIES)
    accepted = {tuple(asdict(each)[name] for name in _FROM) for each in acceptances_of(project).acceptances()}
    return shown.with_columns(
        pl.Series("is_accepted", [row in accepted for row in shown.select(_FROM).rows()], dtype=pl.Boolean)
    )


def accept(project: Project, name: str, *, metric: str | None, decided_by: str, why: str) -> list[AnomalyAcceptance]:
    """What was accepted: from the delivery shown on, these figures count anew.

    Args:
        project: whose anomalies.
        name: source.extract, or source.extract.column.
        metric: one of them; None for all that are shown of that name.
        decided_by: who accepts.
        why: in that person's words.

    Raises:
        ConfigurationError: nothing has been published, no anomaly of that name is shown, or nobody says why.
    """
    if not why.strip():
        raise ConfigurationError(
            where="--why", expected="why it is right", found="nothing", cure="Say it; it is kept with the decision."
        )
    shown = anomalies(project)
    chosen = [row for row in shown.to_dicts() if place_of(row) == name and metric in {None, row["metric"]}]
    if not chosen:
        known = sorted({f"{place_of(row)} {row['metric']}" for row in shown.to_dicts()})
        raise ConfigurationError(
            where=f"{name}{f' {metric}' if metric else ''}",
            expected=f"an anomaly of the newest deliveries: {', '.join(known)}" if known else "an anomaly",
            found="none of that name" if known else "none at all",
            cure="See them with `crm-pipeline quality list`.",
        )
    now = utc_now()
    accepted = [
        AnomalyAcceptance(**{part: row[part] for part in _FROM}, decided_by=decided_by, decided_at=now, why=why)
        for row in chosen
    ]
    for each in accepted:
        acceptances_of(project).append(each)
    return accepted


def place_of(row: dict[str, object]) -> str:
    """Source, extract and column of an anomaly, as one writes them to accept it."""
    return ".".join(str(row[name]) for name in ("source", "extract", "column_name") if row[name])
