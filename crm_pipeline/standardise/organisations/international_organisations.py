"""Names of organisations in Latin, Cyrillic, Japanese and other scripts: the name without its legal form.

Belongs here: form, branch, group and a place in brackets. Does not belong here: the table of forms (`legal_forms`),
names in Chinese (`chinese_organisations`). What such a company does is not told apart from its own name: no `trade`.
"""

from __future__ import annotations

import polars as pl

from crm_pipeline.standardise.organisations import legal_forms
from crm_pipeline.standardise.places import countries

_GROUP = r"(?i)[\s,]+(?:group|groupe|gruppe|grupo|gruppo|group of companies|concern|konzern)$"
_BRANCH = (
    r"(?i)[\s,(/-]+((?:[\p{L}.]+\s+){0,2}(?:branch(?: office)?|representative office|liaison office|rep\.? office)"
    r"|(?:zweig)?niederlassung(?:\s+[\p{L}.]+){0,2}|succursale(?:\s+[\p{L}.']+){0,3})\)?$"
)
_BRANCH_WORD = "(?i)branch|office|niederlassung|succursale"  # in each of them; most names have none
_BRACKET = r"\s*\(([^()]*)\)"
# Places that companies put in brackets, beside countries.
_PLACES = (
    *("shanghai", "beijing", "shenzhen", "guangzhou", "tianjin", "chongqing", "suzhou", "hangzhou", "nanjing", "wuxi"),
    *("ningbo", "qingdao", "dalian", "xiamen", "chengdu", "wuhan", "xi'an", "xian", "zhuhai", "dongguan", "foshan"),
    *("changzhou", "kunshan", "jiaxing", "nantong", "yantai", "jinan", "zhengzhou", "changsha", "hefei", "fuzhou"),
    *("far east", "asia", "asia pacific", "apac", "europe", "emea", "international", "overseas", "london", "scotland"),
    *("ireland", "middle east", "africa", "north america", "latin america", "americas", "nordic", "benelux", "dach"),
)
# Of ranges rather than classes of Unicode: most names are done with after these two looks.
_MARKED = r"[^\x00-\x7F\x{4E00}-\x{9FFF}]"
_UNPLAIN = r"[^a-z0-9\x{4E00}-\x{9FFF}]"
_SIGNS = {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ß": "ss", "þ": "th", "ð": "d", "ı": "i"}


def read(names: pl.Series) -> pl.DataFrame:
    """The parts of each name, row for row: `region`, `core`, `legal_form`, `branch` (text, null where none), `group`.

    A name that is nothing but a form keeps it as its core: `Limited`.

    Args:
        names: tidy names, without nulls.
    """
    text, branch = _without_branch(names)
    bracket = text.str.extract(_BRACKET).str.strip_chars()
    is_place = bracket.str.to_lowercase().is_in(list(_PLACES)) | _countries(bracket).is_not_null()
    is_place = is_place.fill_null(value=False)
    text = text.str.replace(_BRACKET, "").zip_with(is_place, text).str.strip_chars()
    rest, outer = _cut(text, legal_forms.at_end())
    rest, inner = _cut_again(rest, outer)
    rest, first = _cut(rest, legal_forms.at_start())
    middle = rest.str.replace(legal_forms.in_the_middle(), " ")
    has_form = (outer != "") | (first != "")
    rest = middle.zip_with(has_form, rest).str.strip_chars().str.strip_chars_end(",;-/ ")
    without_group = rest.str.replace(_GROUP, "")
    return pl.DataFrame(
        {
            "region": bracket.set(~is_place, None),
            "core": without_group.replace("", None).fill_null(text),
            "legal_form": legal_forms.standard(outer)
            .fill_null(legal_forms.standard(inner))
            .fill_null(legal_forms.standard(first)),
            "branch": branch,
            "group": without_group != rest,
        }
    )


def key(cores: pl.Series) -> pl.Series:
    """Letters and digits alone, without case and marks; `&` is `and`, a leading `the` is left out; null stays null."""
    folded = cores.str.to_lowercase()
    rows = folded.str.contains(_MARKED).arg_true()
    if not rows.is_empty():
        marked = folded.gather(rows).str.normalize("NFKD").str.replace_all(r"[\x{300}-\x{36f}]", "")
        marked = marked.str.to_lowercase().str.replace_many(_SIGNS).str.normalize("NFKC")
        folded = folded.scatter(rows, marked)
    rows = folded.str.contains(_UNPLAIN).arg_true()
    if not rows.is_empty():
        signed = folded.gather(rows).str.replace_all("[&+]", "and").str.replace(r"^the\s+", "")
        folded = folded.scatter(rows, signed.str.replace_all(r"[^\p{L}\p{N}]+", ""))
    return folded.replace("", None)


def _countries(texts: pl.Series) -> pl.Series:
    return texts.alias("text").to_frame().select(countries.clean(pl.col("text"))).to_series()


def _without_branch(names: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The names without their branch, and it; null where there is none."""
    branch = pl.Series([None], dtype=pl.String).new_from_index(0, len(names))
    rows = names.str.contains(_BRANCH_WORD).arg_true()
    if rows.is_empty():
        return names, branch
    found = names.gather(rows)
    return names.clone().scatter(rows, found.str.replace(_BRANCH, "")), branch.scatter(rows, found.str.extract(_BRANCH))


def _cut_again(texts: pl.Series, outer: pl.Series) -> tuple[pl.Series, pl.Series]:
    """A second form at the end of those that had one: Muster GmbH & Co. KG a.A."""
    inner = pl.Series([""], dtype=pl.String).new_from_index(0, len(texts))
    rows = (outer != "").arg_true()
    if rows.is_empty():
        return texts, inner
    rest, taken = _cut(texts.gather(rows), legal_forms.at_end())
    return texts.clone().scatter(rows, rest), inner.scatter(rows, taken)


def _cut(texts: pl.Series, pattern: str) -> tuple[pl.Series, pl.Series]:
    """The texts without the pattern at one end, and what was taken; a text that would be empty stays."""
    text, rest = pl.col("text"), pl.col("rest")
    frame = texts.alias("text").to_frame().with_columns(text.str.replace(pattern, "").alias("rest"))
    frame = frame.with_columns(pl.when(rest.str.strip_chars() == "").then(text).otherwise(rest).alias("rest"))
    length = rest.str.len_chars()
    is_end = text.str.starts_with(rest)
    taken = pl.when(is_end).then(text.str.slice(length)).otherwise(text.str.head(text.str.len_chars() - length))
    cut = frame.select("rest", taken.alias("taken"))
    return cut["rest"], cut["taken"]
