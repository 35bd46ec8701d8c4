"""Addresses and telephone numbers, which hang together by the place.

Belongs here: what is written in an address, and numbers within ranges that suit it. Foreign numbers lie in the ranges
that regulators keep for films and books (US 555-01, Ofcom, Bundesnetzagentur, Arcep, ACMA); China, Singapore and Japan
keep none, so their numbers are random within what is assigned. Does not belong here: ways of writing a number
(`writing`).
"""

from __future__ import annotations

import polars as pl

from crm_pipeline.generator.plan import Draws
from crm_pipeline.generator.vocabulary import words

ADDRESS = ("province", "city", "district", "street", "postcode")
PHONE = ("phone", "phone_local")

# Second and third digit of Chinese mobile numbers in wide use.
_MOBILE_PREFIXES = (
    "130 131 132 133 135 136 137 138 139 150 151 152 153 155 156 157 158 159 176 177 178 180 181 182 183 185 186 187 "
    "188 189 198 199"
)
# Cities of ours whose landlines still have seven digits: 太原, 呼和浩特, 厦门, 南宁, 绵阳, 兰州, 银川, 乌鲁木齐.
_SEVEN_DIGITS = ("0351", "0471", "0592", "0771", "0816", "0931", "0951", "0991")


def chinese_addresses(draws: Draws, count: int, *, is_office: bool) -> pl.DataFrame:
    """Columns `ADDRESS`, area_code, division_code, short and pinyin of the city; a flat or an office."""
    found = draws.rows(words("districts"), count, "weight")
    road, number = draws.pick(words("roads")["road"], count), draws.whole(count, 1, 999)
    tower, floor = draws.whole(count, 1, 30), draws.whole(count, 1, 28)
    parts = pl.DataFrame({"road": road, "n": number, "b": tower, "f": floor, "r": draws.whole(count, 1, 6)})
    room = pl.col("f").cast(pl.String) + pl.col("r").cast(pl.String).str.zfill(2) + "室"
    building = pl.lit("号") if is_office else pl.concat_str(pl.lit("号"), pl.col("b"), pl.lit("幢"))
    street = parts.select(pl.concat_str("road", "n", building, room).alias("street")).to_series()
    columns = ("province", "city", "district", "postcode", "area_code", "division_code", "short", "pinyin")
    return found.select(*columns, street)


def chinese_mobiles(draws: Draws, count: int) -> pl.DataFrame:
    """Columns `PHONE`: E.164, and eleven digits."""
    local = draws.pick(pl.Series(_MOBILE_PREFIXES.split()), count) + draws.digits(count, 8)
    return pl.DataFrame({"phone": "+86" + local, "phone_local": local})


def chinese_landlines(draws: Draws, area_code: pl.Series) -> pl.DataFrame:
    """Columns `PHONE`: E.164, and 021-58385888; seven or eight digits, as the city has them."""
    count = len(area_code)
    number = pl.Series(draws.whole(count, 2, 9)).cast(pl.String) + draws.digits(count, 7)
    number = number.str.replace("^800", "860")  # 800 begins no subscriber's number
    frame = pl.DataFrame({"area": area_code, "number": number})
    is_short = pl.col("area").is_in(_SEVEN_DIGITS)
    cut = pl.when(is_short).then(pl.col("number").str.slice(0, 7)).otherwise(pl.col("number"))
    return frame.select(
        (pl.lit("+86") + pl.col("area").str.slice(1) + cut).alias("phone"),
        (pl.col("area") + "-" + cut).alias("phone_local"),
    )


def foreign_addresses(draws: Draws, country: pl.Series) -> pl.DataFrame:
    """Columns `ADDRESS` and dialling, row for row with `country`; no district."""
    cities = words("foreign_cities").with_columns(pl.int_range(pl.len()).over("country").alias("place"))
    roads = words("foreign_roads").with_columns(pl.int_range(pl.len()).over("country").alias("place"))
    chosen = pl.DataFrame({"country": country, "u": draws.uniform(len(country)), "w": draws.uniform(len(country))})
    city = _one_of(cities, chosen.select("country", "u"))
    road = _one_of(roads, chosen.select("country", u="w"))["road"]
    number = pl.Series(draws.whole(len(country), 1, 999)).cast(pl.String)
    is_german = country == "DE"
    street = pl.DataFrame({"r": road, "n": number, "g": is_german}).select(
        pl.when("g").then(pl.concat_str("r", "n", separator=" ")).otherwise(pl.concat_str("n", "r", separator=" "))
    )
    return city.select(
        "province", "city", pl.lit(None, dtype=pl.String).alias("district"), "postcode", "dialling"
    ).with_columns(street.to_series().alias("street"))


def _one_of(options: pl.DataFrame, chosen: pl.DataFrame) -> pl.DataFrame:
    """A row of `options` of the same country for each row of `chosen`, by its column u."""
    sizes = options.group_by("country").agg(pl.len().alias("size"))
    placed = chosen.join(sizes, on="country", how="left", maintain_order="left")
    placed = placed.with_columns((pl.col("u") * pl.col("size")).floor().cast(pl.Int64).alias("place"))
    return placed.join(options, on=["country", "place"], how="left", maintain_order="left")


def foreign_phones(draws: Draws, country: pl.Series, dialling: pl.Series) -> pl.DataFrame:
    """Columns `PHONE`: E.164, and as written at home."""
    count = len(country)
    calling = words("countries").select("country", "calling_code")
    frame = pl.DataFrame({"country": country, "dialling": dialling, "r": draws.digits(count, 8)}).join(
        calling, on="country", how="left", maintain_order="left"
    )
    lengths = {"US": 2, "GB": 3, "DE": 3, "FR": 4, "AU": 4, "SG": 7, "JP": 8}
    digits = pl.col("r").str.slice(0, pl.col("country").replace_strict(lengths, return_dtype=pl.UInt32))
    rest = (
        pl.when(pl.col("country") == "US")
        .then("555-01" + digits)
        .when(pl.col("country") == "SG")
        .then(digits.str.replace("^[09]", "4"))  # 800 and 99 are not assigned
        .when(pl.col("country") == "JP")
        .then(digits.str.replace("^0", "5"))  # nor are 070-0 and 090-0; 080-0 is toll-free
        .otherwise(digits)
    )
    national = (
        pl.when(pl.col("country") == "US").then(pl.col("dialling") + "-" + rest).otherwise(pl.col("dialling") + rest)
    )
    plain = national.str.replace_all(r"[ -]", "")
    at_home = pl.when(pl.col("country").is_in(["US", "SG"])).then(national).otherwise("0" + national)
    return frame.select(pl.concat_str(pl.lit("+"), "calling_code", plain).alias("phone"), at_home.alias("phone_local"))
