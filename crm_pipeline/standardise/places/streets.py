"""The part of a Chinese address below its divisions: locality, street, number, building and unit.

Belongs here: 文三路123号3号楼2单元501室 as 文三路, 123号 and 3号楼2单元501室, by columns. What stands before the first
digit repeats from line to line and is read once (`names`); what follows it is read line by line (`numbers`). Does not
belong here: the divisions (`chinese_addresses`), streets elsewhere (`international_streets`).
"""

from __future__ import annotations

import polars as pl

_DIGITS = "0-9一二三四五六七八九十百"
# Towns and subdistricts, but not in 镇江路. Villages, where no road follows: 中关村大街 is none.
_TOWN = r"^([^0-9路街巷弄号號]{1,10}?(?:街道(?:办事处)?|[镇鎮乡鄉]|苏木))(?:[^路街江]|$)"
_VILLAGE = (
    r"^([^0-9路街巷弄道号號]{1,12}(?:村委会|居委会|社区|社區|[村屯庄]|嘎查)(?:[0-9一二三四五六七八九十]{1,2}[组社队])?)"
    r"(?:[0-9].*|[^路街巷弄道]*)$"
)
# Up to the last ending of a road, with its section.
_STREET = r"^(.{1,24}(?:路|街|道|巷|胡同)(?:(?:[东南西北中]|[一二三四五六七八九十0-9]{1,2})段)?|[^0-9]{1,8}(?:里|弄))"
# A number that is spelled out and ends the part before the first digit.
_SPELLED = r"^([东南西北甲乙丙丁]?[一二三四五六七八九十百]+[号號])"
# What still belongs to the name although it begins with a digit: 太原1路, 信义路5段, 马家村3组.
_GOES_ON = "^[0-9]{1,3}(?:号?(?:路|街|道|巷)|段|[组社队])"
# 123号, 12-14号, 500弄12号, 18号附3号; not the 3号 of 3号楼.
_NUMBER = (
    "^[0-9]+(?:[-~之/、][0-9]+)*[A-Za-z甲乙丙丁]?"
    "(?:弄(?:[0-9]+支弄)?(?:[0-9]+(?:-[0-9]+)?[号號])?|[号號]院?(?:[之-][0-9]+|附[0-9]+号?)?)"
)
_NOT_A_NUMBER = "^[楼樓栋棟幢座馆館厅廳库線线门門桥橋机機]"
_BARE_NUMBER = "^[0-9]+(?:-[0-9]+)?$"
_IS_UNIT = "^[A-Za-z]?-?[0-9]"
_UNIT = (
    rf"((?:[A-Za-z]?[{_DIGITS}]+[A-Za-z]?(?:[号號][楼樓]|[栋棟幢座]|[单單]元|[楼樓层層室房户戶铺门号號F])"
    rf"|[A-Za-z]-?[{_DIGITS}]*(?:[座栋棟幢楼樓区])|[A-Za-z]?[0-9]+(?:-[0-9A-Za-z]+)+|[A-Za-z]?[0-9]{{2,5}}[A-Za-z]?$).*)$"
)


def split(lines: pl.LazyFrame) -> pl.LazyFrame:
    """The rows with `name`, the part of `line` before its first digit, and `rest`; both null where the line is.

    A digit that is part of a road's name or of a group in a village belongs to `name`.
    """
    rows = lines.with_columns(pl.col("line").str.extract("^[^0-9]*", 0).alias("name"))
    rows = rows.with_columns(pl.col("line").str.strip_prefix(pl.col("name")).alias("rest"))
    more = pl.col("rest").str.extract(_GOES_ON, 0).fill_null("")
    rows = rows.with_columns(more.alias("more"))
    return rows.with_columns(pl.col("name") + pl.col("more"), pl.col("rest").str.strip_prefix(pl.col("more"))).drop(
        "more"
    )


def names(rows: pl.LazyFrame) -> pl.LazyFrame:
    """The rows with `locality`, `street`, `spelled_number` and `before`, from `rest`, what is below the divisions.

    `locality` holds what lies between district and street: 街道, 镇, 乡, 村; `before`, what is none of these: a
    building, or its number's first letter.
    """
    rows = _with(_with(rows, "town", _TOWN), "village", _VILLAGE)
    rows = _with(_with(rows, "street", _STREET), "spelled_number", _SPELLED)
    locality = pl.concat_str("town", "village", ignore_nulls=True).replace("", None)
    return rows.with_columns(locality.alias("locality"), pl.col("rest").replace("", None).alias("before")).drop(
        "town", "village", "rest"
    )


def _with(rows: pl.LazyFrame, part: str, pattern: str) -> pl.LazyFrame:
    """The rows with the part as a column, taken off the beginning of `rest`."""
    rows = rows.with_columns(pl.col("rest").str.extract(pattern, 1).alias(part))
    return rows.with_columns(pl.col("rest").str.strip_prefix(pl.col(part).fill_null("")))


def numbers(lines: pl.LazyFrame) -> pl.DataFrame:
    """The rows with `street_number`, `building` and `unit`, from `rest`, `before`, `spelled_number` and `street`."""
    rest = pl.col("rest")
    rows = lines.with_columns(rest.str.extract(_NUMBER, 0).alias("number"))
    rows = rows.with_columns(rest.str.strip_prefix(pl.col("number").fill_null("")).alias("after"))
    is_bare = pl.col("street").is_not_null() & pl.col("before").is_null() & rest.str.contains(_BARE_NUMBER)
    is_number = pl.col("number").is_not_null() & ~pl.col("after").str.contains(_NOT_A_NUMBER)
    is_simple = (pl.col("before").is_null() & pl.col("spelled_number").is_null()).fill_null(value=True)
    simple = is_simple & (is_number | is_bare | rest.is_null() | (rest == "")).fill_null(value=True)
    rows = rows.with_columns(is_bare.alias("is_bare"), is_number.alias("is_number"), simple.alias("is_simple"))
    divided = rows.with_columns(
        pl.when("is_bare").then("rest").otherwise("number").alias("street_number"),
        pl.when("is_bare").then(pl.lit("")).otherwise("after").alias("after"),
    ).with_columns(
        (pl.col("is_simple") & ((pl.col("after") == "") | pl.col("after").str.contains(_IS_UNIT)))
        .fill_null(value=True)
        .alias("is_simple")
    )
    found = divided.collect()  # else the filters would work everything out again
    plain = found.filter("is_simple").with_columns(
        pl.lit(None, dtype=pl.String).alias("building"), pl.col("after").replace("", None).alias("unit")
    )
    others = _with_names(found.filter(~pl.col("is_simple")).lazy()).collect()
    return pl.concat([plain, others.select(plain.columns)]).drop("number", "after", "is_bare", "is_number", "is_simple")


def _with_names(rows: pl.LazyFrame) -> pl.LazyFrame:
    """The rows whose number or unit does not simply follow the street."""
    lane = pl.when(~pl.col("is_number")).then(pl.col("rest").str.extract("^[0-9]+弄", 0))  # 231弄, then 12号楼
    rows = rows.with_columns(lane.alias("lane")).with_columns(
        pl.coalesce("lane", "number").alias("number"),
        pl.when(pl.col("lane").is_null())
        .then("after")
        .otherwise(pl.col("rest").str.strip_prefix(pl.col("lane")))
        .alias("after"),
        (pl.col("is_number") | pl.col("lane").is_not_null()).alias("is_number"),
    )
    letter = pl.col("before").str.extract("^([东南西北甲乙丙丁第])$", 1)
    is_direct = pl.col("is_number") & (pl.col("before").is_null() | letter.is_not_null())
    is_direct &= pl.col("spelled_number").is_null()
    rows = rows.with_columns(is_direct.fill_null(value=False).alias("is_direct"), letter.fill_null("").alias("letter"))
    number = pl.when("is_direct").then(pl.col("letter").replace("第", "") + pl.col("number"))
    text = (
        pl.when("is_direct")
        .then("after")
        .otherwise(pl.concat_str(pl.col("before").fill_null(""), pl.col("rest").fill_null("")))
    )
    bare = pl.when("is_bare").then("street_number")
    rows = rows.with_columns(
        pl.coalesce("spelled_number", bare, number).alias("street_number"),
        pl.when("is_bare").then(pl.lit("")).otherwise(text).alias("text"),
    ).with_columns(pl.col("text").str.extract(_UNIT, 1).alias("unit"))
    building = pl.col("text").str.strip_suffix(pl.col("unit").fill_null("")).str.strip_chars(" ,，、()（）-")
    return rows.with_columns(building.replace("", None).alias("building")).drop("is_direct", "letter", "lane", "text")
