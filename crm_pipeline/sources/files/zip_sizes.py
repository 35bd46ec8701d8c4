"""How much a zip archive holds unpacked: counted, since what an archive says of it may be wrong.

Belongs here: counting, nothing is kept. Does not belong here: unpacking (`archives`).
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

_HEADER = struct.Struct("<4s22xHH")  # of a member: signature, lengths of its name and of what else is before its bytes
_SIGNATURE = b"PK\x03\x04"
_PIECE_BYTES = 1 << 16
_UNPACKED_BYTES = 1 << 20


def unpacked_bytes(file: Path, limit: int) -> int:
    """Bytes that all members have unpacked; counting ends once it is beyond the limit.

    Raises:
        zipfile.BadZipFile: no archive, or a member that is not where the archive says.
        zlib.error: a member that is damaged.
        NotImplementedError: a method of compression that no workbook has.
    """
    total = 0
    with zipfile.ZipFile(file) as archive, file.open("rb") as opened:
        for info in archive.infolist():
            for count in _counts(opened, info):
                total += count
                if total > limit:
                    return total
    return total


def _counts(opened: IO[bytes], info: zipfile.ZipInfo) -> Iterator[int]:
    """The sizes of the pieces of a member."""
    opened.seek(info.header_offset)
    header = opened.read(_HEADER.size)
    if len(header) < _HEADER.size or not header.startswith(_SIGNATURE):
        raise zipfile.BadZipFile
    _, *lengths = _HEADER.unpack(header)
    opened.seek(sum(lengths), 1)
    if info.compress_type == zipfile.ZIP_STORED:
        yield info.compress_size
    elif info.compress_type == zipfile.ZIP_DEFLATED:
        yield from _inflated(opened, info.compress_size)
    else:
        raise NotImplementedError(info.compress_type)


def _inflated(opened: IO[bytes], left: int) -> Iterator[int]:
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    while not inflate.eof and (piece := opened.read(min(left, _PIECE_BYTES))):
        left -= len(piece)
        while piece:
            yield len(inflate.decompress(piece, _UNPACKED_BYTES))
            piece = inflate.unconsumed_tail
