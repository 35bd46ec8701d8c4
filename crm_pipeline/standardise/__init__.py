"""Text as delivered becomes typed, comparable values: pure Polars, one value type per module.

Belongs here: cleaning one value without knowing other rows. Does not belong here: judging values against rules
(`quality`), or files and tables. A cleaner returns null for what is not of its type; it is idempotent.
"""

from crm_pipeline.standardise.calendar.date_counts import SMALLEST_SHARE
from crm_pipeline.standardise.calendar.date_counts import share as share_of_counts
from crm_pipeline.standardise.calendar.date_order import DateOrder, Evidence, decide, evidence
from crm_pipeline.standardise.cleaners import LIBRARIES, VERSION, Context
from crm_pipeline.standardise.entities import Standardised, standardise
from crm_pipeline.standardise.recognition import recognise, recognise_each, type_of
from crm_pipeline.standardise.refusals import Expected, reasons_zh, refusable_columns

__all__ = [
    "LIBRARIES",
    "SMALLEST_SHARE",
    "VERSION",
    "Context",
    "DateOrder",
    "Evidence",
    "Expected",
    "Standardised",
    "decide",
    "evidence",
    "reasons_zh",
    "recognise",
    "recognise_each",
    "refusable_columns",
    "share_of_counts",
    "standardise",
    "type_of",
]
