"""Golden records out of linked records, and the history of what was published.

Belongs here: survivorship and versions of customers. Does not belong here: which records are one customer (`linkage`)
or how tables become visible (`publish`).
"""

from crm_pipeline.golden.archiving import archive_customers, check_archive_rules
from crm_pipeline.golden.history import record_history
from crm_pipeline.golden.overriding import Override
from crm_pipeline.golden.ranking import Trust
from crm_pipeline.golden.rules import RULES, Rule
from crm_pipeline.golden.survivorship import GoldenSummary, merge_customers
from crm_pipeline.golden.withholding import withhold_contacts

__all__ = [
    "RULES",
    "GoldenSummary",
    "Override",
    "Rule",
    "Trust",
    "archive_customers",
    "check_archive_rules",
    "merge_customers",
    "record_history",
    "withhold_contacts",
]
