"""What `linkage:` says: thresholds, budgets, and what a run may differ from those before it.

Belongs here: its keys, types, defaults and rules. Does not belong here: what they mean for a pair or a cluster
(`linkage`, `steps.publishing`).
"""

from __future__ import annotations

from pydantic import Field, field_validator, model_validator

from crm_pipeline.settings.base import Frozen, no_yes_or_no


class Guards(Frozen):
    """What a run may differ from the median of the last ones; beyond it nothing is published. Null: never stop."""

    match_rate: float | None = Field(
        0.05,
        gt=0,
        le=1,
        description="by how much the share of records that share their customer may rise or fall, and the customers "
        "per record",
    )
    edges_per_record: float | None = Field(
        1.5, gt=1, description="how many times more or fewer links per record there may be"
    )
    cluster_growth: float | None = Field(2.0, gt=1, description="how many times larger the largest customer may be")
    match_weights: float | None = Field(
        0.25, gt=0, description="population stability index of the weights under one model, at most"
    )

    _are_numbers = field_validator("*", mode="before")(no_yes_or_no)


class Linkage(Frozen):
    """Thresholds of record linkage."""

    match_threshold: float = Field(0.95, gt=0, le=1, description="pairs from this probability on are linked")
    review_threshold: float = Field(0.6, gt=0, le=1, description="pairs from this probability on wait for a person")
    pair_budget: int = Field(200_000_000, ge=1, description="pairs; a run that would compare more stops before it does")
    largest_cluster: int = Field(100, ge=2, description="records; a larger cluster stops publication")
    largest_model_change: float = Field(
        0.05,
        ge=0,
        le=1,
        description="share of linked and waiting pairs whose verdict a retrained model may change; one that changes "
        "more waits for a person",
    )
    guards: Guards = Guards()

    _are_numbers = field_validator(
        "match_threshold", "review_threshold", "pair_budget", "largest_cluster", "largest_model_change", mode="before"
    )(no_yes_or_no)

    @model_validator(mode="after")
    def _ordered(self) -> Linkage:
        if self.review_threshold > self.match_threshold:
            raise ValueError("expected review_threshold to be at most match_threshold")
        return self
