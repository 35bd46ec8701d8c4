"""The matching index as it is read: prepared records, and the keys that find them.

Belongs here: its tables. Does not belong here: making it, and what is computed from it.

Its tables are listed in `candidates.matching_index`.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from crm_pipeline.linkage.model import POPULATIONS
from crm_pipeline.warehouse import Warehouse

_EXISTS = "SELECT count(*) FROM duckdb_tables() WHERE database_name = current_database() AND table_name = ?"
_ENDS = ("record_key_l", "record_key_r")


def model_version(index: Warehouse) -> int | None:
    """The version of the model that it was made with; 0 where nothing was compared, None in a file of another form."""
    if not index.value(_EXISTS, ["basis"]):
        return None
    return int(index.value("SELECT coalesce(max(model_version), 0) FROM basis"))


def model_sha256(index: Warehouse) -> str | None:
    """What tells that model from others of its number; None where nothing was compared."""
    return index.value("SELECT max(model_sha256) FROM basis")  # type: ignore[no-any-return]


def populations_of(index: Warehouse, record_keys: Sequence[str]) -> dict[str, str]:
    """Record key to population, of those records that are in the index."""
    found: dict[str, str] = {}
    for population in POPULATIONS:
        found |= dict.fromkeys(records_of(index, population.name, record_keys)["record_key"], population.name)
    return found


def records_of(index: Warehouse, population: str, record_keys: Sequence[str]) -> pl.DataFrame:
    """The prepared records of a population with these keys, in key order; unknown keys are left out."""
    if not index.value(_EXISTS, [f"{population}_records"]):  # nobody of it was ever compared
        return pl.DataFrame(schema={"record_key": pl.String})
    return index.frame(
        f"SELECT * FROM {population}_records WHERE record_key IN (SELECT unnest($keys)) ORDER BY record_key",
        {"keys": list(record_keys)},
    )


def shared_rules(index: Warehouse, name: str, names: Sequence[str], pairs: pl.DataFrame) -> pl.DataFrame:
    """The pairs with `rules`: the names of those under which both have a key in common, in order of strength."""
    found = index.frame(
        f"""
        WITH pair AS (SELECT unnest($left) AS record_key_l, unnest($right) AS record_key_r)
        SELECT DISTINCT record_key_l, record_key_r, l.rule FROM pair
        JOIN {name}_keys l ON l.record_key = record_key_l
        JOIN {name}_keys r ON r.record_key = record_key_r AND r.rule = l.rule AND r.key = l.key
        """,
        {"left": pairs["record_key_l"].to_list(), "right": pairs["record_key_r"].to_list()},
    )
    rule = pl.col("rule").cast(pl.Int64).replace_strict(list(range(len(names))), list(names), return_dtype=pl.String)
    rules = found.sort(*_ENDS, "rule").with_columns(rule).group_by(_ENDS, maintain_order=True).agg("rule")
    return pairs.join(rules.rename({"rule": "rules"}), on=_ENDS, how="left").with_columns(
        pl.col("rules").fill_null(pl.lit([], dtype=pl.List(pl.String)))
    )
