"""Files unpacked from gzip and zip, told by their content, within a limit.

Belongs here: unpacking one file. Does not belong here: formats.
"""

from __future__ import annotations

import contextlib
import errno
import fnmatch
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, Protocol

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import FileRead
from crm_pipeline.sources.files.sizes import bytes_of

_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"
_PIECE_BYTES = 1 << 20
_LIMIT = "20GB"
_IS_ENCRYPTED = 0x1
# What a workbook has among its members: Excel's, and OpenDocument's.
_OF_A_WORKBOOK = ({"[Content_Types].xml"}, {"mimetype", "content.xml"})


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A file as its format reads it.

    Attributes:
        file: on this machine.
        name: that tells its format: of a zip archive the member's, else the file's.
        packed: `gzip` or `zip`; None where it was not packed.
        member: of a zip archive.
    """

    file: Path
    name: str
    packed: str | None = None
    member: str | None = None


def unpacked(file: Path, read: FileRead, folder: Path, where: str) -> Unpacked:
    """The file itself, or what it holds unpacked into `folder`; a workbook is no archive here.

    Raises:
        DeliveryError: the archive is damaged, cut short, has a password, holds more than the limit, or no or several
            files that could be meant.
    """
    with file.open("rb") as opened:
        start = opened.read(4)
    target = folder / f"unpacked-{file.name}"
    if start.startswith(_GZIP):
        with _refusing(where, "gzip"), gzip.open(file) as source:
            _write(source, target, read.unpacked_limit or _LIMIT, where)
        _require_unpacked(target, where, "gzip")
        return Unpacked(target, file.name, "gzip")
    if start in {_ZIP, _EMPTY_ZIP} and not (read.file_format == "excel" and not zipfile.is_zipfile(file)):
        with _refusing(where, "zip"), zipfile.ZipFile(file) as archive:
            if _is_workbook(archive):
                return Unpacked(file, file.name)
            member = _member(archive, read.member, where)
            with archive.open(member) as source:
                _write(source, target, read.unpacked_limit or _LIMIT, where)
        _require_unpacked(target, f"{where}, {member.filename}", "zip")
        return Unpacked(target, member.filename, "zip", member.filename)
    return Unpacked(file, file.name)


def _is_workbook(archive: zipfile.ZipFile) -> bool:
    names = {info.filename for info in archive.infolist()}
    return any(names >= parts for parts in _OF_A_WORKBOOK)


def _require_unpacked(file: Path, where: str, kind: str) -> None:
    """Nothing, unless what was unpacked is an archive once more; a workbook is none here."""
    with file.open("rb") as opened:
        start = opened.read(4)
    if start.startswith(_GZIP):
        inner = "gzip"
    elif start in {_ZIP, _EMPTY_ZIP} and zipfile.is_zipfile(file):
        with _refusing(where, "zip"), zipfile.ZipFile(file) as archive:
            if _is_workbook(archive):
                return
        inner = "zip"
    else:
        return
    raise DeliveryError(
        where=where,
        expected=f"a file that was packed once, by {kind}",
        found=f"one that was packed twice: a {inner} archive within",
        cure="Deliver it packed once.",
    )


def _member(archive: zipfile.ZipFile, pattern: str | None, where: str) -> zipfile.ZipInfo:
    files = [info for info in archive.infolist() if not info.is_dir() and not info.filename.startswith("__MACOSX/")]
    matching = [info for info in files if pattern is None or fnmatch.fnmatchcase(info.filename, pattern)]
    if len(matching) != 1:
        raise DeliveryError(
            where=where,
            expected=f"one file in the archive{f' that is {pattern}' if pattern else ''}",
            found=f"{len(matching)} of {len(files)}",
            cure="Set read.member to the name, or a pattern, of the one that is meant.",
        )
    if matching[0].flag_bits & _IS_ENCRYPTED:
        _refuse(where, "zip", "one with a password")
    return matching[0]


def _write(source: _Readable, target: Path, limit: str, where: str) -> None:
    """The bytes of `source`, counted as they come: what an archive says of its size may be wrong."""
    left = bytes_of(limit)
    with target.open("wb") as opened:
        while piece := source.read(_PIECE_BYTES):
            left -= len(piece)
            if left < 0:
                raise DeliveryError(
                    where=where,
                    expected=f"at most {limit} unpacked (read.unpacked_limit)",
                    found="more",
                    cure="Check the file; raise read.unpacked_limit if it is what it should be.",
                )
            opened.write(piece)


@contextlib.contextmanager
def _refusing(where: str, kind: str) -> Iterator[None]:
    try:
        yield
    except EOFError:
        _refuse(where, kind, "one that was cut short")
    except (gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError) as error:
        _refuse(where, kind, f"one that is damaged, cut short or of an unknown method ({type(error).__name__})")
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise DeliveryError(
            where=where,
            expected="room on the disk for the unpacked file",
            found="none",
            cure="Free disk space where the project's var/ lies, then run again.",
        ) from None


def _refuse(where: str, kind: str, found: str) -> NoReturn:
    raise DeliveryError(
        where=where,
        expected=f"a {kind} archive",
        found=found,
        cure="Ask for the delivery again; nothing was loaded.",
    ) from None
