"""Stores of a project, opened with what people decided of them.

Belongs here: which decisions a store must know when it is opened. Does not belong here: entering decisions.
"""

from __future__ import annotations

from crm_pipeline.settings import Project
from crm_pipeline.state.decisions.withdrawals import WithdrawalStore, withdrawn
from crm_pipeline.state.landing import Landing


def withdrawals_of(project: Project) -> WithdrawalStore:
    """The store of runs that were taken back."""
    return WithdrawalStore(project.state / "decisions")


def landing_of(project: Project) -> Landing:
    """The landing store, as it counts now."""
    return Landing(project.state / "landing", withdrawn=withdrawn(withdrawals_of(project).events()))
