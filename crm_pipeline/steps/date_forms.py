"""In which form the columns of dates are: day or month first, as set, as told by the delivery or by the one before.

Belongs here: which columns have an order or hold counted days, and who decides it. Does not belong here: what cells
tell (`standardise`), the rows of a delivery.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import polars as pl

from crm_pipeline import standardise
from crm_pipeline.settings import AppliedExtract, Extract
from crm_pipeline.settings.standardise import order_set
from crm_pipeline.tables import ENTITIES, Column

_DATED = {"DATE", "TIMESTAMP"}
_COUNTS = ("day_first", "month_first", "year_first", "ambiguous")


@dataclass(frozen=True, slots=True)
class OrderFound:
    """The order of one column of a delivery, and what its cells tell.

    Attributes:
        order: None where nobody tells it: dates that need one are then rejected.
        told_by: who decided: `date_order` in pipeline.yaml, this delivery, an earlier one, or nobody.
    """

    column: str
    order: standardise.DateOrder | None
    evidence: standardise.Evidence
    told_by: Literal["pipeline.yaml", "delivery", "earlier delivery", "nobody"]


@dataclass(frozen=True, slots=True)
class DateForms:
    """In which form the columns of dates of a delivery are.

    Attributes:
        found: by column, where a cell needs an order.
        counted: columns in which numbers are serial days or Unix seconds.
    """

    found: Mapping[str, OrderFound]
    counted: frozenset[str]

    @property
    def orders(self) -> dict[str, standardise.DateOrder]:
        """The orders that are known, by column."""
        return {column: each.order for column, each in self.found.items() if each.order}


def date_columns(extract: Extract, own: Sequence[Column] = ()) -> tuple[str, ...]:
    """The mapped columns that hold dates or times, in the order of the mapping."""
    known = {column.name for column in (*ENTITIES[extract.entity], *own) if column.type in _DATED}
    return tuple(name for name in (*extract.columns, *extract.extra_columns) if name in known)


def find_forms(
    extract: Extract,
    columns: Sequence[str],
    cells_of: Callable[[str], pl.Series],
    earlier: Mapping[str, standardise.DateOrder],
) -> DateForms:
    """The form of each column.

    What the delivery itself tells goes before what an earlier one told: a source may change its form. Where it tells
    nothing, a few new rows on a later day are read as all the others were.

    Args:
        extract: with its `date_order`.
        columns: as `date_columns` gives them.
        cells_of: all cells of a column, as mapped.
        earlier: of the delivery before, by column.
    """
    found, counted = {}, set()
    for column in columns:
        cells = cells_of(column)
        if standardise.share_of_counts(cells) >= standardise.SMALLEST_SHARE:
            counted.add(column)
        told = standardise.evidence(cells)
        if told.cells:
            found[column] = _order_of(column, told, order_set(extract.date_order, column), earlier.get(column))
    return DateForms(found, frozenset(counted))


def _order_of(
    column: str, told: standardise.Evidence, given: str | None, before: standardise.DateOrder | None
) -> OrderFound:
    if given:
        return OrderFound(column, standardise.DateOrder(given), told, "pipeline.yaml")
    if decided := standardise.decide(told):
        return OrderFound(column, decided, told, "delivery")
    if before and not (told.day_first or told.month_first or told.year_first):
        return OrderFound(column, before, told, "earlier delivery")
    return OrderFound(column, None, told, "nobody")


def recorded(forms: DateForms, earlier: Mapping[str, standardise.DateOrder]) -> list[dict[str, Any]]:
    """What `ops.loads` keeps in `date_orders`: each column that has an order now, or had one before; by column."""
    rows, found = [], forms.found
    for column in sorted({*found, *earlier}):
        each = found.get(column)
        counts = {name: count for name, count in asdict(each.evidence).items() if name in _COUNTS} if each else {}
        order = each.order if each else earlier[column]
        rows.append(
            {
                "column_name": column,
                "date_order": str(order) if order else None,
                "told_by": each.told_by if each else "earlier delivery",
                **dict.fromkeys(_COUNTS, 0),
                **counts,
            }
        )
    return rows


def before(rows: Sequence[Mapping[str, Any]]) -> dict[str, standardise.DateOrder]:
    """The orders in a `date_orders` of `ops.loads`."""
    return {row["column_name"]: standardise.DateOrder(row["date_order"]) for row in rows if row["date_order"]}


def mapped_alone(applied: AppliedExtract, column: str) -> Extract:
    """The extract with the mapping of one column."""
    extract = applied.extract
    own = {name: form for name, form in extract.extra_columns.items() if name == column}
    columns = {name: form for name, form in extract.columns.items() if name == column}
    return extract.model_copy(update={"columns": columns, "extra_columns": own})
