"""Claims on the command `preview`: what it says of a delivery that would be refused as a whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crm_pipeline.cli.app import app
from crm_pipeline_tests.steps.building import PRODUCTS, deliver, project_of

READ = '{file: "in/products_{date}.csv", delimiter: ","}'
ROWS = "id,code,cost\n" + "".join(f"{n},A{n},1\n" for n in range(30))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a sound delivery on 5 January and one with too many unreadable lines on the next day."""
    project = project_of(tmp_path, PRODUCTS.replace("LOAD", "full").replace('{file: "in/products_{date}.csv"}', READ))
    deliver(project, "products_2026-01-05.csv", ROWS)
    deliver(project, "products_2026-01-06.csv", ROWS + "31,A\n32,A\n")
    return project.root


def preview(project: Path, *options: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["preview", "erp", "--project", str(project), *options])
    return done.exit_code, done.output


def test_a_refusal_is_the_last_word(project: Path) -> None:
    """A sound delivery exits with 0; a refused one with 1, and says at its end what was expected, found and to do."""
    status, output = preview(project, "--date", "2026-01-05")
    assert (status, "refused" in output) == (0, False)
    status, output = preview(project, "--date", "2026-01-06")
    assert status == 1
    last = output.strip().splitlines()[-1]
    assert last.startswith(
        "Would be refused as a whole: erp.products, in/products_2026-01-06.csv:32: expected at most 1.0%"
    )
    assert "2 of 32" in last
    assert last.endswith("or raise reject_limit.")
    status, output = preview(project, "--date", "2026-01-06", "--json")
    [told] = json.loads(output)
    [refusal] = told["would_be_refused"]
    assert status == 1
    assert refusal["found"].startswith("2 of 32")
    assert refusal["what_to_do"].endswith("or raise reject_limit.")


def test_the_first_rows_do_not_tell(project: Path) -> None:
    """Where only some rows were looked at, it is said that the limits were not judged."""
    status, output = preview(project, "--date", "2026-01-06", "--rows", "10")
    assert status == 0
    assert "Only the first 10 rows were looked at: whether reject_limit or delete_limit refuses" in output
