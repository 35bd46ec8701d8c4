"""The administrative divisions of China with their six-digit codes of GB/T 2260, and what became of former ones.

Belongs here: the table and what can be read off it. Does not belong here: finding divisions in addresses
(`chinese_addresses`) or in names of organisations. Origin and licence of the table: `data/README.md`.

Conventions. Names are the official full ones (`广西壮族自治区`). A municipality is its own city: 上海市, 上海市,
浦东新区; the headings 市辖区 and 县 below it are left out. 东莞市, 中山市, 儋州市 and 嘉峪关市 have no districts.
Counties and cities right below a province (仙桃市, 济源市, 石河子市) are districts without a city. GB/T 2260 divides
台湾省 and the special administrative regions no further: places there have the code of the whole.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

import polars as pl

PROVINCE, CITY, DISTRICT = 1, 2, 3
MUNICIPALITIES = ("11", "12", "31", "50")
REGIONS = ("81", "82")  # 香港 and 澳门, whose districts lie in the city of that name
UNDIVIDED = ("71", *REGIONS)  # with 台湾省: one code each
# With these, residence permits of people from Hong Kong, Macao and Taiwan begin; the last is not in GB/T 2260.
PERMIT_CODES = ("810000", "820000", "830000")
_RIGHT_BELOW_PROVINCE = "90"  # third and fourth digit of counties that belong to no city


@cache
def table() -> pl.DataFrame:
    """Every name that a division has or had, one row each, by code.

    Columns: `code`; `name`; `short`, the name without its kind (浦东, 科尔沁), the full name where a single character
    would remain, and for 吉林市, which is not the province; `level` (1 province, 2 city, 3 district or county, 0 a
    heading such as 市辖区, which is no place); `first_year` and `last_year` in force (null: not known, or before 1981;
    still); `current`: the code of the division in force that took its place, the code itself if it is in force, null
    where it was split up; `is_in_force`; `aliases`, other short forms.
    """
    source = resources.files("crm_pipeline.standardise").joinpath("data", "divisions.csv")
    schema = {"code": pl.String, "name": pl.String, "level": pl.Int8, "short": pl.String}
    schema |= {"first_year": pl.Int16, "last_year": pl.Int16, "successor": pl.String, "aliases": pl.String}
    rows = pl.read_csv(source.read_bytes(), schema=schema)
    is_in_force = pl.col("last_year").is_null() & pl.col("successor").is_null()
    return rows.with_columns(
        is_in_force.alias("is_in_force"),
        pl.when(is_in_force).then("code").otherwise("successor").alias("current"),
        pl.col("aliases").str.split(" ").fill_null([]),
    ).drop("successor")


@cache
def known_codes() -> frozenset[str]:
    """All six-digit codes in force at any time since 1980, headings (130101) and those of permits (830000) included."""
    codes = table().filter(~pl.col("code").str.slice(0, 2).is_in(UNDIVIDED))["code"]
    return frozenset(codes.to_list()) | {f"{start}0000" for start in UNDIVIDED} | frozenset(PERMIT_CODES)


@cache
def names() -> pl.DataFrame:
    """Each way of writing a division: `written`, `level`, `is_short`, `code` and `current` (see `table`).

    Written ways are the full name, the short one, and the short one with 县, 旗 or 州 for those named after a people
    (红河州, 前郭县). The same `written` may stand for several divisions (朝阳区), and has a row for each.
    """
    rows = table().filter(pl.col("level") > 0).select("name", "short", "level", "code", "current", "aliases")
    autonomous = pl.col("name").str.extract("自治(州|县|旗)$")
    kinds = (
        rows.with_columns(pl.col("name").alias("written"), pl.lit(value=False).alias("is_short")),
        rows.with_columns(pl.col("short").alias("written"), pl.lit(value=True).alias("is_short")),
        rows.with_columns((pl.col("short") + autonomous).alias("written"), pl.lit(value=False).alias("is_short")),
        rows.explode("aliases").with_columns(
            pl.col("aliases").alias("written"), ~pl.col("aliases").str.contains("[州旗县]$").alias("is_short")
        ),
    )
    columns = ("written", "level", "is_short", "code", "current")
    return (
        pl.concat([kind.select(columns) for kind in kinds])
        .drop_nulls("written")
        .unique(["written", "level", "code"], keep="first", maintain_order=True)
    )


@cache
def places() -> pl.DataFrame:
    """What to write for a code, one row for each that stands for a place, in force or not.

    Columns: `code`; `division_code`, the same but for places in 台湾, 香港 and 澳门; `province`, `city` (null right
    below a province), `district` (null for provinces and cities): official names, the last ones of former divisions;
    `level`.
    """
    last = (
        table()
        .filter(pl.col("level") > 0)
        .sort(pl.col("is_in_force"), pl.col("last_year").fill_null(0))
        .unique("code", keep="last")
        .select("code", "name", "level", "current")
    )
    of_today = last.select(pl.col("code").alias("current"), pl.col("name").alias("name_today"), "level")
    by_code = last.join(of_today, on=["current", "level"], how="left").select(
        pl.col("code").alias("above"), pl.coalesce("name_today", "name").alias("above_name")
    )
    start, middle = pl.col("code").str.slice(0, 2), pl.col("code").str.slice(2, 2)
    is_municipal = start.is_in(MUNICIPALITIES)
    named = (
        last.with_columns((start + "0000").alias("province_code"), (start + middle + "00").alias("city_code"))
        .join(by_code.rename({"above_name": "province"}), left_on="province_code", right_on="above", how="left")
        .join(by_code.rename({"above_name": "city"}), left_on="city_code", right_on="above", how="left")
    )
    city = (
        pl.when(is_municipal)
        .then(pl.col("province"))
        .when((pl.col("level") == DISTRICT) & start.is_in(REGIONS))
        .then(pl.col("province").str.replace("特别行政区", ""))
        .when((pl.col("level") == PROVINCE) | (middle == _RIGHT_BELOW_PROVINCE))
        .then(None)
        .otherwise("city")
    )
    return named.select(
        "code",
        pl.when(start.is_in(UNDIVIDED)).then(start + "0000").otherwise("code").alias("division_code"),
        "province",
        city.alias("city"),
        pl.when(pl.col("level") == DISTRICT).then("name").alias("district"),
        "level",
    ).sort("code")
