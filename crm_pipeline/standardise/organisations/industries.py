"""Industries as sections of GB/T 4754-2017 (国民经济行业分类), A to T, from codes, names and what people call them.

Belongs here: reading what one cell says. Does not belong here: telling an organisation's industry from its name or its
business, which would be guessing. The standard's 20 sections and 97 divisions are in `data/industries.csv`, other words
for them in `data/industry_synonyms.csv`: a word stands there for the section that most systems mean by it (电商 is
trade, 新能源 is energy), and what means nothing certain (科技, 综合, 其他) is not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType

import polars as pl

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.standardise.reasons import PLACEHOLDER, SHARED, Reason
from crm_pipeline.standardise.text import placeholders, text_keys

UNKNOWN = "unknown_industry"
REASONS: Mapping[str, Reason] = SHARED | {
    UNKNOWN: Reason(
        "no section or division of GB/T 4754-2017 and no listed synonym: add it to the synonym file",
        "不是国民经济行业分类（GB/T 4754-2017）的门类或大类，也不在同义词表中：请补充同义词",
    )
}
_NO_SYNONYMS: Mapping[str, str] = MappingProxyType({})
# Letter and digits as in I65 or I6510; four digits are a class, three a group, two a division of the section.
_CODE = r"^([A-T]?)[.\-]?([0-9]{2})[0-9]{0,2}$"
_CODE_BEFORE_NAME = r"^([A-T]?[0-9]{2,4})(?:[\s.、:：_|-]+\S*\p{L}|\p{Han})"
# A letter is no code of its own before a name: the name must tell (J-金融, T-shirts).
_LETTER_BESIDE_NAME = r"^[A-T][\s.、:：_|-]+|\s*[(（][A-T][0-9]{0,4}[)）]$"
_ENDINGS = r"(?:行业|产业|企业|领域|类)$"


@cache
def _read(name: str) -> pl.DataFrame:
    source = resources.files("crm_pipeline.standardise").joinpath("data", name)
    return pl.read_csv(source.read_bytes(), infer_schema=False)


@cache
def _known() -> dict[str, str]:
    """Each name and synonym as a key, to its section; names win."""
    names = _read("industries.csv")
    synonyms = _read("industry_synonyms.csv")
    words = pl.concat([synonyms["synonym"], names["name_zh"].alias("synonym"), names["name"].alias("synonym")])
    sections = pl.concat([synonyms["section"], names["section"], names["section"]])
    return dict(zip(_key(words).to_list(), sections.to_list(), strict=True))


def read(values: pl.Series, synonyms: Mapping[str, str] = _NO_SYNONYMS) -> pl.DataFrame:
    """The sections row for row: `value`, a letter A to T; `reason`; `name`, English; `name_zh`, official.

    Args:
        values: text.
        synonyms: the user's own words to what they mean: a section's letter, a division's code, or a name or synonym
            that is known. They go before ours.

    Raises:
        ConfigurationError: a synonym means nothing known.
    """
    cells = values.cast(pl.String).alias("cell")
    distinct = cells.unique().drop_nulls()
    plain = distinct.str.normalize("NFKC").str.strip_chars()
    section = _sections(plain, {**_known(), **own_words(synonyms)} if synonyms else _known())
    frame = pl.DataFrame({"cell": distinct, "text": plain, "value": section})
    is_filled = pl.col("text") != ""
    reason = (
        pl.when(pl.col("value").is_not_null() | ~is_filled)
        .then(None)
        .when(placeholders.is_placeholder(pl.col("text"), "text"))
        .then(pl.lit(PLACEHOLDER))
        .otherwise(pl.lit(UNKNOWN))
    )
    names = _read("industries.csv").filter(pl.col("code") == pl.col("section")).select("section", "name", "name_zh")
    known = frame.with_columns(reason.alias("reason")).join(names, left_on="value", right_on="section", how="left")
    joined = cells.to_frame().join(known, on="cell", how="left", maintain_order="left")
    return joined.select("value", "reason", "name", "name_zh")


def clean(value: pl.Expr) -> pl.Expr:
    """The section's letter; null for what is none."""
    return value.map_batches(lambda batch: read(batch)["value"], return_dtype=pl.String(), is_elementwise=True)


def own_words(synonyms: Mapping[str, str]) -> dict[str, str]:
    """The user's words as keys, to sections."""
    words = _key(pl.Series(list(synonyms), dtype=pl.String))
    meant = _sections(pl.Series(list(synonyms.values()), dtype=pl.String), _known())
    if meant.null_count():
        raise ConfigurationError(
            where="the industry synonyms",
            expected="synonyms that mean a section of GB/T 4754-2017",
            found=f"{meant.null_count()} that do not",
            cure="write a letter A to T, a division's code such as I65, or the name of either",
        )
    return dict(zip(words.to_list(), meant.to_list(), strict=True))


def _sections(texts: pl.Series, words: Mapping[str, str]) -> pl.Series:
    """The section of each text by code, else by word, else by the code before a name; null where none is known."""
    divisions = _read("industries.csv")
    by_code = dict(zip(divisions["code"].to_list(), divisions["section"].to_list(), strict=True))
    upper = texts.str.to_uppercase().str.strip_chars()
    leading = upper.str.extract(_CODE_BEFORE_NAME)
    key = _key(texts)
    frame = pl.DataFrame(
        {
            "word": key.replace_strict(words, default=None, return_dtype=pl.String),
            "shorter": key.str.replace(_ENDINGS, "").replace_strict(words, default=None, return_dtype=pl.String),
            "code": _of_code(upper, by_code),
            "leading": _of_code(leading, by_code),
            "beside": _key(upper.str.replace(_LETTER_BESIDE_NAME, "")).replace_strict(
                words, default=None, return_dtype=pl.String
            ),
        }
    )
    return frame.select(pl.coalesce("code", "word", "leading", "beside", "shorter").alias("value")).to_series()


def _of_code(codes: pl.Series, by_code: Mapping[str, str]) -> pl.Series:
    """The section of a letter or of a code whose letter and digits agree."""
    letter = codes.replace_strict({code: code for code in by_code if code.isalpha()}, default=None)
    given = codes.str.extract(_CODE, 1)
    section = codes.str.extract(_CODE, 2).replace_strict(by_code, default=None, return_dtype=pl.String)
    agrees = ((given == "") | (given == section)).fill_null(value=False)
    return letter.fill_null(section.set(~agrees, None))


def _key(texts: pl.Series) -> pl.Series:
    """Without case, blanks and signs, simplified, `and` left out."""
    words = texts.str.normalize("NFKC").str.to_lowercase().str.replace_all(r"&|\band\b|和|与|與|及", "")
    folded = words.to_frame("word").select(text_keys.fold(pl.col("word"))).to_series()
    return folded.str.replace_all(r"[^\p{L}\p{N}]+", "").replace("", None)
