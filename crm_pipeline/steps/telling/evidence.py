"""Figures of the evidence for the report, and a pair's waterfall as a page.

Belongs here: turning links and models into figures of the report. Does not belong here: which link is the weakest
(`linkage`), how figures look (`report`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from crm_pipeline import report
from crm_pipeline.linkage.explaining.waterfall import Waterfall
from crm_pipeline.linkage.explaining.weakest_links import weakest_links
from crm_pipeline.report.figures import Compared, Fall, FallStep, Held, PopulationWorth, Worth
from crm_pipeline.settings import Project
from crm_pipeline.state.files import appearing
from crm_pipeline.state.models import StoredModel
from crm_pipeline.tables import MEMBERS, PAIRS
from crm_pipeline.warehouse import Warehouse

# Weights from which a link of the model is called strong (0.999) and medium (0.99); the report's words name them.
STRONG, MEDIUM = 10.0, 7.0

_MEMBERS = f"""
    SELECT record_key, customer_id FROM {MEMBERS.qualified}
    WHERE customer_id IN (SELECT customer_id FROM {MEMBERS.qualified} GROUP BY 1 HAVING count(*) > 1)
"""
_LINKS = f"""
    SELECT record_key_l, record_key_r, matched_by, rule, match_weight FROM {PAIRS.qualified} WHERE verdict = 'link'
"""


def held_together(warehouse: Warehouse) -> tuple[Held, ...]:
    """Customers of two records or more, by number of records and by what their weakest link is; records ascending."""
    if not (warehouse.exists(MEMBERS) and warehouse.exists(PAIRS)):
        return ()
    found = weakest_links(warehouse.frame(_MEMBERS), warehouse.frame(_LINKS))
    weight, is_model = pl.col("match_weight"), pl.col("matched_by") == "model"
    kind = (
        pl.when(~is_model)
        .then("matched_by")
        .when(weight >= STRONG)
        .then(pl.lit("strong"))
        .when(weight >= MEDIUM)
        .then(pl.lit("medium"))
        .otherwise(pl.lit("weak"))
    )
    counts = found.group_by("record_count", kind.alias("kind")).len().sort("record_count", "kind")
    by_size: dict[int, dict[str, int]] = {}
    for records, name, customers in counts.rows():
        by_size.setdefault(records, {})[name] = customers
    return tuple(Held(records, customers) for records, customers in by_size.items())


def worth(model: StoredModel | None) -> tuple[PopulationWorth, ...]:
    """What each agreement is worth, by population and comparison of the model; without one, nothing."""
    populations = model.model["populations"] if model else {}
    return tuple(
        PopulationWorth(
            name,
            tuple(
                Compared(comparison["output_column_name"], _levels(comparison, frozen["related"]["levels"]))
                for comparison in frozen["splink"]["comparisons"]
            ),
        )
        for name, frozen in sorted(populations.items(), reverse=True)
    )


def _levels(comparison: Mapping[str, Any], related: Mapping[str, Sequence[float]]) -> tuple[Worth, ...]:
    levels = comparison["comparison_levels"][1:]  # the first is the missing one
    against = related[comparison["output_column_name"]]
    return tuple(
        Worth(level["label_for_charts"], math.log2(level["m_probability"] / level["u_probability"]), bits)
        for level, bits in zip(levels, against, strict=True)
    )


def write_waterfall(project: Project, told: Waterfall, file: Path) -> None:
    """The waterfall as a page, readable by its owner only: it has the keys of two records, and no value of theirs."""
    linkage = project.config.linkage
    fall = Fall(
        left=told.record_key_l,
        right=told.record_key_r,
        population=told.population,
        steps=tuple(FallStep(step.part.value, step.comparison, step.label, step.bits) for step in told.steps),
        silent=told.silent,
        weight=told.match_weight,
        probability=told.match_probability,
        match_weight=_weight(linkage.match_threshold),
        review_weight=_weight(linkage.review_threshold),
    )
    with appearing(file) as temporary:
        temporary.write_text(report.render_waterfall(fall), encoding="utf-8")


def _weight(probability: float) -> float | None:
    return math.log2(probability / (1 - probability)) if probability < 1 else None
