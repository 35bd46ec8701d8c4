"""One suite for all stores: what the interface promises holds for a folder and for a bucket."""

from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crm_pipeline.errors import StoreError
from crm_pipeline.storage import ObjectInfo, ObjectStore

PIECE = 1 << 20


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 7])
def test_bytes_come_back(store: ObjectStore, size: int) -> None:
    """What was put as bytes comes back equal, in pieces of at most 1 MiB."""
    content = random.Random(size).randbytes(size)
    store.put("a/b.bin", content)
    pieces = list(store.get("a/b.bin"))
    assert b"".join(pieces) == content == store.read_bytes("a/b.bin")
    assert all(0 < len(piece) <= PIECE for piece in pieces)


def test_a_file_comes_back(store: ObjectStore, tmp_path: Path) -> None:
    """What was put as a file comes back equal, and the file stays."""
    file = tmp_path / "large"
    file.write_bytes(random.Random(1).randbytes(2 * PIECE + 3))
    store.put("large", file)
    assert store.read_bytes("large") == file.read_bytes()


def test_a_multipart_file_comes_back(store: ObjectStore, tmp_path: Path) -> None:
    """A file above the multipart threshold (64 MiB) comes back with the same SHA-256."""
    file = tmp_path / "huge"
    with file.open("wb") as target:
        for number in range(66):
            target.write(bytes([number]) * PIECE)
    store.put("huge", file)
    digest = hashlib.sha256()
    for piece in store.get("huge"):
        digest.update(piece)
    with file.open("rb") as source:
        assert digest.hexdigest() == hashlib.file_digest(source, "sha256").hexdigest()


def test_put_replaces(store: ObjectStore) -> None:
    """A put without a condition replaces what was there."""
    store.put("key", b"older and longer")
    store.put("key", b"newer")
    assert store.read_bytes("key") == b"newer"


@pytest.mark.parametrize("as_file", [False, True])
def test_if_absent_refuses_a_second_object(store: ObjectStore, tmp_path: Path, as_file: bool) -> None:
    """A conditional put stores once; the second is refused for good and changes nothing."""
    (tmp_path / "first").write_bytes(b"first")
    (tmp_path / "second").write_bytes(b"second")
    store.put("key", tmp_path / "first" if as_file else b"first", if_absent=True)
    with pytest.raises(StoreError, match="no object under this key yet") as caught:
        store.put("key", tmp_path / "second" if as_file else b"second", if_absent=True)
    assert not caught.value.transient
    assert store.read_bytes("key") == b"first"
    assert store.list() == [ObjectInfo("key", 5)]


def test_if_absent_lets_one_of_many_through(store: ObjectStore) -> None:
    """Of several writers of one key at once exactly one succeeds, and its bytes are what is read."""
    contents = [bytes([number]) * 100_000 for number in range(4)]
    refused: list[int] = []

    def write(number: int) -> None:
        try:
            store.put("race", contents[number], if_absent=True)
        except StoreError:
            refused.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = set(range(4)) - set(refused)
    assert store.read_bytes("race") == contents[winner]


def test_list_is_by_prefix_and_in_order(store: ObjectStore) -> None:
    """A listing holds exactly the keys that start with the prefix text, with their sizes, ordered by key."""
    keys = ["a/1", "a/b/2", "a/b-3", "ab/4", "b/5", "a0"]
    for key in keys:
        store.put(key, key.encode())
    for prefix in ["", "a", "a/", "a/b", "a/b/", "b/5", "c", "c/d"]:
        expected = sorted(key for key in keys if key.startswith(prefix))
        assert store.list(prefix) == [ObjectInfo(key, len(key)) for key in expected]


def test_an_unused_store_is_empty(store: ObjectStore) -> None:
    """A store that nothing was put into lists nothing and has nothing."""
    assert store.list() == []
    assert not store.exists("key")


def test_delete_and_exists(store: ObjectStore) -> None:
    """An object exists from put to delete; deleting what is not there is no error; a prefix is not an object."""
    store.put("a/key", b"")
    assert store.exists("a/key")
    assert not store.exists("a/ke")
    assert not store.exists("a")
    store.delete("a/key")
    store.delete("a/key")
    assert not store.exists("a/key")


def test_a_missing_object_is_said_so(store: ObjectStore) -> None:
    """Reading what is not there is a lasting error that names the key."""
    with pytest.raises(StoreError, match="none under this key") as caught:
        store.read_bytes("not/there")
    assert "not/there" in str(caught.value)
    assert not caught.value.transient


@pytest.mark.parametrize(
    "key", ["", "/a", "a/", "a//b", "../a", "a/../../b", ".", "a\\b", "a\nb", "a\x00b", "x/.tmp-a"]
)
def test_unsafe_keys_are_refused(store: ObjectStore, key: str) -> None:
    """A key that could leave the store or pass for an unfinished file is refused by every method."""
    calls: list[Callable[[], object]] = [
        lambda: store.put(key, b""),
        lambda: store.put(key, b"", if_absent=True),
        lambda: store.read_bytes(key),
        lambda: store.delete(key),
        lambda: store.exists(key),
    ]
    for call in calls:
        with pytest.raises(StoreError, match="relative key"):
            call()


def test_unusual_keys_are_kept(store: ObjectStore) -> None:
    """Keys with spaces, full-width and Chinese characters, colons and percent signs come back as they are."""
    for key in ["客户 列表　一.parquet", "2026-01-01T00:00:00", "100%25+a=b&c"]:
        store.put(key, key.encode())
        assert store.read_bytes(key) == key.encode()
        assert store.exists(key)
        assert [each.key for each in store.list(key)] == [key]


def test_places_do_not_mix(open_place: Callable[[str], ObjectStore]) -> None:
    """A store sees only what is below its own prefix, also when another prefix starts with the same text."""
    one, other = open_place("one"), open_place("one-more")
    one.put("key", b"1")
    other.put("key", b"2")
    assert one.list() == [ObjectInfo("key", 1)]
    other.delete("key")
    assert one.read_bytes("key") == b"1"


def test_a_missing_source_file_is_an_error_of_the_store(store: ObjectStore, tmp_path: Path) -> None:
    """Putting a file that is not there raises StoreError and leaves no object."""
    with pytest.raises(StoreError):
        store.put("key", tmp_path / "absent")
    assert store.list() == []


def test_a_move_takes_what_was_listed(store: ObjectStore) -> None:
    """An object is under its new key and no longer under the old one, with the same bytes."""
    store.put("a.csv", b"1")
    (listed,) = store.list()
    assert store.move(listed, "done/b.csv")
    assert store.list() == [ObjectInfo("done/b.csv", 1)]
    assert store.read_bytes("done/b.csv") == b"1"


def test_a_move_leaves_what_came_after_the_listing(store: ObjectStore) -> None:
    """An object that was replaced since it was listed stays; one that was removed is no error."""
    store.put("a.csv", b"1")
    (listed,) = store.list()
    store.put("a.csv", b"2")
    assert not store.move(listed, "done/a.csv")
    assert store.read_bytes("a.csv") == b"2"
    store.delete("a.csv")
    assert not store.move(listed, "done/a.csv")


def test_a_listing_tells_the_time(store: ObjectStore) -> None:
    """Each object is listed with when it was written, to the second."""
    before = datetime.now(UTC).replace(microsecond=0)
    store.put("a", b"1")
    (listed,) = store.list()
    assert listed.modified_at is not None
    assert before <= listed.modified_at <= datetime.now(UTC)
