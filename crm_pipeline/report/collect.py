"""The figures of a run, counted over the warehouse as it stands.

Belongs here: putting them together. Does not belong here: the queries (`deliveries`, `customers`, `completeness`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from crm_pipeline.report import customers, deliveries
from crm_pipeline.report.completeness import fills
from crm_pipeline.report.figures import Figures, Held, ModelStory, PopulationWorth, Systems, Usual
from crm_pipeline.report.reading import Reading
from crm_pipeline.report.relations import relations
from crm_pipeline.report.systems import systems
from crm_pipeline.state.measures import RunMeasures
from crm_pipeline.warehouse import Warehouse


def collect(
    warehouse: Warehouse,
    *,
    project_name: str,
    measures: RunMeasures,
    earlier: Sequence[RunMeasures],
    match_threshold: float,
    review_threshold: float,
    is_golden_current: bool = True,
    quality_page: str = "",
    chinese: Mapping[str, str] | None = None,
    held: Sequence[Held] | None = (),
    worth: Sequence[PopulationWorth] = (),
    model: ModelStory | None = None,
    usual: Sequence[Usual] = (),
    has_systems: bool = False,
) -> Figures:
    """The figures; tables that are missing, because the run stopped before them, count as empty.

    Args:
        warehouse: read only by this; each table is passed over once or twice, and counts come back.
        project_name: as readers know the project.
        measures: of this run.
        earlier: of the runs before, oldest first; may be empty.
        match_threshold: probability from which a pair is linked, above 0, up to 1.
        review_threshold: probability from which a pair waits for a person, above 0, up to 1.
        is_golden_current: whether the golden step completed in this run; else schema gold is of an earlier one.
        quality_page: file name of the quality report, which it links to.
        chinese: texts of rules to the same in Chinese.
        held: what holds customers together; None where the run made no customers.
        worth: what each agreement is worth to the model.
        model: where the model comes from, and what its last version changes.
        usual: figures of linking beside the last runs.
        has_systems: whether the run built the marts of system against system.
    """
    reading = Reading.of(warehouse)
    newest = deliveries.deliveries(reading, measures.run_id)
    names = customers.source_names(reading, newest)
    masks = customers.customer_masks(reading, names)
    filled, never_filled = fills(reading)
    return Figures(
        project_name=project_name,
        measures=measures,
        earlier=tuple(earlier),
        deliveries=newest,
        sources=customers.sources(reading, newest, names, masks),
        overlaps=customers.overlaps(names, masks),
        by_source_count=customers.by_source_count(masks),
        rejections=deliveries.rejections(reading),
        checks=deliveries.checks(reading),
        disagreements=customers.disagreements(reading, names),
        links=customers.links(reading),
        weights=customers.weights(reading),
        match_weight=_weight(match_threshold),
        review_weight=_weight(review_threshold),
        cluster_sizes=customers.cluster_sizes(reading, is_golden_current=is_golden_current),
        fills=filled,
        never_filled=never_filled,
        attached=customers.attached(reading),
        held=None if held is None else tuple(held),
        worth=tuple(worth),
        relations=relations(reading),
        model=model,
        usual=tuple(usual),
        systems=systems(reading) if has_systems else Systems(),
        is_golden_current=is_golden_current,
        quality_page=quality_page,
        chinese=chinese or {},
    )


def _weight(probability: float) -> float | None:
    """The match weight of a probability: log2 of its odds; None for certainty, which no weight reaches."""
    return math.log2(probability / (1 - probability)) if probability < 1 else None
