"""New project folders, from the templates that come with the package.

Belongs here: `init` and `demo` up to the first run. Does not belong here: running.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from crm_pipeline.backup import generate_key
from crm_pipeline.bundled import template
from crm_pipeline.errors import ConfigurationError
from crm_pipeline.generator import WRITTEN, Generated, Plan, Progress, generate
from crm_pipeline.settings import json_schema
from crm_pipeline.state.files import appearing, read_json, write_json

DEMO_DATE = date(2026, 1, 28)  # the folder of the demo's extracts, see its ORIGIN.md
GENERATED = (
    "generated.json"  # size, days and seed of a generated demo; written last, so that what it stands for is whole
)
_FOLDERS = ("extracts", "expectations", "sql")
_SCHEMA = "pipeline.schema.json"
_SECRETS = ".env"
_IGNORED = ".gitignore"


def create_project(folder: Path, template_name: str) -> None:
    """A new project in `folder`: the template, empty folders for one's own files, a backup key in `.env`.

    Whole or not at all: when it fails half-way, what was written is taken away again.

    Raises:
        ConfigurationError: the folder holds something already.
    """
    _require_empty(folder)
    with _whole_or_nothing(folder, template_name):
        _fill(folder, template_name)


def _require_empty(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        raise ConfigurationError(
            where=str(folder), expected="a new or empty folder", found="files in it", cure="Choose another folder."
        )


def _fill(folder: Path, template_name: str) -> None:
    shutil.copytree(template(template_name), folder, dirs_exist_ok=True)
    for name in _FOLDERS:
        (folder / name).mkdir(exist_ok=True)
    write_json(folder / _SCHEMA, json_schema())
    with appearing(folder / _SECRETS) as temporary:
        temporary.write_text(
            "# The key of this project's backups. Without it no backup can be read: keep a copy elsewhere.\n"
            f"CRM_BACKUP_KEY={generate_key()}\n",
            encoding="utf-8",
        )
    with appearing(folder / _IGNORED, mode=0o644) as temporary:
        temporary.write_text(".env\nvar/\nstate/\npublished/\nreports/\nbackup/\n", encoding="utf-8")


def create_from(folder: Path, configuration: str) -> None:
    """A new project in `folder` with this pipeline.yaml.

    Raises:
        ConfigurationError: the folder holds a project already.
    """
    require_new(folder)
    _fill(folder, "init")
    with appearing(folder / "pipeline.yaml", mode=0o644) as temporary:
        temporary.write_text(configuration, encoding="utf-8")


def require_new(folder: Path) -> None:
    """Nothing, when there is no project in `folder` yet; files of extracts may lie there already.

    Raises:
        ConfigurationError: there is one.
    """
    if (folder / "pipeline.yaml").exists():
        raise ConfigurationError(
            where=str(folder),
            expected="a folder without pipeline.yaml",
            found="a project",
            cure="Choose another folder, or correct the pipeline.yaml that is there.",
        )


def is_demo(folder: Path) -> bool:
    """Whether the folder is a demo project as `create_project` makes it."""
    config = folder / "pipeline.yaml"
    return config.exists() and config.read_bytes() == (template("demo") / "pipeline.yaml").read_bytes()


def generated_plan(folder: Path) -> Plan | None:
    """What the generated demo in `folder` was made from; None when there is none, or none that is whole."""
    file = folder / GENERATED
    if not file.exists():
        return None
    told = read_json(file)
    return Plan(told["customers"], told["days"], told["seed"])


def create_generated(folder: Path, plan: Plan, progress: Progress | None = None) -> Generated:
    """A new project in `folder` with generated extracts for each of the plan's days, truth.csv and defects.csv.

    Raises:
        ConfigurationError: the folder holds something already.
    """
    _require_empty(folder)
    with _whole_or_nothing(folder, "generated"):
        _fill(folder, "generated")
        made = generate(folder, plan, progress=progress)
        write_json(folder / GENERATED, {"customers": plan.customers, "days": plan.days, "seed": plan.seed})
    return made


@contextlib.contextmanager
def _whole_or_nothing(folder: Path, template_name: str) -> Iterator[None]:
    """Takes away what was written into an empty or new folder when the block fails: half a project is of no use.

    Folders stay that were there before, and so does whatever somebody else put into them. What can't be removed stays
    too: the error of the block is the one to tell.
    """
    new = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            ours = {entry.name for entry in template(template_name).iterdir()}
            ours |= {*_FOLDERS, _SCHEMA, _SECRETS, _IGNORED, GENERATED, *WRITTEN}
            for entry in [*folder.iterdir()]:
                if entry.name in ours or entry.name.startswith(".tmp-"):
                    _remove(entry)
            for place in new:
                place.rmdir()
        raise


def _remove(entry: Path) -> None:
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry, ignore_errors=True)
        return
    with contextlib.suppress(OSError):
        entry.unlink()
