"""Which encoding a text file is in, told by its bytes alone: proven where it can be, said how sure where it can't.

Belongs here: the order of candidates and what speaks for each. Does not belong here: decoding (`decoding`), how Chinese
a text looks (`plausibility`).
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

from crm_pipeline.errors import DeliveryError
from crm_pipeline.sources.files.decoding import is_valid
from crm_pipeline.sources.files.plausibility import Evidence, evidence_of

_BLOCK_BYTES = 1 << 24
_SAMPLE_BYTES = 1 << 22  # of text with other characters than ASCII, from which evidence is taken
_START_BYTES = 1 << 16
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins as UTF-16's mark does
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    ("\ufeff".encode("gb18030"), "gb18030"),
)
_BIG5 = ("big5", "cp950", "big5hkscs")  # the standard, with what Windows adds, with what Hong Kong adds
_RIVALS = ("big5", "euc_jp")  # short text that is GB18030 by chance may be more plausible in these
_SURE_BITS = 60.0  # evidence from which on rivals are not asked


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding as Python names it, and how it became known.

    Attributes:
        name: of the encoding.
        reason: how it became known, and how surely.
    """

    name: str
    reason: str


def encoding_of(file: Path, given: str | None, where: str) -> Encoding:
    """The encoding that is `given`, else the one that a byte order mark, the whole file or its plausibility tells.

    Args:
        file: uncompressed.
        given: as Python names it; None to find it.
        where: source, extract and file, for messages.

    Raises:
        DeliveryError: none can be told.
    """
    with file.open("rb") as opened:
        start = opened.read(_START_BYTES)
    marked = next((name for mark, name in _MARKS if start.startswith(mark)), None)
    if given:
        return Encoding(_order_of_bytes(given, marked, where), "as set")
    if marked:
        return Encoding(marked, "byte order mark")
    if _looks_like_utf16(start):
        raise _untold(where, "zero bytes, as UTF-16 without a byte order mark has", "utf-16-le or utf-16-be")
    if is_valid_utf8(file):
        return Encoding("utf-8", "proven over the whole file")
    return _chinese(file, where)


def _order_of_bytes(given: str, marked: str | None, where: str) -> str:
    """The encoding that is set, with the order of bytes that its mark tells, where it needs one."""
    name = codecs.lookup(given).name
    if name not in {"utf-16", "utf-32"}:
        return given
    if not (marked or "").startswith(name):
        raise _untold(where, f"{name} without a byte order mark", f"{name}-le or {name}-be")
    return marked or given


def _looks_like_utf16(start: bytes) -> bool:
    """Whether every second byte is zero often enough: ASCII characters, line ends at the least, are written so."""
    even, odd = start[::2].count(0), start[1::2].count(0)
    return max(even, odd) * 20 > len(start) or (b"\n\0" in start or b"\0\n" in start)


def is_valid_utf8(file: Path) -> bool:
    """Whether every byte of a file belongs to a character in UTF-8."""
    with file.open("rb") as opened:
        rest = b""
        while read := opened.read(_BLOCK_BYTES):
            block = rest + read if rest else read
            end = _last_start(block)
            if not is_valid(memoryview(block)[:end]):
                return False
            rest = block[end:]
    return is_valid(memoryview(rest))


def _last_start(block: bytes) -> int:
    """Offset of the block's last character, which may go on in the next block."""
    end = len(block) - 1
    while end > max(len(block) - 4, 0) and block[end] & 0xC0 == 0x80:
        end -= 1
    return end


def _chinese(file: Path, where: str) -> Encoding:
    """The Chinese encoding in which the whole file is valid and plausible: GB18030, else Big5."""
    found = _evidence(file, "gb18030")
    if found and found.is_enough and not _has_rival(file, found):
        return Encoding("gb18030", f"valid over the whole file; {found.shown}")
    for name in _BIG5:
        evidence = _evidence(file, name)
        if evidence is None:
            continue
        if evidence.is_enough and not _has_rival(file, evidence, but="big5"):
            return Encoding(name, f"valid over the whole file; {evidence.shown}")
        break
    tried = f"read as GB18030, {found.shown}" if found else "not GB18030 either"
    raise _untold(where, f"bytes that are not UTF-8; {tried}; not plausibly Big5", _suggested(file))


def _has_rival(file: Path, evidence: Evidence, but: str = "") -> bool:
    """Whether little evidence is outweighed by that for another encoding."""
    if evidence.bits >= _SURE_BITS:
        return False
    others = (_evidence(file, name) for name in _RIVALS if name != but)
    return any(other is not None and other.bits > evidence.bits for other in others)


def _evidence(file: Path, encoding: str) -> Evidence | None:
    """What the file's first megabytes of characters that are not ASCII say; None where the file is not valid."""
    decoder = codecs.getincrementaldecoder(encoding)()
    total, seen = Evidence(), 0
    try:
        with file.open("rb") as opened:
            while read := opened.read(_SAMPLE_BYTES):
                pending = decoder.getstate()[0]
                text = decoder.decode(read)
                if not read.isascii() and seen < _SAMPLE_BYTES:
                    found = evidence_of(text, pending + read, encoding)
                    seen += len(read)
                    total.characters += found.characters
                    total.frequent += found.frequent
                    total.bits += found.bits
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return None
    return total


def _suggested(file: Path) -> str:
    """What may be worth setting: UTF-8 where nearly all lines are in it."""
    lines = bad = 0
    with file.open("rb") as opened:
        for line in opened.read(_SAMPLE_BYTES).split(b"\n")[:-1]:
            if not line.isascii():
                lines += 1
                bad += not is_valid(memoryview(line))
    if bad * 5 < lines:
        return f"utf-8 ({bad} of {lines} lines with other characters than ASCII are not, and would be held back)"
    return "gb18030, big5, cp1252 or shift_jis"


def _untold(where: str, found: str, suggested: str) -> DeliveryError:
    return DeliveryError(
        where=where,
        expected="text whose encoding can be told: UTF-8, GB18030, Big5, or with a byte order mark",
        found=found,
        cure=f"Set read.encoding, for example {suggested}.",
    )
