"""The committed vectors: what version 1 means, for every later version of the code."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from crm_pipeline import errors
from crm_pipeline.backup import restore, verify
from crm_pipeline.errors import BackupError
from crm_pipeline.storage import open_store
from crm_pipeline_tests.backup import make_vectors

VECTORS = Path(__file__).parent / "vectors"
CASES = json.loads((VECTORS / "cases.json").read_text(encoding="utf-8"))


def test_the_good_vector_is_restored(tmp_path: Path) -> None:
    """The good store verifies and restores to exactly the plain text given, on today's code."""
    store = open_store("good", base=VECTORS)
    assert verify(store, CASES["key"]).is_good
    restore(store, CASES["key"], None, tmp_path / "out")
    files = [file for file in (tmp_path / "out").rglob("*") if file.is_file()]
    assert {file.relative_to(tmp_path / "out").as_posix(): file.read_text() for file in files} == CASES["plain"]


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: case["name"])
def test_each_failure_has_its_answer(case: dict[str, Any], tmp_path: Path) -> None:
    """Restore and verify refuse each damaged store with the vector's error and words, and nothing is released."""
    shutil.copytree(VECTORS / "good", tmp_path / "store")
    target = tmp_path / "store" / case["replaces"]
    target.unlink()
    if case["with"]:
        shutil.copyfile(VECTORS / case["with"], target)
    store = open_store("store", base=tmp_path)
    with pytest.raises(BackupError, match=case["says"]) as caught:
        restore(store, CASES["key"], CASES["snapshot_id"], tmp_path / "out")
    assert type(caught.value) is getattr(errors, case["error"])
    assert [file.name for file in tmp_path.iterdir()] == ["store"]
    try:
        (problem,) = verify(store, CASES["key"], CASES["snapshot_id"]).problems
    except BackupError as error:
        problem = error
    assert str(problem) == str(caught.value)


def test_the_vectors_are_frozen() -> None:
    """The committed files are those that the oracle writes, no more and no fewer."""
    committed = {
        file.relative_to(VECTORS).as_posix(): file.read_bytes()
        for file in VECTORS.rglob("*")
        if file.is_file() and file.name != "README.md"
    }
    assert committed == make_vectors.files()
