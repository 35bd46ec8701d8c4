"""Whether a project is fit to run, without loading anything.

Belongs here: asking every capability about its part of pipeline.yaml. Does not belong here: the answers.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from crm_pipeline import backup
from crm_pipeline.errors import ConfigurationError, DeliveryError, PipelineError, RefusedDeliveriesError, StoreError
from crm_pipeline.golden import check_archive_rules
from crm_pipeline.golden.ranking import check_expressions as check_expressions_of_rules
from crm_pipeline.golden.units import units_of
from crm_pipeline.settings import Extract, FileRead, Project, Read
from crm_pipeline.sources.files import dates_available
from crm_pipeline.sources.mapped_columns import mapped_columns
from crm_pipeline.sources.mapping import check_expressions
from crm_pipeline.sources.opening import open_delivery
from crm_pipeline.state.delivery import LINE
from crm_pipeline.state.landing import Landing
from crm_pipeline.steps.days import business_today, require_day
from crm_pipeline.steps.exchange_rates import read_rates
from crm_pipeline.steps.landing.contracts import Contract
from crm_pipeline.steps.landing.inbox import has_inbox, read_of_waiting, waiting_of
from crm_pipeline.steps.landing.land import asked, require_file
from crm_pipeline.steps.models import project_model_tables, project_models
from crm_pipeline.steps.publishing.back_up import key_of, store_of
from crm_pipeline.steps.run import suite_of, suite_tables
from crm_pipeline.steps.stores import landing_of
from crm_pipeline.tables import ENTITIES, Table
from crm_pipeline.warehouse.models import contract_tables


@dataclass(frozen=True, slots=True)
class Checked:
    """One part of a project: what was looked at, and the error that would stop a run, if any."""

    subject: str
    detail: str
    error: PipelineError | None


def default_day(project: Project) -> date:
    """The newest business date that a run may ask for and that any dated source has files of, else today."""
    today, start = business_today(project), project.config.start_date
    reads = [extract.read for _, _, extract in project.config.extracts]
    dates = [day for read in reads if isinstance(read, FileRead) for day in dates_available(read, project.root)]
    return max((day for day in dates if start <= day <= today), default=today)


def check_project(project: Project, asked_for: date | None) -> list[Checked]:
    """Every part of the project in the order of pipeline.yaml, as a run for that day would find it.

    Errors are collected, not raised.

    Args:
        project: to look at.
        asked_for: the business date; None for `default_day`, and for today where a source answers for today only.
    """
    day = asked_for or default_day(project)
    parts: list[tuple[str, Callable[[], str]]] = []
    for source, name, extract in project.config.extracts:
        of_extract = day if asked_for or extract.read.is_dated else business_today(project)
        parts.append((f"{source}.{name}", lambda s=source, n=name, d=of_extract: _check_extract(project, s, n, d)))  # type: ignore[misc]  # mypy can't infer defaults of a lambda
    parts += [
        ("survivorship", lambda: _check_survivorship(project)),
        ("life_cycle", lambda: _check_life_cycle(project)),
        ("expectations", lambda: _check_suites(project)),
        ("sql", lambda: f"{len(project_models(project))} models"),
        ("reporting", lambda: _check_reporting(project)),
        ("backup", lambda: _check_backup(project)),
    ]
    checked = [_checked(subject, look) for subject, look in parts]
    known = _checked("business date", lambda: _check_day(project, day))
    return [known, *checked] if known.error else checked


def require_deliveries(project: Project, landing: Landing, days: Sequence[date]) -> None:
    """Nothing, when any extract of a single business date was landed already or can be read and mapped.

    A check before the first write, so that a wrong date leaves no run behind. A delivery that is refused keeps the
    others from nothing: it is refused again when it is landed. Of several days some may lack a delivery.

    Raises:
        ConfigurationError: the dates, or a mapping that can't be computed.
        DeliveryError: no extract can; each of them is told.
    """
    _require_known_days(project, days)
    if len(days) != 1:
        return
    refused: list[DeliveryError] = []
    for source, name, extract in project.config.extracts:
        if days[0] in landing.days(source, name) or has_inbox(extract):
            continue
        try:
            require_day(project, landing, days, source, name)
            if extract.read.is_dated or days[0] == business_today(project):
                _check_extract(project, source, name, days[0])
        except DeliveryError as error:
            refused.append(error)
    if len(refused) == len(project.config.extracts):
        raise refused[0] if len(refused) == 1 else RefusedDeliveriesError(refused)


def require_backup_key(project: Project) -> None:
    """Nothing, when the backup key, if one is configured, opens the snapshots that are there.

    A store that can't be reached is no reason not to run: the backup at the run's end will say so.

    Raises:
        ConfigurationError: the key is malformed.
        KeyMismatchError: it is not the key of the snapshots.
    """
    settings = project.config.backup
    if settings.key is None:
        return
    backup.parse_key(key_of(settings))
    with contextlib.suppress(StoreError):
        backup.require_key(store_of(settings, project.root), key_of(settings))


def _checked(subject: str, look: Callable[[], str]) -> Checked:
    try:
        return Checked(subject, look(), None)
    except PipelineError as error:
        return Checked(subject, "", error)


def _check_extract(project: Project, source: str, name: str, day: date) -> str:
    extract = project.config.sources[source].extracts[name]
    if has_inbox(extract):
        return _check_inbox(project, source, name)
    landing = landing_of(project)
    require_file(project, landing, source, name, day)
    header = _check_mapping(project, source, name, extract.read, day)
    require_day(project, landing, [day], source, name)  # last: the mapping is looked at all the same
    return f"{extract.entity}, {extract.load}, {extract.read.described}, {_used(header, extract)}"


def _check_inbox(project: Project, source: str, name: str) -> str:
    """An inbox, and the file that is taken next from it, if one waits."""
    extract = project.config.sources[source].extracts[name]
    waiting = [each.file for each in waiting_of(project, source, name)]
    told = f"{extract.entity}, {extract.load}, inbox, {len(waiting)} waiting"
    if not waiting:
        return f"{told}, {len(mapped_columns(extract))} mapped"
    read = read_of_waiting(project, source, name, waiting[0])
    return f"{told}, {_used(_check_mapping(project, source, name, read, business_today(project)), extract)}"


def _used(header: Sequence[str], extract: Extract) -> str:
    """How many columns are delivered, and how many of them the extract's configuration names."""
    named = {name.casefold() for name in mapped_columns(extract)}
    return f"{len(header)} columns, {sum(name.casefold() in named for name in header)} mapped"


def _check_mapping(project: Project, source: str, name: str, read: Read, day: date) -> Sequence[str]:
    """The columns of a delivery, which fit the mapping and what was delivered before."""
    extract = project.config.sources[source].extracts[name]
    landed = landing_of(project).standing(source, name)
    earlier = [delivery for delivery in landed if delivery.business_date <= day]
    where = f"{source}.{name}"
    # Not in the project's own folder for temporary files: a run that begins now would sweep it.
    with (
        tempfile.TemporaryDirectory() as folder,
        open_delivery(read, asked(project, source, name, day, temporary=Path(folder))) as reading,
    ):
        contract = Contract(extract, earlier, f"{where}, {reading.shown}" if reading.shown else where)
        header = reading.columns
        try:
            _require_fit(header, contract, where)
        except PipelineError:
            if not isinstance(read, FileRead):
                raise
            # Lines of JSON may differ in their keys, so that those at the start need not be all.
            names = dict.fromkeys(column for batch in reading.batches for column in batch.rows.columns)
            header = tuple(column for column in names if column != LINE)
            _require_fit(header, contract, where)
    return header


def _require_fit(header: Sequence[str], contract: Contract, where: str) -> None:
    absent = contract.require_mapped(header)
    check_expressions([*header, *absent], contract.extract, where=where)


def _check_survivorship(project: Project) -> str:
    survivorship = project.config.survivorship
    units = units_of(survivorship.rules, survivorship.groups, project.config.extras("customers"))
    check_expressions_of_rules(units.all)
    return f"rules for {len(survivorship.rules)} columns, {len(survivorship.groups)} groups of linked columns"


def _check_life_cycle(project: Project) -> str:
    rules = project.config.life_cycle.archive
    check_archive_rules(rules, project.config.extras("customers"))
    return f"{len(rules)} rules of the archive"


def _check_suites(project: Project) -> str:
    models = project_model_tables(project, project_models(project))
    judged = {table.qualified: table for table in _judged(project)} | models
    names = suite_tables(project, models.values())
    rules = sum(len(suite_of(project, judged[name]).rules) for name in names)
    return f"{rules} rules for {len(names)} tables"


def _judged(project: Project) -> tuple[Table, ...]:
    """The tables that may have a suite, those of SQL models apart."""
    return contract_tables({entity: project.config.extras(entity) for entity in ENTITIES})


def _check_reporting(project: Project) -> str:
    rates, reporting = read_rates(project), project.config.reporting
    if reporting is None:
        return "no reporting currency: amounts stay in their own"
    newest = rates.group_by("currency").agg(pl.col("valid_from").max()).sort("currency")
    told = ", ".join(f"{currency} until {day}" for currency, day in newest.rows())
    return f"{reporting.currency}; newest rates: {told}"


def _check_backup(project: Project) -> str:
    if project.config.backup.key is None:
        return "no key: backups are not taken"
    require_backup_key(project)
    return store_of(project.config.backup, project.root).describe()


def _check_day(project: Project, day: date) -> str:
    _require_known_days(project, [day])
    return str(day)


def _require_known_days(project: Project, days: Sequence[date]) -> None:
    today, start = business_today(project), project.config.start_date
    if days[-1] > today or days[0] < start:
        raise ConfigurationError(
            where="--date",
            expected=f"business dates from {start} (start_date) to {today} (today)",
            found=f"{days[0]}" if len(days) == 1 else f"{days[0]} to {days[-1]}",
            cure="Choose other dates, or change start_date in pipeline.yaml.",
        )
