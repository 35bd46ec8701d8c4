"""Who truly belongs together on the sets that tell it, as pairs of labels.

Belongs here: households of pseudopeople and of the generated company, and whom its contacts work for. Does not belong
here: what the pipeline finds (`relations`).
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from bench.linkage import readers
from crm_pipeline.generator import Plan
from crm_pipeline.generator.world import make_world

# Of pseudopeople's household ids those with more people are colleges, homes and prisons: its census calls them group
# quarters; the largest family has 13.
LARGEST_HOUSEHOLD = 15


def households_of_pseudopeople(data: Path) -> pl.DataFrame:
    """Columns l and r, labels in order: people with one household id in any of the registers."""
    parts = []
    for source in readers.PSEUDOPEOPLE:
        rows = pl.read_parquet(data / "pseudopeople_default" / f"{source}.parquet")
        if "household_id" in rows.columns:
            parts.append(rows.select(pl.col("simulant_id").alias("label"), pl.col("household_id").alias("home")))
    homes = pl.concat(parts).drop_nulls().unique()
    return _pairs(homes.filter(pl.len().over("home") <= LARGEST_HOUSEHOLD))


def households_of_generated(plan: Plan) -> pl.DataFrame:
    """Columns l and r, labels in order: people whom the world gives one home, before any system writes it down."""
    chunks = -(-plan.customers // plan.chunk_customers)
    world = pl.concat([make_world(plan, chunk).before for chunk in range(chunks)]).filter(pl.col("kind") == "person")
    address = pl.concat_str("country", "province", "city", "district", "street", "postcode", separator="|",
                            ignore_nulls=True)  # fmt: skip
    label = pl.format("G{}", pl.col("customer").cast(pl.String).str.zfill(8))
    return _pairs(world.select(label.alias("label"), address.alias("home")))


def _pairs(homes: pl.DataFrame) -> pl.DataFrame:
    joined = homes.join(homes, on="home").filter(pl.col("label") < pl.col("label_right"))
    return joined.select(pl.col("label").alias("l"), pl.col("label_right").alias("r")).unique().sort("l", "r")
