"""Addresses in their parts: country, province, city, district with its code, street, number, unit, postcode.

Belongs here: which way of reading a row needs, and what all of them have in common. Does not belong here: the ways
(`chinese_addresses`, `international_addresses`, `division_columns`), letters that were sent back.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from crm_pipeline.standardise.places import (
    address_lines,
    chinese_addresses,
    division_columns,
    international_addresses,
    postcodes,
    regions,
    streets,
)
from crm_pipeline.standardise.reasons import PLACEHOLDER, SHARED, Reason
from crm_pipeline.standardise.text import texts

REASONS: Mapping[str, Reason] = {
    PLACEHOLDER: SHARED[PLACEHOLDER],
    address_lines.NO_ADDRESS: Reason("no letters, so not an address", "没有文字，不是地址"),
    division_columns.CONTRADICTION: Reason(
        "the smaller division does not lie in the larger one", "下级行政区划不属于上级行政区划"
    ),
    division_columns.UNKNOWN: Reason("not a division that is or was in force", "不是现行或曾经的行政区划"),
}
SCHEMA: Mapping[str, type[pl.DataType]] = {
    "value": pl.String,
    "reason": pl.String,
    "note": pl.String,
    "country": pl.String,
    "province": pl.String,
    "city": pl.String,
    "district": pl.String,
    "division_code": pl.String,
    "is_division_inferred": pl.Boolean,
    "locality": pl.String,
    "street": pl.String,
    "street_number": pl.String,
    "building": pl.String,
    "unit": pl.String,
    "postcode": pl.String,
    "address_key": pl.String,
}
_DIVISIONS = ("province", "city", "district")
_GIVEN = (*_DIVISIONS, "postcode")
_FEW = 1000  # rows below which telling the different ones costs more than reading all


def read(
    values: pl.Series,
    country: pl.Series | str | None,
    *,
    province: pl.Series | None = None,
    city: pl.Series | None = None,
    district: pl.Series | None = None,
    postcode: pl.Series | None = None,
) -> pl.DataFrame:
    """Addresses as `SCHEMA`, row for row with `values`.

    `value` is the tidy address in one line, Chinese ones with the official divisions in front; `reason` says why a
    filled cell has none, and `note` what is doubtful about divisions that stay as they were delivered (codes of
    `REASONS`). `division_code` is of GB/T 2260, for the smallest division that is certain; `is_division_inferred`:
    whether a larger one was not written out. `street_number` and `unit` are as written; `building` has what stands
    beside street and number. `address_key` is for comparison only: without punctuation, case and the words of
    buildings and rooms; null if there is nothing below the city.

    Args:
        values: addresses in one line, or the street if the other parts have columns of their own.
        country: ISO 3166-1 alpha-2, of all rows or row for row; null where it is not known. An address that names
            another country is of that one.
        province: the province, state or region, if it has a column; likewise the others.
        city: the city.
        district: the district or county of Chinese addresses.
        postcode: the postal code.
    """
    given = {"province": province, "city": city, "district": district, "postcode": postcode}
    cells = pl.DataFrame(
        {
            "cell": values.cast(pl.String),
            **{f"given_{name}": column.cast(pl.String) for name, column in given.items() if column is not None},
        }
    ).with_columns((country if isinstance(country, pl.Series) else pl.lit(country)).cast(pl.String).alias("of"))
    distinct = cells.unique() if cells.height > _FEW else cells
    if distinct.height >= cells.height // 2:  # then looking them up again costs more than it saves
        return _read(cells)
    known = pl.concat([distinct, _read(distinct)], how="horizontal")
    joined = cells.join(known, on=cells.columns, how="left", maintain_order="left", nulls_equal=True)
    return joined.select(SCHEMA.keys())


def _read(cells: pl.DataFrame) -> pl.DataFrame:
    """`SCHEMA`, row for row with `cell`, its country `of`, and the columns `given_...`."""
    rows = address_lines.tidy(cells["cell"], cells["of"])
    given = [name for name in _GIVEN if f"given_{name}" in cells.columns]
    if given:
        extra = cells.select(f"given_{name}" for name in given).with_row_index("row")
        rows = rows.join(extra, on="row", how="left", maintain_order="left")
        names = [pl.col(f"given_{name}") for name in given if name in _DIVISIONS]
        has_han = pl.any_horizontal(*(name.str.contains(r"\p{Han}") for name in names)).fill_null(value=False)
        alone = pl.col("line").is_null() & has_han & address_lines.is_home()
        rows = rows.with_columns((pl.col("is_chinese") | alone).alias("is_chinese"))
    is_chinese = pl.col("is_chinese")
    parts = [_chinese(rows.filter(is_chinese)), _international(rows.filter(~is_chinese))]
    found = pl.concat([part.select("row", *SCHEMA) for part in parts]).sort("row")
    return found.select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())


def clean(value: pl.Expr, country: str) -> pl.Expr:
    """The tidy address in one line; null for placeholders and what has no letters."""
    return value.map_batches(lambda batch: read(batch, country)["value"], return_dtype=pl.String(), is_elementwise=True)


def _chinese(rows: pl.DataFrame) -> pl.DataFrame:
    """Chinese rows in all their parts: what stands before the first digit is read once for all lines that share it."""
    rows = streets.split(address_lines.without_postcode(rows.lazy())).collect()
    rows = _with_columns(rows)
    keys = [name for name in rows.columns if name in {"name", "country"} or name.startswith("column_")]
    found = _names(rows.select(keys).unique())
    joined = rows.lazy().join(found.lazy(), on=keys, how="left", maintain_order="left", nulls_equal=True)
    delivered = postcodes.clean(pl.col("given_postcode"), "CN") if "given_postcode" in rows.columns else _nothing()
    tidy = streets.numbers(joined).with_columns(
        pl.col("place_country").alias("country"),
        pl.coalesce(delivered, "found_postcode").alias("postcode"),
        pl.coalesce((pl.col("head") + pl.col("rest")).replace("", None), "line").alias("value"),
    )
    return tidy.with_columns(pl.when(pl.col("line").is_not_null()).then(address_lines.key()).alias("address_key"))


def _with_columns(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with the standard form of delivered divisions in `column_...`, if any are delivered."""
    given = [f"given_{name}" for name in _DIVISIONS]
    if not any(name in rows.columns for name in given):
        return rows
    rows = rows.with_columns(_nothing().alias(name) for name in given if name not in rows.columns)
    distinct = rows.select(given).unique()
    plain = distinct.rename(dict(zip(given, _DIVISIONS, strict=True)))
    standard = division_columns.standardise(plain).select(pl.all().name.prefix("column_"))
    known = pl.concat([distinct, standard], how="horizontal")
    known = known.with_columns(_is_inferred().alias("column_is_inferred"))
    return rows.join(known, on=given, how="left", maintain_order="left", nulls_equal=True)


def _is_inferred() -> pl.Expr:
    """Whether the province or the city was not delivered although a smaller division was."""
    is_added = pl.col("given_province").is_null() | (
        pl.col("given_city").is_null() & pl.col("column_city").is_not_null()
    )
    return pl.when(pl.col("column_division_code").is_not_null()).then(is_added)


def _names(before: pl.DataFrame) -> pl.DataFrame:
    """The distinct beginnings of lines with their divisions, locality and street, and the `head` of the tidy line."""
    has_columns = "column_place" in before.columns
    found = chinese_addresses.divide(before["name"], before["column_place"] if has_columns else None)
    rows = pl.concat([before, found], how="horizontal").with_columns(_nothing().alias("note"))
    if has_columns:
        rows = rows.with_columns(
            *(
                pl.when(pl.col("column_note").is_not_null()).then(f"column_{name}").otherwise(name).alias(name)
                for name in _DIVISIONS
            ),
            pl.coalesce("column_is_inferred", "is_division_inferred").alias("is_division_inferred"),
            pl.col("column_note").alias("note"),
        )
    head = pl.concat_str("province", _city_apart(), "district", "unclear", "rest", ignore_nulls=True)
    named = rows.lazy().with_columns(head.alias("head"), _country_of_place().alias("place_country"))
    locality = pl.concat_str("unclear", "locality", ignore_nulls=True).replace("", None)
    return streets.names(named).with_columns(locality.alias("locality")).drop("unclear").collect()


def _country_of_place() -> pl.Expr:
    """The country given, else that of the divisions found; null where none was."""
    start = pl.col("division_code").str.slice(0, 2)
    by_place = start.replace_strict({"71": "TW", "81": "HK", "82": "MO"}, default="CN", return_dtype=pl.String)
    return pl.coalesce("country", pl.when(start.is_not_null()).then(by_place))


def _city_apart() -> pl.Expr:
    """The city, null where it is the province."""
    is_own_city = (pl.col("city") == pl.col("province")) | (pl.col("city") + "特别行政区" == pl.col("province"))
    return pl.when(~is_own_city.fill_null(value=False)).then("city")


def _international(rows: pl.DataFrame) -> pl.DataFrame:
    """The other rows in all their parts."""
    found = international_addresses.divide(rows["line"], rows["country"])
    rows = pl.concat([rows.drop("country"), found], how="horizontal")
    given = [name for name in _GIVEN if f"given_{name}" in rows.columns]
    rows = rows.with_columns(
        *(_nothing().alias(name) for name in ("district", "division_code", "locality", "note")),
        pl.lit(None, dtype=pl.Boolean).alias("is_division_inferred"),
        pl.col("line").alias("value"),
    )
    if "province" in given:
        rows = rows.with_columns(
            pl.coalesce(regions.official("given_province", "country"), "province").alias("province")
        )
    if "city" in given:
        rows = rows.with_columns(pl.coalesce(texts.clean(pl.col("given_city")), "city").alias("city"))
    if "postcode" in given:
        code = postcodes.read(rows["given_postcode"], rows["country"])["value"]
        rows = rows.with_columns(pl.coalesce(code, "postcode").alias("postcode"))
    return rows.with_columns(address_lines.key().alias("address_key"))


def _nothing() -> pl.Expr:
    return pl.lit(None, dtype=pl.String)
