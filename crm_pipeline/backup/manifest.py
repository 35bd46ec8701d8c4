"""The list of a snapshot's files as frozen values, and its JSON form.

Belongs here: members, their rules, safe paths, names of objects. Does not belong here: encryption (`cipher`) and the
store (`snapshots`).
"""

from __future__ import annotations

import re
from pathlib import PureWindowsPath
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from crm_pipeline.errors import BackupError, IntegrityError

FORMAT_VERSION: Final = 1
SNAPSHOT_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")
OBJECT_KEY = re.compile(rf"snapshots/({SNAPSHOT_ID.pattern})/(?:files/(\d{{6,10}})\.crmbak|manifest\.crmbak)")

_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]")
"""Never in a path: control characters, the backslash (a separator elsewhere), what is not text (lone surrogates)."""

_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Count = Annotated[int, Field(ge=0)]


def folder_key(snapshot_id: str) -> str:
    """The prefix of all objects of a snapshot, with a final `/`."""
    return f"snapshots/{snapshot_id}/"


def manifest_key(snapshot_id: str) -> str:
    """The key of a snapshot's manifest."""
    return f"{folder_key(snapshot_id)}manifest.crmbak"


def file_key(snapshot_id: str, number: int) -> str:
    """The key of a snapshot's file object; `number` from 1."""
    return f"{folder_key(snapshot_id)}files/{number:06d}.crmbak"


def is_safe_path(path: str) -> bool:
    """Whether `path` is relative, plain, below the project on every operating system, and text in UTF-8."""
    parts = path.split("/")
    plain = not any(part in {"", ".", ".."} for part in parts) and not _FORBIDDEN.search(path)
    return plain and not PureWindowsPath(path).drive


def _safe(path: str) -> str:
    if not is_safe_path(path):
        raise ValueError("a path that leaves the project")
    return path


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, validate_by_name=True)


class FileEntry(_Value):
    """One file of a snapshot. Key: `path`. `rows` is null if unknown; sizes in bytes, hashes in hex."""

    path: Annotated[str, AfterValidator(_safe)]
    object_key: str = Field(alias="object")
    rows: _Count | None
    plain_bytes: _Count = Field(alias="bytes")
    sha256_plain: _Sha256
    bytes_cipher: _Count
    sha256_cipher: _Sha256

    @property
    def number(self) -> int:
        """The number of the object in its snapshot."""
        match = OBJECT_KEY.fullmatch(self.object_key)
        return int(match[2]) if match and match[2] else 0


class Totals(_Value):
    """The sums over a snapshot's files."""

    files: _Count
    plain_bytes: _Count = Field(alias="bytes")
    bytes_cipher: _Count


class Snapshot(_Value):
    """A complete snapshot: what its manifest says. Files are ordered by path."""

    format_version: Literal[1]
    snapshot_id: Annotated[str, Field(pattern=f"^{SNAPSHOT_ID.pattern}$")]
    kind: Literal["full"]
    parent: None
    created_at: AwareDatetime
    code_version: str
    configuration_sha256: str
    files: tuple[FileEntry, ...]
    totals: Totals

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        paths = [entry.path for entry in self.files]
        numbers = {entry.number for entry in self.files}
        own = all(entry.object_key == file_key(self.snapshot_id, entry.number) for entry in self.files)
        if paths != sorted(set(paths)) or len(numbers) != len(paths) or 0 in numbers or not own:
            raise ValueError("paths or objects that repeat, are out of order or belong elsewhere")
        if self.totals != totals_of(self.files):
            raise ValueError("totals that are not the sums of the files")
        return self


def totals_of(files: tuple[FileEntry, ...]) -> Totals:
    """The sums over `files`."""
    return Totals(
        files=len(files),
        plain_bytes=sum(entry.plain_bytes for entry in files),
        bytes_cipher=sum(entry.bytes_cipher for entry in files),
    )


def to_json(snapshot: Snapshot) -> bytes:
    """The plain text of the manifest object."""
    return snapshot.model_dump_json(by_alias=True, indent=1).encode("utf-8")


def from_json(text: bytes, *, where: str) -> Snapshot:
    """The snapshot that a decrypted manifest describes.

    Raises:
        BackupError: another format version or kind of snapshot than this program knows.
        IntegrityError: it breaks the rules of its version, so that whoever holds the key wrote it wrongly.
    """
    try:
        return Snapshot.model_validate_json(text, by_alias=True, by_name=False)
    except ValidationError as error:
        places = {str(each["loc"][0]) if each["loc"] else "manifest" for each in error.errors(include_input=False)}
    if places & {"format_version", "kind"}:
        raise BackupError(
            where=where,
            expected=f"a manifest of format version {FORMAT_VERSION} and kind full",
            found="another version or kind",
            cure="Read it with the version of this program that wrote it, or a newer one.",
        )
    raise IntegrityError(
        where=where,
        expected="a manifest that keeps the rules of its format",
        found=f"faults in {', '.join(sorted(places))}",
        cure="Restore from another snapshot; this one was not written by this program.",
    )
