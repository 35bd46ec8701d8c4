"""Quality: rules as data, their verdict on every row, and counts that must add up.

Belongs here: suites of expectations, their vectorised judgement, the contract check by Great Expectations (imported
nowhere else), and reconciliation. Does not belong here: storing rejections, corrections and replay (`steps`), or
what the tables look like (`tables`).
"""

from crm_pipeline.quality.contract import load_expectations, validate
from crm_pipeline.quality.judge import Judgement, accept, judge
from crm_pipeline.quality.readable import (
    flag_of,
    flagged_columns,
    placeholder_id,
    readable_id,
    rule_of,
    split_by_flag,
)
from crm_pipeline.quality.reconcile import reconcile
from crm_pipeline.quality.rules import Dimension, Rule, Severity, Suite, dimension_of
from crm_pipeline.quality.suites import BUSINESS_DATE, judged_tables, load_suite, notes_zh, suite_tables

__all__ = [
    "BUSINESS_DATE",
    "Dimension",
    "Judgement",
    "Rule",
    "Severity",
    "Suite",
    "accept",
    "dimension_of",
    "flag_of",
    "flagged_columns",
    "judge",
    "judged_tables",
    "load_expectations",
    "load_suite",
    "notes_zh",
    "placeholder_id",
    "readable_id",
    "reconcile",
    "rule_of",
    "split_by_flag",
    "suite_tables",
    "validate",
]
