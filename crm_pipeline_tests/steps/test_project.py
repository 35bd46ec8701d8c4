"""Claims on new project folders whose making fails half-way."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.generator import Plan
from crm_pipeline.steps.starting import project
from crm_pipeline.steps.starting.project import create_generated, create_project, generated_plan

PLAN = Plan(200, 1, 1)


class FullDiskError(OSError):
    """The cause that must be told."""


def fail(*_: object, **__: object) -> None:
    """Fails."""
    raise FullDiskError


@pytest.fixture(params=["last", "first", "between"])
def broken(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A generation that fails after the extracts, before them, or with half of them written."""
    write, generate = project.write_json, project.generate

    def write_all_but_the_plan(path: Path, value: Any) -> None:
        write(path, value) if path.name != project.GENERATED else fail()

    def generate_half(folder: Path, plan: Plan, **given: Any) -> None:
        generate(folder, plan, **given)
        (folder / "truth.csv").unlink()
        (folder / ".tmp-parts-x").mkdir()
        fail()

    if request.param == "last":
        monkeypatch.setattr(project, "write_json", write_all_but_the_plan)
    else:
        monkeypatch.setattr(project, "generate", generate_half if request.param == "between" else fail)


@pytest.mark.usefixtures("broken")
def test_a_new_folder_is_gone(tmp_path: Path) -> None:
    """A folder that was made for the world goes with it."""
    with pytest.raises(FullDiskError):
        create_generated(tmp_path / "demo", PLAN)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("broken")
def test_the_current_folder_is_emptied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`.` stays the current folder, empty again, and the next attempt finds it fit."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FullDiskError):
        create_generated(Path(), PLAN)
    assert os.listdir() == []  # noqa: PTH208 - of the folder this process is in
    monkeypatch.undo()
    create_generated(tmp_path, PLAN)
    assert generated_plan(tmp_path) == PLAN


@pytest.mark.usefixtures("broken")
def test_a_link_to_an_empty_folder_stays(tmp_path: Path) -> None:
    """A link and the folder behind it are there before and after."""
    (tmp_path / "behind").mkdir()
    (tmp_path / "demo").symlink_to(tmp_path / "behind", target_is_directory=True)
    with pytest.raises(FullDiskError):
        create_generated(tmp_path / "demo", PLAN)
    assert (tmp_path / "demo").is_symlink()
    assert list((tmp_path / "behind").iterdir()) == []


def test_what_others_put_there_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that appeared meanwhile is nobody's to remove, and does not hide the cause."""

    def generate(folder: Path, *_: object, **__: object) -> None:
        (folder / "notes.txt").write_text("mine")
        fail()

    monkeypatch.setattr(project, "generate", generate)
    with pytest.raises(FullDiskError):
        create_generated(tmp_path / "demo", PLAN)
    assert [entry.name for entry in (tmp_path / "demo").iterdir()] == ["notes.txt"]


def test_what_cannot_be_removed_hides_no_cause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When removing fails too, the error of the generation is the one that is raised."""

    def generate(folder: Path, *_: object, **__: object) -> None:
        for name in ("rmdir", "iterdir"):
            monkeypatch.setattr(Path, name, fail)
        raise KeyboardInterrupt

    monkeypatch.setattr(project, "generate", generate)
    with pytest.raises(KeyboardInterrupt):
        create_generated(tmp_path / "demo", PLAN)


@pytest.fixture(params=["copytree", "generate_key", "write_json"])
def failing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project whose making fails while the template is copied, or with the copy made."""

    def copy_half(source: Path, target: Path, **_: Any) -> None:
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source / "pipeline.yaml", target)
        fail()

    if request.param == "copytree":
        monkeypatch.setattr(shutil, "copytree", copy_half)
    else:
        monkeypatch.setattr(project, request.param, fail)


@pytest.mark.parametrize("template_name", ["init", "demo"])
@pytest.mark.usefixtures("failing")
def test_half_a_project_is_taken_away(tmp_path: Path, template_name: str) -> None:
    """A folder that was made goes, with those made above it; one that was there stays."""
    (tmp_path / "there").mkdir()
    for name in ("new", "a/b/new", "there"):
        with pytest.raises(FullDiskError):
            create_project(tmp_path / name, template_name)
    assert [str(entry.relative_to(tmp_path)) for entry in tmp_path.rglob("*")] == ["there"]


def test_a_folder_of_others_is_not_touched(tmp_path: Path) -> None:
    """A folder with files in it is refused, and they stay, whatever they are called."""
    (tmp_path / "extracts").mkdir()
    (tmp_path / "extracts" / "mine.csv").write_text("mine")
    with pytest.raises(ConfigurationError, match="a new or empty folder"):
        create_project(tmp_path, "demo")
    assert (tmp_path / "extracts" / "mine.csv").read_text() == "mine"


def test_no_process_outlives_a_failure(tmp_path: Path) -> None:
    """When the command is interrupted between chunks, the processes have ended, and nothing appears afterwards."""
    before = set(multiprocessing.active_children())

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with contextlib.ExitStack() as held:
        caught = held.enter_context(pytest.raises(KeyboardInterrupt))
        create_generated(tmp_path / "demo", Plan(1_200, 1, 1, chunk_customers=200), interrupt)
    assert set(multiprocessing.active_children()) <= before
    time.sleep(0.5)
    assert list(tmp_path.iterdir()) == []
    assert caught.type is KeyboardInterrupt  # its frames are alive until here, and with them what they hold
