"""Golden values that stewards give and take back.

Belongs here: who may be given values, under which lock, in which order store and audit are written, what becomes of
each. Does not belong here: how a value is read (`override_values`), which value survives (`golden`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.golden.rules import unknown
from crm_pipeline.golden.units import Unit, Units, units_of
from crm_pipeline.settings import Project
from crm_pipeline.state.decisions.overrides import OverrideEvent, OverrideStore, not_withdrawn
from crm_pipeline.state.history import History
from crm_pipeline.steps.merging import overrides_of
from crm_pipeline.steps.reviewing.override_values import CONTEXT, WHERE, read_values
from crm_pipeline.steps.run import private_files, utc_now
from crm_pipeline.warehouse import Warehouse, open_reader, writer_lock

_WHAT = "override"  # in the audit
_WAIT_SECONDS = 60.0  # for another decision, which takes a moment
_CUSTOMER = "SELECT customer_id FROM customer_records WHERE source = ? AND extract = ? AND source_id = ?"
_GOLDEN = ("customers", "customers_archive")  # where a customer of today is
_TABLE = "SELECT count(*) FROM duckdb_tables() WHERE database_name = current_database() AND table_name = ?"
_LISTED = {
    "override_id": pl.String(), "status": pl.String(), "customer_id": pl.String(), "record_key": pl.String(),
    "column_name": pl.String(), "value": pl.String(), "decided_by": pl.String(), "decided_at": pl.Datetime("us"),
    "why": pl.String(), "review_on": pl.Date(), "withdrawn_by": pl.String(),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Given:
    """What was entered.

    Attributes:
        event: with its values as they are kept.
        emptied: linked columns that were not given and not told by those that were, and become empty.
    """

    event: OverrideEvent
    emptied: tuple[str, ...]


def set_override(
    project: Project, record_key: str, values: Mapping[str, str], *, why: str, decided_by: str, review_on: date | None
) -> Given:
    """The override entered now; the next run applies it.

    Args:
        project: whose customer.
        record_key: any record of the customer, `source/extract/source_id`.
        values: golden column to value, written as a source may deliver it; none is blank.
        why: the reason, not blank.
        decided_by: who says so.
        review_on: business date from which on it no longer holds; None for until it is withdrawn.

    Raises:
        ConfigurationError: no such record or column, a value that validation would refuse, no reason, a date that has
            passed, or nothing has been published.
        BusyError: another decision has not ended.
    """
    units = _units(project)
    touched = _touched(units, values)
    if not why.strip():
        raise ConfigurationError(where=WHERE, expected="a reason", found="none", cure="Write --why.")
    with open_reader(project.published_file) as reader:
        context = _customer(reader, record_key)
        today = _today(reader)
    if review_on is not None and today is not None and review_on <= today:
        raise ConfigurationError(
            where=f"{WHERE} --review-on",
            expected=f"a date after {today}, the latest business date",
            found=str(review_on),
            cure="Write a later date.",
        )
    kept = read_values(project, touched, values, context)
    emptied = tuple(name for name, text in kept.items() if text is None)
    with _writing(project) as store:
        event = store.append(
            record_key=record_key, values=kept, decided_by=decided_by, now=utc_now(), why=why, review_on=review_on
        )
        _audit(project, event)
    return Given(event, emptied)


def withdraw_override(project: Project, override_id: str, *, why: str, decided_by: str) -> OverrideEvent:
    """The event that takes an override back; the next run chooses by the rules again.

    Raises:
        ConfigurationError: there is no such override, it was taken back already, or there is no reason.
        BusyError: another decision has not ended.
    """
    wanted = override_id.strip().upper()
    with _writing(project) as store:
        held = next((event for event in not_withdrawn(store.events()) if event.override_id == wanted), None)
        if held is None or not why.strip():
            raise ConfigurationError(
                where="override withdraw",
                expected="an override that was not withdrawn, and why it is",
                found=wanted if held is None else "no reason",
                cure="See `crm-pipeline override list`." if held is None else "Write --why.",
            )
        event = store.append(
            record_key=held.record_key, values={}, decided_by=decided_by, now=utc_now(), why=why, withdraws=wanted
        )
        _audit(project, event)
    return event


def list_overrides(project: Project, *, withdrawn: bool = False) -> pl.DataFrame:
    """One row for each column of each override, the newest first; what its status is once the next run applied it.

    Status: in force; superseded by a newer one for the same customer; due for review; without a customer, since its
    records are gone; withdrawn, only with `withdrawn`.
    """
    events = overrides_of(project).events()
    current = not_withdrawn(events)
    shown = [event for event in events if event.withdraws is None] if withdrawn else current
    by = {event.withdraws: event.decided_by for event in events if event.withdraws}
    customers: dict[str, str | None] = {}
    today = None
    if shown and project.published_file.exists():
        with open_reader(project.published_file) as reader:
            today = _today(reader)
            customers = {event.record_key: _customer_id(reader, event.record_key) for event in shown}
    units, rows = _units(project), []
    taken: dict[tuple[str | None, str], str] = {}  # who holds a unit of a customer
    for event in reversed(shown):
        customer = customers.get(event.record_key)
        for name, value in event.values.items():
            place = (customer, _unit_name(units, name))
            status = _status(event, customer, is_withdrawn=event.override_id in by, today=today)
            if status == "in force":
                status = status if taken.setdefault(place, event.override_id) == event.override_id else "superseded"
            rows.append(
                (event.override_id, status, customer, event.record_key, name, value, event.decided_by,
                 event.decided_at, event.why, event.review_on, by.get(event.override_id))
            )  # fmt: skip
    return pl.DataFrame(rows, _LISTED, orient="row")


def due_overrides(project: Project) -> int:
    """How many overrides wait for a review."""
    found = list_overrides(project)
    return found.filter(pl.col("status") == "due for review")["override_id"].n_unique()


def _status(event: OverrideEvent, customer: str | None, *, is_withdrawn: bool, today: date | None) -> str:
    if is_withdrawn:
        return "withdrawn"
    if event.is_due(today):
        return "due for review"
    return "in force" if customer else "without a customer"


def _units(project: Project) -> Units:
    survivorship = project.config.survivorship
    return units_of(survivorship.rules, survivorship.groups, project.config.extras("customers"))


def _unit_name(units: Units, column: str) -> str:
    """The unit of a column; its own name where the project has it no more."""
    known = {each.name: unit.name for unit in units.all for each in unit.columns}
    return known.get(column, column)


def _touched(units: Units, values: Mapping[str, str]) -> list[Unit]:
    known = {column.name for unit in units.all for column in unit.columns}
    for name in values:
        if name not in known:
            raise unknown(WHERE, "golden column of which one value survives", name, known)
        if not values[name].strip():
            raise ConfigurationError(where=f"{WHERE}, {name}", expected="a value", found="none", cure="Write it.")
    return [unit for unit in units.all if any(column.name in values for column in unit.columns)]


def _customer_id(reader: Warehouse, record_key: str) -> str | None:
    parts = record_key.split("/", 2)
    found = reader.execute(_CUSTOMER, parts) if len(parts) == 3 else []
    return found[0][0] if found else None


def _customer(reader: Warehouse, record_key: str) -> dict[str, Any]:
    """What of the customer tells how values are read."""
    customer_id = _customer_id(reader, record_key)
    if customer_id is None:
        raise ConfigurationError(
            where=WHERE,
            expected="the key of a record that a customer has, source/extract/source_id",
            found=record_key,
            cure="See `crm-pipeline explain`, or look it up in customer_records.",
        )
    for table in _GOLDEN:
        if reader.value(_TABLE, [table]):
            sql = f"SELECT {', '.join(CONTEXT)} FROM {table} WHERE customer_id = ?"
            for row in reader.frame(sql, [customer_id]).to_dicts():
                return row
    return dict.fromkeys(CONTEXT)


def _today(reader: Warehouse) -> date | None:
    """The latest business date of any delivery."""
    found: date | None = reader.value("SELECT max(business_date) FROM loads")
    return found


@contextlib.contextmanager
def _writing(project: Project) -> Iterator[OverrideStore]:
    """The store, this process the only one that appends; also while a run goes on, which only reads it."""
    with private_files(), writer_lock(project.var / "decisions", run_id=_WHAT, wait_seconds=_WAIT_SECONDS):
        store = overrides_of(project)
        known = {told.get("event") for told in History(project.state / "history").audit() if told.get("what") == _WHAT}
        for event in store.events():  # of a process that died between store and audit
            if event.override_id not in known:
                _audit(project, event)
        yield store


def _audit(project: Project, event: OverrideEvent) -> None:
    """Ids and names of columns; records, values and reasons stay in the store."""
    told: dict[str, Any] = {
        "what": _WHAT,
        "event": event.override_id,
        "by": event.decided_by,
        "columns": sorted(event.values),
        "review_on": event.review_on.isoformat() if event.review_on else None,
        "withdraws": event.withdraws,
    }
    History(project.state / "history").append_audit(f"override-{event.number:06d}", event.decided_at, told)
