"""Names of organisations, tidy and taken apart, with a comparison key.

Belongs here: which reader a name goes to, aliases, and what the key equates. Does not belong here: the readers
(`chinese_organisations`, `international_organisations`), comparing two names (`linkage`).

What `organisation_key` equates: the same core and trade, in letters and digits without case, width, marks, and with
simplified characters. Legal forms of companies (有限公司, 集团, Ltd), branches and the place are no part of it:
上海贝尔科技有限公司, 上海贝尔科技 and 贝尔科技（上海）有限公司 have one key, `贝尔科技`. 北京贝尔科技 has it
too: compare `region_code` beside it. The place is part of it where nothing else tells the name apart: in names without
a core (南昌通信服务公司) and of public bodies (上海市第一人民医院). Other forms (商行, 事务所, 医院) are part
of it: a shop is no company.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import polars as pl

from crm_pipeline.standardise.organisations import aliases as other_names
from crm_pipeline.standardise.organisations import (
    chinese_organisations,
    international_organisations,
    organisation_words,
)
from crm_pipeline.standardise.reasons import PLACEHOLDER, SHARED, Reason
from crm_pipeline.standardise.text import placeholders, texts

NO_NAME, FORM_ALONE = "no_name", "form_alone"
REASONS: Mapping[str, Reason] = SHARED | {
    NO_NAME: Reason("digits or signs without a letter, not a name", "只有数字或符号，不是名称"),
    FORM_ALONE: Reason("a legal form without a name", "只有组织形式，没有名称"),
}
_NO_ALIASES: Mapping[str, str] = MappingProxyType({})
_LONGEST_NONSENSE = 20  # characters of the longest placeholder, number or form that a name field holds
_KANA_OR_HANGUL = r"[\p{Katakana}\p{Hiragana}\p{Hangul}㈱㈲㈜]|株式会社|有限会社|合同会社|合資会社|合名会社"
_FULL_WIDTH = {chr(code + 0xFEE0): chr(code) for code in range(0x21, 0x7F)} | {"\u3000": " "}
_PARTS = {
    "region": pl.String, "region_code": pl.String, "core": pl.String, "trade": pl.String, "legal_form": pl.String,
    "branch": pl.String, "is_group": pl.Boolean, "organisation_key": pl.String,
}  # fmt: skip
# Legal forms and nothing else.
_FORMS_ALONE = (
    r"(?i)^(?:(?:[集总]团?|有限|责任|股份|公司)+"
    r"|co\.?,? ?ltd\.?|ltd\.?|limited|inc\.?|llc|gmbh|company|corporation)$"
)


def read(values: pl.Series, aliases: Mapping[str, str] = _NO_ALIASES) -> pl.DataFrame:
    """The names row for row: `value`, `reason`, and the parts, null where unknown.

    Columns: `value`, the tidy name in the writing delivered; `reason`; `region`, short current names of divisions
    joined (广州天河) or the place in brackets; `region_code`, GB/T 2260, of the lowest certain one; `core`, what tells
    the name apart (贝尔; null where it is place, trade and form alone); `trade`; `legal_form`; `branch`; `is_group`;
    `organisation_key` (see the module). `core` is written as delivered, the other parts in simplified characters.

    Args:
        values: text.
        aliases: other names to names. One that is the whole name stands for it, one that is its core for the core; the
            parts and the key are then those of the name. Applied once: a name found is not looked up again.
    """
    cells = values.cast(pl.String).alias("cell")
    distinct = cells.unique().drop_nulls()
    if len(distinct) > len(cells) // 2:  # then looking them up again costs more than it saves
        return _read(cells, aliases)
    known = distinct.to_frame().hstack(_read(distinct, aliases))
    return cells.to_frame().join(known, on="cell", how="left", maintain_order="left").drop("cell")


def clean(value: pl.Expr) -> pl.Expr:
    """The tidy name; null when it is none."""
    return value.map_batches(lambda batch: _judged(batch)["value"], return_dtype=pl.String(), is_elementwise=True)


def _read(cells: pl.Series, aliases: Mapping[str, str]) -> pl.DataFrame:
    judged = _judged(cells)
    rows = judged["value"].is_not_null().arg_true()
    names = judged["value"].gather(rows)
    stands_for = other_names.find(names, aliases)
    parts = _parts(stands_for.fill_null(names))
    parts = _with_cores(parts, stands_for.is_not_null(), aliases)
    empty = judged.with_row_index("row").filter(pl.col("value").is_null())
    nothing = empty.select("row", *(pl.lit(None, kind).alias(part) for part, kind in _PARTS.items()))
    parts = parts.select(rows.cast(pl.UInt32).alias("row"), *_PARTS)
    return judged.hstack(pl.concat([parts, nothing]).sort("row").drop("row"))


def _judged(cells: pl.Series) -> pl.DataFrame:
    """`value`, the tidy name, and `reason`."""
    names = tidy(cells)
    rows = (names.str.len_chars() <= _LONGEST_NONSENSE).arg_true()
    text = pl.col("text")
    reason = (
        pl.when(placeholders.is_placeholder(text, "name"))
        .then(pl.lit(PLACEHOLDER))
        .when(~text.str.contains(r"\p{L}"))
        .then(pl.lit(NO_NAME))
        .when(text.str.contains(_FORMS_ALONE))
        .then(pl.lit(FORM_ALONE))
    )
    found = names.gather(rows).alias("text").to_frame().select(reason.alias("reason"))["reason"]
    reasons = pl.Series("reason", [None], dtype=pl.String).new_from_index(0, len(names)).scatter(rows, found)
    return pl.DataFrame({"value": names.set(reasons.is_not_null(), None), "reason": reasons})


def tidy(cells: pl.Series) -> pl.Series:
    """The text trimmed, of plain width, without quotes around it; in Chinese without blanks, brackets full width."""
    text = cells.alias("text").to_frame().select(texts.trim(pl.col("text"))).to_series()
    text = _where(text, r"[！-～\u{3000}]", lambda found: found.str.replace_many(_FULL_WIDTH))
    text = _where(text, "^[\"'“”‘’《》「」]|[\"'“”‘’《》「」,;，；。]$", _unquoted)
    text = _where(text, r"\p{Han}\s|\s\p{Han}", _joined)
    return _where(text, r"\p{Han}.*[()]|[()].*\p{Han}", lambda found: found.str.replace_many(["(", ")"], ["（", "）"]))


def _unquoted(found: pl.Series) -> pl.Series:
    bare = found.str.strip_chars("\"'“”‘’《》「」,;，；。 ")
    return bare.zip_with(bare != "", found)


def _joined(found: pl.Series) -> pl.Series:
    """Chinese without blanks: those between its characters, and beside brackets."""
    for _ in range(2):  # neighbouring blanks overlap
        found = found.str.replace_all(r"(\p{Han})\s+([\p{Han}()])", "$1$2").str.replace_all(r"\)\s+(\p{Han})", ")$1")
    return found


def _where(cells: pl.Series, pattern: str, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """The texts, those changed in which the pattern occurs."""
    rows = cells.str.contains(pattern).fill_null(value=False).arg_true()
    return cells if rows.is_empty() else cells.clone().scatter(rows, change(cells.gather(rows)))


def _parts(names: pl.Series) -> pl.DataFrame:
    """The parts of tidy names, and their keys; `form_key` is what a form adds to the key."""
    is_chinese = names.str.contains(r"\p{Han}") & ~names.str.contains(_KANA_OR_HANGUL)
    chinese, other = is_chinese.arg_true(), (~is_chinese).arg_true()
    read = chinese_organisations.read(names.gather(chinese)).rename({"group": "is_group"})
    kinds = organisation_words.forms()
    kind = pl.col("form").replace_strict(kinds, default="company", return_dtype=pl.String)
    read = read.with_columns(
        pl.when(kind != "company").then("form").alias("form_key"),
        pl.when((kind == "public") | pl.col("core").is_null()).then("region").alias("region_key"),
        chinese.cast(pl.UInt32).alias("row"),
    ).drop("form")
    rest = international_organisations.read(names.gather(other)).rename({"group": "is_group"})
    rest = rest.with_columns(
        *(pl.lit(None, pl.String).alias(part) for part in ("region_code", "trade", "form_key", "region_key")),
        pl.col("core").alias("core_key"),
        other.cast(pl.UInt32).alias("row"),
    )
    parts = pl.concat([read, rest.select(read.columns)]).sort("row").drop("row")
    return parts.with_columns(_key(parts).alias("organisation_key"))


def _key(parts: pl.DataFrame) -> pl.Series:
    joined = pl.concat_str("region_key", "core_key", "trade", "form_key", ignore_nulls=True)
    return international_organisations.key(parts.select(joined.alias("key"))["key"])


def _with_cores(parts: pl.DataFrame, is_settled: pl.Series, aliases: Mapping[str, str]) -> pl.DataFrame:
    """The parts with those of the name where the core is an alias and the whole name was none."""
    name = other_names.find(parts["core"], aliases).set(is_settled, None)
    rows = name.is_not_null().arg_true()
    if rows.is_empty():
        return parts
    found = parts[rows].with_columns(name.gather(rows).alias("name"))
    meant = _parts(found["name"])
    changed = found.with_columns(
        meant["core"].fill_null(found["name"]),
        meant["core_key"].fill_null(found["name"]),
        meant["region_key"].alias("region_key"),
        found["trade"].fill_null(meant["trade"].set(meant["core"].is_null(), None)),
        found["region"].fill_null(meant["region"]),
        found["region_code"].fill_null(meant["region_code"]),
    ).drop("name")
    changed = changed.with_columns(_key(changed).alias("organisation_key"))
    order = pl.concat([rows.cast(pl.UInt32), name.is_null().arg_true().cast(pl.UInt32)]).alias("row")
    return pl.concat([changed, parts[name.is_null().arg_true()]]).with_columns(order).sort("row").drop("row")
