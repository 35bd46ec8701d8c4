"""Whether a delivery that was looked at would be refused as a whole, by the very gates that a run asks.

Belongs here: asking them of rows in memory, one after the other, and nothing landed. Does not belong here: the gates
(`steps.landing.acceptance`), single rows (`steps.looking.preview`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import Extract, Project
from crm_pipeline.settings.changes import OnChange
from crm_pipeline.sources.mapped_columns import absent_columns
from crm_pipeline.state.delivery import Batch
from crm_pipeline.state.drafts import Draft
from crm_pipeline.steps.landing import contracts
from crm_pipeline.steps.landing.acceptance import accept
from crm_pipeline.steps.landing.sampling import Sample
from crm_pipeline.steps.run import Run, utc_now
from crm_pipeline.steps.stores import landing_of
from crm_pipeline.warehouse import Warehouse

# Each takes one gate away, in the order in which they are asked, so that the ones behind it are heard too.
_WAIVERS: tuple[dict[str, Any], ...] = (
    {},
    {"on_change": OnChange(removed="keep", added="keep", type="keep")},
    {"reject_limit": 1.0},
    {"delete_limit": 1.0},
)
_BRING_COLUMNS_LATE = {"json", "json_lines", "rest"}  # so that the first rows need not have all


@dataclass(frozen=True, slots=True)
class Foretold:
    """What would become of a delivery as a whole.

    Attributes:
        refusals: why it would not be landed, as a run would say it; of the first rows alone only what columns tell.
        schema_changes: what differs from the delivery before, such as `removed 手机`.
        absent: columns that the configuration names and the delivery lacks; they are empty.
    """

    refusals: tuple[DeliveryError, ...]
    schema_changes: tuple[str, ...]
    absent: tuple[str, ...]


def foretell(
    project: Project, warehouse: Warehouse, source: str, name: str, day: date, sample: Sample, folder: Path
) -> Foretold:
    """What a run would say of the sampled delivery as a whole; of the first rows alone only what its columns tell.

    Args:
        project: the project; only what was landed before is read of it.
        warehouse: any connection.
        source: name in pipeline.yaml.
        name: of the extract.
        day: business date.
        sample: the delivery.
        folder: for its rows while they are judged.
    """
    extract = project.config.sources[source].extracts[name]
    deliveries = landing_of(project).standing(source, name)
    known = {column for delivery in deliveries for column in delivery.columns}
    absent = absent_columns(sample.columns, extract, known)

    def columns_fit(waived: Extract) -> tuple[str, ...]:
        """The gate of the columns alone."""
        earlier = [delivery for delivery in deliveries if delivery.business_date <= day]
        contract = contracts.Contract(waived, earlier, f"{source}.{name}, {sample.where}")
        return tuple(map(str, contract.accepted(sample.columns, sample.origin.types)))

    def all_fits(waived: Extract) -> tuple[str, ...]:
        """All gates."""
        run = Run(_with(project, source, name, waived), warehouse, "preview", utc_now())
        columns, origin = sample.columns, sample.origin
        return accept(run, draft, columns, origin, source, name, day, sample.where, accept_loss=False).schema_changes

    if sample.is_whole:
        with Draft.open(folder / "draft") as draft:
            draft.add(Batch(sample.rows, sample.unreadable))
            refusals, changes = _heard(extract, all_fits)
    elif sample.origin.format not in _BRING_COLUMNS_LATE:
        refusals, changes = _heard(extract, columns_fit)
    else:
        refusals, changes = (), ()
    return Foretold(refusals, changes, absent)


def _heard(
    extract: Extract, ask: Callable[[Extract], tuple[str, ...]]
) -> tuple[tuple[DeliveryError, ...], tuple[str, ...]]:
    """Every refusal, each once, and the changes of columns, known when nothing but what was waived refuses."""
    refusals: dict[str, DeliveryError] = {}
    for waiver in _WAIVERS:
        extract = extract.model_copy(update=waiver)
        try:
            return tuple(refusals.values()), ask(extract)
        except DeliveryError as error:
            refusals.setdefault(str(error), error)
    return tuple(refusals.values()), ()


def _with(project: Project, source: str, name: str, extract: Extract) -> Project:
    """The project with another configuration of one extract."""
    config = project.config
    changed = config.sources[source].model_copy(update={"extracts": {**config.sources[source].extracts, name: extract}})
    sources = {**config.sources, source: changed}
    return replace(project, config=config.model_copy(update={"sources": sources}))
