"""Four systems' extracts written below a project folder, and the truth about them.

Belongs here: processes, and putting the parts of all chunks together in order. Does not belong here: what is in a part
(`chunk`).
"""

from __future__ import annotations

import multiprocessing
import shutil
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from crm_pipeline.errors import PipelineError
from crm_pipeline.generator.chunk import Part, make_chunk
from crm_pipeline.generator.plan import Plan
from crm_pipeline.generator.workbook import Workbooks

Progress = Callable[[str, int, int], None]
PROCESSES = 2
_COUNTED_IN_THOUSANDS = 10_000  # customers; fewer are told one by one
WRITTEN = ("extracts", "truth.csv", "defects.csv")  # into the project folder


@dataclass(frozen=True, slots=True)
class Generated:
    """What was written.

    Attributes:
        seconds: wall time.
        rows: by source, extract and business date, the rows of that delivery.
        records: records of customers over all systems, the rows of truth.csv.
        defects: the rows of defects.csv.
    """

    seconds: float
    rows: dict[tuple[str, str, str], int]
    records: int
    defects: int


def generate(folder: Path, plan: Plan, *, processes: int = PROCESSES, progress: Progress | None = None) -> Generated:
    """Writes the extracts of a plan, truth.csv and defects.csv into `folder`; equal plans give equal bytes.

    Args:
        folder: where `extracts/` and the two files come to lie; files of earlier plans there are replaced.
        plan: what is to be made.
        processes: chunks made at the same time; a process more writes Excel. With one chunk everything stays here.
        progress: told the chunks done.
    """
    started = time.monotonic()
    shutil.rmtree(folder / "extracts", ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    counted: dict[tuple[str, str, str], int] = {}
    dates = [str(day) for day in plan.dates]
    scratch_folder = tempfile.TemporaryDirectory(prefix=".tmp-parts-", dir=folder, ignore_cleanup_errors=True)
    # Closed from the inside out, also after a failure: all processes have ended before their files are removed.
    with (
        scratch_folder as scratch,
        closing(_chunks(plan, Path(scratch), processes)) as parts,
        _workbooks(folder, dates, is_apart=plan.chunks > 1 and processes > 1) as add,
    ):
        files = _Files(folder, dates)
        for number, chunk in enumerate(parts):
            for part in chunk:
                key = (part.source, part.extract, dates[part.day])
                counted[key] = counted.get(key, 0) + part.rows
                if part.form is not None and part.form.format == "excel":
                    add(part)
                else:
                    files.add(part)
            if progress:
                progress(*_done(plan, number + 1))
    records = counted.pop(("", "truth.csv", dates[0]))
    defects = counted.pop(("", "defects.csv", dates[0]))
    return Generated(time.monotonic() - started, counted, records, defects)


def _done(plan: Plan, chunks: int) -> tuple[str, int, int]:
    """What is counted, how many of them are made, and how many there will be."""
    done = min(chunks * plan.chunk_customers, plan.customers)
    if plan.customers < _COUNTED_IN_THOUSANDS:
        return "customers", done, plan.customers
    return "thousands of customers", done // 1000, plan.customers // 1000


def _chunks(plan: Plan, scratch: Path, processes: int) -> Generator[list[Part]]:
    """The parts of each chunk, in order."""
    make = partial(_made, plan, scratch)
    if plan.chunks == 1 or processes == 1:
        yield from map(make, range(plan.chunks))
        return
    # Polars does not survive a fork.
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(make, range(plan.chunks))


def _made(plan: Plan, scratch: Path, chunk: int) -> list[Part]:
    return make_chunk(plan, chunk, scratch)


class _Files:
    """Files of text, to which parts are appended in the order of the chunks."""

    def __init__(self, folder: Path, dates: list[str]) -> None:
        self._folder = folder
        self._dates = dates
        self._begun: set[Path] = set()

    def add(self, part: Part) -> None:
        """Appends a part, the header before the first, and removes its file."""
        name = part.extract if part.form is None else part.form.path.format(date=self._dates[part.day])
        path = self._folder / name
        is_new = path not in self._begun
        if is_new:
            self._begun.add(path)
            path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb" if is_new else "ab") as target, part.file.open("rb") as source:
            if is_new:
                target.write(part.header)
            shutil.copyfileobj(source, target, 1 << 20)
        part.file.unlink()


@contextmanager
def _workbooks(folder: Path, dates: list[str], *, is_apart: bool) -> Iterator[Callable[[Part], None]]:
    """A function that adds a part to its workbook, here or in a process of its own; all are closed at the end."""
    if not is_apart:
        books = Workbooks(folder, dates)
        yield books.add
        books.close()
        return
    spawn = multiprocessing.get_context("spawn")
    receiver, sender = spawn.Pipe(duplex=False)
    writer = spawn.Process(target=_write_workbooks, args=(receiver, folder, dates), daemon=True)
    writer.start()
    receiver.close()
    try:
        yield partial(_send, sender)
        _send(sender, None)
    except BaseException:
        writer.terminate()
        writer.join()  # or it would go on writing into folders that are being removed
        raise
    writer.join()
    if writer.exitcode:
        raise _not_written(folder)


def _send(sender: Connection[Any, Any], part: Part | None) -> None:
    try:
        sender.send(part)
    except (BrokenPipeError, ConnectionResetError):
        raise _not_written(Path("support.xlsx")) from None


def _not_written(where: Path) -> PipelineError:
    return PipelineError(
        where=str(where),
        expected="workbooks of the support system",
        found="the process that writes them ended early",
        cure="Look at its message above; is there space on the disk?",
    )


def _write_workbooks(receiver: Connection[Any, Any], folder: Path, dates: list[str]) -> None:
    books = Workbooks(folder, dates)
    while (part := receiver.recv()) is not None:
        books.add(part)
    books.close()
