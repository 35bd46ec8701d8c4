"""Claims on what the report of a run may say, by which of its steps ended well."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from crm_pipeline.report.words import WORDS
from crm_pipeline.settings import Project
from crm_pipeline.steps.run import Run
from crm_pipeline.steps.telling.report import IDENTITIES, write_report
from crm_pipeline.tables import MEMBERS, PAIRS, customers, std

from .building import project_of, running

CONFIG = """\
version: 1
start_date: 2026-01-01
sources: {crm: {extracts: {customers: {read: {file: a.csv}, primary_key: id, columns: {name: n}}}}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return project_of(tmp_path / "project", CONFIG)


def linked(run: Run) -> None:
    """Two customers of an earlier run, and links of which a run since found one alone."""
    keys = [f"crm/customers/{n}" for n in range(4)]
    members = {
        "record_key": keys,
        "customer_id": ["C1", "C1", "C2", "C2"],
        "match_probability": [0.99] * 4,
        "matched_by": ["model"] * 4,
    }
    pairs = [(keys[0], keys[1], "model", "email", 12.0, 0.999, "link")]
    for table in (customers(), std("customers")):
        run.warehouse.ensure(table)
    run.warehouse.replace(MEMBERS, pl.DataFrame(members, schema=MEMBERS.polars_schema))
    run.warehouse.replace(PAIRS, pl.DataFrame(pairs, schema=PAIRS.polars_schema, orient="row"))


@pytest.mark.parametrize("is_stopped", [True, False])
def test_what_holds_customers_together_is_of_one_run(project: Project, *, is_stopped: bool) -> None:
    """Links are told of customers that the same run made of them; after a run that made none, nothing is said."""
    with running(project) as run:
        linked(run)
        page = write_report(run, is_stopped=is_stopped).read_text(encoding="utf-8")
        assert WORDS["held"].en not in page
        run.progress.completed.add(IDENTITIES)
        page = write_report(run, is_stopped=is_stopped).read_text(encoding="utf-8")
        assert WORDS["held"].en in page
