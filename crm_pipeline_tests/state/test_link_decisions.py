"""Claims on the store of decisions on links: whole or not at all, in order, and never read when it is damaged."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_pipeline.errors import PipelineError
from crm_pipeline.state.decisions.links import LinkDecisions, LinkEvent, LinkKind, Said, in_force

NOW = datetime(2026, 1, 5, 12, 30, tzinfo=UTC).replace(tzinfo=None)
SAME, DIFFERENT, WITHDRAWN = LinkKind


def append(store: LinkDecisions, *said: Said, file_name: str = "") -> tuple[LinkEvent, ...]:
    return store.append(said, decided_by="李雷", now=NOW, file_name=file_name).events


def same(left: str, right: str) -> Said:
    return Said(SAME, left, right, "同一公司")


def test_what_is_appended_is_read_back(tmp_path: Path) -> None:
    """Events come back in order, numbered through all entries, the smaller key first, with who, when and why."""
    store = LinkDecisions(tmp_path)
    assert store.events() == []
    assert append(store, same("b/x/2", "a/x/1"), Said(DIFFERENT, "a/x/1", "c/x/3", "父子"), file_name="q.xlsx") == (
        LinkEvent("D000001", SAME, "a/x/1", "b/x/2", "李雷", NOW, "同一公司"),
        LinkEvent("D000002", DIFFERENT, "a/x/1", "c/x/3", "李雷", NOW, "父子"),
    )
    append(store, Said(WITHDRAWN, "a/x/1", "b/x/2", "看错了", withdraws="D000001"))
    again = LinkDecisions(tmp_path)
    assert [(entry.number, entry.file_name) for entry in again.entries()] == [(1, "q.xlsx"), (2, "")]
    assert [event.decision_id for event in again.events()] == ["D000001", "D000002", "D000003"]
    assert again.events()[2].withdraws == "D000001"
    assert [event.decision_id for event in in_force(again.events())] == ["D000002"]
    assert (tmp_path / "links/000001.json").stat().st_mode & 0o777 == 0o600


@given(st.lists(st.one_of(st.none(), st.integers(0, 30)), max_size=30))
def test_in_force_is_what_was_not_taken_back(steps: list[int | None]) -> None:
    """Whatever is entered and taken back, in force is each decision that nothing took back, in order of entry."""
    events: list[LinkEvent] = []
    held: list[str] = []
    for number, step in enumerate(steps, start=1):
        decision_id = f"D{number:06d}"
        if step is None or not held:
            events.append(LinkEvent(decision_id, SAME, "a", "b", "x", NOW, "y"))
            held.append(decision_id)
        else:
            taken = held.pop(step % len(held))
            events.append(LinkEvent(decision_id, WITHDRAWN, "a", "b", "x", NOW, "y", taken))
    assert [event.decision_id for event in in_force(events)] == held


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_process_that_is_killed_leaves_all_or_nothing(tmp_path: Path, where: str) -> None:
    """Killed before the entry is renamed, a file of decisions counts for nothing; after it, all of them count."""
    store = LinkDecisions(tmp_path)
    append(store, same("a", "b"))
    code = f"""
import os, pathlib
from datetime import datetime
from crm_pipeline.state.decisions.links import *
replace = pathlib.Path.replace
def deadly(self, target):
    if {where!r} == "after":
        replace(self, target)
    os.kill(os.getpid(), {int(signal.SIGKILL)})
pathlib.Path.replace = deadly
said = [Said(LinkKind.SAME, "c", "d", "x"), Said(LinkKind.SAME, "e", "f", "x")]
LinkDecisions(pathlib.Path({str(tmp_path)!r})).append(said, decided_by="x", now=datetime(2026, 1, 6))
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, env=os.environ)
    assert done.returncode == -signal.SIGKILL
    found = [event.decision_id for event in store.events()]
    assert found == (["D000001"] if where == "before" else ["D000001", "D000002", "D000003"])
    assert append(store, same("g", "h"))[0].decision_id == f"D{len(found) + 1:06d}"


@pytest.mark.parametrize("damage", ["gap", "cut", "changed", "version", "empty", "renamed", "doubled"])
def test_damage_is_an_error(tmp_path: Path, damage: str) -> None:
    """An entry that is missing, cut short, changed, renamed or of an unknown version is an error naming the store."""
    store = LinkDecisions(tmp_path)
    for left in "abc":
        append(store, same(left, "z"))
    folder = tmp_path / "links"
    first, second, third = (folder / f"{number:06d}.json" for number in (1, 2, 3))
    match damage:
        case "gap":
            second.unlink()
        case "cut":
            second.write_bytes(second.read_bytes()[:40])
        case "changed":
            second.write_text(second.read_text().replace('"same"', '"different"'))
        case "version":
            second.write_text(json.dumps(json.loads(second.read_text()) | {"format_version": 2}))
        case "empty":
            second.write_text("[]")
        case "renamed":
            third.rename(folder / "000004.json")
        case _:
            third.write_bytes(first.read_bytes())
    with pytest.raises(PipelineError, match="state/decisions"):
        store.events()
