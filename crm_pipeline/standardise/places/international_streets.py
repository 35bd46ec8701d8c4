"""The line of an address outside China that names the street: number, street and unit apart, by columns.

Belongs here: 1279 South Kihei Road Suite 122 as 1279, South Kihei Road and Suite 122; Triftstraße 67 as 67 and
Triftstraße. Does not belong here: city, region, postcode (`international_addresses`).
"""

from __future__ import annotations

import polars as pl
from polars.expr.struct import ExprStructNameSpace

COLUMNS = ("street", "street_number", "building", "unit")
# Countries where the number stands after the street; elsewhere it stands before it. Both are read if they are certain.
NUMBER_LAST = frozenset({
    "AD", "AR", "AT", "BA", "BE", "BG", "BO", "BR", "BY", "CH", "CL", "CO", "CR", "CY", "CZ", "DE", "DK", "EC",
    "EE", "ES", "FI", "GR", "HR", "HU", "ID", "IS", "IT", "LI", "LT", "LV", "ME", "MK", "MX", "NL", "NO", "PE",
    "PL", "PT", "PY", "RO", "RS", "RU", "SE", "SI", "SK", "TR", "UA", "UY", "VE",
})  # fmt: skip
_NEVER_LAST = frozenset({"US", "CA"})
_PARTS = ("before", "street", "street_number", "after")
_UNIT = (
    r"(?i)(?:^|[ ,]+)("
    r"(?:(?:apartment|apt|suite|ste|unit|flat|room|rm|building|bldg|top|stiege|whg)\b\.?|#) *#? *[\p{L}0-9-]*[0-9]"
    r"[\p{L}0-9-]*|(?:apartment|apt|suite|ste|unit|flat|bldg)\b\.? *#? *\p{L}\b|(?:floor|fl|level)\b\.? *[0-9]+"
    r"|(?:[0-9]+(?:st|nd|rd|th)|first|second|third|fourth|fifth|sixth|ground|top) (?:floor|fl)\b\.?)"
)
_FIGURE = r"[0-9]+(?: ?[A-Za-z]\b)?(?: ?[-–/] ?[0-9]+[A-Za-z]?)?"
_AHEAD = r"[0-9]+[A-Za-z]?(?: ?[-–/] ?[0-9]+[A-Za-z]?)?(?: 1/2)?"
_AFTER = "(?:, *(?P<after>.*))?$"
# Before the number: no number and street of their own, or the last one would be a postcode: 5 rue de la Paix, 75002.
_BESIDE = "[^0-9].*?|[0-9]+[A-Za-z]?"
_FIRST = rf"^(?:(?P<before>{_BESIDE}), *)?(?P<street_number>{_AHEAD}),? +(?P<street>[^,]*\p{{L}}[^,]*?){_AFTER}"
_LAST = rf"^(?:(?P<before>.*?), *)?(?P<street>\p{{L}}[^,]*?),? +(?P<street_number>{_FIGURE}){_AFTER}"
# After these words a figure is the road's own name: Highway 763.
_NUMBERED_ROAD = (
    r"(?i)\b(?:highway|hwy|route|rte|road|rd|county|state|us|interstate|box|no|number)\.? +[0-9]+[A-Za-z]?$"
)


def divide(rows: pl.LazyFrame, country: str) -> pl.LazyFrame:
    """The rows with the parts of each `line`, `COLUMNS`; null where a part is not written.

    `building` holds what stands before number and street or after them.

    Args:
        rows: `line`, the address without city, region, postcode and country, and other columns.
        country: ISO 3166-1 alpha-2, or empty; it says whether the number is looked for after the street first.
    """
    rows = rows.with_columns(pl.col("line").str.extract(_UNIT).str.strip_chars(" ,").alias("unit"))
    rows = rows.with_columns(
        pl.when(pl.col("unit").is_not_null())
        .then(pl.col("line").str.replace(_UNIT, ","))
        .otherwise("line")
        .str.replace_all(r" *,[ ,]*", ", ")
        .str.strip_chars(" ,")
    )
    line = pl.col("line")
    has_number = ~line.str.contains(_NUMBERED_ROAD)
    rows = rows.with_columns(
        line.str.extract_groups(_FIRST).alias("first"),
        pl.when(has_number).then(line).str.extract_groups(_LAST).alias("last"),
    )
    order = ["last", "first"] if country in NUMBER_LAST else ["first"] if country in _NEVER_LAST else ["first", "last"]
    groups = [pl.col(name).struct for name in order]
    rows = rows.with_columns(_first_of(groups, part).alias(part) for part in _PARTS)
    return rows.with_columns(
        pl.coalesce("street", pl.when(line != "").then(line)).alias("street"),
        pl.col("street_number").str.replace_all(r" *([-–/]) *", "$1"),
        pl.concat_str("before", "after", separator=", ", ignore_nulls=True).replace("", None).alias("building"),
    )


def _first_of(groups: list[ExprStructNameSpace], part: str) -> pl.Expr:
    """The part of the first group that was found."""
    found = pl.lit(None, dtype=pl.String)
    for group in reversed(groups):
        found = pl.when(group.field("street").is_not_null()).then(group.field(part)).otherwise(found)
    return found
