"""A project folder whose `pipeline.yaml` a test writes, in an environment without the names it uses.

Belongs here: building input. Does not belong here: any claim.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from crm_pipeline.settings import Project, load_project

SOUND = """\
version: 1
start_date: 2026-01-01
sources:
  crm:
    trust: 90
    extracts:
      customers:
        read: {file: "customers_{date}.csv"}
        primary_key: id
        columns:
          name: 客户名称
          phones: [手机, 电话]
          external_ids: {erp_number: ERP编号}
        extra_columns: {vip_level: 会员等级}
"""

Load = Callable[[str], Project]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Loads the project whose configuration is the text given."""
    for name in ("CRM_PIPELINE_PROJECT", "CRM_BACKUP_KEY", "DAGSTER_HOME", "CRM_TEST_VALUE"):
        monkeypatch.delenv(name, raising=False)

    def load_text(text: str) -> Project:
        (tmp_path / "pipeline.yaml").write_text(text, encoding="utf-8")
        return load_project(tmp_path)

    return load_text
