"""Claims on drafts: what is added comes back, in any folder, however wide and however much of it is held back."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from crm_pipeline.errors import DeliveryError
from crm_pipeline.state import drafts, spool
from crm_pipeline.state.delivery import LINE, Batch, Unreadable
from crm_pipeline.state.drafts import MOST_COLUMNS, Draft
from crm_pipeline.state.landing import Landing


def batch(line: int, **cells: str) -> Batch:
    """A batch of one row."""
    return Batch(pl.DataFrame({**{name: [cell] for name, cell in cells.items()}, LINE: [line]}))


@pytest.mark.parametrize("folder", ["plain", "[7]", "a*b?"])
def test_columns_that_come_later(tmp_path: Path, folder: str) -> None:
    """Rows of batches with different columns come back as one table, whatever characters are in the path."""
    place = tmp_path / folder
    with Draft.open(place / "draft") as draft:
        draft.add(batch(2, a="1"))
        draft.add(batch(3, b="2", a="3"))
        draft.add(batch(4, c="4"))
        scanned = draft.scan().collect()
        draft.move_rows(place / "rows.parquet")
    found = pl.read_parquet(place / "rows.parquet", glob=False)
    assert found.columns == ["a", "b", "c", LINE]
    assert found.rows() == [("1", "", "", 2), ("3", "2", "", 3), ("", "", "4", 4)]
    assert scanned.equals(found)


def test_wide_rows_are_written_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that are more cells than may be written at a time come back all the same, in their order."""
    monkeypatch.setattr(drafts, "_MOST_CELLS", 10)
    rows = pl.DataFrame({"a": [str(n) for n in range(50)], "b": ["x"] * 50, LINE: range(50)})
    with Draft.open(tmp_path / "draft") as draft:
        draft.add(Batch(rows))
        draft.add(batch(50, c="1"))
        draft.move_rows(tmp_path / "rows.parquet")
    found = pl.read_parquet(tmp_path / "rows.parquet")
    assert found["a"].to_list() == [*map(str, range(50)), ""]
    assert found[LINE].to_list() == list(range(51))


def test_names_that_differ_by_letter_case(tmp_path: Path) -> None:
    """Columns that SQL can't tell apart are refused when they come, in whichever batch, and no name is shown."""
    for second in (batch(3, NAME="b"), batch(3, Straße="b", STRASSE="c")):
        with Draft.open(tmp_path / "draft", "crm.customers") as draft:
            draft.add(batch(2, id="1", name="a"))
            with pytest.raises(DeliveryError, match="differ by letter case only") as caught:
                draft.add(second)
        assert caught.value.where == "crm.customers"
        assert "NAME" not in str(caught.value)
    with Landing(tmp_path).drafting("crm", "customers", date(2026, 1, 5)) as draft:
        draft.add(batch(2, name="a"))
        with pytest.raises(DeliveryError, match=r"crm\.customers: .* those of the columns 1 and 2"):
            draft.add(batch(3, Name="b"))


def test_too_many_columns(tmp_path: Path) -> None:
    """More columns than a table has are refused, over all batches, with the cure."""
    names = [f"c{number}" for number in range(MOST_COLUMNS)]
    with Draft.open(tmp_path / "draft") as draft:
        draft.add(Batch(pl.DataFrame({**{name: ["1"] for name in names}, LINE: [1]})))
        with pytest.raises(DeliveryError, match=r"at most 5,000 columns; found more\. Deliver what .* as rows"):
            draft.add(batch(2, another="1"))


def test_many_lines_held_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many lines are held back, few are in memory; all come back by line, with their bytes and reasons."""
    monkeypatch.setattr(spool, "_MOST_BYTES", 20_000)
    lines = [Unreadable(line, b"\xff" * (line % 50), f"reason {line % 3}") for line in range(1, 1001)]
    with Draft.open(tmp_path / "[draft]") as draft:
        for start in (500, 0):
            draft.add(Batch(pl.DataFrame(schema={"a": pl.String, LINE: pl.Int64}), tuple(lines[start : start + 500])))
            assert len(draft.held_back._kept) < 60
        assert (draft.held_back.count, draft.held_back.first) == (1000, lines[0])
        assert draft.unreadable == lines
        draft.write_unreadable(tmp_path / "lines.parquet")
    found = pl.read_parquet(tmp_path / "lines.parquet")
    assert [Unreadable(*row) for row in found.iter_rows()] == lines


def test_nothing_held_back(tmp_path: Path) -> None:
    """A draft without such lines has none to show."""
    with Draft.open(tmp_path / "draft") as draft:
        draft.add(batch(1, a="1"))
        assert (draft.held_back.count, draft.held_back.first, draft.unreadable) == (0, None, [])
