"""The values that too many records share, named for stewards.

Belongs here: the table `link.hot_values`. Does not belong here: which values these are (`linkage.candidates.blocking`).
"""

from __future__ import annotations

import polars as pl

from crm_pipeline.steps.run import Run
from crm_pipeline.tables import HOT_VALUES


def name_hot_values(run: Run) -> dict[str, dict[str, int]]:
    """Per population and rule how many values are left out and how many records share them, without any value.

    `link.hot_values` then holds those of the model in use, most records first within a rule. A record counts once for
    each value that it has.
    """
    model = run.models.latest()
    if model is None:
        run.warehouse.replace(HOT_VALUES, HOT_VALUES.empty())
        return {}
    values = model.left_out().rename({"key": "value"}).select(HOT_VALUES.column_names).cast(HOT_VALUES.polars_schema)  # type: ignore[arg-type]  # polars' stubs want classes
    values = values.sort("population", "rule", "record_count", "value", descending=[False, False, True, False])
    run.warehouse.replace(HOT_VALUES, values)
    by_rule = values.group_by("population", "rule", maintain_order=True).agg(
        pl.len().alias("values"), pl.col("record_count").sum().alias("records")
    )
    return {
        f"{row['population']}.{row['rule']}": {"values": row["values"], "records": row["records"]}
        for row in by_rule.to_dicts()
    }
