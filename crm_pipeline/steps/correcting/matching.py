"""What a file of corrections corrects: each of its lines beside the row that it stands for.

Belongs here: what is accepted, what says nothing new, what is refused and why. Does not belong here: reading the file
(`reading`), keeping what is accepted (`replaying`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from crm_pipeline.state.delivery import LINE
from crm_pipeline.steps.applying.versions import row_hash_sql
from crm_pipeline.steps.correcting.correctable import SCHEMA, TIED_TO
from crm_pipeline.steps.correcting.damage import Kept, damage, is_same_date
from crm_pipeline.steps.correcting.marks import CORRECTION, EXTRACT, MARKS, ROW_HASH, SOURCE
from crm_pipeline.steps.correcting.reading import Sheet
from crm_pipeline.warehouse import expressions

_ROW, _REASON, _DAMAGED = "=row", "=reason", "=damaged"
# What a spreadsheet keeps otherwise or not at all: line ends, and what XML can't hold. A tab is a sign like others.
_CONTROL = r"_x000D_|[\x00-\x08\x0B-\x1F\x7F-\x9F]"

UNKNOWN = "its [source], [extract] or [row_hash] names no row that is open in the quarantine: the row was delivered \
anew, or passes by now, or these cells were changed; export again"
MEANWHILE = "the row was corrected by another replay since this file was exported; export again"
TWICE = "another line of the file corrects the same row in another way"

ACCEPTED_SCHEMA: dict[str, pl.DataType] = {**SCHEMA, "changed_columns": pl.List(pl.String())}
REFUSED_SCHEMA: dict[str, pl.DataType] = {
    "sheet": pl.String(),
    "file_line": pl.Int64(),
    "source": pl.String(),
    "extract": pl.String(),
    "reason": pl.String(),
}


@dataclass(frozen=True, slots=True)
class Matched:
    """What a file of corrections comes to: its lines are as many as accepted, unchanged and refused together.

    Attributes:
        accepted: rows to correct, one of (source, extract, row_hash), `cells` as corrected; ACCEPTED_SCHEMA.
        unchanged: lines that say nothing new.
        refused: lines that can't be accepted; REFUSED_SCHEMA, in their order, no value of any cell.
        ignored_columns: columns of the file that no row has.
    """

    accepted: pl.DataFrame
    unchanged: int
    refused: pl.DataFrame
    ignored_columns: tuple[str, ...]


def match(sheets: Sequence[Sheet], known: pl.DataFrame) -> Matched:
    """What the lines of a file come to.

    Args:
        sheets: of the file.
        known: rows that may be corrected, as `correctable.SCHEMA`, one of (source, extract, row_hash).
    """
    parts = [_of_sheet(sheet, known) for sheet in sheets]
    judged = pl.concat([part for part, _ in parts])
    twice = judged.filter(pl.col(_REASON).is_null()).group_by(TIED_TO).agg(pl.col("cells").n_unique().alias("ways"))
    told = judged.join(twice, on=TIED_TO, how="left", maintain_order="left").with_columns(
        pl.when(pl.col("ways") > 1).then(pl.lit(TWICE)).otherwise(_REASON).alias(_REASON)
    )
    accepted = told.filter(pl.col(_REASON).is_null()).unique(subset=TIED_TO, keep="first", maintain_order=True)
    refused = told.filter(pl.col(_REASON) != "").rename({_REASON: "reason"}).select(list(REFUSED_SCHEMA))
    ignored = dict.fromkeys(name for _, names in parts for name in names)
    unchanged = told.height - accepted.height - refused.height
    return Matched(accepted.select(list(ACCEPTED_SCHEMA)), unchanged, refused, tuple(ignored))


_JUDGED_SCHEMA: dict[str, pl.DataType] = {
    **ACCEPTED_SCHEMA,
    "sheet": pl.String(),
    "file_line": pl.Int64(),
    _REASON: pl.String(),
}
"""A line of the file: why it is refused, empty where it says nothing new, null where it is accepted."""


def _of_sheet(sheet: Sheet, known: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """The lines of a sheet as _JUDGED_SCHEMA in their order, and its columns that no row has."""
    cells = sheet.rows.drop(LINE, *MARKS, strict=False)
    lines = sheet.rows.select(
        pl.int_range(pl.len(), dtype=pl.Int64).alias(_ROW),
        pl.lit(sheet.name).alias("sheet"),
        pl.col(LINE).alias("file_line"),
        pl.col(SOURCE).alias("source"),
        pl.col(EXTRACT).alias("extract"),
        pl.col(ROW_HASH).alias("row_hash"),
        pl.col(CORRECTION).str.strip_suffix(".0").alias("exported"),
    )
    found = lines.join(known, on=TIED_TO, how="left", maintain_order="left")
    groups = found.filter(pl.col("cells").is_not_null()).partition_by("columns", maintain_order=True)
    judged = [_judged(group, cells[group[_ROW].to_list()], sheet.kept) for group in groups]
    unknown = found.filter(pl.col("cells").is_null())
    judged.append(_unknown(unknown, cells[unknown[_ROW].to_list()]))
    schema = pl.Schema({_ROW: pl.Int64(), **_JUDGED_SCHEMA})
    result = pl.concat([part.select(list(schema)).cast(schema) for part in judged]).sort(_ROW)
    had = {name for names in known["columns"].to_list() for name in names}
    return result.drop(_ROW), [name for name in cells.columns if name not in had]


def _unknown(lines: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """Lines of rows that are not open: refused, unless they are as they were delivered."""
    reason = pl.Series(_REASON, [UNKNOWN] * lines.height, dtype=pl.String)
    if lines.height and cells.width:
        is_delivered = _is_as_delivered(cells, lines["row_hash"])
        reason = pl.select(pl.when(is_delivered).then(pl.lit("")).otherwise(reason).alias(_REASON)).to_series()
    none = pl.lit(None, dtype=pl.List(pl.String())).alias("changed_columns")
    return lines.with_columns(reason, none)


def _is_as_delivered(cells: pl.DataFrame, row_hash: pl.Series) -> pl.Series:
    """Whether the cells of each line are those of the delivered row with this hash."""
    return expressions(cells, {"hash": row_hash_sql(cells.columns)}, where="quarantine replay")["hash"] == row_hash


def _judged(lines: pl.DataFrame, given: pl.DataFrame, kept: Kept) -> pl.DataFrame:
    """Lines of rows with the same delivered columns, beside these rows.

    Args:
        lines: with what is known of each row.
        given: the cells in the file, row for row.
        kept: how the file keeps them.
    """
    columns: list[str] = lines["columns"][0].to_list()
    before = lines["cells"].str.json_decode(pl.Struct(dict.fromkeys(columns, pl.String()))).struct.unnest()
    changed, after, damaged = [], [], []
    for name in columns:
        old = before[name]
        new = given[name] if name in given.columns else old
        is_changed = new.str.replace_all(_CONTROL, "") != old.str.replace_all(_CONTROL, "")
        is_changed &= ~is_same_date(old, new, kept)
        changed.append(pl.select(pl.when(is_changed).then(pl.lit(name)).alias(name)).to_series())
        after.append(pl.select(pl.when(is_changed).then(new).otherwise(old).alias(name)).to_series())
        damaged.append(damage(old, new, is_changed, kept).str.replace("{}", name, literal=True).alias(name))
    names = pl.DataFrame(changed).select(pl.concat_list(pl.all()).list.drop_nulls().alias("changed_columns"))
    in_column = pl.DataFrame(damaged).select(pl.coalesce(pl.all()).alias(_DAMAGED))
    cells = pl.DataFrame(after).select(pl.struct(columns).struct.json_encode().alias("cells"))
    told = lines.drop("cells").hstack(names.get_columns() + in_column.get_columns() + cells.get_columns())
    is_current = pl.col("exported") == pl.col("number").cast(pl.String).fill_null("")
    is_delivered = pl.lit(value=False)  # of a file exported before the row was corrected
    if set(columns) <= set(given.columns) and lines["number"].count():
        is_delivered = pl.lit(_is_as_delivered(given.select(columns), lines["row_hash"]))
    reason = (
        pl.when(pl.col("changed_columns").list.len() == 0).then(pl.lit(""))
        .when(~is_current & is_delivered).then(pl.lit(""))
        .when(~is_current).then(pl.lit(MEANWHILE))
        .otherwise(_DAMAGED)
    )  # fmt: skip
    return told.with_columns(reason.alias(_REASON))
