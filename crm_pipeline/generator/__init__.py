"""Generator: a world of customers as four messy systems would deliver it, and the truth about who is who."""

from __future__ import annotations

from crm_pipeline.generator.defects import DEFECTS, Defect
from crm_pipeline.generator.generate import WRITTEN, Generated, Progress, generate
from crm_pipeline.generator.plan import CHUNK_CUSTOMERS, FIRST_DATE, LARGEST_CUSTOMERS, Plan

__all__ = [
    "CHUNK_CUSTOMERS",
    "DEFECTS",
    "FIRST_DATE",
    "LARGEST_CUSTOMERS",
    "WRITTEN",
    "Defect",
    "Generated",
    "Plan",
    "Progress",
    "generate",
]
