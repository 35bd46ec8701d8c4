"""Folders in `var/tmp` that last as long as the process that made them.

Belongs here: making them, and finding those whose process was killed. Does not belong here: what lies in them.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil

from crm_pipeline.settings import Project

_PREFIX = "process-"


@contextlib.contextmanager
def temporary_folder(project: Project) -> Iterator[Path]:
    """A folder that its owner alone can look into, gone with all in it at the block's end."""
    room = project.var / "tmp"
    room.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-", dir=room) as folder:
        yield Path(folder)


def abandoned_folders(project: Project) -> list[Path]:
    """Folders that a process which was killed left behind."""
    return [
        folder
        for folder in (project.var / "tmp").glob(f"{_PREFIX}*")
        if not psutil.pid_exists(int(folder.name.removeprefix(_PREFIX).split("-")[0]))
    ]
