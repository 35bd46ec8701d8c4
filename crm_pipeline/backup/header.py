"""The header of a stored object, version 1 of FORMAT.md, as bytes and back.

Belongs here: the fields, their checks and the errors for a header that can't be read. Does not belong here: keys
(`keys`) and chunks (`cipher`).
"""

from __future__ import annotations

import enum
import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from crm_pipeline.errors import BackupError, IntegrityError

MAGIC = b"CRMBAK"
VERSION = 1
CHUNK_BYTES = 1 << 20
"""Plain text in a chunk: 1 MiB. Part of the format."""
TAG_BYTES = 16
"""What AES-GCM adds to a chunk."""

_START = struct.Struct(">6sBBI")
_PLACE = struct.Struct(">23sIQ16s7sB")
_RECIPIENT = struct.Struct(">B8sH")
_CHECKSUM_BYTES = 8
_SMALLEST_BYTES = _START.size + _PLACE.size + _CHECKSUM_BYTES
_LARGEST_BYTES = 1 << 16


class ObjectKind(enum.IntEnum):
    """What an object is."""

    MANIFEST = 1
    FILE = 2


@dataclass(frozen=True)
class Place:
    """Where an object belongs: its snapshot, its kind, its number (0 for the manifest)."""

    snapshot_id: str
    kind: ObjectKind
    number: int


@dataclass(frozen=True)
class Recipient:
    """Someone who can unwrap the data key; `kind` as in FORMAT.md, unknown kinds are kept as they are."""

    kind: int
    key_id: bytes
    wrapped_key: bytes


@dataclass(frozen=True)
class Header:
    """All fields of a header."""

    place: Place
    plain_bytes: int
    salt: bytes
    nonce_prefix: bytes
    recipients: tuple[Recipient, ...] = ()

    @property
    def chunk_count(self) -> int:
        """Chunks of the object: at least one, as an empty file is one empty chunk."""
        return max(1, -(-self.plain_bytes // CHUNK_BYTES))

    def to_bytes(self) -> bytes:
        """The stored form, checksum included."""
        place = _PLACE.pack(
            self.place.snapshot_id.encode("ascii"),
            self.place.number,
            self.plain_bytes,
            self.salt,
            self.nonce_prefix,
            len(self.recipients),
        )
        recipients = b"".join(
            _RECIPIENT.pack(each.kind, each.key_id, len(each.wrapped_key)) + each.wrapped_key
            for each in self.recipients
        )
        length = _SMALLEST_BYTES + len(recipients)
        body = _START.pack(MAGIC, VERSION, self.place.kind, length) + place + recipients
        return body + _checksum(body)


class Source:
    """The bytes of a stored object in order, hashed as they pass."""

    def __init__(self, pieces: Iterable[bytes], where: str) -> None:
        self.where = where
        self.count = 0
        self._pieces = iter(pieces)
        self._rest = bytearray()
        self._digest = hashlib.sha256()

    def take(self, count: int) -> bytes:
        """The next `count` bytes; fewer only at the end of the object."""
        while len(self._rest) < count:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._digest.update(piece)
            self.count += len(piece)
            self._rest += piece
        taken = bytes(self._rest[:count])
        del self._rest[:count]
        return taken

    def sha256(self) -> str:
        """Hex SHA-256 of all bytes that came, those not yet taken included."""
        return self._digest.hexdigest()


def read_header(source: Source) -> tuple[Header, bytes]:
    """The header at the start of an object, and its bytes, which are the associated data of the chunks.

    Raises:
        IntegrityError: not a header, or a damaged one.
        BackupError: a version that this program does not know.
    """
    start = source.take(_START.size)
    if len(start) < _START.size:
        raise damaged_header(source.where, f"an object cut short after {len(start)} bytes")
    magic, version, kind, length = _START.unpack(start)
    if magic != MAGIC:
        raise damaged_header(source.where, "other bytes at the start")
    if version != VERSION:
        raise BackupError(
            where=source.where,
            expected=f"backup format version {VERSION}",
            found=f"version {version}",
            cure="Read it with the version of this program that wrote it, or a newer one.",
        )
    if not _SMALLEST_BYTES <= length <= _LARGEST_BYTES:
        raise damaged_header(source.where, f"a header length of {length} bytes")
    raw = start + source.take(length - _START.size)
    if len(raw) < length:
        raise damaged_header(source.where, f"an object cut short after {len(raw)} bytes")
    body = raw[:-_CHECKSUM_BYTES]
    if _checksum(body) != raw[-_CHECKSUM_BYTES:]:
        raise damaged_header(source.where, "another checksum")
    try:
        return _parsed(kind, body), raw
    except (ValueError, struct.error):  # a checksum that fits and fields that don't: written by someone else
        raise damaged_header(source.where, "fields that contradict each other") from None


def damaged_header(where: str, found: str) -> IntegrityError:
    """The error for a header that can't be trusted."""
    return IntegrityError(
        where=where,
        expected="an undamaged header",
        found=found,
        cure="Restore from another snapshot, and find out what changes the store.",
    )


def _parsed(kind: int, body: bytes) -> Header:
    snapshot_id, number, plain_bytes, salt, nonce_prefix, count = _PLACE.unpack_from(body, _START.size)
    offset = _START.size + _PLACE.size
    recipients = []
    for _ in range(count):
        recipient_kind, key_id, length = _RECIPIENT.unpack_from(body, offset)
        offset += _RECIPIENT.size
        recipients.append(Recipient(recipient_kind, key_id, body[offset : offset + length]))
        offset += length
    if offset != len(body):
        raise ValueError("the recipients do not fill the header")
    place = Place(snapshot_id.decode("ascii"), ObjectKind(kind), number)
    return Header(place, plain_bytes, salt, nonce_prefix, tuple(recipients))


def _checksum(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()[:_CHECKSUM_BYTES]
