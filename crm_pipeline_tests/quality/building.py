"""Suites written to a folder and frames with a table's columns, for the tests of this folder.

Belongs here: building input. Does not belong here: any claim.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from crm_pipeline import tables
from crm_pipeline.quality.rules import Suite
from crm_pipeline.quality.suites import judged_tables, load_suite


def expectation(rule_id: str, expectation_type: str, severity: str = "warning", **kwargs: Any) -> dict[str, Any]:
    """One expectation as a suite's JSON has it; `meta_column` among the keywords becomes `meta.column`."""
    meta: dict[str, Any] = {"rule_id": rule_id, "severity": severity, "notes": "Why. What to do."}
    if "meta_column" in kwargs:
        meta["column"] = kwargs.pop("meta_column")
    return {"type": expectation_type, "kwargs": kwargs, "severity": "warning", "meta": meta}


def write_suite(folder: Path, table: str, expectations: Sequence[object]) -> Path:
    """The file of a suite, written."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{table}.json"
    file.write_text(json.dumps({"name": table, "expectations": expectations}), encoding="utf-8")
    return file


def suite_of(folder: Path, table: str, *expectations: dict[str, Any]) -> Suite:
    """The suite out of these expectations alone."""
    write_suite(folder, table, expectations)
    return load_suite(table, folder)


def schema_of(table: str) -> dict[str, pl.DataType]:
    """Column name to Polars type of the frame that a suite on `table` is given."""
    return {column.name: tables.polars_type(column.type) for column in judged_tables()[table]}


def frame_of(table: str, columns: Mapping[str, Sequence[Any]]) -> pl.DataFrame:
    """A frame with all columns of the table: those given, and nulls."""
    height = len(next(iter(columns.values())))
    schema = schema_of(table)
    given = {name: pl.Series(name, values, dtype=schema[name], strict=False) for name, values in columns.items()}
    nulls = {name: pl.Series(name, [None] * height, dtype=kind) for name, kind in schema.items()}
    return pl.DataFrame(nulls | given)
