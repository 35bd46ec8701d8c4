"""Claims on publications by what changed: the file, the store, and earlier states put together again."""

# ruff: noqa: DTZ001 - the contract has times in UTC without a zone

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.publish import (
    Edition,
    Publication,
    attached_edition,
    changed_since,
    found_changes,
    keep,
    publish_edition,
    put_together,
    query,
    read_edition,
)
from crm_pipeline.state.publications import IS_GONE, Change, Publications
from crm_pipeline.warehouse import Warehouse

NOW = datetime(2026, 1, 1, 3)
SOURCES = {
    "people": "SELECT id, name, tags, loaded FROM src.people",
    "parts": "SELECT a, b, amount FROM src.parts",
}
PEOPLE = Publication("src.people", "people", ("id",), ("id", "name", "tags"), "one person", {"name": "名"})
PARTS = Publication("src.parts", "parts", ("a", "b"), ("a", "b", "amount"))

# A row of people: name, tags; of parts (key with nulls): amount. Absent keys are gone.
ROW = st.tuples(st.sampled_from(["王芳", "Ann", "", None]), st.sampled_from([None, [], ["a"], ["a", None]]))
PERSON_STATES = st.dictionaries(st.integers(1, 6), ROW, max_size=6)
PART_KEYS = st.tuples(st.sampled_from(["x", None]), st.sampled_from([1, 2, None]))
PART_STATES = st.dictionaries(PART_KEYS, st.sampled_from([None, 1, 2]), max_size=6)
NIGHTS = st.lists(st.tuples(PERSON_STATES, PART_STATES), min_size=1, max_size=6)


class Shop:
    """A warehouse with two tables, its store and its published file, and a saved copy of each publication."""

    def __init__(self, warehouse: Warehouse, folder: Path) -> None:
        self.warehouse, self.folder = warehouse, folder
        self.store, self.file = Publications(folder / "publications"), folder / "crm.duckdb"
        self.saved: list[dict[str, list[Any]]] = []
        warehouse.execute("CREATE SCHEMA IF NOT EXISTS src")

    def fill(self, people: dict[int, Any], parts: dict[Any, Any], *, night: int) -> None:
        """Makes the tables anew; `loaded` is a column of run time."""
        self.warehouse.execute(
            "CREATE OR REPLACE TABLE src.people (id INTEGER, name VARCHAR, tags VARCHAR[], loaded INTEGER)"
        )
        self.warehouse.execute("CREATE OR REPLACE TABLE src.parts (a VARCHAR, b INTEGER, amount INTEGER)")
        for number, (name, tags) in people.items():
            self.warehouse.execute("INSERT INTO src.people VALUES (?, ?, ?, ?)", (number, name, tags, night))
        for (a, b), amount in parts.items():
            self.warehouse.execute("INSERT INTO src.parts VALUES (?, ?, ?)", (a, b, amount))

    def publish(self, tables: Sequence[Publication] = (PEOPLE, PARTS), *, night: int) -> dict[str, Change]:
        """What was kept of each table."""
        now = self.store.time_of_next(NOW + timedelta(days=night))
        with (
            attached_edition(self.warehouse, self.file) as base,
            found_changes(self.warehouse, tables, base) as changes,
        ):
            number = keep(self.warehouse, self.store, changes, run_id=f"r{night}", now=now, code_version="1")
            summary = publish_edition(
                self.warehouse,
                self.file,
                changes,
                run_id=f"r{night}",
                now=now,
                code_version="1",
                entry_number=number,
            )
            kinds = {table.publication.name: table.change for table in changes.tables}
        if summary.is_changed:
            self.saved.append(self.rows(self.file))
        return kinds

    def rows(self, file: Path) -> dict[str, list[Any]]:
        """Table to its rows, sorted, crm.published by what is not of the file alone."""
        found = {name: sorted(query(file, f"FROM {name}").rows(), key=repr) for name in self.tables(file)}
        return {**found, "published": query(file, "SELECT fingerprint, entry_number, run_id FROM published").rows()}

    def tables(self, file: Path) -> list[str]:
        """Names of the published tables."""
        return [name for name in query(file, "SHOW TABLES")["name"] if name != "published"]


@contextmanager
def shop() -> Iterator[Shop]:
    with tempfile.TemporaryDirectory() as folder, Warehouse.in_memory() as warehouse:
        yield Shop(warehouse, Path(folder))


@settings(max_examples=25, deadline=None)
@given(nights=NIGHTS)
def test_file_and_store_follow_the_warehouse(nights: list[tuple[dict[int, Any], dict[Any, Any]]]) -> None:
    """After any nights the file has the warehouse's stable rows, and each earlier one can be put together again."""
    with shop() as made:
        for night, (people, parts) in enumerate(nights):
            made.fill(people, parts, night=night)
            made.publish(night=night)
            stable = sorted(query(made.file, "SELECT id, name, tags FROM people").rows(), key=repr)
            assert stable == sorted(((n, *row) for n, row in people.items()), key=repr)
            assert made.rows(made.file)["parts"] == sorted(((*key, amount) for key, amount in parts.items()), key=repr)
        entries = made.store.entries()
        assert len(entries) == len(made.saved)
        for number, saved in enumerate(made.saved, start=1):
            earlier = made.folder / f"{number}.duckdb"
            put_together(entries[:number], earlier, temporary=made.folder)
            assert made.rows(earlier) == saved


@settings(max_examples=15, deadline=None)
@given(nights=NIGHTS)
def test_what_changed_since_leads_on(nights: list[tuple[dict[int, Any], dict[Any, Any]]]) -> None:
    """The first publication with what changed since it, each key once, is the last one."""
    with shop() as made:
        for night, (people, parts) in enumerate(nights):
            made.fill(people, parts, night=night)
            made.publish(night=night)
        entries = made.store.entries()
        for number, saved in enumerate(made.saved, start=1):
            for name, rows in changed_since(entries, number).items():
                if rows is not None:
                    changed = made.warehouse.frame(rows)
                    keys = PEOPLE.order_by if name == "people" else PARTS.order_by
                    assert changed.select(keys).is_duplicated().sum() == 0
                    width = len(keys)
                    left = {tuple(row[:width]): row for row in saved[name]}
                    for row in changed.rows(named=True):
                        is_gone = row.pop(IS_GONE)
                        values = tuple(row.values())
                        left.pop(values[:width], None)
                        if not is_gone:
                            left[values[:width]] = values
                    assert sorted(left.values(), key=repr) == made.saved[-1][name]
            unchanged = set(saved) - set(changed_since(entries, number)) - {"published"}
            assert all(saved[name] == made.saved[-1][name] for name in unchanged)


def test_thirty_nights(tmp_path: Path) -> None:
    """Of thirty nights of a thousand rows, each is put together again as it was; most hold only what changed."""
    draw = random.Random(7)
    with Warehouse.in_memory() as warehouse:
        made, kinds = Shop(warehouse, tmp_path), []
        made.fill({}, {}, night=0)
        warehouse.execute("INSERT INTO src.people SELECT n, 'n' || n, ['a'], 0 FROM range(1000) AS t(n)")
        for night in range(30):
            lowest = draw.randrange(900)
            warehouse.execute(
                "UPDATE src.people SET name = name || '新' WHERE id BETWEEN ? AND ?", [lowest, lowest + 8]
            )
            warehouse.execute("DELETE FROM src.people WHERE id = ?", [draw.randrange(1000)])
            warehouse.execute("INSERT INTO src.people VALUES (?, 'new', NULL, ?)", [2000 + night, night])
            kinds.append(made.publish(night=night)["people"])
        assert kinds == [Change.WHOLE, *[Change.ROWS] * 29]
        entries = made.store.entries()
        for number, saved in enumerate(made.saved, start=1):
            earlier = tmp_path / "earlier.duckdb"
            put_together(entries[:number], earlier, temporary=tmp_path)
            assert made.rows(earlier) == saved


def test_a_tenth_is_merged_and_a_heap_makes_it_whole(tmp_path: Path) -> None:
    """Changes are merged into a copy until a quarter of the rows were; then the file is made as a whole, in order."""
    with Warehouse.in_memory() as warehouse:
        made = Shop(warehouse, tmp_path)
        made.fill({}, {}, night=0)
        warehouse.execute("INSERT INTO src.people SELECT n, 'n' || n, ['a'], 0 FROM range(1000) AS t(n)")
        made.publish(night=0)
        merged = []
        for night in range(1, 5):
            warehouse.execute("UPDATE src.people SET name = name || '新' WHERE id < 100")
            made.publish(night=night)
            merged.append(_edition(made.file).merged_row_count)
            names = query(made.file, "SELECT id FROM people")["id"].to_list()
            assert (names == sorted(names)) == (merged[-1] == 0)
        assert merged == [100, 200, 0, 100]


@pytest.mark.parametrize("is_lost", [True, False], ids=["lost", "of an earlier night"])
def test_a_file_of_another_night_is_made_as_a_whole(tmp_path: Path, is_lost: bool) -> None:
    """Changes are merged only into the edition that they count from."""
    with Warehouse.in_memory() as warehouse:
        made = Shop(warehouse, tmp_path)
        made.fill(dict.fromkeys(range(20), ("a", None)), {}, night=0)
        made.publish(night=0)
        first = made.file.read_bytes()
        warehouse.execute("UPDATE src.people SET name = 'b' WHERE id = 1")
        made.publish(night=1)
        warehouse.execute("UPDATE src.people SET name = 'c' WHERE id = 2")
        with attached_edition(warehouse, made.file) as base, found_changes(warehouse, [PEOPLE, PARTS], base) as changes:
            made.file.unlink() if is_lost else made.file.write_bytes(first)
            publish_edition(warehouse, made.file, changes, run_id="r", now=NOW, code_version="1", entry_number=3)
        assert _edition(made.file).merged_row_count == 0
        assert query(made.file, "SELECT name FROM people ORDER BY id LIMIT 3")["name"].to_list() == ["a", "b", "c"]


def test_tables_and_columns_come_and_go(tmp_path: Path) -> None:
    """A table that is new, gone, back, or has another column is published and kept as a whole."""
    with Warehouse.in_memory() as warehouse:
        made = Shop(warehouse, tmp_path)
        made.fill(dict.fromkeys(range(9), ("a", None)), {("x", 1): 1}, night=0)
        assert made.publish([PEOPLE], night=0) == {"people": Change.WHOLE}
        assert made.publish(night=1) == {"people": Change.NONE, "parts": Change.WHOLE}
        assert made.publish([PARTS], night=2) == {"parts": Change.NONE}
        assert made.publish(night=3) == {"people": Change.WHOLE, "parts": Change.NONE}
        warehouse.execute("ALTER TABLE src.people ADD COLUMN vip BOOLEAN DEFAULT true")
        assert made.publish(night=4) == {"people": Change.WHOLE, "parts": Change.NONE}
        entries = made.store.entries()
        names = []
        for number, saved in enumerate(made.saved, start=1):
            earlier = tmp_path / "earlier.duckdb"
            put_together(entries[:number], earlier, temporary=tmp_path)
            assert made.rows(earlier) == saved
            names.append(made.tables(earlier))
        assert names == [["people"], ["parts", "people"], ["parts"], ["parts", "people"], ["parts", "people"]]


def test_only_the_wanted_tables_are_put_together(tmp_path: Path) -> None:
    """A question about one table costs that table; the row that says what the file is comes always."""
    with Warehouse.in_memory() as warehouse:
        made = Shop(warehouse, tmp_path)
        made.fill({1: ("a", None)}, {("x", 1): 1}, night=0)
        made.publish(night=0)
        earlier = tmp_path / "earlier.duckdb"
        put_together(made.store.entries(), earlier, temporary=tmp_path, tables={"parts"})
        assert made.tables(earlier) == ["parts"]
        assert _edition(earlier).entry_number == 1
        assert earlier.stat().st_mode & 0o777 == 0o600


def _edition(file: Path) -> Edition:
    edition = read_edition(file)
    assert edition is not None
    return edition
