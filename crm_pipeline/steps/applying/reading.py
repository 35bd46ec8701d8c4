"""What the cells of a delivery are read with: the project's words, and the forms of its dates.

Belongs here: asking all rows of the delivery, and the delivery before. Does not belong here: what is decided of them
(`steps.date_forms`), reading the cells (`steps.readable`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from crm_pipeline.settings import AppliedExtract
from crm_pipeline.sources.mapped_columns import mapped_columns
from crm_pipeline.sources.mapping import map_rows
from crm_pipeline.state.delivery import Delivery
from crm_pipeline.steps import date_forms
from crm_pipeline.steps.applying import versions
from crm_pipeline.steps.run import Run
from crm_pipeline.steps.vocabulary import Vocabulary, vocabulary_of


@dataclass(frozen=True, slots=True)
class Reading:
    """What cells of a delivery are read with.

    Attributes:
        words: of the project.
        forms: of its columns of dates.
        recorded: what `ops.loads` keeps of these.
        newly_ordered: columns whose order is known as of this delivery; what was refused for want of it can be read.
    """

    words: Vocabulary
    forms: date_forms.DateForms
    recorded: list[dict[str, Any]]
    newly_ordered: tuple[str, ...]


def reading_of(run: Run, delivery: Delivery, applied: AppliedExtract, *, has_changes: bool) -> Reading:
    """The words and forms; told by all rows of the delivery, not by the changed ones alone.

    Args:
        run: the open run, in which the rows are the view `versions.DELIVERED`.
        delivery: whose rows.
        applied: its extract, or the contacts in its rows.
        has_changes: False when no row is to be read: the forms of the delivery before then stay.
    """
    extract = applied.extract

    def cells_of(column: str) -> pl.Series:
        alone = date_forms.mapped_alone(applied, column)
        rows = versions.cells_of(run.warehouse, mapped_columns(alone))
        return map_rows(rows, alone, source=delivery.source)[column]

    earlier = date_forms.before(versions.latest_date_orders(run.warehouse, delivery))
    columns = date_forms.date_columns(extract, run.project.config.extras(extract.entity)) if has_changes else ()
    forms = date_forms.find_forms(extract, columns, cells_of, earlier)
    newly_ordered = tuple(sorted(forms.orders.keys() - earlier.keys()))
    return Reading(vocabulary_of(run.project), forms, date_forms.recorded(forms, earlier), newly_ordered)
