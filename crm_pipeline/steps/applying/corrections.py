"""Corrections that people decided on, put in the place of the delivered rows they are tied to.

Belongs here: which corrections stand, for which deliveries they count, and the rows of a delivery with them. Does not
belong here: how they are made (`steps.correcting`) and kept (`state.decisions`, `state.landing`), the path of the rows
(`steps.applying.delivery`).

A correction is tied to the hash of the row as delivered, thereby to its key too, and counts wherever exactly that row
is delivered: from the delivery that it was made for on, and in whatever is landed after it was decided. So std stays a
function of the stores: a rerun, a late delivery and a rebuild come to the same.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator, Sequence

import polars as pl

from crm_pipeline.errors import PipelineError
from crm_pipeline.settings import Project
from crm_pipeline.state.decisions.corrections import CORRECTIONS_SCHEMA, Decisions
from crm_pipeline.state.delivery import LINE, Delivery
from crm_pipeline.state.landing import Landing, corrections_of
from crm_pipeline.steps.applying import versions
from crm_pipeline.tables import CORRECTION_USES, CorrectionStatus
from crm_pipeline.warehouse import Warehouse
from crm_pipeline.warehouse.connection import literal, quoted

# Columns beside the corrected cells, under names that no delivered column is likely to have.
DELIVERED_HASH = "=delivered_hash"
DELIVERED_ROW = "=delivered_row"
NUMBER = "=number"

_TIED_TO = ("source", "extract", "row_hash")
_OF_REPLAY: dict[str, pl.DataType] = {
    "number": pl.Int64(),
    "decided_at": pl.Datetime("us"),
    "decided_by": pl.String(),
    "file_name": pl.String(),
}
STANDING_SCHEMA: dict[str, pl.DataType] = {
    **CORRECTIONS_SCHEMA,
    **_OF_REPLAY,
    "columns": pl.List(pl.String()),
    "cells": pl.String(),
}
"""A correction as it is kept, with its replay, the delivered columns in their order, and all cells of the row, JSON."""

_PLACED: dict[str, pl.DataType] = {
    "business_date": pl.Date(),
    "landed_sequence": pl.Int32(),
    "landed_line": pl.Int64(),
    "columns": pl.List(pl.String()),
    "cells": pl.String(),
}

_LAPSED_BEFORE = f"""
    SELECT row_hash, number FROM {CORRECTION_USES.qualified} WHERE source = ? AND extract = ?
    QUALIFY row_number() OVER (PARTITION BY row_hash ORDER BY business_date DESC, sequence DESC) = 1
        AND status = '{CorrectionStatus.LAPSED}'
"""


def standing(project: Project) -> pl.DataFrame:
    """The corrections that stand: of each corrected row the one decided last; STANDING_SCHEMA, by extract and hash.

    Raises:
        PipelineError: a decision or its cells are missing.
    """
    store = Decisions(project.state / "decisions")
    decided = store.corrections()
    newest = decided.unique(subset=_TIED_TO, keep="last", maintain_order=True).sort(_TIED_TO)
    replays = pl.DataFrame(
        [[getattr(replay, name) for name in _OF_REPLAY] for replay in store.replays()], _OF_REPLAY, orient="row"
    )
    landing, parts = Landing(project.state / "landing"), [pl.DataFrame(schema=STANDING_SCHEMA)]
    for (source, extract), part in newest.group_by("source", "extract", maintain_order=True):
        told = part.join(replays, on="number", maintain_order="left")
        cells = _cells(landing, str(source), str(extract))
        told = told.join(cells, on=list(_PLACED)[:3], how="left", maintain_order="left")
        parts.append(told.select(list(STANDING_SCHEMA)))
    return _complete(pl.concat(parts), project)


def _cells(landing: Landing, source: str, extract: str) -> pl.DataFrame:
    """The cells of all corrections of an extract's rows, by where they lie in the landing store."""
    found = [pl.DataFrame(schema=_PLACED)]
    for delivery in landing.deliveries(source, corrections_of(extract)):
        rows = delivery.read()
        found.append(
            rows.select(
                pl.lit(delivery.business_date).alias("business_date"),
                pl.lit(delivery.sequence, dtype=pl.Int32).alias("landed_sequence"),
                pl.col(LINE).alias("landed_line"),
                pl.lit(pl.Series([list(delivery.columns)], dtype=pl.List(pl.String()))).first().alias("columns"),
                pl.struct(delivery.columns).struct.json_encode().alias("cells"),
            )
        )
    return pl.concat(found)


def _complete(corrections: pl.DataFrame, project: Project) -> pl.DataFrame:
    lost = corrections["cells"].null_count()
    if lost:
        raise PipelineError(
            where=str(project.state / "landing"),
            expected=f"the cells of {corrections.height:,} corrections",
            found=f"{lost:,} missing",
            cure="Restore state/ from the newest backup.",
        )
    return corrections


def counting_for(corrections: pl.DataFrame, delivery: Delivery, landed_name: str) -> pl.DataFrame:
    """Those of the corrections that count for a delivery of the extract that is landed under this name."""
    own = (pl.col("source") == delivery.source) & (pl.col("extract") == landed_name)
    return corrections.filter(own, _counts_for(delivery))


def recipes_of(recipe: str, corrections: pl.DataFrame, deliveries: Sequence[Delivery], landed_name: str) -> list[str]:
    """`recipe_with` of each delivery of one extract; deliveries with the same corrections share the work."""
    if not deliveries:
        return []
    own = corrections.filter(pl.col("source") == deliveries[0].source, pl.col("extract") == landed_name)
    if own.is_empty():
        return [recipe] * len(deliveries)
    found: dict[bytes, str] = {}
    recipes = []
    for delivery in deliveries:
        counting = own.select(_counts_for(delivery)).to_series()
        which = counting.to_numpy().tobytes()
        if which not in found:
            found[which] = recipe_with(recipe, own.filter(counting))
        recipes.append(found[which])
    return recipes


def _counts_for(delivery: Delivery) -> pl.Expr:
    """Whether a correction of a row of the extract counts for a delivery of it."""
    return (pl.col("business_date") <= delivery.business_date) | (pl.col("decided_at") < delivery.landed_at)


def recipe_with(recipe: str, corrections: pl.DataFrame) -> str:
    """Hash of all that decides what std makes of a delivered row, corrections counting; `recipe` where none does."""
    if corrections.is_empty():
        return recipe
    told = [recipe, *corrections.sort("row_hash").select("row_hash", "cells").rows()]
    return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()


@contextlib.contextmanager
def delivered(
    warehouse: Warehouse, delivery: Delivery, absent: Sequence[str], corrections: pl.DataFrame
) -> Iterator[pl.DataFrame]:
    """Within the block there is a view `versions.DELIVERED`: the rows as delivered, corrected ones in their place.

    Gives the corrected rows: the delivered columns, `LINE`, and of the row that each takes the place of its hash
    DELIVERED_HASH and its cells DELIVERED_ROW, JSON; NUMBER is the replay's.

    Args:
        warehouse: the writing connection.
        delivery: whose rows.
        absent: columns that the configuration names and the delivery lacks; their cells are empty.
        corrections: those that count for the delivery.
    """
    rows, empty = versions.rows_of(delivery, absent), "".join(f", '' AS {quoted(name)}" for name in absent)
    corrected = _corrected(warehouse, delivery, corrections)
    with warehouse.registered("_corrected", corrected.select(*delivery.columns, LINE)):
        if not corrected.is_empty():
            rows = (
                f"(SELECT * FROM {rows} WHERE {LINE} NOT IN (SELECT {LINE} FROM _corrected) "
                f"UNION ALL BY NAME SELECT *{empty} FROM _corrected)"
            )
        warehouse.execute(f"CREATE OR REPLACE TEMP VIEW {versions.DELIVERED} AS SELECT * FROM {rows}")
        try:
            yield corrected
        finally:
            warehouse.execute(f"DROP VIEW IF EXISTS {versions.DELIVERED}")


def _corrected(warehouse: Warehouse, delivery: Delivery, corrections: pl.DataFrame) -> pl.DataFrame:
    """The rows of a delivery that corrections are tied to, with the corrected cells; see `delivered`."""
    own: dict[str, pl.DataType] = {
        LINE: pl.Int64(),
        DELIVERED_HASH: pl.String(),
        DELIVERED_ROW: pl.String(),
        NUMBER: pl.Int64(),
    }
    if corrections.is_empty() or not delivery.columns:
        return pl.DataFrame(schema={**dict.fromkeys(delivery.columns, pl.String()), **own})
    names = ", ".join(quoted(name) for name in (*delivery.columns, LINE))
    hashed = f"SELECT {names}, {versions.row_hash_sql(delivery.columns)} AS {quoted(DELIVERED_HASH)}"
    with warehouse.registered("_tied", corrections.select("row_hash")):
        rows = warehouse.frame(f"""
            SELECT * FROM ({hashed} FROM read_parquet({literal(str(delivery.file))}))
            WHERE {quoted(DELIVERED_HASH)} IN (SELECT row_hash FROM _tied) ORDER BY {LINE}
        """)
    told = rows.select(
        LINE, DELIVERED_HASH, pl.struct(delivery.columns).struct.json_encode().alias(DELIVERED_ROW)
    ).join(
        corrections.select(pl.col("row_hash").alias(DELIVERED_HASH), "cells", pl.col("number").alias(NUMBER)),
        on=DELIVERED_HASH,
        maintain_order="left",
    )
    cells = told["cells"].str.json_decode(pl.Struct(dict.fromkeys(delivery.columns, pl.String())))
    return cells.struct.unnest().with_columns(told.select(list(own)).get_columns())


def record_uses(
    warehouse: Warehouse, delivery: Delivery, corrections: pl.DataFrame, corrected: pl.DataFrame, *, is_full: bool
) -> None:
    """Records what became of the corrections with a delivery; within `versions.examined`.

    One lapses, and is told of once, where a full delivery lacks the row, and an incremental one has its key otherwise.

    Args:
        warehouse: the writing connection.
        delivery: being applied.
        corrections: those that count for it.
        corrected: its corrected rows.
        is_full: whether what it lacks was deleted.
    """
    if corrections.is_empty():
        return
    used = corrected.group_by(pl.col(DELIVERED_HASH).alias("row_hash")).agg(pl.len().alias("row_count"))
    before = warehouse.frame(_LAPSED_BEFORE, [delivery.source, delivery.extract]).rename({"number": "lapsed"})
    told = corrections.join(used, on="row_hash", how="left", maintain_order="left")
    told = told.join(before, on="row_hash", how="left", maintain_order="left")
    is_used = pl.col("row_count").is_not_null()
    is_lapsed = ~is_used & pl.col("lapsed").ne_missing(pl.col("number"))
    if not is_full:
        keys = warehouse.frame("SELECT DISTINCT source_id FROM _rows WHERE source_id IS NOT NULL")["source_id"]
        is_lapsed &= pl.col("source_id").is_in(keys.implode()).fill_null(value=False)
    status = (
        pl.when(is_used).then(pl.lit(CorrectionStatus.APPLIED.value)).otherwise(pl.lit(CorrectionStatus.LAPSED.value))
    )
    uses = told.filter(is_used | is_lapsed).select(
        pl.lit(delivery.source).alias("source"),
        pl.lit(delivery.extract).alias("extract"),
        pl.lit(delivery.business_date).alias("business_date"),
        pl.lit(delivery.sequence).alias("sequence"),
        "row_hash",
        "source_id",
        "number",
        pl.col("row_count").fill_null(0).cast(pl.Int64),
        status.alias("status"),
    )
    warehouse.insert(CORRECTION_USES, uses, order_by=CORRECTION_USES.key)
