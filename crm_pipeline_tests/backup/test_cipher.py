"""Encrypted streams: round trips around chunk borders, every kind of damage, constant memory."""

from __future__ import annotations

import io
import random
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.backup.cipher import Encryption, decrypt
from crm_pipeline.backup.header import CHUNK_BYTES, ObjectKind, Place, Source, read_header
from crm_pipeline.errors import BackupError, IntegrityError
from crm_pipeline_tests.backup import oracle

DATA_KEY = bytes(range(32))
PLACE = Place("20260131T221500Z-0a1b2c", ObjectKind.FILE, 1)
SEALED = CHUNK_BYTES + 16
HEAD = 79
BORDERS = [0, 1, 2, 15, 16, 17] + [n * CHUNK_BYTES + d for n in (1, 2, 3) for d in (-17, -16, -1, 0, 1, 16)]


def encrypted(plain: bytes) -> bytes:
    return b"".join(Encryption(io.BytesIO(plain), len(plain), place=PLACE, data_key=DATA_KEY, where="x"))


def decrypted(pieces: Iterator[bytes]) -> Iterator[bytes]:
    source = Source(pieces, "x")
    header, raw = read_header(source)
    return decrypt(source, header, raw, DATA_KEY)


def pieces_of(stored: bytes, seed: int) -> Iterator[bytes]:
    """`stored` in pieces of random length, some of them empty."""
    lengths, start = random.Random(seed), 0
    while start < len(stored):
        length = lengths.choice([0, 1, 100, 65_536, CHUNK_BYTES, SEALED, 2 * SEALED])
        yield stored[start : start + length]
        start += length


@settings(max_examples=40, deadline=None)
@given(size=st.sampled_from(BORDERS) | st.integers(0, 3 * CHUNK_BYTES), seed=st.integers(0, 2**32))
def test_round_trip(size: int, seed: int) -> None:
    """Any size comes back equal, however the stored bytes are cut into pieces, and the oracle reads the same."""
    plain = random.Random(seed).randbytes(size)
    stored = encrypted(plain)
    assert b"".join(decrypted(pieces_of(stored, seed))) == plain == oracle.opened(stored, DATA_KEY)
    assert len(stored) == HEAD + size + 16 * max(1, -(-size // CHUNK_BYTES))


def test_the_oracle_is_read() -> None:
    """An object of three chunks that the oracle wrote is read."""
    plain = random.Random(0).randbytes(2 * CHUNK_BYTES + 5)
    head = oracle.header(PLACE.snapshot_id, 2, 1, len(plain), bytes(16), bytes(7))
    stored = head + b"".join(oracle.sealed_chunks(plain, head, DATA_KEY))
    assert b"".join(decrypted(iter([stored]))) == plain


def test_equal_files_differ_in_the_store() -> None:
    """The same file encrypted twice shares no block after the public fields."""
    one, two = encrypted(bytes(1000)), encrypted(bytes(1000))
    assert one[:47] == two[:47]
    assert not {one[i : i + 16] for i in range(HEAD, len(one) - 16)} & {
        two[i : i + 16] for i in range(HEAD, len(two) - 16)
    }


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_any_flipped_bit_is_detected(data: st.DataObject) -> None:
    """One flipped bit anywhere, header included, gives a BackupError and never the plain text."""
    stored = bytearray(SMALL)
    stored[data.draw(st.integers(0, len(stored) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(BackupError):
        list(decrypted(iter([bytes(stored)])))


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_any_forged_header_is_detected(data: st.DataObject) -> None:
    """A header byte changed with its checksum made to fit is an IntegrityError all the same."""
    position = data.draw(st.integers(7, HEAD - 9))
    head = bytearray(SMALL[: HEAD - 8])
    head[position] ^= data.draw(st.integers(1, 255))
    source = Source([oracle.with_checksum(bytes(head)) + SMALL[HEAD:]], "x")
    with pytest.raises(IntegrityError):
        header, raw = read_header(source)
        if header.place == PLACE:
            list(decrypt(source, header, raw, DATA_KEY))
        else:
            raise IntegrityError(where="x", expected="PLACE", found="another", cure="see test_vectors")


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_cut_is_detected(data: st.DataObject) -> None:
    """An object cut short at any byte is an IntegrityError that says so."""
    with pytest.raises(IntegrityError, match="cut short"):
        list(decrypted(iter([SMALL[: data.draw(st.integers(0, len(SMALL) - 1))]])))


@pytest.mark.parametrize(
    ("order", "says"),
    [
        ([1, 0, 2], "chunk 1 of 3 damaged"),
        ([0, 0, 2], "chunk 2 of 3 damaged"),
        ([0, 1, 1], "cut short in chunk 3|trailing|chunk 3 of 3 damaged"),
        ([0, 1], "cut short in chunk 3 of 3"),
        ([0], "cut short in chunk 2 of 3"),
        ([], "cut short in chunk 1 of 3"),
        ([1, 2], "chunk 1 of 3 damaged"),
        ([0, 2], "cut short in chunk 2 of 3|chunk 2 of 3 damaged"),
        ([0, 1, 2, 2], "trailing"),
        ([0, 1, 2, 0], "trailing"),
        ([0, 1, 1, 2], "chunk 3 of 3 damaged"),
    ],
)
def test_chunks_keep_their_order_and_number(order: list[int], says: str) -> None:
    """Chunks that are swapped, repeated, dropped or appended are detected; the message names the chunk."""
    chunks = [LARGE[HEAD + n * SEALED : HEAD + (n + 1) * SEALED] for n in range(3)]
    with pytest.raises(IntegrityError, match=says):
        list(decrypted(iter([LARGE[:HEAD], *(chunks[n] for n in order)])))


def test_a_shortened_object_with_a_fitting_header_is_detected() -> None:
    """Whole chunks cut off, with the length in the header made to fit, do not pass: the header is authenticated."""
    head = LARGE[:39] + (2 * CHUNK_BYTES).to_bytes(8, "big") + LARGE[47 : HEAD - 8]
    with pytest.raises(IntegrityError, match="chunk 1 of 2 damaged"):
        list(decrypted(iter([oracle.with_checksum(head), LARGE[HEAD : HEAD + 2 * SEALED]])))


def test_a_chunk_of_another_object_does_not_fit() -> None:
    """A chunk of another object with the same data key, place and length is refused."""
    other = encrypted(bytes(len(SMALL) - HEAD - 16))
    with pytest.raises(IntegrityError, match="chunk 1 of 1 damaged"):
        list(decrypted(iter([SMALL[:HEAD] + other[HEAD:]])))


def test_nothing_but_verified_chunks_is_given_out() -> None:
    """Of an object damaged in its second chunk the first is all that comes before the error."""
    damaged = bytearray(LARGE)
    damaged[HEAD + SEALED + 5] ^= 1
    given_out = []
    with pytest.raises(IntegrityError, match="chunk 2 of 3 damaged"):
        given_out.extend(decrypted(iter([bytes(damaged)])))
    assert given_out in ([], [PLAIN[:CHUNK_BYTES]])


@pytest.mark.parametrize("said", [0, 99, 101, CHUNK_BYTES, CHUNK_BYTES + 100])
def test_a_file_of_another_length_than_said_is_refused(said: int) -> None:
    """A file that has fewer or more bytes than its size said is reported as changed."""
    with pytest.raises(BackupError, match="one that changed"):
        list(Encryption(io.BytesIO(bytes(100)), said, place=PLACE, data_key=DATA_KEY, where="x"))


def test_memory_is_constant() -> None:
    """Encrypting and decrypting 48 MiB holds under 8 MiB at any time."""
    size = 48 * CHUNK_BYTES

    class Zeros(io.RawIOBase):
        left = size

        def read(self, count: int = -1) -> bytes:
            taken = min(count, self.left)
            self.left -= taken
            return bytes(taken)

    tracemalloc.start()
    stored = Encryption(Zeros(), size, place=PLACE, data_key=DATA_KEY, where="x")  # type: ignore[arg-type]
    count = sum(len(chunk) for chunk in decrypted(iter(stored)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == size
    assert peak < 8 << 20


SMALL = encrypted(b"MARKER" * 50)
PLAIN = random.Random(3).randbytes(2 * CHUNK_BYTES + 1000)
LARGE = encrypted(PLAIN)
