"""Claims on `check` of an inbox: the file that is taken next is held against the mapping."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_pipeline.errors import PipelineError
from crm_pipeline.settings import Project
from crm_pipeline.steps.days import business_today
from crm_pipeline.steps.looking.check import Checked, check_project
from crm_pipeline_tests.steps.building import PRODUCTS, project_of

INBOX = '{file: "inbox/*.csv", inbox: true, settle_seconds: 0}'
TEXT = PRODUCTS.replace('{file: "in/products_{date}.csv"}', INBOX).replace("LOAD", "incremental")


def checked(folder: Path, text: str, *contents: str) -> Checked:
    """What is said of the extract whose inbox holds files of these contents, the first the oldest."""
    project: Project = project_of(folder, text)
    (folder / "inbox").mkdir()
    for number, content in enumerate(contents):
        (folder / f"inbox/{number}[1].csv").write_text(content, encoding="utf-8")
    return check_project(project, business_today(project))[0]


def test_an_empty_inbox(tmp_path: Path) -> None:
    """Without a file there is nothing to hold the mapping against."""
    found = checked(tmp_path, TEXT)
    assert (found.error, found.detail) == (None, "products, incremental, inbox, 0 waiting, 3 mapped")


def test_a_file_that_fits(tmp_path: Path) -> None:
    """How many files wait is said, and how many columns of the next one are used."""
    found = checked(tmp_path, TEXT, "id,code,cost,more\n1,A,1,x\n", "id\n1\n")
    assert (found.error, found.detail) == (None, "products, incremental, inbox, 2 waiting, 4 columns, 3 mapped")


@pytest.mark.parametrize(
    ("text", "content", "said"),
    [
        (TEXT, "id,kode,cost\n1,A,1\n", "erp.products, inbox/0[1].csv: expected the column code"),
        (TEXT.replace("cost: cost", 'cost: {expression: "cst || 1"}'), "id,code,cost\n1,A,1\n", "columns.cost"),
    ],
    ids=["column", "expression"],
)
def test_a_file_that_does_not_fit(tmp_path: Path, text: str, content: str, said: str) -> None:
    """A column or an expression that the waiting file has no answer to is refused before a run takes the file."""
    error = checked(tmp_path, text, content).error
    assert isinstance(error, PipelineError)
    assert said in str(error)
    assert (tmp_path / "inbox/0[1].csv").exists()
