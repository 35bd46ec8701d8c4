"""Whether a project is fit to run, without loading anything.

Belongs here: asking every capability about its part of pipeline.yaml. Does not belong here: the answers.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from crm_pipeline import backup
from crm_pipeline.errors import ConfigurationError, DeliveryError, PipelineError, StoreError
from crm_pipeline.golden.rules import column_rules
from crm_pipeline.settings import FileRead, Project
from crm_pipeline.settings.model import survivorship_columns
from crm_pipeline.sources.files import dates_available
from crm_pipeline.sources.mapping import check_expressions
from crm_pipeline.sources.opening import is_delivered, open_delivery
from crm_pipeline.state.delivery import LINE
from crm_pipeline.state.landing import Landing
from crm_pipeline.steps.back_up import key_of, store_of
from crm_pipeline.steps.contracts import Contract
from crm_pipeline.steps.days import business_today, other_days
from crm_pipeline.steps.inbox import has_inbox, waiting_files
from crm_pipeline.steps.land import asked, expected_file
from crm_pipeline.steps.models import project_models
from crm_pipeline.steps.run import suite_of, suite_tables
from crm_pipeline.tables import (
    CUSTOMER_CONTACTS,
    CUSTOMER_RECORDS,
    CUSTOMER_VALUES,
    ENTITIES,
    Table,
    customers,
    published_entity,
    std,
)


@dataclass(frozen=True, slots=True)
class Checked:
    """One part of a project: what was looked at, and the error that would stop a run, if any."""

    subject: str
    detail: str
    error: PipelineError | None


def default_day(project: Project) -> date:
    """The newest business date that any dated source can answer for, today where none is dated."""
    reads = [extract.read for _, _, extract in project.config.extracts]
    dates = [day for read in reads if isinstance(read, FileRead) for day in dates_available(read, project.root)]
    return max(dates, default=business_today(project))


def check_project(project: Project, day: date) -> list[Checked]:
    """Every part of the project in the order of pipeline.yaml; errors are collected, not raised."""
    parts: list[tuple[str, Callable[[], str]]] = []
    for source, name, _ in project.config.extracts:
        parts.append((f"{source}.{name}", lambda s=source, n=name: _check_extract(project, s, n, day)))  # type: ignore[misc]  # mypy can't infer defaults of a lambda
    parts += [
        ("survivorship", lambda: _check_survivorship(project)),
        ("expectations", lambda: _check_suites(project)),
        ("sql", lambda: f"{len(project_models(project))} models"),
        ("backup", lambda: _check_backup(project)),
    ]
    return [_checked(subject, look) for subject, look in parts]


def require_deliveries(project: Project, landing: Landing, days: Sequence[date]) -> None:
    """Nothing, when each extract of a single business date was landed already or can be read and mapped.

    A check before the first write: of several days some may lack a delivery, so they are looked at when landed.

    Raises:
        DeliveryError: the first extract that can't.
    """
    _require_known_days(project, days)
    for source, name, extract in project.config.extracts:
        if len(days) != 1 or any(d.business_date == days[0] for d in landing.deliveries(source, name)):
            continue
        if not has_inbox(extract) and (extract.read.is_dated or days[0] == business_today(project)):
            _require_file(project, landing, source, name, days[0])
            _check_extract(project, source, name, days[0])


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


def _require_file(project: Project, landing: Landing, source: str, name: str, day: date) -> None:
    """Refuses a day without a file when other days have one, and names those; what else is wrong is told on reading."""
    extract = project.config.sources[source].extracts[name]
    if is_delivered(extract.read, project.root, day):
        return
    cure = other_days(project, landing, [day], (source, name))
    if cure is None:
        return
    expected = f"the file {expected_file(project, extract, day)}"
    raise DeliveryError(where=f"{source}.{name}", expected=expected, found="none", cure=cure)


def _checked(subject: str, look: Callable[[], str]) -> Checked:
    try:
        return Checked(subject, look(), None)
    except PipelineError as error:
        return Checked(subject, "", error)


def _check_extract(project: Project, source: str, name: str, day: date) -> str:
    extract = project.config.sources[source].extracts[name]
    where = f"{source}.{name}"
    if has_inbox(extract):
        return _check_inbox(project, source, name)
    landed = Landing(project.state / "landing").deliveries(source, name)
    contract = Contract(extract, [d for d in landed if d.business_date <= day], where)
    with open_delivery(extract.read, asked(project, source, name, day)) as reading:
        header = reading.columns
        try:
            _check_mapping(header, contract)
        except PipelineError:
            if not isinstance(extract.read, FileRead):
                raise
            # Lines of JSON may differ in their keys, so that those at the start need not be all.
            names = dict.fromkeys(column for batch in reading.batches for column in batch.rows.columns)
            header = tuple(column for column in names if column != LINE)
            _check_mapping(header, contract)
    read = extract.read.described
    return f"{extract.entity}, {extract.load}, {read}, {len(header)} columns, {len(extract.columns)} mapped"


def _check_inbox(project: Project, source: str, name: str) -> str:
    extract = project.config.sources[source].extracts[name]
    waiting = [file for file in waiting_files(project) if (file.source, file.extract) == (source, name)]
    return f"{extract.entity}, {extract.load}, inbox, {len(waiting)} waiting, {len(extract.columns)} mapped"


def _check_mapping(header: Sequence[str], contract: Contract) -> None:
    absent = contract.require_mapped(header)
    check_expressions([*header, *absent], contract.extract, where=contract.where)


def _check_survivorship(project: Project) -> str:
    column_rules(project.config.survivorship, survivorship_columns(project.config)[1:])
    return f"{len(project.config.survivorship)} rules"


def _check_suites(project: Project) -> str:
    judged = {table.qualified: table for table in _judged(project)}
    names = suite_tables(project)
    rules = sum(len(suite_of(project, judged[name]).rules) for name in names)
    return f"{rules} rules for {len(names)} tables"


def _judged(project: Project) -> list[Table]:
    """The tables that may have a suite."""
    extras = project.config.extras("customers")
    standardised = [std(entity, project.config.extras(entity)) for entity in ENTITIES]
    golden = [customers(extras), CUSTOMER_RECORDS, CUSTOMER_VALUES, CUSTOMER_CONTACTS]
    return [*standardised, *golden, *(published_entity(entity) for entity in ENTITIES if entity != "customers")]


def _check_backup(project: Project) -> str:
    if project.config.backup.key is None:
        return "no key: backups are not taken"
    require_backup_key(project)
    return store_of(project.config.backup, project.root).describe()


def _require_known_days(project: Project, days: Sequence[date]) -> None:
    today, start = business_today(project), project.config.start_date
    if days[-1] > today or days[0] < start:
        raise ConfigurationError(
            where="--date",
            expected=f"business dates from {start} (start_date) to {today} (today)",
            found=f"{days[0]}" if len(days) == 1 else f"{days[0]} to {days[-1]}",
            cure="Choose other dates, or change start_date in pipeline.yaml.",
        )
