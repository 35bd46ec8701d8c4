"""Project keys, and data keys wrapped for them.

Belongs here: the text form of a key, its id, wrapping. Does not belong here: where the operator keeps the key, and what
a data key encrypts (`cipher`). No message and no representation shows a key.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from crm_pipeline.backup.header import Recipient, damaged_header
from crm_pipeline.errors import ConfigurationError, KeyMismatchError

KEY_BYTES = 32
PROJECT_RECIPIENT = 1
"""Recipient kind of the project key; 2 is reserved for a recovery key."""

_PREFIX = "crmkey1:"
_TEXT = re.compile(rf"{_PREFIX}([A-Za-z0-9_-]{{43}})")
_INFO = b"crm_pipeline backup 1 "
_NONCE_BYTES = 12


@dataclass(frozen=True)
class ProjectKey:
    """The operator's key: 32 bytes that never leave this process."""

    secret: bytes = field(repr=False)

    @property
    def key_id(self) -> bytes:
        """8 bytes that tell this key from others and reveal nothing of it."""
        return derived(self.secret, b"key id", length=8)


def generate_key() -> str:
    """A new project key as text, from the operating system's random numbers."""
    return _PREFIX + _encoded(secrets.token_bytes(KEY_BYTES))


def parse_key(text: str) -> ProjectKey:
    """The key written as `crmkey1:` and 43 characters of base64url; white space around it is ignored.

    Raises:
        ConfigurationError: another form; the message says nothing about the text.
    """
    match = _TEXT.fullmatch(text.strip())
    secret = base64.urlsafe_b64decode(match[1] + "=") if match else b""
    if match is None or _encoded(secret) != match[1]:
        raise ConfigurationError(
            where="backup.key",
            expected=f"`{_PREFIX}` and 43 characters of base64url",
            found="another form (not shown)",
            cure="Set CRM_BACKUP_KEY to the key that was generated for this project.",
        )
    return ProjectKey(secret)


def wrap(key: ProjectKey, data_key: bytes, snapshot_id: str) -> Recipient:
    """The recipient entry that lets `key` unwrap `data_key`, bound to the snapshot."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    bound = _bound(PROJECT_RECIPIENT, key.key_id, snapshot_id)
    wrapped = AESGCM(derived(key.secret, b"wrap")).encrypt(nonce, data_key, bound)
    return Recipient(PROJECT_RECIPIENT, key.key_id, nonce + wrapped)


def unwrap(key: ProjectKey, recipients: Iterable[Recipient], snapshot_id: str, *, where: str) -> bytes:
    """The data key of a snapshot.

    Raises:
        KeyMismatchError: no recipient has this key's id.
        IntegrityError: one has, but its entry was altered or belongs to another snapshot.
    """
    own = [each for each in recipients if (each.kind, each.key_id) == (PROJECT_RECIPIENT, key.key_id)]
    if not own:
        raise KeyMismatchError(
            where=where,
            expected=f"a snapshot written for the key with id {key.key_id.hex()}",
            found="a snapshot written for another key",
            cure="Set CRM_BACKUP_KEY to the key that was in use when the snapshot was taken. To go on with this one, "
            "take a snapshot with it: `crm-pipeline backup full`, here or with another backup.to.",
        )
    nonce, wrapped = own[0].wrapped_key[:_NONCE_BYTES], own[0].wrapped_key[_NONCE_BYTES:]
    try:
        data_key = AESGCM(derived(key.secret, b"wrap")).decrypt(
            nonce, wrapped, _bound(own[0].kind, key.key_id, snapshot_id)
        )
    except (InvalidTag, ValueError):  # ValueError: a nonce that was cut short
        raise damaged_header(where, "a wrapped key that was altered") from None
    if len(data_key) != KEY_BYTES:
        raise damaged_header(where, f"a data key of {len(data_key)} bytes")
    return data_key


def derived(secret: bytes, purpose: bytes, *, salt: bytes | None = None, length: int = KEY_BYTES) -> bytes:
    """Bytes for one purpose from a secret: HKDF-SHA256 (RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=_INFO + purpose).derive(secret)


def _bound(kind: int, key_id: bytes, snapshot_id: str) -> bytes:
    return _INFO + b"wrap" + bytes([kind]) + key_id + snapshot_id.encode("ascii")


def _encoded(secret: bytes) -> str:
    return base64.urlsafe_b64encode(secret).rstrip(b"=").decode("ascii")
