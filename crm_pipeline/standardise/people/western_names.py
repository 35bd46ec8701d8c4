"""Names in alphabets with one standard writing each: the library's parts, East Asian order, and the folded key.

Belongs here: bringing `latin_names` and `romanised_names` together, the value that reads the same again, folding. Does
not belong here: taking names apart.
"""

from __future__ import annotations

import polars as pl

from crm_pipeline.standardise.people import latin_names, romanised_names

COLUMNS = ("text", "value", *latin_names.PARTS, "name_key")
_CORE = ("family_name", "given_name", "middle_name")
_PAIR = ("family", "given")
_ROUNDS = 3  # a value that is still read otherwise after so many readings is none
_BESIDE = r"^([^,]+), ([^,]+)$"
_LETTERS = {"ø": "o", "ł": "l", "ß": "ss", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
_LYU = "([lnLN])[üÜvV]"  # how else pinyin's ü is written
_NO_BLANKS = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]"


def read(values: pl.Series) -> pl.DataFrame:
    """The parts of each name in COLUMNS, row for row; `value` null where no words of a name are found.

    `value` reads as itself: reading it again gives it. A name whose surname was set first, with a comma, is turned to
    the given name first if its parts then read the same, else it keeps the comma.
    """
    distinct = pl.DataFrame({"text": values}).drop_nulls().unique()["text"]
    found = _standard(distinct, _ROUNDS)
    rows = pl.DataFrame({"text": values})
    return rows.join(found, on="text", how="left", maintain_order="left").select(COLUMNS)


def fold(texts: pl.Series) -> pl.Series:
    """The texts in lower case, without marks on Latin letters, points and apostrophes; hyphens become blanks."""
    lower = texts.str.to_lowercase()
    rows = (lower.str.len_bytes() != lower.str.len_chars()).fill_null(value=False).arg_true()
    if rows.len():
        lower = lower.scatter(rows, _without_marks(lower.gather(rows)))
    plain = lower.str.replace_all(r"[.'’`]", "").str.replace_all(r"[^\p{L}\p{N}]+", " ")
    return plain.str.strip_chars().replace("", None)


def _without_marks(lower: pl.Series) -> pl.Series:
    plain = lower.str.normalize("NFKD").str.replace_all(r"[\x{300}-\x{36f}]", "").str.normalize("NFC")
    return plain.str.to_lowercase().str.replace_many(list(_LETTERS), list(_LETTERS.values()))


def _standard(texts: pl.Series, rounds: int) -> pl.DataFrame:
    """COLUMNS for distinct texts."""
    found = _parts(texts)
    differs = (found["value"] != found["text"]).fill_null(value=False)
    checked = found.filter(differs)
    if checked.is_empty():
        return found.select(COLUMNS)
    again = _parts(checked["value"])
    is_same = checked.select(_CORE).equals(again.select(_CORE)) and checked["value"].equals(again["value"])
    if is_same:
        return found.select(COLUMNS)
    same = _same(checked, again) & (checked["value"] == again["value"])
    with_comma = _with_comma(checked.filter(~same))
    rest = checked.filter(~same).with_columns(with_comma)
    settled = rest.filter(pl.col("comma").is_not_null()).with_columns(pl.col("comma").alias("value"))
    open_ = rest.filter(pl.col("comma").is_null())
    parts = [found.filter(~differs), checked.filter(same), settled.drop("comma"), _settled(open_.drop("comma"), rounds)]
    return pl.concat(part.select(COLUMNS) for part in parts)


def _settled(rows: pl.DataFrame, rounds: int) -> pl.DataFrame:
    """The rows with the value to which reading their value again and again leads; the text where it leads to none."""
    if rows.is_empty():
        return rows
    if rounds == 0:
        return rows.with_columns(pl.col("text").alias("value"))
    inner = _standard(rows["value"].unique(), rounds - 1)
    inner = inner.select(pl.col("text").alias("value"), pl.col("value").alias("settled"))
    joined = rows.join(inner, on="value", how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce("settled", "text").alias("value")).drop("settled")


def _with_comma(rows: pl.DataFrame) -> pl.Series:
    """`comma`: surname, comma, given names, where the surname was set first and that reads as the same parts."""
    given = pl.concat_str(["given_name", "middle_name"], separator=" ", ignore_nulls=True)
    written = pl.when("is_turned").then(pl.concat_str([pl.col("family_name"), given], separator=", "))
    comma = rows.select(written.alias("comma"))["comma"]
    again = _parts(comma)
    is_same = _same(rows, again) & (again["value"] == rows["value"]).fill_null(value=False)
    return pl.DataFrame({"comma": comma, "is_same": is_same}).select(pl.when("is_same").then("comma").alias("comma"))[
        "comma"
    ]


def _same(one: pl.DataFrame, other: pl.DataFrame) -> pl.Series:
    """Whether both have the same surname, given and middle names, row for row."""
    both = one.select(_CORE).hstack(other.select(pl.col(name).alias(f"other_{name}") for name in _CORE))
    return both.select(
        pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"other_{name}")) for name in _CORE)
    ).to_series()


def _parts(texts: pl.Series) -> pl.DataFrame:
    """COLUMNS and `is_turned`, `value` not yet settled, row for row."""
    rows = _beside(texts)
    found = latin_names.read(rows["read"]).with_columns(texts.alias("text"))
    is_bare = pl.all_horizontal(pl.col(name).is_null() for name in ("nickname", "maiden_name")) & ~pl.col("is_turned")
    east = romanised_names.read(found.select(pl.when(is_bare).then("value"))["value"])
    found = found.hstack(east.rename({name: f"east_{name}" for name in east.columns}))
    is_east = pl.col("east_family_name").is_not_null()
    is_one = ~pl.col("value").str.contains(" ", literal=True)
    order = pl.when("east_is_first").then(_spaced("east_family_name", "east_given_name"))
    written = pl.when(is_one).then("value").otherwise(order.otherwise(_spaced("east_given_name", "east_family_name")))
    found = found.with_columns(
        pl.when(is_east).then(written).otherwise("value").alias("value"),
        pl.when(is_east).then("east_family_name").otherwise("family_name").alias("family_name"),
        pl.when(is_east).then("east_given_name").otherwise("given_name").alias("given_name"),
        pl.when(~is_east).then("middle_name").alias("middle_name"),
        pl.coalesce("nickname", "east_nickname", rows["beside"]).alias("nickname"),
        is_east.alias("is_east"),
    )
    return found.with_columns(_key(found).alias("name_key")).select(*COLUMNS, "is_turned")


def _beside(texts: pl.Series) -> pl.DataFrame:
    """`read`: the text, without the Western name behind a full East Asian one and its comma; `beside`, that name."""
    text = pl.col("text")
    rows = pl.DataFrame({"text": texts}).with_columns(
        text.str.extract(_BESIDE, 1).alias("front"), text.str.extract(_BESIDE, 2).alias("back")
    )
    has_two = pl.col("front").str.contains(" ", literal=True) & ~pl.col("back").str.contains(r"[ .\d]")
    is_name = ~latin_names.is_vocabulary(pl.col("back").str.to_lowercase())
    rows = rows.with_columns(pl.when(has_two & is_name).then("front").alias("front"))
    if rows["front"].null_count() == rows.height:
        return rows.select(text.alias("read"), pl.lit(None, dtype=pl.String()).alias("beside"))
    is_east = romanised_names.read(rows["front"])["is_first"].fill_null(value=False)
    return rows.select(
        pl.when(is_east).then("front").otherwise("text").alias("read"),
        pl.when(is_east).then("back").alias("beside"),
    )


def _spaced(*names: str) -> pl.Expr:
    return pl.concat_str(names, separator=" ")


def _key(names: pl.DataFrame) -> pl.Series:
    """The words of each name, folded and in the order of the alphabet; an East Asian given name is one word."""
    is_east, family, given = pl.col("is_east"), pl.col("family"), pl.col("given")
    rows = names.select(
        "is_east",
        "middle_name",
        fold(names["family_name"].str.replace_all(_LYU, "${1}yu")).alias("family"),
        fold(names["given_name"].str.replace_all(_LYU, "${1}yu")).alias("given"),
    ).with_columns(pl.when(is_east).then(pl.col(name).str.replace_all(" ", "")).otherwise(name) for name in _PAIR)
    is_pair = family.is_not_null() & given.is_not_null() & pl.col("middle_name").is_null()
    is_pair &= ~pl.any_horizontal(pl.col(name).str.contains(f" |{_NO_BLANKS}") for name in _PAIR)
    keys = rows.with_columns(pl.when(is_pair).then(in_order(family, given)).alias("key"))["key"]
    others = (keys.is_null() & (names["family_name"].is_not_null() | names["given_name"].is_not_null())).arg_true()
    return keys.scatter(others, _sorted(names[others])) if others.len() else keys


def in_order(one: pl.Expr, other: pl.Expr) -> pl.Expr:
    """Both words with a blank between them, in the order of the alphabet; null where one is."""
    first, last = pl.min_horizontal(one, other), pl.max_horizontal(one, other)
    return pl.when(one.is_not_null() & other.is_not_null()).then(pl.concat_str(first, last, separator=" "))


def _sorted(names: pl.DataFrame) -> pl.Series:
    """The words of all parts in the order of the alphabet; joined as they are where the script has no blanks."""
    parts = names.select(
        pl.concat_str(["family_name", "given_name", "middle_name"], separator=" ", ignore_nulls=True).alias("whole")
    )
    whole = fold(parts["whole"])
    words = whole.str.split(" ").list.sort().list.join(" ")
    has_blanks = ~whole.str.contains(_NO_BLANKS)
    return words.zip_with(has_blanks, whole.str.replace_all(" ", ""))
