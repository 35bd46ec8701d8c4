"""Applying one delivery: its landed rows become versions in std, or recorded rejections; larger than memory.

Belongs here: the path of one delivery's rows. Does not belong here: which delivery is next
(`steps.applying.standardise`), cleaning (`standardise`), judging (`quality`), the SQL of versions (`versions`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from crm_pipeline import quality
from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import AppliedExtract, Extract
from crm_pipeline.sources.mapped_columns import absent_columns, mapped_columns
from crm_pipeline.sources.mapping import map_rows
from crm_pipeline.standardise.calendar.dates import clean_timestamp
from crm_pipeline.state.delivery import LINE, Delivery
from crm_pipeline.steps.applying import contacts, corrections, limits, rejections, versions
from crm_pipeline.steps.applying.loads import load_row
from crm_pipeline.steps.applying.reading import Reading, reading_of
from crm_pipeline.steps.applying.versions import HASH, KEY
from crm_pipeline.steps.readable import cleaned, without_rows
from crm_pipeline.steps.run import Run
from crm_pipeline.tables import LOADS, REJECTIONS, Table

_log = logging.getLogger(__name__)
_LOGGED = tuple(f"{what}_count" for what in ("delivered", "loaded", "unchanged", "quarantined", "duplicate", "deleted"))
# So many changed rows are cleaned and judged at a time; about 2 KB of memory each.
_CHUNK_ROWS = 250_000


@dataclass(frozen=True, slots=True)
class Application:
    """What became of one delivery.

    Attributes:
        load: its row of `ops.loads`.
        checks: rows of `ops.check_results` with their `basis` still to come, counted by us over the changed rows.
        contract: the same rules and rows, counted by Great Expectations.
    """

    load: pl.DataFrame
    checks: pl.DataFrame
    contract: pl.DataFrame


@dataclass(slots=True)
class _Tally:
    """What the chunks of a delivery came to so far."""

    judged: int = 0
    loaded: int = 0
    nulled: int = 0
    flagged: int = 0
    checks: list[pl.DataFrame] = field(default_factory=list)
    contract: list[pl.DataFrame] = field(default_factory=list)


def apply_delivery(
    run: Run,
    table: Table,
    delivery: Delivery,
    applied: AppliedExtract,
    suite: quality.Suite,
    recipe: str,
    standing: pl.DataFrame,
    *,
    before: Delivery | None = None,
) -> Application:
    """One delivery applied in one transaction: versions, deletions, rejections and its row in `ops.loads`.

    Args:
        run: the open run.
        table: the std table of the extract's entity.
        delivery: not applied yet, under the extract's name in std.
        applied: the extract, or the contacts in its rows.
        suite: the table's rules.
        recipe: hash of all that decides what std makes of a delivered row, corrections apart.
        standing: the corrections that count for the delivery.
        before: the delivery that counts before it; None for the first.

    Raises:
        DeliveryError: a full delivery in which no row has a key.
        QualityError: counts that don't add up.
    """
    began = time.monotonic()
    extract = applied.extract
    absent = _absent(run, delivery, applied)
    with (
        corrections.delivered(run.warehouse, delivery, absent, standing) as corrected,
        versions.examined(run.warehouse, delivery, extract),
    ):
        if applied.is_contact:
            contacts.mark_blank(run.warehouse, contacts.blank_lines(delivery, applied, absent, corrected))
        else:
            _require_keys(run, delivery, extract)
        repeated = versions.repeated_keys(run.warehouse)
        versions.mark_surplus(run.warehouse, surplus_lines(repeated, extract, run.project.config.timezone))
        candidates, changed = versions.find_changed(run.warehouse, table, delivery)
        with run.warehouse.transaction():
            reading = reading_of(run, delivery, applied, has_changes=changed > 0)
            told = [quality.readable_id(extract.entity, column) for column in reading.newly_ordered]
            changed += versions.add_unread(run.warehouse, table, delivery, told)
            tally = _apply_changes(run, table, delivery, applied, suite, absent, corrected, reading)
            emptied = versions.close_marked(run.warehouse, table, delivery, is_blank=True) if applied.is_contact else 0
            marked = versions.close_marked(run.warehouse, table, delivery) if extract.deleted else 0
            surplus = _reject_surplus(run, delivery, extract, corrected)
            delivered, unreadable = _rows_delivered(run, delivery, applied)
            if unreadable:
                _reject_unreadable(run, delivery, extract)
            deleted = versions.close_missing(run.warehouse, table, delivery) if extract.load == "full" else 0
            counts = {
                "delivered_count": delivered,
                "loaded_count": tally.loaded + marked,
                "unchanged_count": candidates - changed - marked,
                "quarantined_count": tally.judged - tally.loaded + unreadable,
                "duplicate_count": surplus,
                "erased_count": 0,
                "deleted_count": deleted + marked + emptied,
                "nulled_count": tally.nulled,
                "flagged_count": tally.flagged,
                "unreadable_count": unreadable,
            }
            seconds = time.monotonic() - began
            applied_with = corrections.recipe_with(recipe, standing)
            load = load_row(
                run, delivery, before, extract, applied_with, counts, date_orders=reading.recorded, seconds=seconds
            )
            quality.reconcile(load)
            run.warehouse.insert(LOADS, load)
            if not applied.is_contact:
                is_full = extract.load == "full"
                corrections.record_uses(run.warehouse, delivery, standing, corrected, is_full=is_full)
    said = ", ".join(f"{load[name][0]:,} {name.removesuffix('_count')}" for name in _LOGGED)
    _log.info("%s.%s %s: %s", delivery.source, delivery.extract, delivery.business_date, said)
    return Application(load, limits.summed(tally.checks), limits.summed(tally.contract))


def _rows_delivered(run: Run, delivery: Delivery, applied: AppliedExtract) -> tuple[int, int]:
    """Rows delivered, and those of them that can't be read: both of the records; of contacts the rows that hold one."""
    if applied.is_contact:
        return int(run.warehouse.value("SELECT count(*) FROM _rows WHERE NOT is_blank")), 0
    return delivery.row_count + delivery.unreadable_count, delivery.unreadable_count


def _absent(run: Run, delivery: Delivery, applied: AppliedExtract) -> tuple[str, ...]:
    """The columns that the configuration names and the delivery lacks; they are empty."""
    extract = applied.extract
    missing = absent_columns(delivery.columns, extract, mapped_columns(extract))
    if not missing:  # as nearly always; else what any delivery had is a column
        return ()
    deliveries = run.landing.deliveries(delivery.source, applied.landed_name)
    known = {name for other in deliveries for name in other.columns}
    return absent_columns(delivery.columns, extract, known)


def _apply_changes(
    run: Run,
    table: Table,
    delivery: Delivery,
    applied: AppliedExtract,
    suite: quality.Suite,
    absent: Sequence[str],
    corrected: pl.DataFrame,
    reading: Reading,
) -> _Tally:
    """The changed rows cleaned, judged and put in place, chunk by chunk."""
    extract = applied.extract
    tally = _Tally()
    by_row, _ = suite.split_by_row()
    counting = [rule.rule_id for rule in quality.split_by_flag(by_row)[1].rules]
    for rows in versions.changed_rows(run.warehouse, delivery, _CHUNK_ROWS):
        complete = rows.with_columns(pl.lit("").alias(name) for name in absent)
        mapped = map_rows(complete, extract, source=delivery.source)
        result = cleaned(run.project, extract, mapped, delivery.business_date, reading.words, reading.forms)
        frame = _versioned(result.frame, rows, delivery)
        if applied.is_contact:
            frame = frame.with_columns(_main_key(applied, rows[KEY]))
        judgement = quality.judge(with_today(frame, delivery), by_row)
        accepted = quality.accept(frame, judgement.failures.filter(~pl.col("rule_id").is_in(counting)))
        reasons = rejections.against_cells(extract.entity, result.rejected, judgement.failures, mapped)
        rejected = rejections.complete(reasons, rows, delivery, extract, corrected)
        versions.replace_versions(run.warehouse, table, delivery, accepted)
        run.warehouse.insert(REJECTIONS, rejected, order_by=REJECTIONS.key)
        tally.judged += rows.height
        tally.loaded += accepted.height
        tally.nulled += int((rejected["severity"] == "value").sum())
        tally.flagged += int((rejected["severity"] == "warning").sum())
        tally.checks.append(judgement.results)
        tally.contract.append(quality.validate(with_today(frame, delivery), by_row))
    if not tally.checks:
        nothing = with_today(without_rows(table, by_row), delivery)
        tally.checks.append(quality.judge(nothing, by_row).results)
        tally.contract.append(tally.checks[0])  # of no rows both judges say the same: Great Expectations is not asked
    return tally


def _main_key(applied: AppliedExtract, keys: pl.Series) -> pl.Series:
    """Record keys of the first records in the rows of contacts."""
    main = pl.concat_str(pl.lit(f"{applied.source}/{applied.landed_name}/"), keys)
    return keys.to_frame().select(main.alias("related_record_key")).to_series()


def _versioned(frame: pl.DataFrame, rows: pl.DataFrame, delivery: Delivery) -> pl.DataFrame:
    """Standardised rows with the columns of a version in std."""
    return frame.with_columns(
        pl.lit(delivery.source).alias("source"),
        pl.lit(delivery.extract).alias("extract"),
        rows[KEY].alias("source_id"),
        rows[HASH].alias("row_hash"),
        pl.lit(delivery.business_date).alias("valid_from"),
        pl.lit(None, dtype=pl.Date).alias("valid_to"),
        pl.lit(delivery.sequence).cast(pl.Int32).alias("sequence"),
        pl.col(LINE).alias("line"),
        pl.concat_str(pl.lit(f"{delivery.source}/{delivery.extract}/"), rows[KEY]).alias("record_key"),
    )


def _require_keys(run: Run, delivery: Delivery, extract: Extract) -> None:
    """Refuses a full delivery in which no row has a key: every record would be taken for deleted."""
    if extract.load == "full" and not run.warehouse.value("SELECT count(source_id) FROM _rows"):
        raise DeliveryError(
            where=f"{delivery.source}.{delivery.extract}, {delivery.origin.file_name}",
            expected=f"values in the primary key {', '.join(extract.primary_key)}",
            found=f"none in {delivery.row_count:,} rows",
            cure="Ask for the delivery again and land it with --reread; nothing was taken for deleted.",
        )


def surplus_lines(repeated: pl.DataFrame, extract: Extract, zone: str) -> pl.Series:
    """Lines of rows whose key another row of the delivery has that is newer, or equally new and further down.

    Args:
        repeated: rows with a key that another one has too: `line`, `source_id`, `updated_at` as delivered.
        extract: whose rows.
        zone: of times without an offset.
    """
    newest = pl.lit(None, dtype=pl.Datetime("us"))
    if extract.updated_at:
        newest = clean_timestamp(pl.col("updated_at"), zone)
    ordered = repeated.with_columns(newest.alias("newest")).sort("newest", "line", nulls_last=False)
    kept = ordered.group_by("source_id", maintain_order=True).agg(pl.col("line").last())
    return ordered.filter(~pl.col("line").is_in(kept["line"].implode()))["line"].sort()


def _reject_surplus(run: Run, delivery: Delivery, extract: Extract, corrected: pl.DataFrame) -> int:
    """Number of surplus rows, each recorded with its reason."""
    rows = versions.surplus_rows(run.warehouse, delivery)
    rejected = rejections.complete(rejections.against_duplicates(rows, extract), rows, delivery, extract, corrected)
    run.warehouse.insert(REJECTIONS, rejected, order_by=REJECTIONS.key)
    return rows.height


def _reject_unreadable(run: Run, delivery: Delivery, extract: Extract) -> None:
    """Records the lines that were held back when the delivery was landed."""
    if delivery.unreadable_count:
        run.warehouse.insert(REJECTIONS, rejections.against_lines(delivery, extract), order_by=REJECTIONS.key)


def with_today(frame: pl.DataFrame, delivery: Delivery | None) -> pl.DataFrame:
    """`frame` with `business_date`, which is what any rule means by today."""
    day = pl.lit(delivery.business_date if delivery else None, dtype=pl.Date)
    return frame.with_columns(day.alias("business_date"))
