"""The body of an answer, read to its end, within a limit.

Belongs here: how much of an answer is taken. Does not belong here: what it says (`answers`).
"""

from __future__ import annotations

from requests import Response

from crm_pipeline.sources.rest.failures import shown, unfit

LONGEST_BODY_BYTES = 1 << 28
"""256 MiB: a page is held in memory, where its records take ten times as much."""
_PIECE_BYTES = 1 << 16  # as sent; unpacked, a piece may be a thousand times as large


def read_body(answer: Response, where: str) -> None:
    """Reads an answer, so that its `content` is there; what is packed is counted as it is unpacked.

    Raises:
        ServiceError: it is too long; the rest was not read.
        RequestException: it can't be read to its end.
    """
    pieces: list[bytes] = []
    size = 0
    for piece in answer.iter_content(_PIECE_BYTES):
        size += len(piece)
        if size > LONGEST_BODY_BYTES:
            answer.close()
            raise unfit(
                f"{where}, {shown(answer.url)}",
                f"an answer of at most {LONGEST_BODY_BYTES >> 20} MiB",
                "a longer one",
                "Ask for fewer records a page, by the parameter that the service has for it.",
            )
        pieces.append(piece)
    answer._content = b"".join(pieces)
