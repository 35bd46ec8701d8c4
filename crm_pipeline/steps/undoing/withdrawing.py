"""Taking a run back, or letting it count again: the decision, which the run after it applies.

Belongs here: under which lock and in which order the stores are written. Does not belong here: what it will mean
(`foreseeing`).
"""

from __future__ import annotations

import contextlib

from crm_pipeline import linkage
from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings import Project
from crm_pipeline.state.decisions.withdrawals import Withdrawal
from crm_pipeline.state.history import History
from crm_pipeline.state.models import ModelStore
from crm_pipeline.steps.run import private_files, utc_now
from crm_pipeline.steps.stores import withdrawals_of
from crm_pipeline.steps.undoing.foreseeing import Foreseen, foresee
from crm_pipeline.warehouse import writer_lock


def withdraw(project: Project, run: str, *, is_redo: bool, why: str, decided_by: str) -> tuple[Withdrawal, Foreseen]:
    """The decision, entered now, and what it means; the next run applies it.

    The model is settled first, the decision then commits all: a process that dies between the two leaves a model that
    is the one before under a new number, and the run as it was.

    Args:
        project: whose run.
        run: its id, or how that begins.
        is_redo: let it count again.
        why: the reason, not blank.
        decided_by: who says so.

    Raises:
        ConfigurationError: as of `foresee`, or there is no reason.
        BusyError: a run is going on.
    """
    if not why.strip():
        raise ConfigurationError(where="undo-run", expected="a reason", found="none", cure="Write --why.")
    with private_files(), contextlib.ExitStack() as stack:
        stack.enter_context(writer_lock(project.var, run_id="undo-run"))
        foreseen = foresee(project, run, is_redo=is_redo)
        if foreseen.model is not None and foreseen.model.returns:
            linkage.reinstate(ModelStore(project.state / "models"), foreseen.model.wanted)
        event = withdrawals_of(project).append(
            foreseen.run_id,
            [each.key for each in foreseen.deliveries],
            is_redo=is_redo,
            decided_by=decided_by,
            now=utc_now(),
            why=why,
        )
        told = {
            "what": "redo-run" if is_redo else "undo-run",
            "undone_run_id": foreseen.run_id,
            "delivery_count": len(foreseen.deliveries),
            "by": decided_by,
        }
        History(project.state / "history").append_audit(f"undo-{event.number:06d}", event.decided_at, told)
    return event, foreseen
