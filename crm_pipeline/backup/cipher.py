"""Encrypted objects as streams: plain text to stored bytes and back, one chunk in memory at a time.

Belongs here: STREAM over AES-256-GCM as FORMAT.md fixes it. Does not belong here: whose data key it is (`keys`), which
objects there are (`manifest`), where they lie.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from crm_pipeline.backup.header import CHUNK_BYTES, TAG_BYTES, Header, Place, Recipient, Source
from crm_pipeline.backup.keys import derived
from crm_pipeline.errors import BackupError, IntegrityError


class Encryption:
    """One object being encrypted; iterate once for its stored bytes, then ask for the hashes.

    Args:
        plain: read to its end, from where it stands.
        plain_bytes: how many bytes that must be.
        place: where the object belongs.
        data_key: of the snapshot.
        recipients: for the manifest.
        where: for messages.
    """

    def __init__(
        self,
        plain: BinaryIO,
        plain_bytes: int,
        *,
        place: Place,
        data_key: bytes,
        recipients: tuple[Recipient, ...] = (),
        where: str,
    ) -> None:
        self._plain = plain
        self._where = where
        self._header = Header(place, plain_bytes, secrets.token_bytes(16), secrets.token_bytes(7), recipients)
        self._seal = AESGCM(_object_key(data_key, self._header))
        self._plain_digest = hashlib.sha256()
        self._stored_digest = hashlib.sha256()
        self.stored_bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        """The header, then the chunks. Raises `BackupError` if there is less or more to read than was said."""
        raw = self._header.to_bytes()
        yield self._counted(raw)
        left = self._header.plain_bytes
        for number in range(self._header.chunk_count):
            chunk = self._plain.read(min(CHUNK_BYTES, left))
            left -= len(chunk)
            last = number == self._header.chunk_count - 1
            if (len(chunk) < CHUNK_BYTES and not last) or (last and (left or self._plain.read(1))):
                raise changed(self._where)
            self._plain_digest.update(chunk)
            yield self._counted(self._seal.encrypt(_nonce(self._header, number), chunk, raw))

    def plain_sha256(self) -> str:
        """Hex SHA-256 of what was read."""
        return self._plain_digest.hexdigest()

    def stored_sha256(self) -> str:
        """Hex SHA-256 of what was given out."""
        return self._stored_digest.hexdigest()

    def _counted(self, stored: bytes) -> bytes:
        self._stored_digest.update(stored)
        self.stored_bytes += len(stored)
        return stored


def decrypt(source: Source, header: Header, raw_header: bytes, data_key: bytes) -> Iterator[bytes]:
    """The verified chunks of an object whose header was read and lies in its place.

    A caller may use a chunk at once but must not release any before the last came without error.

    Raises:
        IntegrityError: a chunk is damaged, exchanged or missing, or bytes follow the last one.
    """
    opener = AESGCM(_object_key(data_key, header))
    left = header.plain_bytes
    for number in range(header.chunk_count):
        size = min(CHUNK_BYTES, left)
        sealed = source.take(size + TAG_BYTES)
        chunk_name = f"chunk {number + 1} of {header.chunk_count}"
        if len(sealed) < size + TAG_BYTES:
            raise _damaged(source, f"an object cut short in {chunk_name}, after {source.count} bytes")
        try:
            chunk = opener.decrypt(_nonce(header, number), sealed, raw_header)
        except InvalidTag:
            raise _damaged(source, f"{chunk_name} damaged or exchanged") from None
        left -= size
        yield chunk
    if source.take(1):
        raise _damaged(source, "trailing bytes after the last chunk")


def changed(where: str) -> BackupError:
    """The error for a file that another process writes to."""
    return BackupError(
        where=where,
        expected="a file that stays as it is while it is backed up",
        found="one that changed",
        cure="Wait until no run writes to the project, then back up again.",
    )


def _object_key(data_key: bytes, header: Header) -> bytes:
    return derived(data_key, b"object", salt=header.salt)


def _nonce(header: Header, number: int) -> bytes:
    last = number == header.chunk_count - 1
    return header.nonce_prefix + number.to_bytes(4, "big") + (b"\x01" if last else b"\x00")


def _damaged(source: Source, found: str) -> IntegrityError:
    return IntegrityError(
        where=source.where,
        expected="the bytes that were stored",
        found=found,
        cure="Restore from another snapshot, and find out what changes the store.",
    )
