"""Delivered bytes as UTF-8, block by block, each block whole lines.

Belongs here: encodings, byte order marks, bytes that are not of the encoding. Does not belong here: which encoding it
is when nobody said so (`encodings`), what the text says (`csv_rows`, `json_lines`).
"""

from __future__ import annotations

import codecs
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from crm_pipeline.errors import DeliveryError

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
BLOCK_BYTES = 1 << 24
LONGEST_LINE_BYTES = 1 << 28
"""A file with a longer line, 256 MiB, is no text that people or programs write line by line."""

# In these, a line feed is always the byte 0x0A and never part of another character, so that lines can be told apart
# before they are decoded.
_LINES_ARE_BYTES = frozenset(
    codecs.lookup(name).name
    for name in (
        *("utf-8", "utf-8-sig", "ascii", "latin-1", "gb18030", "gbk", "gb2312", "big5", "cp950", "big5hkscs"),
        *("shift_jis", "cp932", "euc_jp", "euc_kr", "cp949", "koi8-r", "koi8-u", "cp874"),
        *(f"cp125{n}" for n in range(9)),
        *(f"iso8859-{n}" for n in range(2, 17) if n != 12),
    )
)
# In these it is this unit, at a multiple of its length.
_LINE_UNITS = {
    name: "\n".encode(name) for name in (*sorted(_LINES_ARE_BYTES), "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
}


_MARKED = frozenset({"utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "gb18030"})  # may begin with a mark


@dataclass(frozen=True, slots=True)
class Damaged:
    """A line with bytes that are not of the encoding, its line end apart.

    Attributes:
        line: its number, by line feeds.
        start: offset in the block's text.
        end: offset behind it.
        raw: its bytes as delivered.
    """

    line: int
    start: int
    end: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class TextBlock:
    """Some whole lines of a file.

    Attributes:
        content: the lines in UTF-8; what could not be decoded is U+FFFD.
        first_line: number of its first line.
        is_last: whether the file ends here.
        damaged: lines with bytes that are not of the encoding.
    """

    content: bytes
    first_line: int
    is_last: bool
    damaged: tuple[Damaged, ...] = ()


def is_utf8(encoding: str) -> bool:
    """Whether bytes in this encoding need no decoding."""
    return codecs.lookup(encoding).name in {"utf-8", "utf-8-sig", "ascii"}


def is_valid(text: bytes | memoryview) -> bool:
    """Whether the text is UTF-8, by Arrow's validation, several times as fast as decoding."""
    offsets = pa.py_buffer(struct.pack("<qq", 0, len(text)))
    try:
        pa.LargeStringArray.from_buffers(1, offsets, pa.py_buffer(text)).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def as_delivered(text: bytes, encoding: str) -> bytes:
    """Text in UTF-8 as it was before it was decoded."""
    return text if is_utf8(encoding) else text.decode().encode(encoding, errors="replace")


def text_blocks(file: Path, encoding: str, where: str) -> Iterator[TextBlock]:
    """A file's lines in UTF-8, without a byte order mark; one empty block of an empty file.

    Args:
        file: uncompressed.
        encoding: as Python names it.
        where: source, extract and file, for messages.

    Raises:
        DeliveryError: a line of more than 256 MiB.
    """
    known = codecs.lookup(encoding).name.replace("utf-8-sig", "utf-8")
    unit = _LINE_UNITS.get(known)
    if unit is None:
        yield from _transcoded(file, known, where)
        return
    line = 1
    for raw, is_last in _line_blocks(file, unit, where):
        content = raw.removeprefix("\ufeff".encode(known)) if line == 1 and known in _MARKED else raw
        block = _decoded(content, known, unit, line, is_last=is_last)
        yield block
        line += block.content.count(b"\n")


def _line_blocks(file: Path, unit: bytes, where: str) -> Iterator[tuple[bytes, bool]]:
    """Blocks that end behind a line feed, and whether each is the last."""
    rest = b""
    with file.open("rb") as opened:
        while read := opened.read(BLOCK_BYTES):
            rest = rest + read if rest else read
            end = _end_of_lines(rest, unit)
            if end:
                yield rest[:end], False
                rest = rest[end:]
            _require_lines(len(rest), where)
    yield rest, True


def _end_of_lines(raw: bytes, unit: bytes) -> int:
    """Offset behind the last line feed, 0 if there is none."""
    found = raw.rfind(unit)
    while found > 0 and found % len(unit):
        found = raw.rfind(unit, 0, found + len(unit) - 1)
    return found + len(unit) if found >= 0 and found % len(unit) == 0 else 0


def _require_lines(length: int, where: str) -> None:
    if length > LONGEST_LINE_BYTES:
        raise DeliveryError(
            where=where,
            expected=f"lines of at most {LONGEST_LINE_BYTES >> 20} MiB",
            found="a longer one",
            cure="The file is no text of lines; correct read.format or read.encoding.",
        )


def _decoded(raw: bytes, encoding: str, unit: bytes, first_line: int, *, is_last: bool) -> TextBlock:
    if encoding == "utf-8" and is_valid(raw):
        return TextBlock(raw, first_line, is_last)
    try:
        return TextBlock(raw.decode(encoding).encode(), first_line, is_last)
    except UnicodeDecodeError:
        return _decoded_by_line(raw, encoding, unit, first_line, is_last=is_last)


def _decoded_by_line(raw: bytes, encoding: str, unit: bytes, first_line: int, *, is_last: bool) -> TextBlock:
    damaged: list[Damaged] = []
    texts: list[bytes] = []
    start = 0
    for number, part in _numbered_lines(raw, unit, first_line):
        line = part.removesuffix(unit).removesuffix("\r".encode(encoding))
        try:
            text = line.decode(encoding).encode()
        except UnicodeDecodeError:
            text = line.decode(encoding, errors="replace").replace("\n", "\ufffd").encode()
            damaged.append(Damaged(number, start, start + len(text), line))
        texts.append(text + part[len(line) :].decode(encoding).encode())
        start += len(texts[-1])
    return TextBlock(b"".join(texts), first_line, is_last, tuple(damaged))


def _numbered_lines(raw: bytes, unit: bytes, first_line: int) -> Iterator[tuple[int, bytes]]:
    start, number = 0, first_line
    while start < len(raw):
        found = raw.find(unit, start)
        while found >= 0 and found % len(unit):
            found = raw.find(unit, found + 1)
        end = found + len(unit) if found >= 0 else len(raw)
        yield number, raw[start:end]
        start, number = end, number + 1


def _transcoded(file: Path, encoding: str, where: str) -> Iterator[TextBlock]:
    """The same of an encoding in which lines can't be told apart before it is decoded, such as ISO-2022-JP.

    The bytes of a damaged line are those that its text would have, not those delivered.
    """
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    line, rest = 1, ""
    with file.open("rb") as opened:
        while read := opened.read(BLOCK_BYTES):
            rest += decoder.decode(read)
            end = rest.rfind("\n") + 1
            if end:
                yield _text_block(rest[:end], encoding, line, is_last=False)
                line, rest = line + rest.count("\n", 0, end), rest[end:]
            _require_lines(len(rest), where)
    yield _text_block(rest + decoder.decode(b"", final=True), encoding, line, is_last=True)


def _text_block(text: str, encoding: str, first_line: int, *, is_last: bool) -> TextBlock:
    damaged: list[Damaged] = []
    start = 0
    for line, part in enumerate(text.split("\n"), first_line) if "\ufffd" in text else ():
        end = start + len(part.encode())
        if "\ufffd" in part:
            damaged.append(Damaged(line, start, end, part.encode(encoding, errors="replace")))
        start = end + 1
    return TextBlock(text.encode(), first_line, is_last, tuple(damaged))
