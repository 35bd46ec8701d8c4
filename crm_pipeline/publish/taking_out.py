"""The rows of one select, taken out into a file: CSV and Excel for people, Parquet for programs.

Belongs here: what a cell of each type becomes in which kind of file, and that a file is there whole or not at all. Does
not belong here: what is escaped (`spreadsheets`), the cells of a workbook (`workbook`), all tables at once (`reader`).

The rows are streamed, so that a result may be larger than memory. DuckDB's own COPY could do that, but it needs a
connection that may write files, and whoever writes the select could then read and write any.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.publish.spreadsheets import escaped
from crm_pipeline.publish.workbook import Kind, write_workbook
from crm_pipeline.state.files import appearing
from crm_pipeline.warehouse import RefusedError, open_reader
from crm_pipeline.warehouse.connection import literal
from crm_pipeline.warehouse.selection import Selection

_BATCH_ROWS = 50_000
# Excel takes a CSV file without it for one in the encoding of its language, and shows Chinese as gibberish.
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_INTEGERS = {f"{sign}{size}" for sign in ("", "u") for size in ("tinyint", "smallint", "integer", "bigint", "hugeint")}
_KINDS: dict[str, Kind] = {
    **dict.fromkeys(_INTEGERS, "number"),
    "decimal": "number",
    "float": "float",
    "double": "float",
    "date": "date",
    **{f"timestamp{unit}": "moment" for unit in ("", "_s", "_ms", "_ns", " with time zone")},
    "boolean": "boolean",
}
_NESTED = {"list", "array", "struct", "map", "union", "variant"}
_KEPT = {*_INTEGERS, "decimal", "float", "double", "date", "boolean", "varchar", "blob"}  # in Parquet as they are


def take_out(published: Path, sql: str, target: Path, *, zone: str) -> int:
    """Number of rows of one select on the published tables, written to `target`, in place of what was there.

    Rows come in the select's order. In CSV and Excel nested values are JSON, null is nothing, times with a zone are
    given in `zone` without it, and text that a spreadsheet would take for a formula has an apostrophe before it, see
    `spreadsheets`. In Parquet values are what they are. The file is readable by its owner only.

    Args:
        published: the published file.
        sql: one select; no file, no network and no other database can be reached by it.
        target: a path that ends in .csv, .xlsx or .parquet.
        zone: name of the project's time zone.

    Raises:
        ConfigurationError: nothing has been published, it is not exactly one select, DuckDB refuses it, `target` can't
            be written, or a workbook can't hold the rows.
    """
    write = _WRITERS.get(target.suffix.lower())
    if write is None or target.is_dir():
        raise ConfigurationError(
            where="--to",
            expected="a file that ends in .csv, .xlsx or .parquet",
            found=f"{target}{', a folder' if target.is_dir() else ''}",
            cure="Name one, such as --to customers.xlsx.",
        )
    try:
        with _Workshop(target) as folder, open_reader(published, temporary=folder) as reader:
            selection = reader.selection(sql)
            with appearing(target) as temporary:
                return write(selection, _Job(temporary, folder, zone))
    except RefusedError as refused:
        raise refused_select(refused) from None
    except OSError as error:
        raise ConfigurationError(
            where="--to",
            expected=f"a place where {target} can be written",
            found=error.strerror or type(error).__name__,
            cure="Name another file, or make its folder, or room for it.",
        ) from None


def refused_select(refused: RefusedError) -> ConfigurationError:
    """What is said of a select that is none, or that DuckDB refuses."""
    return ConfigurationError(
        where="query",
        expected="one select on the published tables",
        found=str(refused),
        cure="Correct the SQL; `SHOW TABLES` and `DESCRIBE customers` tell what there is.",
    )


@dataclass(frozen=True, slots=True)
class _Job:
    """Where a file is written, a private folder for what that takes, and the zone of its times."""

    file: Path
    folder: Path
    zone: str


class _Workshop:
    """A private folder beside the file, for the time of writing; what a crash left of it goes first."""

    def __init__(self, target: Path) -> None:
        self._folder = target.with_name(f".tmp-{target.name}.work")

    def __enter__(self) -> Path:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(mode=0o700)
        return self._folder

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


def _write_csv(selection: Selection, job: _Job) -> int:
    height = 0
    with job.file.open("wb") as file:
        file.write(_BYTE_ORDER_MARK)
        header = pl.DataFrame([_headers(selection)], selection.names, orient="row")
        header.write_csv(file, include_header=False)
        for texts in _texts(selection, job.zone):
            texts.write_csv(file, include_header=False)
            height += texts.height
    return height


def _write_workbook(selection: Selection, job: _Job) -> int:
    texts = _texts(selection, job.zone)
    return write_workbook(
        job.file, _headers(selection), _kinds(selection), selection.count, texts, temporary=job.folder
    )


def _write_parquet(selection: Selection, job: _Job) -> int:
    expressions = [_in_parquet(f"#{place}", kind) for place, kind in enumerate(selection.kinds, 1)]
    batches = selection.batches(expressions, _BATCH_ROWS)
    first = next(batches)
    height = 0
    with pq.ParquetWriter(job.file, first.schema, compression="zstd") as writer:
        for batch in itertools.chain([first], batches):
            writer.write_batch(batch)
            height += batch.num_rows
    return height


_WRITERS: dict[str, Callable[[Selection, _Job], int]] = {
    ".csv": _write_csv,
    ".xlsx": _write_workbook,
    ".parquet": _write_parquet,
}


def _headers(selection: Selection) -> list[str]:
    """The names of the columns; they may be anything that stands between double quotes in SQL."""
    return pl.DataFrame({"name": selection.names}).select(escaped(pl.col("name")))["name"].to_list()


def _kinds(selection: Selection) -> list[Kind]:
    return [_KINDS.get(kind, "text") for kind in selection.kinds]


def _texts(selection: Selection, zone: str) -> Iterator[pl.DataFrame]:
    """The rows as text, as DuckDB writes it, and safe for spreadsheets; null stays null."""
    expressions = [_in_words(f"#{place}", kind, zone) for place, kind in enumerate(selection.kinds, 1)]
    safe = [_safe(pl.col(name), kind) for name, kind in zip(selection.names, _kinds(selection), strict=True)]
    for batch in selection.batches(expressions, _BATCH_ROWS):
        yield pl.DataFrame(pl.from_arrow(batch)).select(safe)


def _in_words(cell: str, kind: str, zone: str) -> str:
    if kind in _NESTED:
        return f"CAST(to_json({cell}) AS VARCHAR)"
    if kind == "timestamp with time zone":
        return f"CAST(timezone({literal(zone)}, {cell}) AS VARCHAR)"
    return f"CAST({cell} AS VARCHAR)"


def _in_parquet(cell: str, kind: str) -> str:
    """A value as Parquet has it; of types that it has not, the text."""
    if kind in {"hugeint", "uhugeint"}:  # what sum() gives
        return f"CAST({cell} AS DECIMAL(38, 0))"
    if kind in _NESTED - {"union", "variant"} or kind in _KEPT or kind.startswith("timestamp"):
        return cell
    return f"CAST({cell} AS VARCHAR)"


def _safe(text: pl.Expr, kind: Kind) -> pl.Expr:
    """A cell that no spreadsheet computes: of numbers only minus infinity would be, of all else the beginning tells."""
    match kind:
        case "number":
            return text
        case "float":
            return text.str.replace("^-inf", "'-inf")
        case _:
            return escaped(text)
