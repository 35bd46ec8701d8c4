"""Claims on the store of golden values that stewards gave: what was not taken back, when one is due, damage is told."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from crm_pipeline.errors import PipelineError
from crm_pipeline.state.decisions.overrides import OverrideEvent, OverrideStore, not_withdrawn

NOW = datetime(2026, 1, 29, 8, 0, 0, 123456)  # noqa: DTZ001 - as stored


def append(store: OverrideStore, city: str, review_on: date | None = None, withdraws: str | None = None) -> None:
    values = {} if withdraws else {"city": city, "street": None}
    store.append(
        record_key="crm/客户/1/2", values=values, decided_by="陈静", now=NOW, why="来电", review_on=review_on,
        withdraws=withdraws,
    )  # fmt: skip


def test_events_are_read_back(tmp_path: Path) -> None:
    """Events come back as they were entered; a withdrawal takes out its override and nothing else."""
    store = OverrideStore(tmp_path)
    append(store, "上海市")
    append(store, "北京市", date(2026, 3, 1))
    append(store, "", withdraws="O000001")
    expected = OverrideEvent(
        2, "crm/客户/1/2", "陈静", NOW, "来电", {"city": "北京市", "street": None}, date(2026, 3, 1)
    )
    assert not_withdrawn(store.events()) == [expected]
    assert [event.override_id for event in store.events()] == ["O000001", "O000002", "O000003"]
    assert (store.folder / "000001.json").stat().st_mode & 0o077 == 0


def test_due_from_its_day_on() -> None:
    """An override is due on its review date and later, never without one and never before any delivery."""
    due = OverrideEvent(1, "crm/c/1", "x", NOW, "y", review_on=date(2026, 3, 1))
    days = [None, date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 2)]
    assert [due.is_due(day) for day in days] == [False, False, True, True]
    assert not OverrideEvent(1, "crm/c/1", "x", NOW, "y").is_due(date(2099, 1, 1))


@pytest.mark.parametrize("damage", ["gone", "changed", "cut", "version"])
def test_damage_is_told(tmp_path: Path, damage: str) -> None:
    """An event that is missing, changed, cut short or of another version is an error that says how to mend it."""
    store = OverrideStore(tmp_path)
    append(store, "上海市")
    append(store, "北京市")
    file = store.folder / "000001.json"
    text = file.read_text(encoding="utf-8")
    made = {
        "changed": text.replace("上海市", "北京市"),
        "cut": text[:40],
        "version": text.replace('"format_version": 1', '"format_version": 2'),
    }
    if damage == "gone":
        file.unlink()
    else:
        assert made[damage] != text
        file.write_text(made[damage], encoding="utf-8")
    with pytest.raises(PipelineError, match="Restore state/decisions") as told:
        store.events()
    assert "市" not in str(told.value)
