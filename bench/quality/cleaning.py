"""How many of the planted defects of goldenmatch_cleaning the standardisers mend: counts per column and transform.

Belongs here: what each planted transform asks for, in terms of our own readers. A row counts when our reader changes it
as the transform does, and the planted counts say how many. Does not belong here: `address_standardize`, which shortens
words of streets (Street to St): an address as delivered keeps them. `phone_e164` is planted on made-up numbers, most of
which nobody has: right is E.164 where phonenumbers calls the number valid, and null with a reason elsewhere.
`zip_normalize` cuts the four digits behind the hyphen, which we keep: right is the same first part.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import phonenumbers
import polars as pl

from bench.quality.figures import Figure
from crm_pipeline.standardise import choices
from crm_pipeline.standardise.amounts import money, numbers
from crm_pipeline.standardise.calendar import date_order, dates
from crm_pipeline.standardise.contact_points import emails, phones
from crm_pipeline.standardise.people import person_names
from crm_pipeline.standardise.places import postcodes, regions
from crm_pipeline.standardise.text import texts

_FOLDER = Path("goldenmatch_cleaning/benchmarks/datasets/goldenflow_bench")
_TODAY = date(2026, 11, 1)


def measure(data: Path) -> list[Figure]:
    """One figure per planted transform: rows that our reader changes, of those that were planted.

    Args:
        data: the folder with `goldenmatch_cleaning`.
    """
    with (data / _FOLDER / "data.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    truth = json.loads((data / _FOLDER / "ground_truth.json").read_text(encoding="utf-8"))
    figures = []
    for planted in truth["planted_transforms"]:
        column, transform = planted["column"], planted["transform"]
        count = _COUNTS.get((column, transform))
        if count:
            found = count(pl.Series([row[column] for row in rows], dtype=pl.String))
            figures.append(_figure(f"cleaning, {column} {transform}", found, planted["expected_change_count"]))
    return figures


def _figure(name: str, found: int, planted: int) -> Figure:
    """Right ones are those planted, less the rows that are missing or too many."""
    note = "" if found == planted else f"{found} changed, {planted} planted"
    return Figure(name, max(planted - abs(found - planted), 0), planted, 1.0, note)


def _count(rows: pl.Series) -> int:
    return int(rows.fill_null(value=False).sum())


def _stripped(cells: pl.Series) -> int:
    """Cells whose outer blanks are gone."""
    tidy = cells.to_frame("cell").select(texts.trim(pl.col("cell"))).to_series()
    return _count((tidy == cells.str.strip_chars()) & (cells.str.strip_chars() != cells))


def _without_titles(cells: pl.Series) -> int:
    """Names of which a title or a suffix was taken apart."""
    return _count(person_names.read(cells)["title"].is_not_null())


def _lower_emails(cells: pl.Series) -> int:
    """Addresses in capitals that are in small letters now."""
    read = emails.read(cells)
    delivered = cells.gather(read["position"]).str.strip_chars()
    return _count((read["value"] == delivered.str.to_lowercase()) & (delivered == delivered.str.to_uppercase()))


def _valid_phones(cells: pl.Series) -> int:
    """Cells that are E.164 where the library calls the number valid, and null with a reason elsewhere."""
    read = phones.read(cells, "US").unique("position", keep="first").sort("position")
    rows = zip(cells.gather(read["position"]), read["value"], read["reason"], strict=True)
    return sum((value or None) == _by_library(cell) and bool(value) != bool(reason) for cell, value, reason in rows)


def _by_library(cell: str) -> str | None:
    try:
        number = phonenumbers.parse(cell, "US")
    except phonenumbers.NumberParseException:
        return None
    is_valid = phonenumbers.is_valid_number(number)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if is_valid else None


def _states(cells: pl.Series) -> int:
    """States in letters of another form than the two capitals that are told by their name."""
    frame = pl.DataFrame({"state": cells, "country": "US"})
    names = frame.select(regions.official("state", "country")).to_series()
    return _count(names.is_in(list(regions.regions("US").values())) & ~cells.str.contains("^[A-Z]{2}$"))


def _zips(cells: pl.Series) -> int:
    """Codes of four digits, or of nine, whose first five are right."""
    value = postcodes.read(cells, "US")["value"]
    expected = cells.str.extract(r"^([0-9]{4,5})(?:-[0-9]{4})?$", 1).str.zfill(5)
    return _count((value.str.head(5) == expected) & (cells != expected))


def _dates(cells: pl.Series) -> int:
    """Cells that are a date, in the order that the column tells."""
    order = date_order.decide(date_order.evidence(cells))
    return dates.read(cells, order, _TODAY)["value"].count()


def _prices(cells: pl.Series) -> int:
    """Cells that are an amount, and words such as `free` that are none and null."""
    read = money.read(cells, "USD")
    return _count(read["value"].is_not_null() | (read["reason"] == "form"))


def _booleans(cells: pl.Series) -> int:
    return choices.read_boolean(cells)["value"].count()


def _nulls(cells: pl.Series) -> int:
    """Cells that hold a word for nothing, or nothing."""
    return cells.to_frame("cell").select(texts.clean(pl.col("cell"))).to_series().null_count()


def _shares(cells: pl.Series) -> int:
    return numbers.read_shares(cells)["value"].count()


_COUNTS: Mapping[tuple[str, str], Callable[[pl.Series], int]] = {
    ("full_name", "strip"): _stripped,
    ("full_name", "strip_titles"): _without_titles,
    ("email", "lowercase"): _lower_emails,
    ("email", "strip"): _stripped,
    ("phone", "phone_e164"): _valid_phones,
    ("state", "state_abbreviate"): _states,
    ("zip", "zip_normalize"): _zips,
    ("signup_date", "date_iso8601"): _dates,
    ("price", "currency_strip"): _prices,
    ("active", "boolean_normalize"): _booleans,
    ("notes", "null_standardize"): _nulls,
    ("pct", "percentage_normalize"): _shares,
}
