"""What `linkage:` says: thresholds, budgets, and what a run may differ from those before it.

Belongs here: its keys, types, defaults and rules. Does not belong here: what they mean for a pair or a cluster
(`linkage`, `steps.publishing`).
"""

from __future__ import annotations

from pydantic import Field, model_validator

from crm_pipeline.settings.base import Frozen


class Linkage(Frozen):
    """Thresholds of record linkage."""

    match_threshold: float = Field(0.95, gt=0, le=1, description="pairs from this probability on are linked")
    review_threshold: float = Field(0.6, gt=0, le=1, description="pairs from this probability on wait for a person")
    pair_budget: int = Field(200_000_000, ge=1, description="pairs; a run that would compare more stops before it does")
    largest_cluster: int = Field(100, ge=2, description="records; a larger cluster stops publication")

    @model_validator(mode="after")
    def _ordered(self) -> Linkage:
        if self.review_threshold > self.match_threshold:
            raise ValueError("expected review_threshold to be at most match_threshold")
        return self
