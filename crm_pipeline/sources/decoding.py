"""Delivered bytes as UTF-8.

Belongs here: encodings and byte order marks. Does not belong here: what the text says (`csv_rows`, `json_lines`).
"""

from __future__ import annotations

import codecs

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import Read

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def as_utf8(content: bytes, read: Read, where: str, *, is_start: bool = False) -> bytes:
    """The content in UTF-8 without its byte order mark; of the start of a file, its complete characters.

    Raises:
        DeliveryError: it is in another encoding; the message names the line.
    """
    try:
        if is_start:
            return codecs.getincrementaldecoder(read.encoding)().decode(content).removeprefix("\ufeff").encode()
        if read.encoding.lower().replace("-", "").replace("_", "") in {"utf8", "utf8sig"}:
            stripped = content.removeprefix(BYTE_ORDER_MARK)
            stripped.decode("utf-8")
            return stripped
        return content.decode(read.encoding).removeprefix("\ufeff").encode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DeliveryError(
            where=f"{where}:{line}",
            expected=f"text in {read.encoding}",
            found=f"other bytes at position {error.start}",
            cure="Set read.encoding, for example gb18030 or big5.",
        ) from None
