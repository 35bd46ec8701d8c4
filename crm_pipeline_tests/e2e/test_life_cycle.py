"""Claims on archived customers in a project: readers find them in the archive, and back when no rule applies."""

from __future__ import annotations

import json
from pathlib import Path

from crm_pipeline.publish import query
from crm_pipeline_tests import projects
from crm_pipeline_tests.e2e.crash import CommandLine
from crm_pipeline_tests.e2e.days import exported

_RULES = """
life_cycle:
  archive:
    test: {when: "family_name = 'Zhang'", applies: monthly}
    dormant: {inactive_months: 3}
"""


def _ids(folder: Path, table: str) -> set[str]:
    return set(query(folder / "published/crm.duckdb", f"SELECT customer_id FROM {table}")["customer_id"])


def test_customers_go_and_come_back(command: CommandLine, small: projects.Finished, tmp_path: Path) -> None:
    """A rule moves customers to the archive with all that is known of them; without it all is as it was."""
    folder = projects.copy(small.folder, tmp_path / "project")
    everyone, before = _ids(folder, "customers"), exported(folder)
    assert _ids(folder, "customers_archive") == set()
    settings = folder / "pipeline.yaml"
    written = settings.read_text(encoding="utf-8")
    settings.write_text(written + _RULES, encoding="utf-8")
    assert command("check", "--date", projects.DATE, "--project", folder).returncode == 0
    done = command("run", "--date", projects.DATE, "--project", folder)
    assert done.returncode == 0, done.stderr
    living, archived = _ids(folder, "customers"), _ids(folder, "customers_archive")
    assert archived
    assert living
    assert not living & archived
    assert living | archived == everyone
    file = folder / "published/crm.duckdb"
    sql = "SELECT customer_id FROM customer_activity WHERE last_active_on <= DATE '2025-10-28'"
    assert archived >= set(query(file, sql)["customer_id"])
    one = min(archived)
    told = command("explain", one, "--json", "--project", folder)
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["customer"]["customer_id"] == one
    assert exported(folder)["customer_history.csv"] == before["customer_history.csv"]

    # again: nothing changes; without the rules: as it was
    assert "nothing new" in command("run", "--date", projects.DATE, "--project", folder).stdout
    settings.write_text(written, encoding="utf-8")
    assert command("run", "--date", projects.DATE, "--project", folder).returncode == 0
    assert exported(folder) == before
