"""The line of an address outside China that names the street: number, street and unit apart, by columns.

Belongs here: 1279 South Kihei Road Suite 122 as 1279, South Kihei Road and Suite 122; Triftstraße 67 as 67 and
Triftstraße. Does not belong here: city, region, postcode (`international_addresses`).
"""

from __future__ import annotations

import polars as pl

COLUMNS = ("street", "street_number", "building", "unit")
# Countries where the number stands after the street; elsewhere it stands before it. Both are read if they are certain.
NUMBER_LAST = frozenset({
    "AD", "AR", "AT", "BA", "BE", "BG", "BO", "BR", "BY", "CH", "CL", "CO", "CR", "CY", "CZ", "DE", "DK", "EC",
    "EE", "ES", "FI", "GR", "HR", "HU", "ID", "IS", "IT", "LI", "LT", "LV", "ME", "MK", "MX", "NL", "NO", "PE",
    "PL", "PT", "PY", "RO", "RS", "RU", "SE", "SI", "SK", "TR", "UA", "UY", "VE",
})  # fmt: skip
_UNIT = (
    r"(?i)(?:^|[ ,]+)("
    r"(?:(?:apartment|apt|suite|ste|unit|flat|room|rm|building|bldg|top|stiege|whg)\b\.?|#) *#? *[\p{L}0-9-]*[0-9]"
    r"[\p{L}0-9-]*|(?:apartment|apt|suite|ste|unit|flat|bldg)\b\.? *#? *\p{L}\b|(?:floor|fl|level)\b\.? *[0-9]+"
    r"|(?:[0-9]+(?:st|nd|rd|th)|first|second|third|fourth|fifth|sixth|ground|top) (?:floor|fl)\b\.?)"
)
_FIGURE = r"[0-9]+(?: ?[A-Za-z]\b)?(?: ?[-–/] ?[0-9]+[A-Za-z]?)?"
_AHEAD = r"[0-9]+[A-Za-z]?(?: ?[-–/] ?[0-9]+[A-Za-z]?)?(?: 1/2)?"
_FIRST = rf"^(?:(.*?), *)?({_AHEAD}),? +([^,]*\p{{L}}[^,]*?)(?:, *(.*))?$"
_LAST = rf"^(?:(.*?), *)?(\p{{L}}[^,]*?),? +({_FIGURE})(?:, *(.*))?$"
# After these words a figure is the road's own name: Highway 763.
_NUMBERED_ROAD = (
    r"(?i)\b(?:highway|hwy|route|rte|road|rd|county|state|us|interstate|box|no|number)\.? +[0-9]+[A-Za-z]?$"
)


def divide(lines: pl.Series, country: str) -> pl.DataFrame:
    """The parts of each line, `COLUMNS`, row for row; null where a part is not written.

    `building` holds what stands before number and street or after them.

    Args:
        lines: the address without city, region, postcode and country.
        country: ISO 3166-1 alpha-2, or empty; it says whether the number is looked for after the street first.
    """
    rows = pl.DataFrame({"line": lines}).with_columns(
        pl.col("line").str.extract(_UNIT).str.strip_chars(" ,").alias("unit")
    )
    rows = rows.with_columns(
        pl.when(pl.col("unit").is_not_null())
        .then(pl.col("line").str.replace(_UNIT, ","))
        .otherwise("line")
        .str.replace_all(r" *,[ ,]*", ", ")
        .str.strip_chars(" ,")
    )
    line = pl.col("line")
    has_number = ~line.str.contains(_NUMBERED_ROAD)
    first = pl.struct(
        line.str.extract(_FIRST, 1).alias("before"),
        line.str.extract(_FIRST, 3).alias("street"),
        line.str.extract(_FIRST, 2).alias("street_number"),
        line.str.extract(_FIRST, 4).alias("after"),
    )
    last = pl.struct(
        line.str.extract(_LAST, 1).alias("before"),
        line.str.extract(_LAST, 2).alias("street"),
        line.str.extract(_LAST, 3).alias("street_number"),
        line.str.extract(_LAST, 4).alias("after"),
    )
    is_first, is_last = line.str.contains(_FIRST), line.str.contains(_LAST) & has_number
    if country in NUMBER_LAST:
        found = pl.when(is_last).then(last).when(is_first).then(first)
    else:
        found = pl.when(is_first).then(first).when(is_last & pl.lit(country not in {"US", "CA"})).then(last)
    rows = rows.with_columns(found.alias("found")).unnest("found")
    return rows.select(
        pl.coalesce("street", pl.when(line != "").then(line)).alias("street"),
        pl.col("street_number").str.replace_all(r" *([-–/]) *", "$1"),
        pl.concat_str("before", "after", separator=", ", ignore_nulls=True).replace("", None).alias("building"),
        "unit",
    )
