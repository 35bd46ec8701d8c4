"""The second record in a row: which rows hold a contact, and what becomes of those that hold none.

Belongs here: telling rows with a contact from rows without. Does not belong here: the mapping that a `contact:` stands
for (`settings`), the path of the rows (`steps.applying.delivery`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from crm_pipeline.settings import AppliedExtract, Extract, ValueForm
from crm_pipeline.sources.mapping import all_forms
from crm_pipeline.standardise.text import texts
from crm_pipeline.state.delivery import LINE, Delivery
from crm_pipeline.steps.applying.versions import DELIVERED
from crm_pipeline.warehouse import Warehouse, expressions
from crm_pipeline.warehouse.connection import literal, quoted

_CHUNK_ROWS = 250_000
_PREFIX = "contact."


def blank_lines(
    delivery: Delivery, applied: AppliedExtract, absent: Sequence[str] = (), corrected: pl.DataFrame | None = None
) -> pl.Series | str:
    """The rows in which nothing that the contact is mapped from holds a value, constants apart.

    As an SQL condition over the delivered columns; or as their lines where an expression has to be computed first.

    Args:
        delivery: whose rows.
        applied: an extract of contacts.
        absent: columns that the mapping names and the delivery lacks; they are empty.
        corrected: rows that take the place of delivered ones, as `corrections.delivered` gives them; None for none.
    """
    forms = _own_forms(applied.extract)
    if not any(form.expression for form in forms.values()):
        columns = dict.fromkeys(name for form in forms.values() for name in form.delivered_columns)
        return " AND ".join(_is_blank_sql(name) for name in columns if name not in absent) or "true"
    where = f"{applied.source}.{applied.landed_name}, contact"
    chunks = (chunk.with_columns(pl.lit("").alias(name) for name in absent) for chunk in _chunks(delivery, corrected))
    return pl.concat([pl.Series(LINE, [], pl.Int64), *(_blank(chunk, forms, where) for chunk in chunks)])


def _chunks(delivery: Delivery, corrected: pl.DataFrame | None) -> Iterator[pl.DataFrame]:
    """The rows of a delivery, corrected ones in the place of those on their lines, each row once."""
    names = [*delivery.columns, LINE]
    rows = pl.DataFrame(schema={LINE: pl.Int64()}) if corrected is None else corrected
    is_corrected = pl.col(LINE).is_in(rows[LINE].implode())
    for start in range(0, delivery.row_count, _CHUNK_ROWS):
        yield delivery.scan().select(names).slice(start, _CHUNK_ROWS).collect().filter(~is_corrected)
    if not rows.is_empty():
        yield rows.select(names)


def blank_rows(rows: pl.DataFrame, applied: AppliedExtract) -> pl.Series:
    """The lines of delivered rows in memory that hold no contact."""
    return _blank(rows, _own_forms(applied.extract), f"{applied.source}.{applied.landed_name}, contact")


def mark_blank(warehouse: Warehouse, lines: pl.Series | str) -> None:
    """Marks those of the examined rows that hold no contact; they delete the contact that their record had.

    Args:
        warehouse: where `_rows` and the view `versions.DELIVERED` are.
        lines: as `blank_lines` gave them.
    """
    marked = "UPDATE _rows SET is_blank = true, is_deleted = true WHERE line IN"
    if isinstance(lines, str):
        warehouse.execute(f"{marked} (SELECT {LINE} FROM {DELIVERED} WHERE {lines})")
        return
    with warehouse.registered("_blank", lines.to_frame(LINE)):
        warehouse.execute(f"{marked} (SELECT {LINE} FROM _blank)")


def _own_forms(extract: Extract) -> dict[str, ValueForm]:
    """The forms under `contact:`, without what is taken over from the row's first record."""
    forms = {name: form for name, form in all_forms(extract) if name.startswith(_PREFIX)}
    return {name: form for name, form in forms.items() if form.constant is None}


def _is_blank_sql(column: str) -> str:
    """Whether a cell is blank or a placeholder, as `standardise.texts` has it."""
    return f"regexp_full_match(coalesce({quoted(column)}, ''), {literal(texts.BLANK)})"


def _blank(chunk: pl.DataFrame, forms: dict[str, ValueForm], where: str) -> pl.Series:
    sql = {name: form.expression for name, form in forms.items() if form.expression}
    computed = expressions(chunk.drop(LINE), sql, where=where) if sql else pl.DataFrame()
    named = dict.fromkeys(column for form in forms.values() for column in form.delivered_columns)
    cells = [*computed.get_columns(), *(chunk[name].alias(f"={name}") for name in named)]
    is_blank = pl.DataFrame(cells).select(pl.all_horizontal(texts.clean(pl.all()).is_null()).alias("is_blank"))
    return chunk[LINE].filter(is_blank["is_blank"])
