"""Addresses outside China in one line: country, region, city and postcode apart from the street.

Belongs here: cutting lines from their end, by columns, one country after another. Does not belong here: the line of the
street (`international_streets`), names of regions and countries (`regions`), forms of postcodes (`postcodes`).
What is not certain stays null: there is no list of the world's cities here.
"""

from __future__ import annotations

import polars as pl

from crm_pipeline.standardise.places import international_streets, postcodes, regions

COLUMNS = ("country", "province", "city", "street", "street_number", "building", "unit", "postcode")
_SCHEMA = dict.fromkeys(COLUMNS, pl.String)
# Letters and a code that only one country writes so, at the end of an address.
_AMERICAN = (
    r"(?:^|[ ,])(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT"
    r"|V[AT]|W[AIVY]),? +[0-9]{5}(?:-[0-9]{4})?$"
)
_OWN_FORMS = ("GB", "CA")
# Between street and city where no comma stands: the last word of an English street, with a direction after it.
_STREET_END = (
    r"(?i)^(.*?[0-9]\S* +\S.*\b(?:street|st|avenue|ave|av|road|rd|boulevard|blvd|drive|dr|lane|ln|court|ct|place|pl|way"
    r"|circle|cir|"
    r"parkway|pkwy|highway|hwy|square|sq|terrace|ter|trail|trl|plaza|plz|freeway|fwy|crescent|cres|close|gardens|grove|"
    r"turnpike|tpke|expressway|expy|loop|pike|row|walk|alley|aly|broadway)\b\.?"
    r"(?: +(?:north|south|east|west|n|s|e|w|ne|nw|se|sw|n\.|s\.|e\.|w\.)\b\.?)?"
    r"(?:,? +(?:(?:apt|apartment|suite|ste|unit|flat|room|rm|bldg|fl|floor)\b\.? *#? *[a-z0-9-]+|# *[a-z0-9-]+"
    r"|(?:[0-9]+(?:st|nd|rd|th)|second|third|fourth|fifth|sixth) +(?:floor|fl)\b))?) +(\p{L}[\p{L} .'’-]+)$"
)
_ENGLISH = ("US", "CA", "AU", "NZ", "GB", "IE")
_BOTH = ("new york", "washington")  # cities as well as states: a state only after a city


def divide(lines: pl.Series, country: pl.Series) -> pl.DataFrame:
    """The parts of each line, `COLUMNS`, row for row; null where a part is not written or not certain.

    Args:
        lines: text with single blanks, lines joined by commas.
        country: ISO 3166-1 alpha-2, null where it is not known: then it is what the text ends with, or null.
    """
    rows = pl.DataFrame({"line": lines, "given": country}).with_row_index("row")
    rows = _countries(rows)
    parts = [_of_country(part.lazy(), str(key[0] or "")) for key, part in rows.group_by("country")]
    if not parts:
        return pl.DataFrame(schema=_SCHEMA)
    return pl.concat(pl.collect_all(parts)).sort("row").select(COLUMNS)


def _countries(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with `country`, and without its name at the end of `line`; in any order."""
    line = pl.col("line")
    # The pattern of all names takes longer to make than to read thousands of addresses, and most lines name none.
    is_named = line.str.to_lowercase().str.contains_any(sorted(regions.countries())).fill_null(value=False)
    others = rows.filter(~is_named).with_columns(pl.lit(None, dtype=pl.String).alias("named"))
    rows = pl.concat([_named(rows.filter(is_named)), others]) if others.height < rows.height else others
    own = pl.when(line.str.contains(r"[ ,]{1,2}[A-Z]{2}$") & line.str.ends_with(pl.col("given"))).then("given")
    is_own = pl.col("named").is_null() & pl.col("own").is_not_null()
    rows = rows.with_columns(own.alias("own")).with_columns(
        pl.when(is_own).then(line.str.replace(r"[A-Z]{2}$", "")).otherwise(line).str.strip_chars(" ,").alias("line")
    )
    certain = [pl.when(line.str.contains(_AMERICAN)).then(pl.lit("US"))]
    for code in _OWN_FORMS:
        form = postcodes.FORMS[code].pattern
        certain.append(pl.when(line.str.contains(rf"(?:^|[ ,]){form}$")).then(pl.lit(code)))
    return rows.with_columns(pl.coalesce("named", "given", *certain, pl.lit("")).alias("country"))


def _named(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with the country that closes the `line`, as `named`, and without its name; null where none does."""
    pattern, line = regions.country_pattern(), pl.col("line")
    written = pl.coalesce(line.str.extract(pattern, 1), line.str.extract(pattern, 2)).str.to_lowercase()
    named = written.replace_strict(regions.countries(), default=None, return_dtype=pl.String).alias("named")
    return rows.with_columns(
        pl.when(named.is_not_null()).then(line.str.replace(pattern, "")).otherwise(line).alias("line"), named
    )


def _of_country(rows: pl.LazyFrame, country: str) -> pl.LazyFrame:
    """The rows of one country in all their parts, with `row`."""
    rows = _region(_postcode(rows, country), country)
    rows = _city(rows, country)
    named = pl.lit(country or None, dtype=pl.String).alias("country")
    rows = rows.select("row", "province", "city", "postcode", "line", named)
    return international_streets.divide(rows, country).select("row", *COLUMNS)


def _postcode(rows: pl.LazyFrame, country: str) -> pl.LazyFrame:
    """The rows with `postcode`, the `line` before it, and what stands `after` it (null without a postcode)."""
    form = postcodes.FORMS.get(country)
    if form is None:
        nothing = pl.lit(None, dtype=pl.String)
        return rows.with_columns(nothing.alias("postcode"), nothing.alias("after"))
    end = r"[ ,]*()" if form.is_last else r"(?:[ ,]+(.*))?"
    pattern = rf"(?i)^(?:(.*)[ ,])?({form.pattern}){end}$"
    groups = form.pattern.count("(") - form.pattern.count("(?")
    line = pl.col("line")
    code = line.str.extract(pattern, 2).str.to_uppercase()
    formed = postcodes.in_form(code.str.replace(f"^{form.pattern}$", form.written))
    return rows.with_columns(
        formed.alias("postcode"),
        line.str.extract(pattern, 3 + groups).fill_null("").str.strip_chars(" ,").alias("after"),
        pl.when(code.is_null()).then(line).otherwise(line.str.extract(pattern, 1).fill_null("")).str.strip_chars(" ,"),
    ).with_columns(pl.when(pl.col("postcode").is_not_null()).then("after").replace("", None).alias("after"))


def _region(rows: pl.LazyFrame, country: str) -> pl.LazyFrame:
    """The rows with `province`, taken off the end of what follows the postcode, or else of the line."""
    pattern = regions.region_pattern(country)
    if pattern is None:
        return rows.with_columns(pl.lit(None, dtype=pl.String).alias("province"))
    tail = pl.coalesce("after", "line")
    written = tail.str.extract(pattern)
    is_city = written.str.to_lowercase().is_in(_BOTH) & (tail.str.count_matches(",") < 2)
    is_letters = written.str.len_chars() <= 4
    is_certain = (
        ~is_letters
        | pl.col("postcode").is_not_null()
        | tail.str.contains(r", *\S+$")
        | (written == written.str.to_uppercase())
    )
    is_whole = tail.str.strip_chars(" ,") == written  # Berlin is a city first
    name = (
        pl.when(is_certain & ~is_city & ~is_whole)
        .then(written.str.to_lowercase().str.replace_all(".", "", literal=True))
        .replace_strict(regions.regions(country), default=None, return_dtype=pl.String)
    )
    rows = rows.with_columns(name.alias("province"))
    is_found, has_after = pl.col("province").is_not_null(), pl.col("after").is_not_null()
    return rows.with_columns(
        pl.when(is_found & has_after).then(_cut("after", pattern)).otherwise("after").alias("after"),
        pl.when(is_found & ~has_after).then(_cut("line", pattern)).otherwise("line").alias("line"),
    )


def _cut(column: str, pattern: str) -> pl.Expr:
    return pl.col(column).str.replace(pattern, "").str.strip_chars(" ,")


def _city(rows: pl.LazyFrame, country: str) -> pl.LazyFrame:
    """The rows with `city`: what follows the postcode, or the line's last part, after a comma or an English street."""
    line, after = pl.col("line"), pl.col("after")
    is_placed = pl.col("postcode").is_not_null() | pl.col("province").is_not_null()
    last = line.str.extract(r", *([^,0-9#]*\p{L}[^,0-9#]*)$")
    last = pl.when(is_placed | line.str.contains(r"[0-9].*, *\p{L}[^,]*[^,.]{2}$")).then(last)
    is_street = is_placed & ~line.str.contains(r"(?i)\bbox\b") if country in _ENGLISH else pl.lit(value=False)
    by_street = pl.when(is_street).then(line.str.extract(_STREET_END, 2))
    is_alone = is_placed & ~line.str.contains(r"[0-9,]")
    rows = rows.with_columns(
        after.str.extract(r"^([^,]+)").alias("by_code"),
        last.alias("last"),
        by_street.alias("by_street"),
        is_alone.alias("is_alone"),
    )
    city = pl.coalesce("by_code", "last", "by_street", pl.when("is_alone").then(line.replace("", None)))
    rest = (
        pl.when(pl.col("by_code").is_not_null())
        .then(line)
        .when(pl.col("last").is_not_null())
        .then(line.str.replace(r", *[^,]*$", ""))
        .when(pl.col("by_street").is_not_null())
        .then(line.str.replace(_STREET_END, "$1"))
        .when("is_alone")
        .then(pl.lit(""))
        .otherwise(line)
    )
    return rows.with_columns(city.str.strip_chars(" ,.-").alias("city"), rest.str.strip_chars(" ,").alias("line"))
