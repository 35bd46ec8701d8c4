"""Claims on the store of runs that were taken back: what counts, in what order, and that damage is told."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from crm_pipeline.errors import PipelineError
from crm_pipeline.state.decisions.withdrawals import WithdrawalStore, taken_back, withdrawn
from crm_pipeline.state.delivery import LINE, Batch, Delivery, DeliveryKey, Origin
from crm_pipeline.state.landing import Landing

DAY, NOW = date(2026, 1, 28), datetime(2026, 1, 29, 8)  # noqa: DTZ001 - as stored


def _land(folder: Path, run_id: str, text: str, day: date = DAY) -> Delivery:
    landing = Landing(folder)
    with landing.drafting("crm", "customers", day) as draft:
        draft.add(Batch(pl.DataFrame({"id": [text], LINE: [2]})))
        origin = Origin("a.csv", text, 1)
        return landing.commit(
            draft, origin, source="crm", extract="customers", business_date=day, run_id=run_id, now=NOW
        )


def _append(store: WithdrawalStore, run_id: str, keys: list[DeliveryKey], *, is_redo: bool = False) -> None:
    store.append(run_id, keys, is_redo=is_redo, decided_by="王芳", now=NOW, why="测试数据")


def test_the_newest_event_of_a_run_counts(tmp_path: Path) -> None:
    """A run is taken back, counts again, is taken back; events read back are those that were entered."""
    store, key = WithdrawalStore(tmp_path), DeliveryKey("crm", "customers", DAY, 1)
    _append(store, "run-1", [key])
    _append(store, "run-2", [])
    assert withdrawn(store.events()) == {key}
    _append(store, "run-1", [key], is_redo=True)
    assert withdrawn(store.events()) == frozenset()
    assert list(taken_back(store.events())) == ["run-2"]
    _append(store, "run-1", [key])
    assert list(taken_back(store.events())) == ["run-2", "run-1"]
    assert [event.why for event in store.events()] == ["测试数据"] * 4


@pytest.mark.parametrize("load", ["full", "incremental"])
def test_withdrawn_deliveries_do_not_count(tmp_path: Path, load: str) -> None:
    """Of a full extract the delivery before it of the same day counts instead; all stay known as delivered."""
    first, second = _land(tmp_path, "run-1", "a"), _land(tmp_path, "run-2", "b")
    third = _land(tmp_path, "run-2", "c", date(2026, 1, 29))
    landing = Landing(tmp_path, withdrawn={second.key, third.key})
    assert [each.key for each in landing.counting("crm", "customers", load=load)] == [first.key]
    assert [each.key for each in landing.standing("crm", "customers")] == [first.key]
    newest = landing.newest_standing("crm", "customers")
    assert newest and newest.key == first.key
    assert [each.key for each in landing.deliveries("crm", "customers")] == [first.key, second.key, third.key]
    assert [each.key for each in landing.every()] == [first.key, second.key, third.key]
    assert _land(tmp_path, "run-3", "c", date(2026, 1, 29)).key == third.key  # the same bytes are known


@pytest.mark.parametrize("damage", ["gone", "changed", "cut"])
def test_damage_is_told(tmp_path: Path, damage: str) -> None:
    """An event that is missing, changed or cut short is an error that says how to mend it."""
    store = WithdrawalStore(tmp_path)
    for run_id in ("run-1", "run-2"):
        _append(store, run_id, [])
    file = store.folder / "000001.json"
    if damage == "gone":
        file.unlink()
    else:
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("run-1", "run-9") if damage == "changed" else text[:40], encoding="utf-8")
    with pytest.raises(PipelineError, match="Restore state/decisions"):
        store.events()
