"""Every word of the report in English and Chinese.

Belongs here: texts, with the places of their values in braces, a module for each part of the page. Does not belong
here: how they look. Names of tables, columns and rules are shown as they are in both languages; suites and SQL tests
bring their own texts. A text `<key>.one` takes the place of `<key>` where the count `n` is one.
"""

from __future__ import annotations

from crm_pipeline.report.words.both import Words
from crm_pipeline.report.words.customers import CUSTOMERS
from crm_pipeline.report.words.deliveries import DELIVERIES
from crm_pipeline.report.words.evidence import EVIDENCE
from crm_pipeline.report.words.first_screen import FIRST_SCREEN
from crm_pipeline.report.words.identities import IDENTITIES
from crm_pipeline.report.words.model import MODEL
from crm_pipeline.report.words.names import NAMES
from crm_pipeline.report.words.quality import QUALITY
from crm_pipeline.report.words.runs import RUNS
from crm_pipeline.report.words.systems import SYSTEMS

WORDS: dict[str, Words] = {
    **FIRST_SCREEN,
    **DELIVERIES,
    **CUSTOMERS,
    **SYSTEMS,
    **EVIDENCE,
    **MODEL,
    **IDENTITIES,
    **RUNS,
    **NAMES,
    **QUALITY,
}

__all__ = ["WORDS", "Words"]
