"""Chinese addresses in one line: the divisions at their beginning apart from street, number and unit.

Belongs here: cutting lines, by columns; each distinct beginning is read once (`division_names`). Does not belong here:
what a name means (`divisions`), the parts of the street (`streets`), addresses elsewhere.
"""

from __future__ import annotations

import polars as pl

from crm_pipeline.standardise.places import division_names, divisions

COLUMNS = ("province", "city", "district", "division_code", "is_division_inferred", "unclear", "rest")
# The longest beginning that can be divisions: up to the last of their endings before a road or a digit, and that road's
# ending if it follows at once (广州路). Few lines have one of their own.
_HEAD = r"^[^0-9路街巷弄号號]*[省市区區县縣州盟旗](?:大?道|路|街|巷)?"
# What comes after them, as far as it says whether a short name is one: up to the end of the first road.
_NEXT = r"^[^0-9号號]{2,16}?(?:大道|路|街|道|巷|弄)|^[^0-9]{2,12}"
_AHEAD = (
    r"^(?:中华人民共和国|中國|中国(?:大陆)?|(?i:P\.? ?R\.? ?China|China)|[\s,，、:：-]+"
    r"|(?:联系|通讯|收货|详细|注册|家庭|单位|办公|公司|邮寄|寄送|居住|现)?(?:地址|住址)[:：])+"
)
_SEPARATORS = r"^[\s,，、;；|/·-]+"


def divide(lines: pl.Series, within: pl.Series | None = None) -> pl.DataFrame:
    """The divisions at the beginning of each line and its `rest`: `COLUMNS`, row for row; nulls for null.

    Args:
        lines: normalised text (NFKC, without spaces between Chinese characters), or its part before the first digit.
        within: code of the place that is known already, empty or null where there is none.

    `division_code` is that of the smallest division found, null where the names do not tell which one it is
    (朝阳区 without its city): then these names are in `unclear`. `is_division_inferred`: whether a larger division was
    not written out.
    """
    known = within if within is not None else pl.repeat("", lines.len(), dtype=pl.String, eager=True)
    start = pl.col("text").str.replace(_AHEAD, "")
    rows = pl.DataFrame({"text": lines, "within": known.fill_null("")}).with_columns(start.alias("text"))
    rows = rows.with_columns(pl.col("text").str.extract(f"({_HEAD})").alias("head"), pl.lit("").alias("unclear"))
    rows = _read(rows, "first")
    rows = rows.with_columns(pl.when(_may_go_on()).then(pl.col("text").str.extract(f"({_NEXT})")).alias("head"))
    rows = _read(rows, "second")
    levels = pl.col("first") + pl.col("second")
    found = rows.select(
        pl.col("within").alias("code"),
        pl.col("unclear").replace("", None),
        pl.col("text").str.replace(_SEPARATORS, "").alias("rest"),
        levels.alias("levels"),
    )
    return _named(found)


def _may_go_on() -> pl.Expr:
    """Whether a smaller division may follow that the first reading could not see: a short name before a street."""
    is_district = (pl.col("within") != "") & ~pl.col("within").str.ends_with("00")
    return ~is_district & (pl.col("text") != "")


def _read(rows: pl.DataFrame, levels: str) -> pl.DataFrame:
    """The rows with what `head` names taken off `text`, its code in `within`, and its levels in the new column."""
    heads = rows.select("head", "within").drop_nulls("head").unique()
    read = [(head, within, division_names.read(head, within)) for head, within in heads.iter_rows()]
    found = pl.DataFrame(
        [(head, within, head[: one.length], one.code, one.levels) for head, within, one in read if one.length],
        schema=dict.fromkeys(("head", "within", "taken", "place", levels), pl.String),
        orient="row",
    )
    joined = rows.join(found, on=["head", "within"], how="left", maintain_order="left")
    return joined.with_columns(
        pl.col("text").str.strip_prefix(pl.col("taken").fill_null("")),
        pl.coalesce("place", "within").alias("within"),
        pl.when(pl.col("place") == "").then("taken").otherwise("unclear").alias("unclear"),
        pl.col(levels).fill_null(""),
    ).drop("head", "taken", "place")


def _named(found: pl.DataFrame) -> pl.DataFrame:
    """The official names and code of each place."""
    named = found.join(divisions.places(), on="code", how="left", maintain_order="left")
    is_partly = (pl.col("province").is_not_null() & ~pl.col("levels").str.contains("1")) | (
        pl.col("city").is_not_null() & pl.col("district").is_not_null() & ~_is_city_written()
    )
    return named.select(
        "province",
        "city",
        "district",
        "division_code",
        pl.when(pl.col("code") != "").then(is_partly).alias("is_division_inferred"),
        "unclear",
        "rest",
    )


def _is_city_written() -> pl.Expr:
    """Whether the city was written: 2, or the 1 of a municipality or special administrative region."""
    is_municipal = pl.col("code").str.slice(0, 2).is_in([*divisions.MUNICIPALITIES, *divisions.REGIONS])
    return pl.col("levels").str.contains("2") | is_municipal
