"""What a command prints: tables for people, JSON for programs, progress on standard error.

Belongs here: form. Does not belong here: what is worth saying.
"""

from __future__ import annotations

import json
import logging
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

_FOLDED = 40
_MANY = 99
_PLAIN_WIDTH = 160  # columns of a table that goes to a file or a pipe


def console(*, error: bool = False) -> Console:
    """Where to print; wide enough elsewhere than on a terminal that no table is folded."""
    stream = sys.stderr if error else sys.stdout
    width = None if stream.isatty() else _PLAIN_WIDTH
    return Console(stderr=error, width=width, highlight=False, soft_wrap=False)


def say(text: str, *, error: bool = False) -> None:
    """One line for people."""
    console(error=error).print(Text(text), soft_wrap=True)


def print_json(value: Any) -> None:
    """`value` as JSON; dates and decimals as text."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")


def print_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Iterable[str] = ()
) -> None:
    """A table with a title; numbers grouped by thousands and to the right."""
    cells = [[shown(cell) for cell in row] for row in rows]
    if _width(columns, cells) > console().width:
        _print_records(title, columns, cells)
        return
    table = Table(title=Text(title, style="bold"), title_justify="left", box=None, header_style="bold", pad_edge=False)
    numeric = set(right)
    for name in columns:
        table.add_column(Text(name), justify="right" if name in numeric else "left", overflow="fold")
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))
    console().print(table)
    console().print()


def _width(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> int:
    """Columns of a terminal that a table takes when cells are folded at `_FOLDED`."""
    lengths = [[len(name), *(min(len(row[i]), _FOLDED) for row in cells)] for i, name in enumerate(columns)]
    return sum(max(column) + 2 for column in lengths)


def _print_records(title: str, columns: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    """Rows too wide for a table: each by itself, a line per column, those without a value left out."""
    printer = console()
    printer.print(Text(title, style="bold"))
    widest = max(len(name) for name in columns)
    for row in cells:
        for name, cell in zip(columns, row, strict=True):
            if cell:
                printer.print(Text(f"{name:<{widest}}  {cell}"), soft_wrap=True)
        printer.print()


def program() -> str:
    """How this program is called from here: by its name where the shell finds it, else by its path."""
    found = shutil.which("crm-pipeline")
    called = Path(sys.argv[0]).absolute()
    return "crm-pipeline" if found or called.name != "crm-pipeline" else shown_path(called)


def shown_path(path: Path) -> str:
    """A path as one would type it here: relative to the current folder where it lies below it."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def counted(count: int, one: str, many: str = "") -> str:
    """A count with its noun: `1 row`, `1,234 rows`; `many` where an s does not make the plural."""
    return f"1 {one}" if count == 1 else f"{count:,} {many or one + 's'}"


def shown(cell: Any) -> str:
    """A cell as people read it; a null as nothing."""
    match cell:
        case None:
            text = ""
        case bool():
            text = "yes" if cell else "no"
        case int():
            text = f"{cell:,}"
        case float() | Decimal():
            text = f"{cell:,.4f}".rstrip("0").rstrip(".")
        case {"namespace": namespace, "value": value, **others} if not others:
            text = f"{namespace}={value}"
        case dict():
            text = ", ".join(f"{name}: {shown(value)}" for name, value in cell.items())
        case list() | tuple():
            text = ", ".join(shown(item) for item in cell)
        case _:
            text = str(cell)
    return text


@contextmanager
def progress_reported(title: str) -> Iterator[Any]:
    """A function (what, done, total) that moves a bar on a terminal and writes plain lines elsewhere."""
    if sys.stderr.isatty():
        bar = Progress(
            TextColumn("{task.description:<34}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            console=console(error=True), transient=True,
        )  # fmt: skip
        with bar:
            task = bar.add_task(title, total=None)
            yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)
    else:
        said = -1

        def line(what: str, done: int, total: int) -> None:
            """One line per step, and per tenth of what is counted in the hundreds or more."""
            nonlocal said
            tenth = done * 10 // total if total > _MANY else done
            if tenth != said:
                said = tenth
                sys.stderr.write(f"{title}: {done:,}/{total:,} {what}\n")

        yield line


def log_to_stderr(*, is_verbose: bool) -> None:
    """Messages of this package to standard error; warnings only unless verbose. Others stay silent."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.getLogger("crm_pipeline")
    logger.handlers = [handler]
    logger.setLevel(logging.INFO if is_verbose else logging.WARNING)
    logger.propagate = False
