"""Labels as people wrote them: which records are one customer, or which pairs are.

Belongs here: reading labels files, and refusing those that can't be read as one. Does not belong here: what labels are
compared with (`evaluate`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeAlias

import polars as pl

from crm_pipeline.errors import ConfigurationError

KEY_COLUMNS = ("source", "extract", "source_id")
LABEL_COLUMNS = (*KEY_COLUMNS, "label")
PAIR_COLUMNS = (*(f"{name}_{side}" for side in "lr" for name in KEY_COLUMNS), "is_match")


@dataclass(frozen=True, slots=True)
class ClusterLabels:
    """Records with one label are one customer.

    Attributes:
        file: where they come from.
        rows: one per record, in the order of the file: record_key and label.
    """

    file: Path
    rows: pl.DataFrame


@dataclass(frozen=True, slots=True)
class PairLabels:
    """Pairs of records that were judged one by one.

    Attributes:
        file: where they come from.
        rows: one per pair, in the order of the file: record_key_l, the smaller key, record_key_r, and is_match.
    """

    file: Path
    rows: pl.DataFrame


Labels: TypeAlias = ClusterLabels | PairLabels


def read_labels(file: Path) -> Labels:
    """The labels of a file, by its header of one kind or the other; keys and labels trimmed.

    Raises:
        ConfigurationError: there is no such file, it is no CSV in UTF-8 with the columns of `LABEL_COLUMNS` or of
            `PAIR_COLUMNS`, it has no row or one with a blank among them, a record or a pair has two labels, a pair is
            one record, or `is_match` is neither 0 nor 1.
    """
    frame = _read(file)
    columns = PAIR_COLUMNS if "is_match" in frame.columns and "label" not in frame.columns else LABEL_COLUMNS
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        refuse(file, f"the header {_headers(columns)}", f"a header without {', '.join(missing)}")
    if frame.is_empty():
        refuse(file, "labels", "the header alone")
    frame = frame.select(pl.col(columns).str.strip_chars())
    is_blank = pl.any_horizontal(pl.col(columns).fill_null("") == "")
    _refuse_rows(file, is_blank, frame, f"a value in each of {', '.join(columns)}", "blanks")
    return _pairs(file, frame) if columns == PAIR_COLUMNS else _clusters(file, frame)


def _read(file: Path) -> pl.DataFrame:
    if not file.is_file():
        refuse(file, "a labels file", "none", f"Give a CSV file with the header {_headers()}.")
    try:
        return pl.read_csv(file, infer_schema=False)
    except pl.exceptions.NoDataError:
        refuse(file, f"the header {_headers()}", "an empty file")
    except pl.exceptions.PolarsError:
        refuse(file, "a CSV file in UTF-8, as many cells in each row as in the header", "another file")


def _headers(columns: tuple[str, ...] = ()) -> str:
    return ",".join(columns) if columns == PAIR_COLUMNS else f"{','.join(LABEL_COLUMNS)} or {','.join(PAIR_COLUMNS)}"


def _refuse_rows(file: Path, is_wrong: pl.Expr, frame: pl.DataFrame, expected: str, what: str) -> None:
    """Refuses the file where rows are wrong, with how many and the first."""
    wrong = frame.with_row_index("row", offset=1).filter(is_wrong)["row"]
    if len(wrong):
        where = f"{len(wrong):,} of {frame.height:,} rows, first in row {wrong[0]:,} below the header"
        refuse(file, expected, f"{what} in {where}")


def _clusters(file: Path, frame: pl.DataFrame) -> ClusterLabels:
    labels = frame.select(_key("").alias("record_key"), "label").unique(maintain_order=True)
    twice = labels.filter(pl.col("record_key").is_duplicated())["record_key"].unique(maintain_order=True)
    if len(twice):
        refuse(file, "one label for a record", f"several for {len(twice):,} records, first {twice[0]}")
    return ClusterLabels(file, labels)


def _pairs(file: Path, frame: pl.DataFrame) -> PairLabels:
    _refuse_rows(file, ~pl.col("is_match").is_in(["0", "1"]), frame, "0 or 1 as is_match", "something else")
    named = frame.select(_key("_l").alias("l"), _key("_r").alias("r"), pl.col("is_match") == "1")
    _refuse_rows(file, pl.col("l") == pl.col("r"), named, "pairs of two records", "a record with itself")
    ordered = named.select(
        pl.min_horizontal("l", "r").alias("record_key_l"), pl.max_horizontal("l", "r").alias("record_key_r"), "is_match"
    ).unique(maintain_order=True)
    keys = pl.struct("record_key_l", "record_key_r")
    twice = ordered.filter(keys.is_duplicated()).unique(["record_key_l", "record_key_r"], maintain_order=True)
    if twice.height:
        first = " and ".join(twice.row(0)[:2])
        refuse(file, "one label for a pair", f"both 0 and 1 for {twice.height:,} pairs, first {first}")
    return PairLabels(file, ordered)


def _key(side: str) -> pl.Expr:
    return pl.concat_str([pl.col(f"{name}{side}") for name in KEY_COLUMNS], separator="/")


def refuse(file: Path, expected: str, found: str, cure: str = "Correct the file.") -> NoReturn:
    """Refuses a labels file, or what was asked of it."""
    raise ConfigurationError(where=str(file), expected=expected, found=found, cure=cure)
