"""One chunk of the world, from chance to parts of files.

Belongs here: the order in which a chunk is made, and how rows become bytes. Does not belong here: putting parts
together (`generate`), and Excel (`workbook`).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from crm_pipeline.generator.plan import Plan
from crm_pipeline.generator.records import day_of
from crm_pipeline.generator.systems import crm, finance, shop, support
from crm_pipeline.generator.systems.output import FROM_DAY, TO_DAY, Form, Output
from crm_pipeline.generator.world import make_world

TRUTH, DEFECTS = "truth.csv", "defects.csv"
TRUTH_COLUMNS = ("source", "extract", "source_id", "label", "kind")
DEFECT_COLUMNS = ("source", "extract", "source_id", "business_date", "defect")


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one file from one chunk.

    Attributes:
        source: of the extract; empty for truth and defects.
        extract: of the source; the file's name for truth and defects.
        day: of the delivery, from 0.
        rows: how many.
        file: where they are, without a header.
        header: the file's first line, as bytes; empty for Excel.
        form: of the file; None for truth and defects.
    """

    source: str
    extract: str
    day: int
    rows: int
    file: Path
    header: bytes
    form: Form | None


def make_chunk(plan: Plan, chunk: int, folder: Path) -> list[Part]:
    """Writes the parts of a chunk into `folder`; a delivery without rows has none. In the order of the systems."""
    parts: list[Part] = []
    truth, planted = [], []
    for source, output in _outputs(plan, chunk):
        names = (pl.lit(source).alias("source"), pl.lit(output.name).alias("extract"))
        if len(output.truth):
            truth.append(_labelled(output.truth, source, output.name, "G"))
        if len(output.contacts):
            truth.append(_labelled(output.contacts, source, f"{output.name}_contact", "K"))
        found = output.planted.filter(pl.col("day") < plan.days)
        planted.append(found.select(*names, "source_id", day_of("day").dt.date().alias("business_date"), "defect"))
        parts += _deliveries(source, output, plan, folder / f"{chunk:06}-{source}-{output.name}")
    for name, frames in ((TRUTH, truth), (DEFECTS, planted)):
        rows = pl.concat(frames)
        file = folder / f"{chunk:06}-{name}"
        rows.write_csv(file, include_header=False)
        parts.append(Part("", name, 0, len(rows), file, (",".join(rows.columns) + "\n").encode(), None))
    return parts


def _labelled(known: pl.DataFrame, source: str, extract: str, prefix: str) -> pl.DataFrame:
    """Rows of the truth: what one extract has of customers, or of their contact persons, under labels."""
    label = prefix + pl.col("customer").cast(pl.String).str.zfill(8)
    names = (pl.lit(source).alias("source"), pl.lit(extract).alias("extract"))
    return known.select(*names, "source_id", label.alias("label"), "kind")


def _outputs(plan: Plan, chunk: int) -> Iterator[tuple[str, Output]]:
    world = make_world(plan, chunk)
    in_crm = crm.records(world, plan, chunk)
    in_shop = shop.records(world, plan, chunk)
    yield from (("crm", output) for output in crm.outputs(world, in_crm, plan, chunk))
    yield from (("shop", output) for output in shop.outputs(world, in_shop, in_crm, plan, chunk))
    in_finance = finance.records(world, plan, chunk)
    yield from (("finance", output) for output in finance.outputs(world, in_finance, in_crm, plan, chunk))
    in_support = support.records(world, plan, chunk)
    yield from (("support", output) for output in support.outputs(world, in_support, in_shop, plan, chunk))


def _deliveries(source: str, output: Output, plan: Plan, stem: Path) -> Iterator[Part]:
    begin, end = pl.col(FROM_DAY), pl.col(TO_DAY)
    for day in range(plan.days):
        is_due = (begin <= day) & (end > day) if output.form.is_full else begin == day
        rows = output.rows.filter(is_due).drop(FROM_DAY, TO_DAY)
        if len(rows):
            file = stem.with_name(f"{stem.name}-{day:04}")
            header = _write(rows, output.form, file)
            yield Part(source, output.name, day, len(rows), file, header, output.form)


def _write(rows: pl.DataFrame, form: Form, file: Path) -> bytes:
    """The header of the file to which the rows belong; the rows are in `file`."""
    if form.format == "excel":
        rows.write_ipc(file)
        return b""
    if form.format == "json_lines":
        rows.write_ndjson(file)
        return b""
    header = form.delimiter.join(rows.columns) + form.line_end
    options: dict[str, Any] = {"include_header": False, "separator": form.delimiter, "line_terminator": form.line_end}
    if form.encoding == "utf-8":
        rows.write_csv(file, **options)
        return (b"\xef\xbb\xbf" if form.byte_order_mark else b"") + header.encode()
    buffer = io.BytesIO()
    rows.write_csv(buffer, **options)
    file.write_bytes(buffer.getvalue().decode("utf-8").encode(form.encoding))
    return header.encode(form.encoding)
