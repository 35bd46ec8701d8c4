"""Where browsers find the reports of a project: one address that stays, so that a link in the UI is never too old.

Belongs here: choosing and remembering the address. Does not belong here: serving reports (`report.server`).

The address belongs to the project and not to one start of the UI: `crm-pipeline ui` serves there, whatever its own port
is, and every run links there, whoever started it.
"""

import hashlib
import re
from pathlib import Path
from urllib.parse import urlsplit

from crm_pipeline.settings import Project
from crm_pipeline.state.files import appearing

LOOPBACK = "127.0.0.1"
# Below the ports that systems hand out by themselves, above those that services are known by.
_LOWEST_PORT, _PORTS = 20_000, 10_000
_FILE = "reports_url"
_NO_LETTER = re.compile(r"[^a-z0-9]+")


def report_link(project: Project, name: str) -> str:
    """The URL of a report by its file name, good for as long as the project's reports are served at their address.

    CRM_PIPELINE_REPORTS_URL stands for address and project together: what serves the reports there need not be ours.
    """
    if given := project.reports_url:
        return f"{given.rstrip('/')}/{name}"
    return f"{reports_address(project)}/{project_name(project)}/{name}"


def project_name(project: Project) -> str:
    """The project in a URL: the name of its folder, and what tells it from others of that name on this machine."""
    readable = _NO_LETTER.sub("-", project.root.name.lower()).strip("-")
    return f"{readable or 'project'}-{_digest(project)[:8]}"


def reports_address(project: Project) -> str:
    """Scheme, host and port: as remembered, else a port of this machine that the path of the project decides."""
    file = _file(project)
    remembered = file.read_text(encoding="utf-8").strip() if file.exists() else ""
    return remembered if _port(remembered) else f"http://{LOOPBACK}:{_LOWEST_PORT + int(_digest(project), 16) % _PORTS}"


def reports_port(project: Project) -> int:
    """The port of the address."""
    return _port(reports_address(project)) or 0


def remember_reports_address(project: Project, address: str) -> None:
    """Makes `address` the one to which links lead from now on, by whomever they are made."""
    file = _file(project)
    if not file.exists() or file.read_text(encoding="utf-8").strip() != address:
        with appearing(file) as temporary:
            temporary.write_text(f"{address}\n", encoding="utf-8")


def _port(address: str) -> int | None:
    """The port in an address; None where there is none."""
    try:
        return urlsplit(address).port
    except ValueError:
        return None


def _digest(project: Project) -> str:
    return hashlib.sha256(str(project.root).encode()).hexdigest()


def _file(project: Project) -> Path:
    return project.var / _FILE
