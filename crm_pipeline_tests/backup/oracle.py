"""The backup format written a second time, from FORMAT.md alone, with every random value given by the caller.

Belongs here: what tests compare the package with, and what wrote the vectors. Imports nothing of the package.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CHUNK = 1024 * 1024


def hkdf(secret: bytes, info: str, length: int, salt: bytes = b"") -> bytes:
    """HKDF-SHA256 of RFC 5869, for at most 32 bytes."""
    extracted = hmac.digest(salt or bytes(32), secret, "sha256")
    return hmac.digest(extracted, info.encode() + b"\x01", "sha256")[:length]


def key_text(secret: bytes) -> str:
    """The text form of a project key."""
    return "crmkey1:" + base64.urlsafe_b64encode(secret).decode().rstrip("=")


def recipient(project_key: bytes, data_key: bytes, snapshot_id: str, nonce: bytes, kind: int = 1) -> bytes:
    """A recipient entry."""
    key_id = hkdf(project_key, "crm_pipeline backup 1 key id", 8)
    bound = b"crm_pipeline backup 1 wrap" + bytes([kind]) + key_id + snapshot_id.encode()
    wrapping_key = hkdf(project_key, "crm_pipeline backup 1 wrap", 32)
    wrapped = nonce + AESGCM(wrapping_key).encrypt(nonce, data_key, bound)
    return bytes([kind]) + key_id + len(wrapped).to_bytes(2, "big") + wrapped


def header(
    snapshot_id: str, kind: int, number: int, size: int, salt: bytes, prefix: bytes, recipients: tuple[bytes, ...] = ()
) -> bytes:
    """A header with its checksum."""
    entries = b"".join(recipients)
    raw = b"CRMBAK" + bytes([1, kind]) + (79 + len(entries)).to_bytes(4, "big") + snapshot_id.encode()
    raw += number.to_bytes(4, "big") + size.to_bytes(8, "big") + salt + prefix + bytes([len(recipients)]) + entries
    return with_checksum(raw)


def with_checksum(raw: bytes) -> bytes:
    """Header bytes followed by their checksum."""
    return raw + hashlib.sha256(raw).digest()[:8]


def sealed_chunks(plain: bytes, head: bytes, data_key: bytes) -> list[bytes]:
    """The chunks of an object."""
    key = AESGCM(hkdf(data_key, "crm_pipeline backup 1 object", 32, head[47:63]))
    pieces = [plain[start : start + CHUNK] for start in range(0, len(plain), CHUNK)] or [b""]
    return [
        key.encrypt(head[63:70] + number.to_bytes(4, "big") + bytes([number == len(pieces) - 1]), piece, head)
        for number, piece in enumerate(pieces)
    ]


def opened(stored: bytes, data_key: bytes) -> bytes:
    """The plain text of an undamaged object."""
    head, rest = stored[: int.from_bytes(stored[8:12], "big")], stored[int.from_bytes(stored[8:12], "big") :]
    key = AESGCM(hkdf(data_key, "crm_pipeline backup 1 object", 32, head[47:63]))
    pieces = [rest[start : start + CHUNK + 16] for start in range(0, len(rest), CHUNK + 16)]
    return b"".join(
        key.decrypt(head[63:70] + number.to_bytes(4, "big") + bytes([number == len(pieces) - 1]), piece, head)
        for number, piece in enumerate(pieces)
    )


def data_key_of(manifest: bytes, project_key: bytes) -> bytes:
    """The data key from a manifest object with one recipient."""
    kind, key_id, wrapped = manifest[71:72], manifest[72:80], manifest[82:142]
    bound = b"crm_pipeline backup 1 wrap" + kind + key_id + manifest[12:35]
    wrapping_key = hkdf(project_key, "crm_pipeline backup 1 wrap", 32)
    return AESGCM(wrapping_key).decrypt(wrapped[:12], wrapped[12:], bound)


def manifest_json(at: str, files: list[dict[str, Any]], **changes: Any) -> bytes:
    """A manifest's plain text, with members exchanged at will."""
    totals = {
        "files": len(files),
        "bytes": sum(file["bytes"] for file in files),
        "bytes_cipher": sum(file["bytes_cipher"] for file in files),
    }
    value = {
        "format_version": 1,
        "snapshot_id": at,
        "kind": "full",
        "parent": None,
        "created_at": "2026-01-31T22:15:00.000001Z",
        "code_version": "0.1.0",
        "configuration_sha256": "c" * 64,
        "files": files,
        "totals": totals,
    }
    return json.dumps(value | changes, ensure_ascii=False).encode()


def file_entry(path: str, snapshot_id: str, number: int, plain: bytes, stored: bytes) -> dict[str, Any]:
    """A manifest's entry."""
    return {
        "path": path,
        "object": f"snapshots/{snapshot_id}/files/{number:06d}.crmbak",
        "rows": None,
        "bytes": len(plain),
        "sha256_plain": hashlib.sha256(plain).hexdigest(),
        "bytes_cipher": len(stored),
        "sha256_cipher": hashlib.sha256(stored).hexdigest(),
    }
