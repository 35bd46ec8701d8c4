"""What the UI shows of deliveries: how they came, what became of their rows and why, changed columns.

Belongs here: deliveries as Dagster's values. Does not belong here: tables and rules (`metadata`). Counts and names
only: no cell of any table gets in here.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import dagster as dg
import polars as pl

from crm_pipeline.errors import DeliveryError
from crm_pipeline.steps.applying.loads import dialect_of
from crm_pipeline.steps.landing.land import Landed

SCHEMA_CHECK = "columns_as_before"
INBOX_CHECK = "files_loaded"
_INBOX_NOTES = (
    "Every file of the inbox was loaded. One that can't be is moved to failed/ with a report beside it that says why; "
    "mend it and drop it into the inbox again."
)
_SCHEMA_NOTES = (
    "The columns of a delivery are those of the one before, but for changes that on_change keeps. A column that "
    "disappears or has another type may empty a field for good: look at the source, correct the mapping."
)
_OUTCOMES = ("delivered", "loaded", "unchanged", "quarantined", "duplicate", "erased", "deleted", "unreadable")


def landed_table(landed: Iterable[Landed]) -> dg.MarkdownMetadataValue:
    """One row per delivery: when, how much, how it was read, what changed in its columns."""
    header = ("date", "sequence", "new", "rows", "unreadable lines", "bytes", "seconds", "read as", "changed columns")
    rows = []
    for item in landed:
        if item.delivery:
            one = item.delivery
            read_as = ", ".join(filter(None, (one.origin.format, one.origin.encoding, dialect_of(one.origin))))
            changes = "; ".join(filter(None, (*one.schema_changes, one.accepted_loss)))
            size = f"{one.origin.file_bytes:,}"
            rows.append(
                (one.business_date, one.sequence, "yes" if item.is_new else "no", f"{one.row_count:,}",
                 f"{one.unreadable_count:,}", size, one.seconds, read_as, changes)
            )  # fmt: skip
    return _table(header, rows)


def loads_table(loads: pl.DataFrame) -> dg.MarkdownMetadataValue:
    """One row per applied delivery: its rows by outcome, how it was read, its span of time."""
    header = ("extract", "date", "sequence", *_OUTCOMES, "first updated", "last updated", "changed columns", "bytes",
              "read as", "seconds")  # fmt: skip
    rows = []
    for load in loads.to_dicts():
        read_as = ", ".join(filter(None, (load["format"], load["encoding"], load["dialect"])))
        rows.append(
            (f"{load['source']}.{load['extract']}", load["business_date"], load["sequence"],
             *(f"{load[f'{name}_count']:,}" for name in _OUTCOMES), load["first_updated_at"], load["last_updated_at"],
             "; ".join(load["schema_changes"]), f"{load['file_bytes']:,}", read_as,
             load["landing_seconds"] + load["applying_seconds"])
        )  # fmt: skip
    return _table(header, rows)


def reasons_table(loads: pl.DataFrame) -> dg.MarkdownMetadataValue:
    """One row per reason and applied delivery with the rows concerned."""
    header = ("extract", "date", "sequence", "rule", "severity", "column", "rows")
    rows = [
        (f"{load['source']}.{load['extract']}", load["business_date"], load["sequence"],
         *(reason[name] for name in ("rule_id", "severity", "column_name")), f"{reason['row_count']:,}")
        for load in loads.to_dicts()
        for reason in load["reasons"]
    ]  # fmt: skip
    return _table(header, rows)


def inbox_check_spec(key: dg.AssetKey) -> dg.AssetCheckSpec:
    """The check that fails when a file of an inbox could not be loaded."""
    return dg.AssetCheckSpec(INBOX_CHECK, asset=key, description=_INBOX_NOTES)


def inbox_check(key: dg.AssetKey, failed: Sequence[DeliveryError]) -> dg.AssetCheckResult:
    """A failure when a file of the inbox was moved to `failed`, with what was expected and found of each."""
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=INBOX_CHECK,
        passed=not failed,
        description=_INBOX_NOTES,
        metadata={f"file {number}": f"expected {e.expected}; found {e.found}" for number, e in enumerate(failed, 1)},
    )


def schema_check_spec(key: dg.AssetKey) -> dg.AssetCheckSpec:
    """The check that warns of changed columns."""
    return dg.AssetCheckSpec(SCHEMA_CHECK, asset=key, description=_SCHEMA_NOTES)


def schema_check(key: dg.AssetKey, landed: Iterable[Landed]) -> dg.AssetCheckResult:
    """A warning when what was landed now has columns that `on_change: warn` is about."""
    warnings = {
        f"{item.business_date}-{item.delivery.sequence}": "; ".join(item.delivery.schema_warnings)
        for item in landed
        if item.delivery and item.is_new and item.delivery.schema_warnings
    }
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=SCHEMA_CHECK,
        passed=not warnings,
        severity=dg.AssetCheckSeverity.WARN,
        description=_SCHEMA_NOTES,
        metadata=warnings,
    )


def _table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> dg.MarkdownMetadataValue:
    lines = [header, ["---"] * len(header), *([_cell(cell) for cell in row] for row in rows)]
    return dg.MetadataValue.md("\n".join(f"| {' | '.join(line)} |" for line in lines))


def _cell(value: object) -> str:
    return "" if value is None else str(value).replace("|", "\\|").replace("\n", " ")
