"""Dagster's instance of a project: its folder and configuration.

Belongs here: `dagster.yaml` and what the UI's process needs in its environment. Does not belong here: definitions.
"""

import contextlib
import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import dagster as dg
import sqlalchemy as sa
import yaml

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.orchestration.metadata import POOL
from crm_pipeline.orchestration.storage import database_url, explained, require_database
from crm_pipeline.settings import DAGSTER_POSTGRES_URL, Project
from crm_pipeline.state.files import appearing

# Decided at each start, see `storage`; `dagster dev` needs DAGSTER_HOME exported, and so we export it here.
_STORAGE = {
    "storage": {
        "custom": {
            "module": "crm_pipeline.orchestration.storage",
            "class": "ProjectStorage",
            "config": {"folder": {"env": "DAGSTER_HOME"}},
        }
    }
}
# A run writes some two thousand events. Dagster opens a connection for each unless told otherwise, which takes five
# times as long as keeping one; it tells its own web server so, with these values.
_CONNECTIONS = {"statement_timeout": 15_000, "pool_recycle": 3600, "max_overflow": 20}  # milliseconds, seconds, number
_STORAGE_KEYS = {"storage", "run_storage", "event_log_storage", "schedule_storage"}
# One step at a time over all runs; with granularity `run` the first two runs of a fresh instance overlap.
_CONFIGURATION = {
    "concurrency": {"pools": {"granularity": "op", "default_limit": 1}},
    "python_logs": {"managed_python_loggers": ["crm_pipeline"], "python_log_level": "INFO"},
    "telemetry": {"enabled": False},
    "nux": {"enabled": False},  # no sign-up dialog over the first page
    **_STORAGE,
}

LOCATION = "crm_pipeline"
_WORKSPACE = {"load_from": [{"python_module": {"module_name": "crm_pipeline.definitions", "location_name": LOCATION}}]}


def workspace_file(project: Project) -> Path:
    """The workspace that `crm-pipeline ui` opens, in the instance's folder."""
    return project.dagster_home / "workspace.yaml"


def prepare_home(project: Project) -> None:
    """Makes the instance's folder, its `dagster.yaml` and its workspace; what is there is left as it is.

    With one exception: a `dagster.yaml` that names no storage, as older ones of ours do, gets ours appended.

    Raises:
        ConfigurationError: `dagster.yaml` is not a YAML mapping, or it has a storage of its own and the environment
            names a database too.
    """
    configuration = project.dagster_home / "dagster.yaml"
    for file, content in {configuration: _CONFIGURATION, workspace_file(project): _WORKSPACE}.items():
        if not file.exists():
            _write(file, "# Written by crm-pipeline; yours to change.\n" + yaml.safe_dump(content))
    _settle_storage(configuration, has_database=project.dagster_postgres_url is not None)


@contextlib.contextmanager
def project_instance(project: Project) -> Iterator[dg.DagsterInstance]:
    """The instance that the UI of this project shows.

    Raises:
        ConfigurationError: the URL of the database for it is not one.
        InstanceError: that database can't be reached, or fails later on.
    """
    database = _ready(project)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with explained(database):
        with _exported(_names(project)):
            opened = dg.DagsterInstance.from_config(str(project.dagster_home))
        with opened as instance:
            if database is not None:
                instance.optimize_for_webserver(**_CONNECTIONS)
            instance.event_log_storage.set_concurrency_slots(POOL, 1)
            yield instance


def ui_environment(project: Project) -> Mapping[str, str]:
    """The environment in which `dagster dev` shows this project.

    Raises:
        ConfigurationError: the URL of the database for the instance is not one.
        InstanceError: that database can't be reached.
    """
    _ready(project)
    return {**os.environ, **_names(project), "DAGSTER_DISABLE_TELEMETRY": "1"}


def _ready(project: Project) -> sa.URL | None:
    """The database of the instance, if there is one; it lets us in, and the instance's folder is prepared."""
    given = project.dagster_postgres_url
    database = database_url(given) if given else None
    prepare_home(project)
    if database is not None:
        require_database(database)
    return database


def _names(project: Project) -> Mapping[str, str]:
    """By what every process of Dagster finds the project and its instance."""
    return {"CRM_PIPELINE_PROJECT": str(project.root), "DAGSTER_HOME": str(project.dagster_home)}


@contextlib.contextmanager
def _exported(names: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _settle_storage(file: Path, *, has_database: bool) -> None:
    """Adds the storage to a `dagster.yaml` that names none."""
    content = _mapping(file, file.read_bytes())
    named = _STORAGE_KEYS & content.keys()
    if not named:
        text = file.read_text(encoding="utf-8").rstrip("\n") + "\n" + yaml.safe_dump(_STORAGE)
        if _mapping(file, text.encode()) != content | _STORAGE:
            raise _unreadable(file, "a text that ends before its last line", "Take out the line `...`.")
        _write(file, text)
    elif has_database and content.get("storage") != _STORAGE["storage"]:
        raise ConfigurationError(
            where=str(file),
            expected=f"no storage of its own while {DAGSTER_POSTGRES_URL} is set",
            found=", ".join(sorted(named)),
            cure="Take it out there, or unset the variable.",
        )


def _mapping(file: Path, text: bytes) -> dict[object, object]:
    """What a YAML text holds; `file` is where it stands, for the refusal."""
    try:
        content = yaml.safe_load(text.decode())
    except yaml.MarkedYAMLError as error:
        line = f" on line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise _unreadable(file, f"{error.problem or 'unreadable text'}{line}") from None
    except (yaml.YAMLError, ValueError):  # bytes that are no UTF-8; a date that is none
        raise _unreadable(file, "unreadable text") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise _unreadable(file, f"a {type(content).__name__} on top")
    return content


def _unreadable(file: Path, found: str, cure: str = "") -> ConfigurationError:
    return ConfigurationError(
        where=str(file),
        expected="a YAML mapping in block style, the settings of Dagster's instance",
        found=found,
        cure=cure or "Correct it, or delete the file: the next start writes a new one.",
    )


def _write(file: Path, text: str) -> None:
    with appearing(file) as temporary:
        temporary.write_text(text, encoding="utf-8")
