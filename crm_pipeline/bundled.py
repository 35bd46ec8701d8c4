"""Where the files are that come with the package: suites, SQL models and project templates.

Belongs here: finding them, in a checkout and in an installed wheel alike. Does not belong here: reading them.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def bundled(name: str) -> Path:
    """The folder `expectations` or `dbt_like_sql`: inside an installed wheel, at the repository root in a checkout."""
    installed = _PACKAGE / "_bundled" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name


def template(name: str) -> Path:
    """The folder of a project template, `init` or `demo`."""
    return _PACKAGE / "templates" / name
