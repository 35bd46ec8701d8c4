"""Applying deliveries: landed rows become versions in std, or recorded rejections.

Belongs here: which deliveries are applied in which order, and the path of one delivery's rows. Does not belong here:
cleaning (`standardise`), judging (`quality`), the SQL of versions (`steps.versions`).
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from typing import Any

import polars as pl

from crm_pipeline import quality, standardise
from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import Extract
from crm_pipeline.sources.mapping import map_rows, source_ids
from crm_pipeline.standardise.dates import clean_timestamp
from crm_pipeline.state.landing import LINE, Delivery
from crm_pipeline.steps import limits, rejections, versions
from crm_pipeline.steps.checks import judge_current, latest_results, record_results
from crm_pipeline.steps.run import Run, suite_of, utc_now
from crm_pipeline.steps.versions import HASH, KEY
from crm_pipeline.tables import LOADS, REJECTIONS, Table, std

_log = logging.getLogger(__name__)
_LOGGED = tuple(f"{what}_count" for what in ("delivered", "loaded", "unchanged", "quarantined", "duplicate", "deleted"))


@dataclass(frozen=True, slots=True)
class EntityApplied:
    """What a run did to one std table.

    Attributes:
        loads: rows of `ops.loads` for the deliveries applied now.
        checks: the rows of the table's rules in `ops.check_results`: counted by us over the rows judged now, or as they
            were judged last where there were none.
        contract: the same rules and rows, counted by Great Expectations; where no row was judged, the same as `checks`.
        current_count: current records after it.
    """

    entity: str
    loads: pl.DataFrame
    checks: pl.DataFrame
    contract: pl.DataFrame
    current_count: int


@dataclass(frozen=True, slots=True)
class _Judged:
    """One delivery on its way: all standardised rows, those accepted, every reason against a row, and the counts."""

    standardised: pl.DataFrame
    accepted: pl.DataFrame
    rejections: pl.DataFrame
    checks: pl.DataFrame


def apply_entity(run: Run, entity: str, *, judge_all: bool = False) -> EntityApplied:
    """All deliveries of an entity's extracts that std does not show yet, applied in date order.

    A late delivery, a replaced one, or a changed recipe (mapping, suite, standardisers) takes the extract's part of
    std back to before it and applies from there on, so that std is a function of landing and recipe alone.

    Args:
        run: the open run.
        entity: one of `tables.ENTITIES`.
        judge_all: report on all current records, as the monthly job does, and not just on the rows applied now.
    """
    table = std(entity, run.project.config.extras(entity))
    suite = suite_of(run.project, table)
    by_row, whole = suite.split_by_row()
    _ensure_tables(run, table, entity)
    loads, checks, contract = [LOADS.empty()], [], []
    for source, name, extract in run.project.config.extracts:
        if extract.entity != entity:
            continue
        for delivery in _to_apply(run, table, source, name, extract, suite):
            load, judged = _apply(run, table, delivery, extract, suite)
            loads.append(load)
            checks.append(limits.with_basis(judged.checks, load))
            validated = quality.validate(_with_today(judged.standardised, delivery), by_row)
            contract.append(limits.with_basis(validated, load))
    _remove_unconfigured(run, table, entity)
    none = limits.with_basis(quality.judge(_with_today(table.empty(), None), by_row).results, LOADS.empty())
    results = limits.within_limits(limits.added_up([none, *checks]), by_row)
    counted = limits.within_limits(limits.added_up([none, *contract]), by_row)
    if judge_all:
        results, counted = judge_current(run, table, by_row)
    whole_results, whole_counted = judge_current(run, table, whole)
    results, counted = pl.concat([results, whole_results]), pl.concat([counted, whole_counted])
    record_results(run, results)
    latest = latest_results(run, results)
    return EntityApplied(
        entity,
        pl.concat(loads),
        latest,
        counted if latest is results else latest,
        int(run.warehouse.value(f"SELECT count(*) FROM {table.qualified} WHERE valid_to IS NULL")),
    )


def _ensure_tables(run: Run, table: Table, entity: str) -> None:
    """Makes the tables that are missing or of an older contract; what then no longer says what std shows is emptied.

    In one transaction: a crash between a table made anew and its loads forgotten would leave it empty for good.
    """
    with run.warehouse.transaction():
        anew = [log for log in (LOADS, REJECTIONS) if run.warehouse.ensure(log)]
        if anew:  # all is applied again
            run.warehouse.execute(f"DELETE FROM {LOADS.qualified}")
        if run.warehouse.ensure(table):
            for log in (LOADS, REJECTIONS):
                run.warehouse.execute(f"DELETE FROM {log.qualified} WHERE entity = ?", [entity])


def _to_apply(
    run: Run, table: Table, source: str, name: str, extract: Extract, suite: quality.Suite
) -> Sequence[Delivery]:
    """The deliveries to apply, after std was taken back to the point from which they apply."""
    deliveries = run.landing.counting(source, name, load=extract.load)
    recipe = recipe_sha256(run, extract, suite)
    wanted = [(d.business_date, d.sequence, d.origin.file_sha256, recipe) for d in deliveries]
    present = versions.applied(run.warehouse, source, name)
    agreed = next((i for i, pair in enumerate(zip(wanted, present, strict=False)) if pair[0] != pair[1]), None)
    first = min(len(wanted), len(present)) if agreed is None else agreed
    if not present:
        versions.rewind(run.warehouse, table, source, name, date.min)
    if first < len(present):
        day = min([present[first][0], *(w[0] for w in wanted[first : first + 1])])
        versions.rewind(run.warehouse, table, source, name, day)
        return [d for d in deliveries if d.business_date >= day]
    return deliveries[first:]


def recipe_sha256(run: Run, extract: Extract, suite: quality.Suite) -> str:
    """Hash of all that decides what std makes of a delivered row."""
    config = run.project.config
    recipe: dict[str, Any] = {
        "mapping": extract.model_dump(mode="json", exclude={"read"}),
        "suite": suite.sha256,
        "standardise": standardise.VERSION,
        "libraries": {name: version(name) for name in ("phonenumbers", "pycountry")},  # their tables decide too
        "default_country": config.default_country,
        "timezone": config.timezone,
    }
    return hashlib.sha256(json.dumps(recipe, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _apply(
    run: Run, table: Table, delivery: Delivery, extract: Extract, suite: quality.Suite
) -> tuple[pl.DataFrame, _Judged]:
    """One delivery applied in one transaction: versions, deletions, rejections and its row in `ops.loads`."""
    delivered = delivery.read()
    delivered = delivered.with_columns(source_ids(delivered, extract.primary_key).alias(KEY))
    _require_keys(delivered, delivery, extract)
    delivered = versions.with_row_hash(run.warehouse, delivered)
    surplus = _surplus_lines(delivered, extract, run.project.config.timezone)
    candidates = delivered.filter(~pl.col(LINE).is_in(surplus.implode()))
    changed = versions.changed_rows(run.warehouse, table, delivery, candidates)
    judged = _judge(run, delivery, extract, changed, suite)
    duplicates = rejections.against_duplicates(delivered.filter(pl.col(LINE).is_in(surplus.implode())), extract)
    rejected = rejections.complete(pl.concat([judged.rejections, duplicates]), delivered, delivery, extract)
    with run.warehouse.transaction():
        versions.replace_versions(run.warehouse, table, delivery, judged.accepted)
        deleted = 0
        if extract.load == "full":
            deleted = versions.close_missing(run.warehouse, table, delivery, delivered[KEY])
        run.warehouse.insert(REJECTIONS, rejected, order_by=REJECTIONS.key)
        counts = {
            "delivered_count": delivered.height,
            "loaded_count": judged.accepted.height,
            "unchanged_count": candidates.height - changed.height,
            "quarantined_count": changed.height - judged.accepted.height,
            "duplicate_count": surplus.len(),
            "erased_count": 0,
            "deleted_count": deleted,
            "nulled_count": int((rejected["severity"] == "value").sum()),
            "flagged_count": int((rejected["severity"] == "warning").sum()),
        }
        load = _load(run, delivery, extract, suite, counts)
        quality.reconcile(load)
        run.warehouse.insert(LOADS, load)
    said = ", ".join(f"{load[name][0]:,} {name.removesuffix('_count')}" for name in _LOGGED)
    _log.info("%s.%s %s: %s", delivery.source, delivery.extract, delivery.business_date, said)
    return load, judged


def _require_keys(delivered: pl.DataFrame, delivery: Delivery, extract: Extract) -> None:
    """Refuses a full delivery in which no row has a key: every record would be taken for deleted."""
    if extract.load == "full" and delivered[KEY].is_null().all():
        raise DeliveryError(
            where=f"{delivery.source}.{delivery.extract}, {delivery.origin.file_name}",
            expected=f"values in the primary key {', '.join(extract.primary_key)}",
            found=f"none in {delivered.height:,} rows",
            cure="Ask for the delivery again and land it with --reread; nothing was taken for deleted.",
        )


def _surplus_lines(delivered: pl.DataFrame, extract: Extract, timezone: str) -> pl.Series:
    """Lines of rows whose key another row of the delivery has that is newer, or equally new and further down."""
    repeated = delivered.filter(pl.col(KEY).is_not_null() & pl.col(KEY).is_duplicated())
    newest = pl.lit(None, dtype=pl.Datetime("us"))
    if extract.updated_at:
        newest = clean_timestamp(pl.col(extract.updated_at), timezone)
    ordered = repeated.with_columns(newest.alias("=updated")).sort("=updated", LINE, nulls_last=False)
    kept = ordered.group_by(KEY, maintain_order=True).agg(pl.col(LINE).last())
    return ordered.filter(~pl.col(LINE).is_in(kept[LINE].implode()))[LINE].sort()


def _judge(run: Run, delivery: Delivery, extract: Extract, changed: pl.DataFrame, suite: quality.Suite) -> _Judged:
    """The changed rows mapped, standardised and judged."""
    config = run.project.config
    mapped = map_rows(changed, extract, source=delivery.source)
    context = standardise.Context(config.default_country, config.timezone)
    result = standardise.standardise(extract.entity, mapped, context)
    frame = result.frame.with_columns(
        pl.lit(delivery.source).alias("source"),
        pl.lit(delivery.extract).alias("extract"),
        changed[KEY].alias("source_id"),
        changed[HASH].alias("row_hash"),
        pl.lit(delivery.business_date).alias("valid_from"),
        pl.lit(None, dtype=pl.Date).alias("valid_to"),
        pl.lit(delivery.sequence).cast(pl.Int32).alias("sequence"),
        pl.col(LINE).alias("line"),
        pl.concat_str(pl.lit(f"{delivery.source}/{delivery.extract}/"), changed[KEY]).alias("record_key"),
    )
    by_row, _ = suite.split_by_row()
    judgement = quality.judge(_with_today(frame, delivery), by_row)
    accepted = quality.accept(frame, judgement.failures)
    reasons = rejections.against_cells(extract.entity, result.rejected, judgement.failures, mapped)
    return _Judged(frame, accepted, reasons, judgement.results)


def _load(
    run: Run, delivery: Delivery, extract: Extract, suite: quality.Suite, counts: Mapping[str, int]
) -> pl.DataFrame:
    """The row of `ops.loads`."""
    row = {
        "source": delivery.source,
        "extract": delivery.extract,
        "business_date": delivery.business_date,
        "sequence": delivery.sequence,
        "entity": extract.entity,
        **counts,
        "file_name": delivery.origin.file_name,
        "file_sha256": delivery.origin.file_sha256,
        "file_bytes": delivery.origin.file_bytes,
        "recipe_sha256": recipe_sha256(run, extract, suite),
        "landed_at": delivery.landed_at,
        "applied_at": utc_now(),
        "run_id": run.run_id,
    }
    return pl.DataFrame([row], schema=LOADS.polars_schema)


def _with_today(frame: pl.DataFrame, delivery: Delivery | None) -> pl.DataFrame:
    """`frame` with `business_date`, which is what any rule means by today."""
    day = pl.lit(delivery.business_date if delivery else None, dtype=pl.Date)
    return frame.with_columns(day.alias("business_date"))


def _remove_unconfigured(run: Run, table: Table, entity: str) -> None:
    """Takes records of extracts that pipeline.yaml no longer has out of std; landing keeps them."""
    known = [(source, name) for source, name, extract in run.project.config.extracts if extract.entity == entity]
    logged = f"SELECT DISTINCT source, extract FROM {LOADS.qualified} WHERE entity = ?"
    sql = f"{logged} UNION SELECT DISTINCT source, extract FROM {table.qualified}"  # an extract may change its entity
    for source, name in run.warehouse.execute(sql, [entity]):
        if (source, name) not in known:
            scope, where = [source, name], "source = ? AND extract = ?"
            with run.warehouse.transaction():
                run.warehouse.execute(f"DELETE FROM {table.qualified} WHERE {where}", scope)
                for log in (LOADS, REJECTIONS):
                    run.warehouse.execute(f"DELETE FROM {log.qualified} WHERE {where} AND entity = ?", [*scope, entity])
