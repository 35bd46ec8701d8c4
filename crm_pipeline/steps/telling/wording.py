"""The Chinese of what rules, SQL tests and cleaners say, for the report.

Belongs here: putting together what each part of the chain says. Does not belong here: the report's own words
(`report`), or the texts of one part.
"""

from __future__ import annotations

from crm_pipeline import quality, standardise
from crm_pipeline.bundled import bundled
from crm_pipeline.settings import Project
from crm_pipeline.steps.applying import rejections
from crm_pipeline.steps.publishing import guards, link_guards
from crm_pipeline.steps.readable import readable_rules
from crm_pipeline.steps.watching import watch
from crm_pipeline.tables import ENTITIES
from crm_pipeline.warehouse.models import Models


def chinese(project: Project, models: Models) -> dict[str, str]:
    """Each text of a rule, a SQL test or a cleaner that is there in Chinese too, to that."""
    tests = {test.description: test.description_zh for model in models for test in model.tests}
    return {
        **standardise.reasons_zh(),
        **{text: zh for text, zh in tests.items() if zh},
        **quality.notes_zh(bundled("expectations"), project.root / "expectations"),
        **{rule.notes: rule.notes_zh for entity in ENTITIES for rule in readable_rules(project, entity)},
        rejections.DUPLICATE: rejections.DUPLICATE_ZH,
        **watch.claims_zh(),
        **guards.claims_zh(project.config.linkage.largest_cluster),
        **link_guards.claims_zh(),
    }
