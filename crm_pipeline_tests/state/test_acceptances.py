"""Claims on the stores of acceptances: the same files since format version 1, in order, and never read when damaged."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from crm_pipeline.errors import PipelineError
from crm_pipeline.state.decisions.acceptances import MODEL, AcceptanceStore, AnomalyAcceptance, LinkAcceptance

NOW = datetime(2026, 1, 5, 12, 30, 1, 250, tzinfo=UTC).replace(tzinfo=None)
ANOMALY = AnomalyAcceptance(
    "商城", "customers", "phones", "null_share", date(2026, 1, 4), 2, "李雷", NOW, "五月起不再收集电话"
)
GUARD = LinkAcceptance("match_rate", "run3", None, "李雷", NOW, "商城五月起交付全部客户")
# Files as users have them, written by hand.
ANOMALY_FILE = """{
  "format_version": 1,
  "source": "商城",
  "extract": "customers",
  "column_name": "phones",
  "metric": "null_share",
  "business_date": "2026-01-04",
  "sequence": 2,
  "decided_by": "李雷",
  "decided_at": "2026-01-05T12:30:01.000250",
  "why": "五月起不再收集电话"
}
"""
GUARD_FILE = """{
  "format_version": 1,
  "guard": "match_rate",
  "run_id": "run3",
  "refused_version": null,
  "decided_by": "李雷",
  "decided_at": "2026-01-05T12:30:01.000250",
  "why": "商城五月起交付全部客户"
}
"""
NAME = "20260105T123001000250Z-0001.json"


def anomalies(folder: Path) -> AcceptanceStore[AnomalyAcceptance]:
    return AcceptanceStore(folder, AnomalyAcceptance)


def links(folder: Path) -> AcceptanceStore[LinkAcceptance]:
    return AcceptanceStore(folder, LinkAcceptance)


def test_files_that_users_have_are_read(tmp_path: Path) -> None:
    """A hand-written file of either kind, in format version 1, is the acceptance that it tells of."""
    (tmp_path / NAME).write_text(ANOMALY_FILE, encoding="utf-8")
    assert anomalies(tmp_path).acceptances() == [ANOMALY]
    (tmp_path / NAME).write_text(GUARD_FILE, encoding="utf-8")
    assert links(tmp_path).acceptances() == [GUARD]


def test_files_are_written_as_they_were(tmp_path: Path) -> None:
    """What is appended is, byte for byte, the file that users have, and nobody else may read it."""
    anomalies(tmp_path / "anomalies").append(ANOMALY)
    links(tmp_path / "linkage").append(GUARD)
    assert (tmp_path / "anomalies" / NAME).read_text(encoding="utf-8") == ANOMALY_FILE
    assert (tmp_path / "linkage" / NAME).read_text(encoding="utf-8") == GUARD_FILE
    assert (tmp_path / "linkage" / NAME).stat().st_mode & 0o777 == 0o600


def test_acceptances_are_in_order(tmp_path: Path) -> None:
    """Acceptances come oldest first, those of one moment in the order appended; none is overwritten."""
    store = links(tmp_path)
    assert store.acceptances() == []
    later = NOW.replace(month=2)
    model = LinkAcceptance(MODEL, "", 2, "韩梅梅", later, "生日自五月起正确")
    for each in (model, GUARD, GUARD):
        store.append(each)
    assert links(tmp_path).acceptances() == [GUARD, GUARD, model]


@pytest.mark.parametrize("damage", ["cut", "list", "version", "unversioned", "unknown key", "no time", "other kind"])
def test_damage_is_an_error(tmp_path: Path, damage: str) -> None:
    """A file that is cut short, of another version or of another kind is an error that names it and quotes nothing."""
    told = json.loads(GUARD_FILE)
    texts = {
        "cut": GUARD_FILE[:60],
        "list": "[]",
        "version": json.dumps(told | {"format_version": 2}),
        "unversioned": json.dumps({name: value for name, value in told.items() if name != "format_version"}),
        "unknown key": json.dumps(told | {"mood": "good"}),
        "no time": json.dumps(told | {"decided_at": None}),
        "other kind": ANOMALY_FILE,
    }
    (tmp_path / NAME).write_text(texts[damage], encoding="utf-8")
    with pytest.raises(PipelineError, match=NAME) as caught:
        links(tmp_path).acceptances()
    assert "李雷" not in str(caught.value)
