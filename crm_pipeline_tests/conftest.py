"""Projects that several tests look at, made once per test session however many workers there are."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import filelock
import hypothesis
import pytest
from xdist.remote import Producer
from xdist.scheduler.loadscope import LoadScopeScheduling

from crm_pipeline_tests import projects
from crm_pipeline_tests.e2e.crash import CommandLine

# A slow machine breaks no claim: no example of a property has a deadline.
hypothesis.settings.register_profile("crm_pipeline", deadline=None)
hypothesis.settings.load_profile("crm_pipeline")

_KEEP = {"PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV", "SYSTEMROOT"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Lets the browser's tests write the pictures of the documentation: `make screenshots`."""
    parser.addoption("--screenshots", metavar="DIR", help="write the pictures of docs/ui.md into DIR")


# Modules whose tests share one server, one slow import or one project that takes long to make: all of such a module run
# on one worker. (The mark xdist_group has no effect with pytest 9.2.)
_ON_ONE_WORKER = ("cli/test_chinese.py", "cli/test_quarantine.py", "e2e/test_browser.py", "quality/test_contract.py")
_SHARED = ("demo", "small")  # fixtures that all workers share; the one that takes longest first


class _ModulesOnOneWorker(LoadScopeScheduling):
    """Tests go to whichever worker is free, those of some modules all to one."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        return module if module.endswith(_ON_ONE_WORKER) else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """How tests are shared out."""
    return _ModulesOnOneWorker(config, log)


@pytest.hookimpl(trylast=True)  # when tests are deselected
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One test of each shared project comes first and makes it, the others last: no worker waits for another."""
    users = {name: [item for item in items if name in getattr(item, "fixturenames", ())] for name in _SHARED}
    makers = list(dict.fromkeys(those[0] for those in users.values() if those))
    waiting = {id(item) for item in users["demo"]}
    rest = [item for item in items if item not in makers]
    items[:] = [*makers, *sorted(rest, key=lambda item: id(item) in waiting)]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the project, the Dagster instance or the keys of whoever runs it."""
    for name in list(os.environ):
        if name.startswith(("CRM_", "DAGSTER_", "AWS_")):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True, scope="session")
def no_waiting_for_the_disk() -> Iterator[None]:
    """Nothing waits until the disk has it: no test cuts the power, and a project syncs some thirty times."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all workers of this test session share."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture(scope="session")
def demo(shared_folder: Path) -> projects.Finished:
    """The demo, run to its end by the command that users type; look, don't touch."""
    return once(shared_folder / "demo", lambda folder: projects.crm_pipeline("demo", str(folder)))


@pytest.fixture(scope="session")
def small(shared_folder: Path) -> projects.Finished:
    """A small cut of the demo, run to its end; look, don't touch."""

    def make(folder: Path) -> subprocess.CompletedProcess[str]:
        projects.make_small(folder)
        return projects.crm_pipeline("run", "--date", projects.DATE, "--project", str(folder))

    return once(shared_folder / "small", make)


@pytest.fixture(scope="session")
def command() -> Iterator[CommandLine]:
    """The command line in processes of its own that start at once."""
    server = CommandLine()
    yield server
    server.close()


@pytest.fixture
def small_copy(small: projects.Finished, tmp_path: Path) -> Path:
    """The small project after its run, for this test alone."""
    return projects.copy(small.folder, tmp_path / "small")


@pytest.fixture
def fresh_small(tmp_path: Path) -> Path:
    """The small project before any run, for this test alone."""
    return projects.make_small(tmp_path / "fresh")


def once(folder: Path, make: Callable[[Path], subprocess.CompletedProcess[str]]) -> projects.Finished:
    """The project that `make` makes in `folder`, made by the first of all workers that asks."""
    with filelock.FileLock(folder.with_suffix(".lock")):
        done = folder.with_suffix(".stdout")
        if not done.exists():
            result = make(folder)
            if result.returncode != 0:
                shutil.rmtree(folder, ignore_errors=True)
                raise AssertionError(f"exit {result.returncode}\n{result.stdout}\n{result.stderr}")
            folder.with_suffix(".stderr").write_text(result.stderr)
            done.write_text(result.stdout)
    return projects.Finished(folder, done.read_text(), folder.with_suffix(".stderr").read_text())


@pytest.fixture(scope="session")
def python() -> Iterator[str]:
    """The interpreter of this environment."""
    yield sys.executable
