"""What a report says, as frozen values.

Belongs here: the figures, and what follows from them by arithmetic. Does not belong here: reading tables (`collect`) or
showing anything (`render`).
"""

from __future__ import annotations

from crm_pipeline.report.figures.customers import (
    Attached,
    ClusterSize,
    ColumnFill,
    Disagreement,
    Links,
    Overlap,
    Source,
    WeightBin,
)
from crm_pipeline.report.figures.evidence import (
    HELD_BY,
    Compared,
    Fall,
    FallStep,
    Held,
    PopulationWorth,
    Worth,
)
from crm_pipeline.report.figures.incoming import Check, Delivery, Rejection
from crm_pipeline.report.figures.model import Change, ModelStory, ModelVersion, Shift, Usual
from crm_pipeline.report.figures.relations import Relation
from crm_pipeline.report.figures.run import Figures
from crm_pipeline.report.figures.systems import ComparedColumn, SideRevenue, Sides, Systems

__all__ = [
    "HELD_BY",
    "Attached",
    "Change",
    "Check",
    "ClusterSize",
    "ColumnFill",
    "Compared",
    "ComparedColumn",
    "Delivery",
    "Disagreement",
    "Fall",
    "FallStep",
    "Figures",
    "Held",
    "Links",
    "ModelStory",
    "ModelVersion",
    "Overlap",
    "PopulationWorth",
    "Rejection",
    "Relation",
    "Shift",
    "SideRevenue",
    "Sides",
    "Source",
    "Systems",
    "Usual",
    "WeightBin",
    "Worth",
]
