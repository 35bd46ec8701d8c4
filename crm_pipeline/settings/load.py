"""Reading a project folder: YAML with line numbers, `${NAME}` from the environment, every refusal in one line.

Belongs here: turning files and environment into `Project`. Does not belong here: what the keys mean (`model`).
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import SecretStr, ValidationError

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings.environment import (
    POSTGRES_ADMIN_URL,
    REPORTS_URL,
    dagster_postgres_url,
    environment,
    find_root,
)
from crm_pipeline.settings.mapping_rules import Written, check_mappings
from crm_pipeline.settings.model import Backup, Config, survivorship_columns
from crm_pipeline.settings.refusals import YamlPath, refuse, refuse_first, require_known

CONFIG_NAME = "pipeline.yaml"
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class _Loader(yaml.SafeLoader):
    """The safe loader with dates left as text: a wrong one is then refused with its line, not by a ValueError."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - declared so by PyYAML
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


@dataclass(frozen=True)
class Project:
    """A project folder and its configuration.

    Attributes:
        root: absolute path of the folder.
        config: the validated `pipeline.yaml`.
        configuration_sha256: of the file as written, so without the values of `${NAME}`.
    """

    root: Path
    config: Config
    configuration_sha256: str

    @property
    def config_file(self) -> Path:
        """`pipeline.yaml`."""
        return self.root / CONFIG_NAME

    @property
    def state(self) -> Path:
        """The append-only stores: what can't be derived."""
        return self.root / "state"

    @property
    def var(self) -> Path:
        """Disposable: warehouse, temporary files, Dagster's instance."""
        return self.root / "var"

    @property
    def warehouse_file(self) -> Path:
        """The DuckDB file of the warehouse."""
        return self.var / "warehouse.duckdb"

    @property
    def matching_index_file(self) -> Path:
        """The DuckDB file of what linking compared, kept from run to run."""
        return self.var / "matching.duckdb"

    @property
    def published_file(self) -> Path:
        """What analysts query."""
        return self.root / "published" / "crm.duckdb"

    @property
    def matching_file(self) -> Path:
        """What was compared for the published customers, readable while a run is going on; its owner's alone."""
        return self.root / "published" / "matching.duckdb"

    @property
    def steward_file(self) -> Path:
        """Review queue, quarantine and check results, published before the checks decide."""
        return self.root / "published" / "steward.duckdb"

    @property
    def masked_file(self) -> Path:
        """What everybody may query: the published tables without values that lead to a person."""
        return self.root / "published" / "crm_masked.duckdb"

    @property
    def reports(self) -> Path:
        """The reports of runs: HTML without personal values."""
        return self.root / "reports"

    @property
    def reports_url(self) -> str | None:
        """CRM_PIPELINE_REPORTS_URL: where browsers find the reports; None: unset or empty, `ui` serves them."""
        return environment(self.root).get(REPORTS_URL) or None

    @property
    def postgres_admin_url(self) -> SecretStr | None:
        """CRM_PIPELINE_POSTGRES_ADMIN_URL: who may make roles, for `publish --setup-roles`; None: unset or empty."""
        given = environment(self.root).get(POSTGRES_ADMIN_URL)
        return SecretStr(given) if given else None

    @property
    def dagster_home(self) -> Path:
        """Dagster's instance of this project; DAGSTER_HOME wins."""
        given = os.environ.get("DAGSTER_HOME")
        return Path(given).absolute() if given else self.var / "dagster"

    @property
    def dagster_postgres_url(self) -> SecretStr | None:
        """The database of Dagster's runs and events; None: files in `dagster_home`."""
        return dagster_postgres_url(self.root)


def backup_elsewhere(to: str, endpoint_url: str | None = None) -> Backup:
    """A place of backups named on the command line, with the key of CRM_BACKUP_KEY: for a machine without the project.

    Raises:
        ConfigurationError: the key is not in the environment.
    """
    key = os.environ.get("CRM_BACKUP_KEY")
    if not key:
        raise ConfigurationError(
            where="the environment",
            expected="CRM_BACKUP_KEY",
            found="it is not set",
            cure="Export the key that the backup was taken with.",
        )
    return Backup(to=to, endpoint_url=endpoint_url, key=SecretStr(key))


def load_project(root: Path | None = None) -> Project:
    """The project in `root` (see `find_root`).

    Raises:
        ConfigurationError: anything that is not as it must be; the message names file and line.
    """
    folder = find_root(root)
    file = folder / CONFIG_NAME
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError(
            where=str(folder),
            expected=f"a project folder with {CONFIG_NAME}",
            found="none",
            cure="Give --project DIR, set CRM_PIPELINE_PROJECT, or make one with `crm-pipeline init DIR`.",
        ) from None
    except UnicodeDecodeError as error:
        refuse(file, None, "UTF-8 text", f"other bytes at position {error.start}", "Save the file as UTF-8.")
    value, lines = _parse(file, text)
    config = _validate(file, _substitute(file, value, lines, environment(folder)), value, lines)
    return Project(folder, config, hashlib.sha256(text.encode()).hexdigest())


def _parse(file: Path, text: str) -> tuple[Any, dict[YamlPath, int]]:
    """The value of a YAML text, and the line on which each key or item starts."""
    lines: dict[YamlPath, int] = {}
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is not None:
            _mark_lines(file, node, (), lines)
        return yaml.load(text, Loader=_Loader), lines  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        problem = getattr(error, "problem", None) or "unreadable text"
        refuse(file, line, "valid YAML", str(problem), "Check indentation, quotes and colons around this line.")


def _mark_lines(file: Path, node: yaml.Node, path: YamlPath, lines: dict[YamlPath, int]) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                refuse(
                    file, line, "text as a key", "braces or brackets", 'Quote text that begins with { or [: "{date}".'
                )
            inner = (*path, key.value)
            if inner in lines:
                refuse(file, line, "each key once", f"{key.value} again (first on line {lines[inner]})", "Keep one.")
            lines[inner] = line
            _mark_lines(file, value, inner, lines)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            lines[(*path, index)] = item.start_mark.line + 1
            _mark_lines(file, item, (*path, index), lines)


def _substitute(
    file: Path, value: Any, lines: Mapping[YamlPath, int], names: Mapping[str, str], path: YamlPath = ()
) -> Any:
    if isinstance(value, dict):
        return {key: _substitute(file, item, lines, names, (*path, str(key))) for key, item in value.items()}
    if isinstance(value, list):
        return [_substitute(file, item, lines, names, (*path, index)) for index, item in enumerate(value)]
    if not isinstance(value, str):
        return value
    for name in _REFERENCE.findall(value):
        if not names.get(name):
            cure = f"Export {name}, or write {name}=… into the .env file of the project."
            refuse(file, lines.get(path), f"the environment variable {name}", "it is not set", cure)
    return _REFERENCE.sub(lambda match: names[match[1]], value)


def _validate(file: Path, value: Any, written: Any, lines: Mapping[YamlPath, int]) -> Config:
    """The configuration in `value`; messages show what was `written` instead, with its `${NAME}`."""
    if not isinstance(value, dict):
        refuse(file, 1, "keys such as version, start_date and sources", "none", "See `crm-pipeline init`.")
    try:
        config = Config.model_validate(value)
    except ValidationError as error:
        refuse_first(file, error, lines, written)
    check_mappings(Written(file, lines, written), config)
    for column in (name for name in config.survivorship.rules if name != "default"):
        require_known(file, lines, ("survivorship", column), survivorship_columns(config), "a column of customers")
    return config
