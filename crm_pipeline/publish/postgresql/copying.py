"""Rows of a select of DuckDB sent into a table by COPY: through a pipe, never through a file, in little memory.

Belongs here: that stream, whole or not at all. Does not belong here: which rows, and what becomes of them.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from typing import BinaryIO

import psycopg2

from crm_pipeline.publish.postgresql.columns import as_text
from crm_pipeline.publish.postgresql.server import Session
from crm_pipeline.warehouse import Warehouse
from crm_pipeline.warehouse.connection import quoted

_CHUNK_BYTES = 1 << 20
_GIVEN_UP = "the rows end too early"


def copy(
    warehouse: Warehouse,
    session: Session,
    select: str,
    types: Mapping[str, str],
    target: str,
    *,
    is_new: bool = False,
) -> int:
    """Number of rows that were sent.

    DuckDB writes CSV, in which null is nothing and an empty text a pair of quotes, while the server reads it.

    Args:
        warehouse: where the rows are.
        session: where they go.
        select: on the warehouse; with columns of these names, in any order.
        types: column to DuckDB type.
        target: the table, with its schema, quoted.
        is_new: the table was made in this transaction, so that its rows need no later care of the server.
    """
    texts = ", ".join(f"{as_text(name, kind)} AS {quoted(name)}" for name, kind in types.items())
    names = ", ".join(map(quoted, types))
    frozen = ", FREEZE" if is_new else ""
    reading, writing = os.pipe()
    receiver = _Receiver(
        session, f"COPY {target} ({names}) FROM STDIN (FORMAT csv{frozen})", os.fdopen(reading, "rb", 0)
    )
    receiver.start()
    try:
        counted = warehouse.execute(
            f"COPY (SELECT {texts} FROM ({select}) AS sent) TO '/dev/fd/{writing}' "
            "(FORMAT csv, HEADER false, USE_TMP_FILE false)"
        )
    except BaseException:
        receiver.give_up()
        os.close(writing)
        receiver.join()
        receiver.raise_refusal()  # whose closing of the pipe was DuckDB's error
        raise
    os.close(writing)
    receiver.join()
    receiver.raise_refusal()
    return int(counted[0][0])


class _Receiver(threading.Thread):
    """The server's side of the pipe, in a thread of its own: both sides wait for each other."""

    def __init__(self, session: Session, command: str, pipe: BinaryIO) -> None:
        super().__init__(name="copy to postgresql", daemon=True)
        self._session, self._command, self._pipe = session, command, pipe
        self._refusal: psycopg2.Error | None = None
        self._is_given_up = False

    def run(self) -> None:
        """Sends until the pipe is closed on the other side; closes this one, which ends the other."""
        with self._pipe, self._session.connection.cursor() as cursor:
            try:
                cursor.copy_expert(self._command, self, size=_CHUNK_BYTES)
            except psycopg2.Error as error:
                self._refusal = error

    def read(self, size: int) -> bytes:
        """The next bytes; an error, which takes the COPY back, when the other side failed."""
        found = self._pipe.read(size)
        if not found and self._is_given_up:
            raise BrokenPipeError(_GIVEN_UP)
        return found

    def give_up(self) -> None:
        """What was sent so far is not to stay."""
        self._is_given_up = True

    def raise_refusal(self) -> None:
        """Raises what the server refused, unless that is our own giving up."""
        if self._refusal is not None and _GIVEN_UP not in str(self._refusal):
            raise self._refusal
