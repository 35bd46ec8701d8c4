"""Claims on Ctrl+C, sent as a real signal to a real process, and on the exit codes beside it."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from crm_pipeline_tests import projects
from crm_pipeline_tests.e2e.crash import CommandLine, Death
from crm_pipeline_tests.e2e.forgetful import forget_runs

LINE = "interrupted; a run that was interrupted is completed by the next one"
PLACES = {
    "in a step": ("crm_pipeline.orchestration.assets.landing:land_extract", ("run", "--date", projects.DATE)),
    "outside of Dagster": ("crm_pipeline.cli.run_commands:load_project", ("status",)),
}


@pytest.mark.parametrize("place", PLACES)
def test_interruption(place: str, fresh_small: Path, command: CommandLine) -> None:
    """Ctrl+C ends a command with exit 3 and one line, without a traceback, wherever it arrives."""
    function, arguments = PLACES[place]
    death = Death(function, "before", signal_number=signal.SIGINT)
    done = command(*arguments, "--project", forget_runs(fresh_small), death=death)
    assert done.returncode == 3, done.stderr
    assert done.stderr.splitlines()[-1] == LINE
    assert done.stderr.count(LINE) == 1
    assert "Traceback" not in done.stderr
    assert not (fresh_small / "published/crm.duckdb").exists()


@pytest.mark.slow
def test_interruption_of_a_query(small: projects.Finished, command: CommandLine) -> None:
    """Ctrl+C while DuckDB computes, which it reports as an error of its own, ends the same way."""
    endless = "SELECT count(*) FROM range(1000000) a, range(100000) b WHERE a.range % 7 = b.range % 5"
    death = Death("crm_pipeline.publish.reader:open_reader", "after", signal_number=signal.SIGINT, delay_seconds=0.2)
    done = command("query", endless, "--project", small.folder, death=death)
    assert (done.returncode, done.stderr.strip()) == (3, LINE)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [(("--help",), 0, "Usage"), (("run", "--nonsense"), 2, "No such option"), (("nonsense",), 2, "No such command")],
)
def test_other_ends(arguments: tuple[str, ...], code: int, said: str, command: CommandLine) -> None:
    """Help ends with exit 0 and a wrong call with exit 2 and what was wrong with it."""
    done = command(*arguments)
    assert done.returncode == code
    assert said in done.stdout + done.stderr
    assert LINE not in done.stderr
