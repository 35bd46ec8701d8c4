"""The environment of a project: variables, and below them its `.env` file.

Belongs here: names that are looked up beside pipeline.yaml. Does not belong here: `${NAME}` within it (`load`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

DAGSTER_POSTGRES_URL = "CRM_PIPELINE_DAGSTER_POSTGRES_URL"
POSTGRES_ADMIN_URL = "CRM_PIPELINE_POSTGRES_ADMIN_URL"
REPORTS_URL = "CRM_PIPELINE_REPORTS_URL"
_LINE = re.compile(r"^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$")


def find_root(given: Path | None) -> Path:
    """The project folder: the one given, else CRM_PIPELINE_PROJECT, else the current folder."""
    return (given or Path(os.environ.get("CRM_PIPELINE_PROJECT", "."))).absolute()


def environment(folder: Path) -> Mapping[str, str]:
    """The environment, and below it the `.env` file of the project in `folder`."""
    file = folder / ".env"
    found = {}
    if file.exists():
        matches = (_LINE.match(line) for line in file.read_text(encoding="utf-8").splitlines())
        found = {m[1]: m[2].strip("\"'") for m in matches if m}
    return {**found, **os.environ}


def dagster_postgres_url(root: Path | None = None) -> SecretStr | None:
    """What CRM_PIPELINE_DAGSTER_POSTGRES_URL says for the project in `root` (see `find_root`); None: unset or empty."""
    given = environment(find_root(root)).get(DAGSTER_POSTGRES_URL)
    return SecretStr(given) if given else None
