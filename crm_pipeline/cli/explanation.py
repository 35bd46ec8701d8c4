"""A customer's explanation as people read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_pipeline.cli.output import print_table, say

if TYPE_CHECKING:
    import polars as pl

    from crm_pipeline.publish import Explanation

_HISTORY_SHOWN = ("customer_id", "version", "valid_from", "valid_to")


def print_explanation(found: Explanation) -> None:
    """Who it is, its records and why they are one, its values and where they come from, its history."""
    if found.customer_id is None:
        say(f"{found.asked_id} is {found.reason}: no living record stands behind it.\n")
    elif found.asked_id != found.customer_id:
        say(f"{found.asked_id} was {found.reason}; it is {found.customer_id} now.\n")
    else:
        name = found.customer.get("name") or "without a name"
        say(f"{found.customer_id}: {name}, {found.records.height} records\n")
    _print("Records, and why they are one", found.records)
    _print("Values, and where each comes from", _with_alternatives(found.values))
    _print("Phones and e-mails", found.contacts)
    _print("Versions published", found.history.select(c for c in _HISTORY_SHOWN if c in found.history.columns))
    _print("What happened to its id", found.events)


def _print(title: str, frame: pl.DataFrame) -> None:
    if not frame.is_empty():
        print_table(title, frame.columns, frame.rows())


def _with_alternatives(values: pl.DataFrame) -> pl.DataFrame:
    """The alternatives of each value as text: value (source)."""
    if "alternatives" not in values.columns or values.is_empty():
        return values
    texts = [
        ", ".join(f"{lost['value']} ({lost['source']})" for lost in alternatives or [])
        for alternatives in values["alternatives"].to_list()
    ]
    import polars

    return values.with_columns(polars.Series("alternatives", texts))
