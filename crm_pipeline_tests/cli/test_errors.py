"""Claims on what goes wrong: one clear line, an exit code that says who must act, and nothing half-written."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crm_pipeline.backup import generate_key
from crm_pipeline.publish import query
from crm_pipeline_tests import projects
from crm_pipeline_tests.e2e.crash import CommandLine
from crm_pipeline_tests.e2e.days import SECOND, contents
from crm_pipeline_tests.e2e.forgetful import forget_runs

Change = Callable[[Path], object]
KEPT = ("state", "var/warehouse.duckdb", "published", "backup")
RUN = ("run", "--date", SECOND)
# What a stopped run leaves alone; its measures are added, since it has a report
_KEPT = ("state/ledger", "state/history/publications", "state/history/runs")
LOCATIONS = f"extracts/erp/{SECOND}/LOC_A101.csv"


def nothing(project: Path) -> None:
    """The project as it is."""


def delivered(content: bytes | None) -> Change:
    """The second day, with this content as the locations; None for no such file."""

    def change(project: Path) -> None:
        for source in ("crm", "erp"):
            shutil.copytree(project / "extracts" / source / projects.DATE, project / "extracts" / source / SECOND)
        (project / LOCATIONS).unlink()
        if content is not None:
            (project / LOCATIONS).write_bytes(content)

    return change


def configured(old: str, new: str) -> Change:
    """pipeline.yaml with one text replaced."""

    def change(project: Path) -> None:
        text = (project / "pipeline.yaml").read_text()
        assert old in text
        (project / "pipeline.yaml").write_text(text.replace(old, new, 1))

    return change


def another_key(project: Path) -> None:
    """A well-formed key that is not the one of the snapshots."""
    (project / ".env").write_text(f"CRM_BACKUP_KEY={generate_key()}\n")


# name: what the second day's delivery of one extract is, and the parts of the line
REFUSED: dict[str, tuple[Change, tuple[str, str, str, str]]] = {
    "missing file": (
        delivered(None),
        (
            "erp.locations",
            f"the file {LOCATIONS}",
            "none",
            f"run again what is there, landed already: --date {projects.DATE}",
        ),
    ),
    "unknown column": (
        delivered(b"CID,COUNTRY\nAW-00011000,France\n"),
        ("erp.locations", "the column CNTRY", "none of that name", "Did you mean COUNTRY?"),
    ),
    "empty file": (
        delivered(b""),
        ("erp.locations", LOCATIONS, "an empty file (0 bytes)", "Ask for the delivery"),
    ),
}
# name: what is changed, the call, and the parts of the line: where, expected, found, cure
WRONG: dict[str, tuple[Change, tuple[str, ...], tuple[str, str, str, str]]] = {
    "wrong backup key": (
        another_key,
        ("backup", "verify"),
        ("manifest.crmbak", "the key with id", "written for another key", "Set CRM_BACKUP_KEY"),
    ),
    "malformed backup key": (
        lambda project: (project / ".env").write_text("CRM_BACKUP_KEY=secret-word\n"),
        ("backup", "list"),
        ("backup.key", "`crmkey1:`", "another form (not shown)", "Set CRM_BACKUP_KEY"),
    ),
    "unknown configuration key": (
        configured("survivorship:", "survivership:"),
        RUN,
        ("pipeline.yaml:75", "a known key", "survivership", "Did you mean survivorship?"),
    ),
    "bad YAML": (
        configured("survivorship:", "survivorship: ["),
        RUN,
        ("pipeline.yaml:7", "valid YAML", "expected ',' or ']'", "Check indentation"),
    ),
    "unset environment": (
        lambda project: (project / ".env").unlink(),
        RUN,
        ("pipeline.yaml:", "the environment variable CRM_BACKUP_KEY", "not set", "Export CRM_BACKUP_KEY"),
    ),
    "date in the future": (
        nothing,
        ("run", "--date", "2099-01-01"),
        ("--date", "business dates from 2026-01-28", "2099-01-01", "Choose other dates"),
    ),
    "date before the first": (
        nothing,
        ("run", "--date", "2026-01-27"),
        ("--date", "business dates from 2026-01-28 (start_date)", "2026-01-27", "change start_date"),
    ),
    "bad date": (
        nothing,
        ("run", "--date", "29.01.2026"),
        ("--date", "a date written YYYY-MM-DD", "'29.01.2026'", "Write it like"),
    ),
    "unknown customer id": (
        nothing,
        ("explain", "C999999992"),
        ("explain", "a customer id that was given", "'C999999992'", "Look it up"),
    ),
    "bad SQL": (
        nothing,
        ("query", "select nme from customers"),
        ("query", "one select", '"nme" not found', "Correct the SQL"),
    ),
    "SQL that writes": (nothing, ("query", "drop table customers"), ("query", "one select", "", "Correct the SQL")),
    "unknown extract": (
        nothing,
        ("preview", "shop"),
        ("SOURCE[.EXTRACT]", "one of crm.customers", "'shop'", "Name a source"),
    ),
    "no project": (
        lambda project: (project / "pipeline.yaml").unlink(),
        RUN,
        ("project", "a project folder with pipeline.yaml", "none", "crm-pipeline init DIR"),
    ),
}


@pytest.fixture
def project(small: projects.Finished, tmp_path: Path) -> Path:
    """The small project after its first day, for this test alone."""
    return forget_runs(projects.copy(small.folder, tmp_path / "project"))


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_call_is_one_line_and_changes_nothing(name: str, project: Path, command: CommandLine) -> None:
    """Exit 2 with one line that says where, what was expected, what was found, what to do; no store is touched."""
    change, arguments, (where, expected, found, cure) = WRONG[name]
    change(project)
    before = contents(project, *KEPT)
    done = command(*arguments, "--project", project)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    line = done.stderr.rstrip("\n")
    assert line.startswith("error: ")
    for part in (where, expected, found, cure):
        assert part in line
    assert contents(project, *KEPT) == before


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_delivery_keeps_no_other_from_being_landed(name: str, project: Path, command: CommandLine) -> None:
    """Exit 2 with one line for it; what else was delivered is landed, nothing is published."""
    change, (where, expected, found, cure) = REFUSED[name]
    change(project)
    kept = ("published/crm.duckdb", "state/models", "backup", *_KEPT)
    before = contents(project, *kept)
    done = command(*RUN, "--project", project)
    assert done.returncode == 2, done.stderr
    line = done.stderr.splitlines()[-1]
    assert line.startswith("error: ")
    for part in (where, expected, found, cure):
        assert part in line
    assert contents(project, *kept) == before
    landed = {file.parent.parent.name for file in (project / "state/landing").glob(f"*/*/{SECOND}/*.json")}
    assert landed == {file.name for file in (project / "state/landing").glob("*/*")} - {"locations"}


def test_every_refused_delivery_is_named(project: Path, command: CommandLine) -> None:
    """Of two deliveries that are refused in one run each has its line."""
    delivered(b"")(project)
    (project / f"extracts/erp/{SECOND}/CUST_AZ12.csv").write_bytes(b"")
    done = command(*RUN, "--project", project)
    assert done.returncode == 2
    lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert [line.split(",")[0] for line in lines] == ["error: erp.customers", "error: erp.locations"]


@pytest.mark.slow
def test_a_header_alone_is_refused_before_anything_is_taken_for_deleted(project: Path, command: CommandLine) -> None:
    """A full delivery without rows ends the run with exit 2; only what other extracts delivered has been landed."""
    delivered(b"CID,CNTRY\n")(project)
    kept = ("published/crm.duckdb", "state/models", "backup", *_KEPT)
    before = contents(project, *kept)
    done = command(*RUN, "--project", project)
    assert done.returncode == 2
    line = done.stderr.splitlines()[-1]
    assert line.startswith(
        f"error: erp.locations, {LOCATIONS}: expected rows below the header; found the header alone."
    )
    assert contents(project, *kept) == before
    assert not list((project / "state/landing/erp/locations" / SECOND).glob("*"))


def test_a_secret_is_in_no_message(project: Path, command: CommandLine) -> None:
    """A malformed key is refused without being shown."""
    (project / ".env").write_text("CRM_BACKUP_KEY=hunter2-is-not-a-key\n")
    done = command("backup", "list", "--project", project)
    assert done.returncode == 2
    assert "hunter2" not in done.stdout + done.stderr


@pytest.mark.slow
def test_a_blocking_check_stops_publication(project: Path, command: CommandLine) -> None:
    """With customers larger than allowed a run ends with exit 1; readers keep what they had, stewards see the pairs."""
    configured("survivorship:", "linkage: {largest_cluster: 2}\nsurvivorship:")(project)
    delivered(b"CID,CNTRY\nAW-00011000,France\nAW-00011001,France\n")(project)
    (project / "published/steward.duckdb").unlink()
    before = contents(project, "published/crm.duckdb", "backup", *_KEPT)
    done = command(*RUN, "--accept-loss", "erp.locations", "--project", project)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error: nightly: expected every blocking check to pass; found")
    assert "largest_cluster" in done.stderr.splitlines()[-1]
    assert contents(project, "published/crm.duckdb", "backup", *_KEPT) == before
    assert query(project / "published/steward.duckdb", "SELECT count(*) FROM pairs").item() > 0


@pytest.mark.slow
def test_too_many_rejected_values_are_findings(fresh_small: Path, command: CommandLine) -> None:
    """A run in which more than five in a hundred values are rejected publishes, says so, and ends with exit 1."""
    file = fresh_small / f"extracts/erp/{projects.DATE}/CUST_AZ12.csv"
    header, *lines = file.read_text().splitlines()
    spoilt = [f"{line.split(',')[0]},2999-01-01,M" if n % 10 == 0 else line for n, line in enumerate(lines)]
    file.write_text("\n".join([header, *spoilt]) + "\n")
    done = command("run", "--date", projects.DATE, "--project", forget_runs(fresh_small))
    assert done.returncode == 1, done.stderr
    assert "customers_birth_date_not_in_future" in done.stdout
    assert "finding" in done.stdout
    assert (fresh_small / "published/crm.duckdb").exists()


@pytest.fixture
def holder(project: Path) -> Iterator[int]:
    """Process id of another process that holds the project's lock, as run `the-other-run`."""
    code = (
        "import sys; from pathlib import Path; from crm_pipeline.warehouse import writer_lock\n"
        "with writer_lock(Path(sys.argv[1]), run_id='the-other-run'): print('held', flush=True); sys.stdin.read()"
    )
    arguments = [sys.executable, "-c", code, str(project / "var")]
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "held\n"
        yield process.pid
        process.stdin.close()


@pytest.mark.parametrize("arguments", [("run", "--date", projects.DATE), ("rebuild",)], ids=["run", "rebuild"])
def test_a_second_run_is_told_who_holds_the_project(
    arguments: tuple[str, ...], holder: int, project: Path, command: CommandLine
) -> None:
    """While another process writes, a run ends with exit 3 and names that run and process; nothing changes."""
    before = contents(project, *KEPT)
    done = command(*arguments, "--project", project)
    assert done.returncode == 3, done.stderr
    line = done.stderr.splitlines()[-1]
    assert "expected no other run writing to this project" in line
    assert f"run the-other-run in process {holder} since" in line
    assert "Wait for it to end" in line
    assert len(done.stderr.splitlines()) == 1 or arguments == ("rebuild",)  # not a step of a run was begun
    assert contents(project, *KEPT) == before
    assert query(project / "published/crm.duckdb", "SELECT count(*) FROM customers").item() == 305


@pytest.mark.slow
def test_the_monthly_job_without_the_ui(fresh_small: Path, command: CommandLine) -> None:
    """`run --monthly` is the monthly job, with the exit codes of `run`; a wrong date ends it with exit 2."""
    assert command("run", "--monthly", "--date", "2099-01-01", "--project", fresh_small).returncode == 2
    done = command("run", "--monthly", "--date", projects.DATE, "--project", fresh_small)
    assert done.returncode == 0, done.stderr
    [run] = json.loads(command("status", "--json", "--project", fresh_small).stdout)["runs"]
    assert run["job"] == "monthly"
