"""Claims on what commands print: help with an example, JSON alone for programs, filters, the last runs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer

from crm_pipeline.cli.app import app
from crm_pipeline.cli.output import counted
from crm_pipeline_tests import projects
from crm_pipeline_tests.e2e.crash import CommandLine

READING = {
    "check": (),
    "preview": ("erp.customers",),
    "query": ("SELECT * FROM customers ORDER BY ALL LIMIT 5",),
    "explain": ("--source", "crm", "--key", "11000"),
    "quarantine list": ("--rows", "3"),
    "override list": (),
    "backup list": (),
    "backup verify": (),
    "status": (),
}


def _commands(group: click.Group, *path: str) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, *path, name)  # type: ignore[arg-type]
        else:
            yield (*path, name)


COMMANDS = sorted(_commands(typer.main.get_command(app)))  # type: ignore[arg-type]


def test_the_commands_are_these() -> None:
    """The list of commands is the one that this test knows; a new one is added here and gets its help tested below."""
    assert [" ".join(path) for path in COMMANDS] == [
        "backup full", "backup key", "backup list", "backup restore", "backup verify", "check", "demo", "evaluate",
        "explain", "init", "linkage accept", "linkage list", "override list", "override set", "override withdraw",
        "preview", "publish", "quality accept", "quality list", "quarantine export", "quarantine list",
        "quarantine replay", "query", "rebuild", "review decide", "review import", "review list", "review undo", "run",
        "score", "sql list", "sql run", "sql show", "sql test", "status", "ui", "undo-run",
    ]  # fmt: skip


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example(path: tuple[str, ...], command: CommandLine) -> None:
    """`--help` of a command exits with 0, says what it does, and shows a call of just this command."""
    done = command(*path, "--help")
    assert done.returncode == 0
    assert done.stderr == ""
    text = " ".join(done.stdout.split())
    assert re.search(rf"Examples?: .*crm-pipeline {' '.join(path)}\b", text), text


@pytest.mark.parametrize("name", READING)
def test_json_is_alone_on_standard_output(name: str, small: projects.Finished, command: CommandLine) -> None:
    """With --json standard output is one JSON value and nothing else, also when progress goes to standard error."""
    done = command(*name.split(), *READING[name], "--json", "--project", small.folder)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)


def test_query_prints_the_rows(small: projects.Finished, command: CommandLine) -> None:
    """`query` shows the same rows as a table and as JSON; names with and without schema mean the same."""
    sql = "SELECT source, count(*) AS records FROM {} GROUP BY ALL ORDER BY ALL"
    done = command("query", sql.format("customer_records"), "--json", "--project", small.folder)
    assert json.loads(done.stdout) == [{"source": "crm", "records": 305}, {"source": "erp", "records": 610}]
    done = command("query", sql.format("crm.customer_records"), "--project", small.folder)
    assert [line.split() for line in done.stdout.splitlines()[1:4]] == [
        ["source", "records"],
        ["crm", "305"],
        ["erp", "610"],
    ]


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ((), 212),
        (("--severity", "row"), 4),
        (("--severity", "duplicate"), 6),
        (("--severity", "value"), 2),
        (("--rule", "customers.primary_key_unique"), 6),
        (("--rule", "customers.primary_key_unique", "--severity", "row"), 0),
        (("--rule", "products.available_to_not_before_from"), 200),
    ],
)
def test_quarantine_filters(
    options: tuple[str, ...], count: int, small: projects.Finished, command: CommandLine
) -> None:
    """`quarantine list` counts all rows that the filters choose, and lists as many as asked for."""
    done = command("quarantine", "list", *options, "--rows", "2", "--json", "--project", small.folder)
    listed = json.loads(done.stdout)
    assert listed["rows_in_all"] == count
    assert len(listed["rows"]) == min(count, 2)
    for option, value in zip(options[::2], options[1::2], strict=True):
        column = "severities" if option == "--severity" else "reasons"
        assert all(value in row[column] for row in listed["rows"])


def test_status_tells_the_last_run(small: projects.Finished, command: CommandLine) -> None:
    """`status` names the run with its job, result and business date, the counts at each hop, and failed checks."""
    told = json.loads(command("status", "--json", "--project", small.folder).stdout)
    [run] = told["runs"]
    assert (run["job"], run["status"], run["business_dates"]) == ("nightly", "success", projects.DATE)
    assert told["published"]["customers"] == 305
    assert [row["delivered"] for row in told["published"]["loads"]] == [315, 2_358, 397, 305, 305]
    assert {check["rule_id"] for check in told["failed_checks"]} == {"products.available_to_not_before_from"}
    shown = command("status", "--project", small.folder).stdout
    assert run["run_id"] in shown
    assert "925 customer records are 305 customers." in shown


def test_status_before_any_run_says_nothing_wrong(fresh_small: Path, command: CommandLine) -> None:
    """`status` of a project that never ran exits with 0 and makes no files."""
    done = command("status", "--json", "--project", fresh_small)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert not any(told.pop("waiting").values())
    assert told == {"runs": [], "failed_checks": [], "published": None}
    assert not (fresh_small / "var").exists()


def test_init_makes_a_project_that_is_not_overwritten(tmp_path: Path, command: CommandLine) -> None:
    """`init` makes a project that only its owner's key opens, and refuses a folder that has something in it."""
    folder = tmp_path / "mine"
    assert command("init", folder).returncode == 0
    assert (folder / ".env").stat().st_mode & 0o077 == 0
    again = command("init", folder)
    assert again.returncode == 2
    assert "expected a new or empty folder" in again.stderr


@pytest.mark.parametrize(("count", "expected"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (1234, "1,234 rows")])
def test_a_count_agrees_with_its_noun(count: int, expected: str) -> None:
    """One thing is counted in the singular, any other number in the plural."""
    assert counted(count, "row") == expected


def test_a_reader_that_goes_is_no_failure() -> None:
    """`python -m crm_pipeline` is the command line, and ends with 0 when nobody reads on."""
    with subprocess.Popen(
        [sys.executable, "-m", "crm_pipeline", "query", "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout
        running.stdout.close()
        _, error = running.communicate()
    assert (running.returncode, error) == (0, b"")
