"""Which rows of the quarantine somebody asks for, by names that there are.

Belongs here: refusing a name that is none, so that a typing error is never taken for an empty quarantine. Does not
belong here: finding the rows (`publish.quarantine`).
"""

from __future__ import annotations

from collections.abc import Iterator

from crm_pipeline import quality
from crm_pipeline.errors import ConfigurationError
from crm_pipeline.publish.quarantine import Chosen, names_in
from crm_pipeline.quality.parsing import nearest
from crm_pipeline.settings import Project
from crm_pipeline.steps.run import suite_of
from crm_pipeline.tables import ENTITIES, std

SEVERITIES = ("row", "duplicate", "value", "warning")


def chosen(
    project: Project,
    source: str | None = None,
    extract: str | None = None,
    rule: str | None = None,
    severity: str | None = None,
    *,
    is_all: bool = False,
) -> Chosen:
    """The choice, each name of which is in the configuration, in a suite, or in the quarantine as published.

    Raises:
        ConfigurationError: nothing has been published, or a name is unknown.
    """
    seen = names_in(project.steward_file)
    extracts = project.config.applied_extracts
    known = {
        "source": (source, {each.source for each in extracts} | seen.sources),
        "extract": (extract, {each.name for each in extracts} | seen.extracts),
        "rule": (rule, seen.rules if rule is None or rule in seen.rules else {*_rules(project), *seen.rules}),
        "severity": (severity, set(SEVERITIES)),
    }
    for option, (name, names) in known.items():
        if name is not None and name not in names:
            raise ConfigurationError(
                where=f"--{option}",
                expected=f"a {option}: {nearest(name, sorted(names))}",
                found=name,
                cure="See them with `crm-pipeline quarantine list`.",
            )
    return Chosen(source, extract, rule, severity, is_all)


def _rules(project: Project) -> Iterator[str]:
    """The rules that may reject a row: those of the suites, and those that no file has."""
    for entity in ENTITIES:
        table = std(entity, project.config.extras(entity))
        yield from (rule.rule_id for rule in suite_of(project, table).rules)
        yield from (quality.placeholder_id(entity, name) for name in table.column_names)
        yield from (f"{entity}.primary_key_unique", f"{entity}.row_readable")
