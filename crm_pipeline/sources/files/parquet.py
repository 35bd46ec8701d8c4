"""Parquet as rows of text, row group by row group, each row with its number.

Belongs here: opening a Parquet file. Does not belong here: what a type is as text (`arrow_texts`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import FileRead
from crm_pipeline.sources.files.arrow_texts import texts_of, types_of
from crm_pipeline.sources.rows import Rows, check_names
from crm_pipeline.state.delivery import LINE, Batch

_ROWS_OF_A_BATCH = 122_880


def open_rows(file: Path, read: FileRead, where: str) -> Rows:
    """The rows, all text, in their order; `_line` is the number of the row, from 1.

    Fields of structs are columns with dotted names.

    Args:
        file: uncompressed.
        read: the extract's `read:`.
        where: source, extract and file, for messages.

    Raises:
        DeliveryError: a file that is damaged, cut short or no Parquet, or columns without fit names.
    """
    del read
    with _refusing(where):
        opened = pq.ParquetFile(file, memory_map=False)
        types = [pair for field in opened.schema_arrow for pair in types_of(field.name, field.type)]
    check_names([name for name, _ in types], where)
    return Rows(tuple(name for name, _ in types), _batches(opened, [*dict(types)], where), types=dict(types))


def _batches(opened: pq.ParquetFile, names: list[str], where: str) -> Iterator[Batch]:
    line = 1
    with opened, _refusing(where):
        for batch in opened.iter_batches(batch_size=_ROWS_OF_A_BATCH):
            columns = [
                texts
                for name, column in zip(batch.schema.names, batch.columns, strict=True)
                for _, texts in texts_of(name, column)
            ]
            lines = pl.int_range(line, line + batch.num_rows, dtype=pl.Int64, eager=True).alias(LINE)
            yield Batch(pl.DataFrame([*columns, lines]))
            line += batch.num_rows
        if line == 1:
            yield Batch(pl.DataFrame(schema={**dict.fromkeys(names, pl.String), LINE: pl.Int64}))


@contextlib.contextmanager
def _refusing(where: str) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise DeliveryError(
            where=where,
            expected="a Parquet file",
            found=f"one that is damaged, cut short or something else ({type(error).__name__})",
            cure="Correct read.format, or ask for the delivery again.",
        ) from None
