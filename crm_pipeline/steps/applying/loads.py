"""The row of `ops.loads` that says what became of one delivery.

Belongs here: putting together what landing knew and what applying counted. Does not belong here: counting
(`steps.applying.delivery`), the report on a delivery (`steps.applying.import_report`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import polars as pl

from crm_pipeline.settings import Extract
from crm_pipeline.standardise.calendar.dates import clean_timestamp
from crm_pipeline.state.delivery import Delivery, Origin
from crm_pipeline.steps.applying import versions
from crm_pipeline.steps.landing import contracts
from crm_pipeline.steps.run import Run, utc_now
from crm_pipeline.tables import LOADS, REJECTIONS

_REASONS = f"""
    SELECT rule_id, severity, column_name, count(DISTINCT line) AS row_count, min(reason) AS reason
    FROM {REJECTIONS.qualified}
    WHERE source = ? AND extract = ? AND business_date = ? AND sequence = ?
    GROUP BY rule_id, severity, column_name ORDER BY rule_id, column_name, severity
"""


def load_row(
    run: Run,
    delivery: Delivery,
    before: Delivery | None,
    extract: Extract,
    recipe: str,
    counts: Mapping[str, int],
    *,
    date_orders: list[dict[str, object]],
    seconds: float,
) -> pl.DataFrame:
    """The row of `ops.loads`; within `versions.examined`, once the delivery's rejections are recorded.

    Args:
        run: the run that applies the delivery.
        delivery: under the extract's name in std.
        before: the delivery that counts before it; None for the first.
        extract: its configuration.
        recipe: hash of all that decides what std makes of a delivered row.
        counts: each column that ends with `_count`.
        date_orders: of its columns of dates, as `steps.date_forms.recorded` gives them.
        seconds: that applying took.
    """
    origin = delivery.origin
    row = {
        "source": delivery.source,
        "extract": delivery.extract,
        "business_date": delivery.business_date,
        "sequence": delivery.sequence,
        "entity": extract.entity,
        **counts,
        "reasons": _reasons(run, delivery),
        **_updated_range(run, extract),
        "schema_changes": _schema_changes(delivery, before, extract),
        "date_orders": date_orders,
        "format": origin.format,
        "encoding": origin.encoding,
        "dialect": dialect_of(origin),
        "file_name": origin.file_name,
        "file_sha256": origin.file_sha256,
        "file_bytes": origin.file_bytes,
        "recipe_sha256": recipe,
        "landing_seconds": delivery.seconds,
        "applying_seconds": round(seconds, 3),
        "landed_at": delivery.landed_at,
        "applied_at": utc_now(),
        "run_id": run.run_id,
    }
    return pl.DataFrame([row], schema=LOADS.polars_schema)


def dialect_of(origin: Origin) -> str | None:
    """How a delivery was read beside its format and encoding: `delimiter ; (as set), quote "`; None if that is all."""
    told = dict(sorted(origin.details.items()))
    if origin.delimiter:
        reason = told.pop("delimiter", "")
        name = {"\t": "tab", " ": "space"}.get(origin.delimiter, origin.delimiter)
        told = {"delimiter": name + (f" ({reason})" if reason else ""), **told}
    return ", ".join(f"{name} {value}" for name, value in told.items()) or None


def _reasons(run: Run, delivery: Delivery) -> list[dict[str, object]]:
    """The rules that rows of the delivery broke, one of a rule, a severity and a column."""
    place = [delivery.source, delivery.extract, delivery.business_date, delivery.sequence]
    return run.warehouse.frame(_REASONS, place).to_dicts()


def _schema_changes(delivery: Delivery, before: Delivery | None, extract: Extract) -> list[str]:
    """What differs from the delivery that counts before, in whatever order the two were landed."""
    if before is None or not delivery.columns:
        return []
    changes = contracts.schema_changes(before, delivery.columns, delivery.origin.types, extract)
    return [str(change) for change in changes]


def _updated_range(run: Run, extract: Extract) -> dict[str, datetime | None]:
    """The first and last `updated_at` of the examined rows, UTC."""
    if not extract.updated_at:
        return {"first_updated_at": None, "last_updated_at": None}
    texts = versions.updated_range(run.warehouse).to_frame()
    times = texts.select(clean_timestamp(pl.col("updated_at"), run.project.config.timezone)).to_series()
    span = times.to_frame("time").select(first=pl.col("time").min(), last=pl.col("time").max()).row(0)
    return {"first_updated_at": span[0], "last_updated_at": span[1]}
