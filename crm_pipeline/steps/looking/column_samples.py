"""Sample cells of a column, as delivered and as they become.

Belongs here: which cells are shown, and as what text. Does not belong here: making them (`steps.looking.preview`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from crm_pipeline import standardise
from crm_pipeline.settings import AppliedExtract
from crm_pipeline.steps.landing.sampling import Sample

_ROWS_SHOWN_FROM = 1_000


@dataclass(frozen=True, slots=True)
class ColumnPreview:
    """One standard or own column: sample cells as delivered and what they become, row for row.

    Attributes:
        name: of the column; `contact.name` and the like for the second record of the row.
        origin: the delivered columns, or what else it comes from.
    """

    name: str
    origin: str
    delivered: tuple[str | None, ...]
    standardised: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class DeliveredColumn:
    """One delivered column: what it seems to hold, and the share of rows in which it holds something."""

    name: str
    type: str
    filled: float
    values: int
    is_mapped: bool
    samples: tuple[str, ...]


def column_preview(
    applied: AppliedExtract, name: str, mapped: pl.DataFrame, result: standardise.Standardised, samples: int
) -> ColumnPreview | None:
    """Different samples from the first rows in which the column holds something; none of one that is not mapped.

    The last one is a value that could not be read, if there is one: null as standardised.
    """
    if name not in mapped.columns:
        return None
    pair = pl.DataFrame({"before": mapped[name], "after": result.frame[name]})
    read = _pairs(pair.filter(pl.col("after").is_not_null()))
    lost = [(told, None) for told, _ in _pairs(pair.filter(pl.col("after").is_null())) if (told or "").strip()][:1]
    shown_pairs = [*read[: samples - len(lost)], *lost] if samples > 1 or not read else read[:samples]
    before, after = ([each[side] for each in shown_pairs] for side in (0, 1))
    shown = f"contact.{name}" if applied.is_contact else name
    return ColumnPreview(shown, _origin(applied, name), tuple(before), tuple(after))


def _pairs(pair: pl.DataFrame) -> list[tuple[str | None, str | None]]:
    """The different pairs of the first rows, as text."""
    first = pair.head(_ROWS_SHOWN_FROM)
    return list(dict.fromkeys(zip(*(map(_text, first[side]) for side in ("before", "after")), strict=True)))


def _origin(applied: AppliedExtract, name: str) -> str:
    """Where a column comes from, as a person would say it."""
    own = applied.extract.extra_columns.get(name)
    written = "customer" if name == "customer_record_key" else name
    forms = [form for column, form in applied.extract.forms() if column.split(".")[0] == written]
    if own:
        return own.column
    parts = [", ".join(form.delivered_columns) or form.expression or f"constant {form.constant}" for form in forms]
    return "; ".join(parts)


def delivered_column(
    name: str, sample: Sample, shares: Mapping[str, Mapping[str, float]], samples: int, *, is_mapped: bool
) -> DeliveredColumn:
    """Different samples from the first rows, and what `shares`, by column, say that it holds."""
    cells = sample.rows[name]
    filled = cells.filter(cells.str.strip_chars() != "").unique(maintain_order=True).head(samples).to_list()
    told = shares[name]
    return DeliveredColumn(
        name, standardise.type_of(told), told["filled"], int(told["values"]), is_mapped, tuple(filled)
    )


def _text(value: object) -> str | None:
    if isinstance(value, pl.Series):
        return ", ".join(filter(None, (_text(item) for item in value)))
    if isinstance(value, dict):
        return f"{value['namespace']}={value['value']}" if value.get("value") else None
    return None if value is None else str(value)
