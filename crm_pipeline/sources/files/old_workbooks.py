"""Old workbooks (.xls), read in a process of their own.

Of its own, since the library writes to standard error where a damaged one makes it fail, with what it found there, and
since it may not come to an end. The process reads what to do from standard input, as JSON, and answers with a line of
JSON and the rows as Arrow.

Belongs here: that process, starting and ending it. Does not belong here: what is read (`excel`).
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import FileRead
from crm_pipeline.sources.rows import Rows
from crm_pipeline.state.delivery import Batch

_PROGRAM = f"import sys; sys.path[:0] = sys.argv[1:]; from {__name__} import answer; answer()"
_SECONDS = 600  # for 65,536 rows, the most that such a sheet has


def rows_apart(file: Path, read: FileRead, where: str) -> Rows:
    """The rows as `excel.rows_of` gives them.

    Args:
        file: the workbook.
        read: the extract's `read:`.
        where: source, extract and file, for messages.

    Raises:
        DeliveryError: as there; also a workbook that the library does not survive.
        RuntimeError: the process failed for another reason.
    """
    request = {"file": str(file), "read": read.model_dump(mode="json", exclude_unset=True), "where": where}
    try:
        done = subprocess.run(  # noqa: S603 - ourselves
            [sys.executable, "-P", "-c", _PROGRAM, *filter(None, sys.path)],
            input=json.dumps(request).encode(),
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _unfit(where, f"one that can't be read within {_SECONDS} seconds") from None
    if done.returncode < 0:
        raise _unfit(where, "one that is damaged, cut short or unknown")
    if done.returncode:
        raise RuntimeError(f"the process that reads old workbooks ended with {done.returncode}")
    return _rows(done.stdout)


def _rows(answer: bytes) -> Rows:
    line, _, content = answer.partition(b"\n")
    told: dict[str, Any] = json.loads(line)
    if "error" in told:
        raise DeliveryError(**told["error"])
    batch = Batch(pl.read_ipc_stream(io.BytesIO(content)))
    return Rows(tuple(told["columns"]), iter([batch]), details=told["details"])


def _unfit(where: str, found: str) -> DeliveryError:
    return DeliveryError(
        where=where,
        expected="a workbook (.xls)",
        found=found,
        cure="Save it as .xlsx, correct read.format, or ask for the delivery again.",
    )


def answer() -> None:
    """Answers the request on standard input; to be called in the process."""
    sys.stdout.buffer.write(_answer())


def _answer() -> bytes:
    from crm_pipeline.sources.files.excel import rows_of  # noqa: PLC0415 - which imports this module

    request = json.load(sys.stdin.buffer)
    try:
        rows = rows_of(Path(request["file"]), FileRead.model_validate(request["read"]), request["where"])
        (batch,) = rows.batches
    except DeliveryError as error:
        told = {"where": error.where, "expected": error.expected, "found": error.found, "cure": error.cure}
        return json.dumps({"error": told}).encode()
    content = io.BytesIO()
    batch.rows.write_ipc_stream(content)
    line = json.dumps({"columns": rows.columns, "details": dict(rows.details)}).encode()
    return line + b"\n" + content.getvalue()
