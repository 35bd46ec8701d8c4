"""Records of old workbooks (.xls; MS-CFB, MS-XLS), looked at for what the library misreads.

Belongs here: finding charts among cells. Does not belong here: reading cells (`workbook`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np

_SECTOR_SHIFT, _DIRECTORY, _FIRST_FAT = 30, 48, 76  # offsets in the file's header
_NEXT_FAT = 68  # of the first sector with more places of the table than the header has
_FATS_OF_HEADER = 109
_END = 0xFFFFFFFA  # sectors have smaller numbers
_ENTRY_BYTES = 128
_STREAMS = {"Workbook", "Book"}
_START, _FINISH, _SHEET = 0x0809, 0x000A, 0x0085  # BOF, EOF, BoundSheet
_CHART = 0x0020  # type of a part, in BOF


def has_chart(content: bytes, sheet: int) -> bool:
    """Whether a sheet, by its place from 0, has a chart among its cells, whose numbers the library takes for cells.

    Not told of a workbook that is damaged: the library will say so.
    """
    try:
        stream = _stream(content)
        (place,) = struct.unpack_from("<I", [record for kind, record in _records(stream, 0) if kind == _SHEET][sheet])
        depth = 0
        for kind, record in _records(stream, place):
            depth += (kind == _START) - (kind == _FINISH)
            if kind == _START and depth > 1 and struct.unpack_from("<H", record, 2) == (_CHART,):
                return True
            if not depth:
                return False
    except (struct.error, IndexError, ValueError):
        pass
    return False


def _records(stream: bytes, place: int) -> Iterator[tuple[int, bytes]]:
    """Kind and content of the records from a place on."""
    while place + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, place)
        yield kind, stream[place + 4 : place + 4 + size]
        place += 4 + size


def _stream(content: bytes) -> bytes:
    """The stream of the workbook in its compound file."""
    size = 1 << struct.unpack_from("<H", content, _SECTOR_SHIFT)[0]
    fat = np.frombuffer(b"".join(_sector(content, number, size) for number in _fat_sectors(content, size)), "<u4")
    directory = _chain(content, struct.unpack_from("<I", content, _DIRECTORY)[0], fat, size)
    for at in range(0, len(directory), _ENTRY_BYTES):
        (length,) = struct.unpack_from("<H", directory, at + 64)
        if directory[at : at + max(length - 2, 0)].decode("utf-16-le", "replace") in _STREAMS:
            start, bytes_used = struct.unpack_from("<II", directory, at + 116)
            return _chain(content, start, fat, size)[:bytes_used]
    raise ValueError("no workbook")


def _fat_sectors(content: bytes, size: int) -> list[int]:
    """The sectors that hold the table of which sector follows which."""
    numbers = list(struct.unpack_from(f"<{_FATS_OF_HEADER}I", content, _FIRST_FAT))
    (following,) = struct.unpack_from("<I", content, _NEXT_FAT)
    while following < _END and len(numbers) * size < len(content):
        *more, following = struct.unpack(f"<{size // 4}I", _sector(content, following, size))
        numbers += more
    return [number for number in numbers if number < _END]


def _chain(content: bytes, number: int, fat: np.typing.NDArray[np.uint32], size: int) -> bytes:
    sectors: list[bytes] = []
    while number < _END and len(sectors) <= fat.size:
        sectors.append(_sector(content, number, size))
        number = int(fat[number])
    return b"".join(sectors)


def _sector(content: bytes, number: int, size: int) -> bytes:
    return content[(number + 1) * size : (number + 2) * size]
