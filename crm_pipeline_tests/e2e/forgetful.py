"""A storage of Dagster's that remembers nothing, for runs whose records no test looks at.

On disk a run of the main job commits over two thousand times; most of its time would go there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from dagster._core.storage.event_log.in_memory import InMemoryEventLogStorage
from dagster._core.storage.legacy_storage import DagsterStorage
from dagster._core.storage.runs.in_memory import InMemoryRunStorage
from dagster._core.storage.schedules.sqlite.sqlite_schedule_storage import SqliteScheduleStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData


class ForgetfulStorage(DagsterSqliteStorage):
    """Runs and events in memory; schedules, which no run touches, on disk."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self.base_dir = base_dir
        self._run_storage: Any = InMemoryRunStorage()
        self._event_log_storage: Any = InMemoryEventLogStorage()
        self._schedule_storage = SqliteScheduleStorage.from_local(base_dir)
        self._inst_data = inst_data
        DagsterStorage.__init__(self)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Any) -> ForgetfulStorage:
        """The storage that dagster.yaml names."""
        return cls(config_value["base_dir"], inst_data)


def forget_runs(folder: Path) -> Path:
    """The project, its Dagster instance made one that forgets."""
    home = folder / "var" / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    storage = {"module": __name__, "class": "ForgetfulStorage", "config": {"base_dir": str(home / "schedules")}}
    settings = {"storage": {"custom": storage}, "telemetry": {"enabled": False}}
    (home / "dagster.yaml").write_text(yaml.safe_dump(settings))
    return folder
