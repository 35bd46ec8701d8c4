"""Claims on the landing store: what is landed comes back exactly, what was not committed counts for nothing."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from crm_pipeline.state import landing as module
from crm_pipeline.state.delivery import LINE, Batch, Delivery, Origin, Unreadable
from crm_pipeline.state.landing import Landing

# ruff: noqa: DTZ001 - tables hold times in UTC without a zone
NOW = datetime(2026, 1, 5, 1, 2, 3, 456)
FRAME = pl.DataFrame({"编号": ["1", "2"], "姓名": ["王小明", ""], LINE: [2, 5]})


def land(landing: Landing, content: str, day: int, *, extract: str = "customers") -> Delivery:
    """A delivery of the 2026-01-<day> whose file has this content."""
    origin = Origin("x.csv", content, len(content), "gb18030")
    facts = {"source": "crm", "extract": extract, "business_date": date(2026, 1, day)}
    with landing.drafting(**facts) as draft:
        draft.add(Batch(FRAME))
        return landing.commit(draft, origin, **facts, run_id="r1", now=NOW)


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    """An empty store."""
    return Landing(tmp_path)


def shown(deliveries: list[Delivery]) -> list[tuple[int, int, str]]:
    return [(d.business_date.day, d.sequence, d.origin.file_sha256) for d in deliveries]


def test_comes_back_exactly(landing: Landing, tmp_path: Path) -> None:
    """A landed delivery comes back with the same rows, types, order and facts, also in another process's eyes."""
    landed = land(landing, "a", 5)
    found = Landing(tmp_path).deliveries("crm", "customers")
    assert found == [landed]
    assert found[0].read().equals(FRAME)
    assert found[0].columns == ("编号", "姓名")
    assert (found[0].row_count, found[0].landed_at, found[0].run_id) == (2, NOW, "r1")
    assert found[0].file == tmp_path / "crm" / "customers" / "2026-01-05" / "0001.parquet"


def test_same_hash_of_a_date_counts_once(landing: Landing) -> None:
    """The same file for the same date is landed once, for another date or extract again."""
    first = land(landing, "a", 5)
    written = first.file.stat().st_mtime_ns
    assert land(landing, "a", 5) == first
    assert first.file.stat().st_mtime_ns == written
    assert land(landing, "a", 6).business_date == date(2026, 1, 6)
    land(landing, "a", 5, extract="contacts")
    assert shown(landing.deliveries("crm", "customers")) == [(5, 1, "a"), (6, 1, "a")]
    assert shown(landing.deliveries("crm", "contacts")) == [(5, 1, "a")]


def test_revert_of_the_same_day_counts(landing: Landing) -> None:
    """A, B, then A again for one date are three deliveries, and the last of them is what counts."""
    for content in ("a", "b", "a"):
        land(landing, content, 5)
    assert shown(landing.deliveries("crm", "customers")) == [(5, 1, "a"), (5, 2, "b"), (5, 3, "a")]
    assert shown(landing.counting("crm", "customers", load="full")) == [(5, 3, "a")]
    assert land(landing, "a", 5).sequence == 3


def test_order_and_what_counts(landing: Landing) -> None:
    """Deliveries come by date and sequence however they were landed; with load full the newest of a date counts."""
    for content, day in [("c", 7), ("a", 5), ("b", 5), ("d", 6), *((f"n{i}", 8) for i in range(11))]:
        land(landing, content, day)
    everything = [(5, 1, "a"), (5, 2, "b"), (6, 1, "d"), (7, 1, "c"), *((8, i + 1, f"n{i}") for i in range(11))]
    assert shown(landing.deliveries("crm", "customers")) == everything
    assert shown(landing.counting("crm", "customers", load="incremental")) == everything
    full = landing.counting("crm", "customers", load="full")
    assert shown(full) == [(5, 2, "b"), (6, 1, "d"), (7, 1, "c"), (8, 11, "n10")]


def test_uncommitted_counts_for_nothing(landing: Landing) -> None:
    """A Parquet file without its JSON, or temporary files of a crash, are no delivery, and the next one succeeds."""
    first = land(landing, "a", 5)
    second = land(landing, "b", 5)
    second.file.with_suffix(".json").rename(second.file.parent / ".tmp-0002.json")
    (second.file.parent / ".tmp-0003.parquet").write_bytes(b"half")
    assert landing.deliveries("crm", "customers") == [first]
    again = land(landing, "c", 5)
    assert shown(landing.deliveries("crm", "customers")) == [(5, 1, "a"), (5, 2, "c")]
    assert again.read().equals(FRAME)


def test_nothing_landed(landing: Landing) -> None:
    """An extract of which nothing was landed has no deliveries."""
    assert landing.deliveries("crm", "customers") == []
    assert landing.counting("crm", "customers", load="full") == []


def test_only_what_is_asked_for_is_opened(landing: Landing, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest delivery, those of a day, the dates, what counts, and a commit: no other delivery's JSON is opened."""
    landed = [land(landing, content, day) for day in (5, 6, 7) for content in (f"a{day}", f"b{day}")]
    opened: list[Path] = []
    read = module._delivery

    def noted(entry: Path) -> Delivery:
        opened.append(entry)
        return read(entry)

    monkeypatch.setattr(module, "_delivery", noted)
    extract, sixth = ("crm", "customers"), date(2026, 1, 6)
    questions: list[tuple[object, list[Delivery]]] = [
        (landing.newest(*extract), [landed[5]]),
        (landing.newest(*extract, until=sixth), [landed[3]]),
        (landing.newest(*extract, until=date(2026, 1, 4)), []),
        (landing.deliveries(*extract, on=sixth), landed[2:4]),
        (landing.counting(*extract, load="full"), landed[1::2]),
        ([*landing.newest_first(*extract, until=sixth)], landed[3::-1]),
        (land(landing, "b7", 7), [landed[5]]),
        (landing.days(*extract), []),
    ]
    assert opened == [each.file.with_suffix(".json") for _, expected in questions for each in expected]
    answers = [answer for answer, _ in questions]
    assert answers == [landed[5], landed[3], None, landed[2:4], landed[1::2], landed[3::-1], landed[5], {
        date(2026, 1, 5), sixth, date(2026, 1, 7),
    }]  # fmt: skip


def test_sequences_are_numbers(landing: Landing) -> None:
    """More than 9,999 deliveries of a date keep their order: 10000 is newer than 9999, and what comes next is 10001."""
    first = land(landing, "a", 5)
    for suffix in (".parquet", ".json"):
        first.file.with_suffix(suffix).rename(first.file.with_name(f"9999{suffix}"))
    entry = first.file.with_name("9999.json")
    entry.write_text(entry.read_text().replace('"sequence": 1', '"sequence": 9999'))
    assert [land(landing, content, 5).sequence for content in "bc"] == [10000, 10001]
    assert shown(landing.deliveries("crm", "customers")) == [(5, 9999, "a"), (5, 10000, "b"), (5, 10001, "c")]
    assert shown(landing.counting("crm", "customers", load="full")) == [(5, 10001, "c")]


def test_nothing_stays_of_what_could_not_be_committed(landing: Landing, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk between rows and JSON leaves no rows behind; one that is told behind the JSON takes none away."""
    before = land(landing, "a", 5)
    held_back = Unreadable(3, b"1,2,3", "x")
    facts = {"source": "crm", "extract": "customers", "business_date": date(2026, 1, 5)}
    write = module.write_json

    def late(path: Path, value: object) -> None:
        write(path, value)
        raise OSError("sync")

    def early(path: Path, value: object) -> None:
        raise OSError("no space")

    for failing, names in ((early, ["0001"]), (late, ["0001", "0002"])):
        monkeypatch.setattr(module, "write_json", failing)
        with landing.drafting(**facts) as draft, pytest.raises(OSError, match="s"):
            draft.add(Batch(FRAME, (held_back,)))
            landing.commit(draft, Origin("x.csv", "b", 1), **facts, run_id="r1", now=NOW)
        files = {path.name.split(".")[0] for path in before.file.parent.iterdir()}
        assert sorted(files) == names


def test_sweep(landing: Landing, tmp_path: Path) -> None:
    """Drafts, temporary files and rows without a JSON are removed, deliveries stay; folders left empty go too."""
    kept = land(landing, "a", 5)
    (kept.file.parent / "0002.parquet").write_bytes(b"half")
    (kept.file.parent / "0002.unreadable.parquet").write_bytes(b"half")
    (kept.file.parent / ".tmp-0003.json").write_bytes(b"half")
    draft = tmp_path / "crm" / "customers" / "2026-01-06" / ".tmp-draft"
    draft.mkdir(parents=True)
    (draft / "0000.parquet").write_bytes(b"half")
    assert landing.sweep() == 4
    assert landing.sweep() == 0
    assert landing.deliveries("crm", "customers") == [kept]
    assert sorted(path.name for path in tmp_path.rglob("*")) == sorted(
        ["crm", "customers", "2026-01-05", "0001.parquet", "0001.json"]
    )
