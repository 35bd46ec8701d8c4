"""Projects over two days, for these tests."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from crm_pipeline_tests import conftest, projects
from crm_pipeline_tests.e2e.crash import CommandLine
from crm_pipeline_tests.e2e.days import SECOND, add_second_day
from crm_pipeline_tests.e2e.forgetful import forget_runs


@pytest.fixture
def day_two(small: projects.Finished, tmp_path: Path) -> Path:
    """The small project, its first day published and its second delivered, for this test alone."""
    return _second_day(small, tmp_path / "day_two")


@pytest.fixture(scope="session")
def two_days(small: projects.Finished, shared_folder: Path, command: CommandLine) -> projects.Finished:
    """The small project after both days without any trouble; look, don't touch."""

    def make(folder: Path) -> subprocess.CompletedProcess[str]:
        return command("run", "--date", SECOND, "--project", _second_day(small, folder))

    return conftest.once(shared_folder / "two_days", make)


def _second_day(small: projects.Finished, folder: Path) -> Path:
    return forget_runs(add_second_day(projects.copy(small.folder, folder)))
