"""The vectors of format version 1, written by the oracle: `python -m crm_pipeline_tests.backup.make_vectors FOLDER`.

Belongs here: one good store, and one change of it for each failure. The committed files are frozen; a test compares.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from crm_pipeline_tests.backup import oracle

KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))
DATA_KEY = bytes(range(100, 132))
ID = "20260131T221500Z-0a1b2c"
OTHER_ID = "20260130T221500Z-999999"
PLAIN = {"state/history/空.json": b"", "state/landing/客户.csv": b"id,name\n1,MARKER\n"}
FILE, MANIFEST = f"snapshots/{ID}/files/000002.crmbak", f"snapshots/{ID}/manifest.crmbak"


@dataclass(frozen=True)
class Case:
    """One failure: which object is exchanged for what (null: deleted), and how a reader must answer."""

    name: str
    replaces: str
    content: bytes | None
    error: str
    says: str


def file_object(number: int, plain: bytes, snapshot_id: str = ID) -> bytes:
    """A file object with fixed salt and prefix."""
    head = oracle.header(snapshot_id, 2, number, len(plain), bytes([number]) * 16, bytes([number + 64]) * 7)
    return head + b"".join(oracle.sealed_chunks(plain, head, DATA_KEY))


def manifest_object(
    text: bytes, snapshot_id: str = ID, *, key: bytes = KEY, before: tuple[bytes, ...] = (), bound_to: str = ""
) -> bytes:
    """A manifest object with fixed salt, prefix and nonce."""
    own = oracle.recipient(key, DATA_KEY, bound_to or snapshot_id, bytes([7]) * 12)
    head = oracle.header(snapshot_id, 1, 0, len(text), bytes([9]) * 16, bytes([10]) * 7, (*before, own))
    return head + b"".join(oracle.sealed_chunks(text, head, DATA_KEY))


def good() -> dict[str, bytes]:
    """The objects of the good store, by key."""
    objects, entries = {}, []
    for number, (path, plain) in enumerate(PLAIN.items(), start=1):
        stored = file_object(number, plain)
        entry = oracle.file_entry(path, ID, number, plain, stored)
        objects[entry["object"]] = stored
        entries.append(entry)
    unknown = bytes([200]) + b"somebody" + (3).to_bytes(2, "big") + b"???"
    objects[MANIFEST] = manifest_object(oracle.manifest_json(ID, entries), before=(unknown,))
    return objects


def cases() -> list[Case]:
    """One case for each failure."""
    stored, manifest = good()[FILE], good()[MANIFEST]
    entries = [
        oracle.file_entry(path, ID, number, plain, file_object(number, plain))
        for number, (path, plain) in enumerate(PLAIN.items(), start=1)
    ]
    sums = {"files": 2, "bytes": 1, "bytes_cipher": 1}
    climbing = [entries[0], entries[1] | {"path": "state/../../x"}]
    return [
        Case("magic", FILE, b"X" + stored[1:], "IntegrityError", "other bytes at the start"),
        Case("version", FILE, stored[:6] + b"\x02" + stored[7:], "BackupError", "version 2"),
        Case("manifest_version", MANIFEST, manifest[:6] + b"\x02" + manifest[7:], "BackupError", "version 2"),
        Case("header_length", FILE, stored[:8] + b"\xff" * 4 + stored[12:], "IntegrityError", "header length"),
        Case("header_bit", FILE, flipped(stored, 50), "IntegrityError", "another checksum"),
        Case("manifest_header_bit", MANIFEST, flipped(manifest, 75), "IntegrityError", "another checksum"),
        Case("header_forged", FILE, forged(stored, 50), "IntegrityError", "chunk 1 of 1 damaged"),
        Case("wrapped_key_forged", MANIFEST, forged(manifest, 130), "IntegrityError", "wrapped key that was altered"),
        Case("recipient_forged", MANIFEST, forged(manifest, 83), "IntegrityError", "chunk 1 of 1 damaged"),
        Case("other_key", MANIFEST, again(entries, key=OTHER_KEY), "KeyMismatchError", "another key"),
        Case("key_of_another", MANIFEST, again(entries, bound_to=OTHER_ID), "IntegrityError", "wrapped key"),
        Case("header_surplus", FILE, surplus(PLAIN["state/landing/客户.csv"]), "IntegrityError", "contradict"),
        Case("chunk_bit", FILE, flipped(stored, 80), "IntegrityError", "chunk 1 of 1 damaged"),
        Case("tag_bit", FILE, flipped(stored, len(stored) - 1), "IntegrityError", "chunk 1 of 1 damaged"),
        Case("manifest_chunk_bit", MANIFEST, flipped(manifest, 300), "IntegrityError", "chunk 1 of 1 damaged"),
        Case("cut_in_chunk", FILE, stored[:-1], "IntegrityError", "cut short in chunk 1 of 1"),
        Case("cut_after_header", FILE, stored[:79], "IntegrityError", "cut short in chunk 1 of 1"),
        Case("cut_in_header", FILE, stored[:40], "IntegrityError", "cut short after 40 bytes"),
        Case("empty", FILE, b"", "IntegrityError", "cut short after 0 bytes"),
        Case("trailing", FILE, stored + b"\0", "IntegrityError", "trailing bytes"),
        Case("manifest_trailing", MANIFEST, manifest + b"\0", "IntegrityError", "trailing bytes"),
        Case("missing", FILE, None, "IntegrityError", "it was deleted"),
        Case("manifest_missing", MANIFEST, None, "BackupError", "no manifest"),
        Case("moved_file", FILE, file_object(1, b""), "IntegrityError", "file 1 of snapshot"),
        Case("file_of_another", FILE, file_object(2, b"", OTHER_ID), "IntegrityError", f"snapshot {OTHER_ID}, moved"),
        Case("manifest_of_another", MANIFEST, again([], OTHER_ID), "IntegrityError", f"snapshot {OTHER_ID}, moved"),
        Case("file_as_manifest", MANIFEST, stored, "IntegrityError", "file 2 of snapshot"),
        Case("same_key_other_content", FILE, file_object(2, b"other"), "IntegrityError", "another object"),
        Case("json_version", MANIFEST, again(entries, format_version=2), "BackupError", "another version or kind"),
        Case("json_kind", MANIFEST, again(entries, kind="later"), "BackupError", "another version or kind"),
        Case("json_member", MANIFEST, again(entries, surprise=1), "IntegrityError", "faults in surprise"),
        Case("json_totals", MANIFEST, again(entries, totals={}), "IntegrityError", "faults in totals"),
        Case("json_sums", MANIFEST, again(entries, totals=sums), "IntegrityError", "faults in manifest"),
        Case("json_snapshot", MANIFEST, again([], snapshot_id=OTHER_ID), "IntegrityError", "names snapshot"),
        Case("json_climbing_path", MANIFEST, again(climbing), "IntegrityError", "faults in files"),
        Case("json_twice", MANIFEST, again([entries[0], entries[0]]), "IntegrityError", "faults in manifest"),
        Case("not_json", MANIFEST, manifest_object(b"{"), "IntegrityError", "faults in manifest"),
    ]


def again(
    entries: list[dict[str, object]], at: str = ID, *, key: bytes = KEY, bound_to: str = "", **changes: object
) -> bytes:
    """The manifest written once more, with something else in it."""
    return manifest_object(oracle.manifest_json(at, entries, **changes), at, key=key, bound_to=bound_to)


def surplus(plain: bytes) -> bytes:
    """The second file object with a byte between its last field and the checksum, otherwise rightly sealed."""
    head = bytearray(oracle.header(ID, 2, 2, len(plain), bytes([2]) * 16, bytes([66]) * 7)[:-8] + b"?")
    head[8:12] = (80).to_bytes(4, "big")
    whole = oracle.with_checksum(bytes(head))
    return whole + b"".join(oracle.sealed_chunks(plain, whole, DATA_KEY))


def flipped(stored: bytes, position: int) -> bytes:
    """`stored` with the lowest bit of one byte flipped."""
    return stored[:position] + bytes([stored[position] ^ 1]) + stored[position + 1 :]


def forged(stored: bytes, position: int) -> bytes:
    """`stored` with a bit of the header flipped and the checksum made to fit: an attack, not an accident."""
    length = int.from_bytes(stored[8:12], "big")
    return oracle.with_checksum(flipped(stored, position)[: length - 8]) + stored[length:]


def files() -> dict[str, bytes]:
    """All vector files, by path in the vectors folder."""
    written = {f"good/{key}": content for key, content in good().items()}
    listed = []
    for case in cases():
        file = None if case.content is None else f"bad/{case.name}.crmbak"
        if file is not None and case.content is not None:
            written[file] = case.content
        listed.append(
            {"name": case.name, "replaces": case.replaces, "with": file, "error": case.error, "says": case.says}
        )
    key = {"key": oracle.key_text(KEY), "snapshot_id": ID}
    plain = {path: content.decode() for path, content in PLAIN.items()}
    text = json.dumps(key | {"plain": plain, "cases": listed}, ensure_ascii=False, indent=1)
    return written | {"cases.json": text.encode() + b"\n"}


if __name__ == "__main__":
    for name, content in files().items():
        target = Path(sys.argv[1], name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
