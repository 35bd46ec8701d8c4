"""One line of an address before it is read, and the key by which two are compared.

Belongs here: white space, separators, what is no address at all, postcodes of Chinese lines, the comparison key. Does
not belong here: the parts themselves (`addresses`).
"""

from __future__ import annotations

import polars as pl

from crm_pipeline.standardise.places import postcodes
from crm_pipeline.standardise.reasons import PLACEHOLDER
from crm_pipeline.standardise.text import placeholders

NO_ADDRESS = "no_address"
_CHINESE_COUNTRIES = ("CN", "TW", "HK", "MO")
# Chinese lines as most are written: nothing to tidy, no placeholder, no postcode at their end.
_PLAIN = "^[一-龥]{2}[一-龥0-9A-Za-z-]*$"
_SIX_DIGITS_END = "[0-9]{6}$"
_SHORT = 24  # bytes: the longest placeholder has fewer
_CN_CODE = postcodes.FORMS["CN"].pattern
_CODE_WORD = r"(?:邮政编码|邮编|郵遞區號|郵編)[:：]?"
_CODE_AHEAD = rf"^(?:{_CODE_WORD})?{_CN_CODE}(\D.*)$"
_CODE_BEHIND = rf"^(.*?[^0-9A-Za-z#-])[(（]?(?:{_CODE_WORD})?{_CN_CODE}[)）]?$"
# Words of buildings and rooms, which some write and others replace by a hyphen: 3号楼2单元501室, 3-2-501.
_BUILDING_WORDS = "[号號楼樓院单單元栋棟幢座层層室房户戶铺弄组 #.,、/-]+"


def tidy(values: pl.Series, country: pl.Series | str | None) -> pl.DataFrame:
    """The lines to read, in any order, with `row`, their place in `values`.

    Columns: `row`, `country`, `line` (null where there is none), `reason` (why a filled cell has none: `placeholder` or
    `no_address`), `is_chinese`, and `is_plain`, which is true of Chinese lines that hold nothing but names and numbers.
    Chinese are lines with Chinese characters whose country is China or not known, if no
    kana or hangul is in them. Their white space is taken out but between letters and digits; other lines have single
    blanks, and commas for line ends.
    """
    given = country.cast(pl.String) if isinstance(country, pl.Series) else pl.lit(country, dtype=pl.String)
    rows = values.cast(pl.String).alias("delivered").to_frame().with_row_index("row")
    delivered = pl.col("delivered")
    rows = rows.with_columns(given.alias("country")).with_columns(
        (
            is_home()
            & (delivered.str.len_bytes() > _SHORT)
            & delivered.str.contains(_PLAIN)
            & ~delivered.str.contains(_SIX_DIGITS_END)
        )
        .fill_null(value=False)
        .alias("is_plain")
    )
    plain = rows.filter("is_plain").select(
        "row",
        "country",
        delivered.alias("line"),
        _no_text().alias("reason"),
        pl.lit(value=True).alias("is_chinese"),
        "is_plain",
    )
    return pl.concat([plain, _others(rows.filter(~pl.col("is_plain")))])


def _others(rows: pl.DataFrame) -> pl.DataFrame:
    """The lines that need tidying."""
    text = pl.col("delivered").str.normalize("NFKC").str.strip_chars()
    rows = rows.with_columns(text.alias("text"))
    has_han = pl.col("text").str.contains(r"\p{Han}")
    has_han &= ~pl.col("text").str.contains(r"[\p{Hiragana}\p{Katakana}\p{Hangul}]")
    rows = rows.with_columns((has_han & is_home()).fill_null(value=False).alias("is_chinese"))
    is_filled = pl.col("delivered").str.contains(r"[^\s\p{Z}\p{Cc}]").fill_null(value=False)
    is_placeholder = placeholders.is_placeholder(pl.col("delivered")).fill_null(value=False)
    has_letters = pl.col("text").str.contains(r"\p{L}").fill_null(value=False)
    reason = (
        pl.when(is_filled & is_placeholder)
        .then(pl.lit(PLACEHOLDER))
        .when(is_filled & ~has_letters)
        .then(pl.lit(NO_ADDRESS))
    )
    line = pl.when("is_chinese").then(_compact(pl.col("text"))).otherwise(_spaced(pl.col("text")))
    return rows.with_columns(reason.alias("reason"), line.replace("", None).alias("line")).select(
        "row",
        "country",
        pl.when(pl.col("reason").is_null() & has_letters).then("line").alias("line"),
        "reason",
        "is_chinese",
        "is_plain",
    )


def is_home() -> pl.Expr:
    """Whether the country is China or not known."""
    return pl.col("country").is_in(_CHINESE_COUNTRIES) | pl.col("country").is_null()


def _no_text() -> pl.Expr:
    return pl.lit(None, dtype=pl.String)


def _compact(text: pl.Expr) -> pl.Expr:
    between = r"([A-Za-z0-9])[\s\p{Cc}]+([A-Za-z0-9])"
    joined = text.str.replace_all(between, "$1\u2003$2").str.replace_all(r"[ \t\r\n\p{Cc}]+", "")
    spaced = joined.str.replace_all("\u2003", " ", literal=True).str.replace_all(r"[,;，；|]+", ",")
    return spaced.str.strip_chars(" ,。.")


def _spaced(text: pl.Expr) -> pl.Expr:
    lines = text.str.replace_all(r"[ \t]*[\r\n]+[ \t]*", ", ").str.replace_all(r"[\s\p{Cc}]+", " ")
    return lines.str.replace_all(r"(?:\s*[,;])+\s*", ", ").str.strip_chars(" ,")


def without_postcode(rows: pl.LazyFrame) -> pl.LazyFrame:
    """The rows with `line` without the postcode at its beginning or end, and `found_postcode`.

    The commas between the parts of the line are gone, too.
    """
    line = pl.col("line")
    rows = rows.with_columns(_no_text().alias("found_postcode"))
    some = rows.filter(~pl.col("is_plain")).with_columns(
        line.str.extract(_CODE_AHEAD, 1).alias("ahead"), line.str.extract(_CODE_BEHIND, 2).alias("behind")
    )
    cut = (
        pl.when(pl.col("ahead").is_not_null())
        .then(line.str.extract(_CODE_AHEAD, 2))
        .when(pl.col("behind").is_not_null())
        .then(line.str.extract(_CODE_BEHIND, 1).str.replace(f"{_CODE_WORD}$", ""))
        .otherwise(line)
    )
    joined = cut.str.replace_all(r"([0-9]),([0-9])", "$1、$2").str.replace_all(",", "", literal=True)
    some = some.with_columns(joined.alias("line"), pl.coalesce("ahead", "behind").alias("found_postcode"))
    return pl.concat([rows.filter("is_plain"), some.drop("ahead", "behind")])


def key() -> pl.Expr:
    """The comparison key from the columns of an address; null if nothing below the city is known."""
    place = pl.coalesce(
        "division_code", pl.concat_str("province", "city", "district", separator="-", ignore_nulls=True)
    )
    name = pl.coalesce("street", "building", "locality").str.to_lowercase()
    below = pl.concat_str(pl.col("street_number").fill_null(""), pl.col("unit").fill_null(""), separator="|")
    below = below.str.to_lowercase().str.replace_all(_BUILDING_WORDS, "-")
    below = below.str.replace("-|", "|", literal=True).str.strip_chars("-|")
    return pl.concat_str(pl.col("country").fill_null(""), place.fill_null(""), name, below, separator="|")
