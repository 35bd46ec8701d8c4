"""Bringing std up to date: every landed delivery that counts is applied, in the order of dates.

Belongs here: which deliveries are applied in which order. Does not belong here: the path of one delivery's rows
(`steps.applying.delivery`), the SQL of versions (`steps.applying.versions`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from importlib.metadata import version
from typing import Any

import polars as pl

from crm_pipeline import quality, standardise
from crm_pipeline.settings import AppliedExtract
from crm_pipeline.state.delivery import Delivery
from crm_pipeline.steps.applying import corrections, limits, versions
from crm_pipeline.steps.applying.delivery import apply_delivery, with_today
from crm_pipeline.steps.applying.import_report import write_import_reports
from crm_pipeline.steps.checks import judge_current, latest_results, record_results
from crm_pipeline.steps.readable import without_rows
from crm_pipeline.steps.run import Run, suite_of
from crm_pipeline.steps.vocabulary import vocabulary_of
from crm_pipeline.tables import CORRECTION_USES, LOADS, REJECTIONS, Table, std


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


def apply_entity(run: Run, entity: str, *, judge_all: bool = False) -> EntityApplied:
    """All deliveries of an entity's extracts that std does not show yet, applied in date order.

    A late delivery, a replaced one, a new correction, or a changed recipe (mapping, suite, standardisers) takes the
    extract's part of std back to before it and applies from there on, so that std is a function of landing, decisions
    and recipe alone.

    Args:
        run: the open run.
        entity: one of `tables.ENTITIES`.
        judge_all: report on all current records, as the monthly job does, and not just on the rows applied now.
    """
    table = std(entity, run.project.config.extras(entity))
    suite = suite_of(run.project, table)
    by_row, whole = suite.split_by_row()
    _ensure_tables(run, table, entity)
    standing = corrections.standing(run.project)
    loads, checks, contract = [LOADS.empty()], [], []
    for applied in run.project.config.applied_extracts:
        if applied.extract.entity != entity:
            continue
        recipe = recipe_sha256(run, applied, suite)
        for delivery, before in _to_apply(run, table, applied, recipe, standing):
            corrected = corrections.counting_for(standing, delivery, applied.landed_name)
            application = apply_delivery(run, table, delivery, applied, suite, recipe, corrected, before=before)
            loads.append(application.load)
            checks.append(limits.with_basis(application.checks, application.load))
            contract.append(limits.with_basis(application.contract, application.load))
    _remove_unconfigured(run, table, entity)
    write_import_reports(run, entity)
    none = limits.with_basis(
        quality.judge(with_today(without_rows(table, by_row), None), by_row).results, LOADS.empty()
    )
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
        anew = [log for log in versions.LOGS if run.warehouse.ensure(log)]
        if anew:  # all is applied again
            run.warehouse.execute(f"DELETE FROM {LOADS.qualified}")
        if run.warehouse.ensure(table):
            for log in (LOADS, REJECTIONS):
                run.warehouse.execute(f"DELETE FROM {log.qualified} WHERE entity = ?", [entity])


def _to_apply(
    run: Run, table: Table, extract: AppliedExtract, recipe: str, standing: pl.DataFrame
) -> Sequence[tuple[Delivery, Delivery | None]]:
    """The deliveries to apply, each with the one before it, after std was taken back to the point where they apply.

    They bear the name of the extract in std.
    """
    source, name = extract.source, extract.name
    landed = run.landing.counting(source, extract.landed_name, load=extract.extract.load)
    deliveries = _with_before([replace(delivery, extract=name) for delivery in landed])
    recipes = corrections.recipes_of(recipe, standing, [delivery for delivery, _ in deliveries], extract.landed_name)
    wanted = [
        (delivery.business_date, delivery.sequence, delivery.origin.file_sha256, applied_with)
        for (delivery, _), applied_with in zip(deliveries, recipes, strict=True)
    ]
    present = versions.applied(run.warehouse, source, name)
    agreed = next((i for i, pair in enumerate(zip(wanted, present, strict=False)) if pair[0] != pair[1]), None)
    first = min(len(wanted), len(present)) if agreed is None else agreed
    if not present:
        versions.rewind(run.warehouse, table, source, name, date.min)
    if first < len(present):
        day = min([present[first][0], *(w[0] for w in wanted[first : first + 1])])
        versions.rewind(run.warehouse, table, source, name, day)
        return [pair for pair in deliveries if pair[0].business_date >= day]
    return deliveries[first:]


def _with_before(deliveries: Sequence[Delivery]) -> list[tuple[Delivery, Delivery | None]]:
    """Each delivery with the last one before it that has columns; a service with nothing new may name none."""
    pairs: list[tuple[Delivery, Delivery | None]] = []
    before = None
    for delivery in deliveries:
        pairs.append((delivery, before))
        before = delivery if delivery.columns else before
    return pairs


def recipe_sha256(run: Run, applied: AppliedExtract, suite: quality.Suite) -> str:
    """Hash of all that decides what std makes of a delivered row."""
    config = run.project.config
    # How it is read, and what is refused before it is landed, changes nothing of what was landed.
    apart = {"read", "reject_limit", "on_change", "delete_limit"} | (set() if applied.is_contact else {"contact"})
    recipe: dict[str, Any] = {
        "mapping": applied.extract.model_dump(mode="json", exclude=apart),
        "suite": quality.split_by_flag(suite)[0].sha256,
        "standardise": standardise.VERSION,
        "libraries": _libraries(),  # their tables decide too
        "words": vocabulary_of(run.project).sha256,
        "default_country": config.default_country,
        "timezone": config.timezone,
    }
    return hashlib.sha256(json.dumps(recipe, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@cache
def _libraries() -> dict[str, str]:
    """Versions of the libraries that standardisers use; a process keeps those it has loaded."""
    return {name: version(name) for name in standardise.LIBRARIES}


def _remove_unconfigured(run: Run, table: Table, entity: str) -> None:
    """Takes records of extracts that pipeline.yaml no longer has out of std; landing keeps them."""
    extracts = run.project.config.applied_extracts
    known = [(each.source, each.name) for each in extracts if each.extract.entity == entity]
    logged = f"SELECT DISTINCT source, extract FROM {LOADS.qualified} WHERE entity = ?"
    sql = f"{logged} UNION SELECT DISTINCT source, extract FROM {table.qualified}"  # an extract may change its entity
    for source, name in run.warehouse.execute(sql, [entity]):
        if (source, name) not in known:
            scope, where = [source, name], "source = ? AND extract = ?"
            with run.warehouse.transaction():
                run.warehouse.execute(f"DELETE FROM {table.qualified} WHERE {where}", scope)
                for log in (LOADS, REJECTIONS):
                    run.warehouse.execute(f"DELETE FROM {log.qualified} WHERE {where} AND entity = ?", [*scope, entity])
                if (source, name) not in {(each.source, each.name) for each in extracts}:
                    run.warehouse.execute(f"DELETE FROM {CORRECTION_USES.qualified} WHERE {where}", scope)
