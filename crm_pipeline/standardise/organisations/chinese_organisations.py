"""Names of organisations written in Chinese, taken apart: 上海 · 贝尔 · 科技 · 有限公司.

Belongs here: the order in which the parts come off. Does not belong here: the words (`organisation_words`), places
(`organisation_places`), names in other scripts (`international_organisations`), aliases (`aliases`).

The parts come off from outside: brackets, branch, form, trade, places at both ends; what is left is the core. They are
the words of our lists, in simplified characters; the core is as written.
"""

from __future__ import annotations

import polars as pl

from crm_pipeline.standardise.organisations import organisation_places, organisation_words
from crm_pipeline.standardise.organisations.organisation_words import GROUP, SECTORS, any_of, cut_form, cut_trades
from crm_pipeline.standardise.text import chinese_characters

_BRANCHES = (
    *("分公司", "办事处", "代表处", "联络处", "分行", "支行", "分理处", "储蓄所", "营业部", "营业厅"),
    *("营业所", "分店", "门店", "旗舰店", "专卖店", "直营店", "体验店", "加盟店", "分部", "分厂"),
    *("分院", "分校", "分所", "分社", "分局", "分中心", "服务部", "门市部", "经营部", "项目部"),
    *("事业部", "工程处", "工程队", "销售部", "维修部", "加油站", "服务站", "服务中心", "研发中心"),
    *("销售中心", "工厂", "店", "厂"),
)
# What by itself says that a name is a branch's, even if no head office's form stands before it.
_SURE_BRANCHES = ("分公司", "办事处", "代表处", "联络处", "分行", "支行", "分理处", "分店")
_FORM_IN_BRACKETS = (
    *("有限合伙", "普通合伙", "特殊普通合伙", "个体工商户", "个人独资", "全民所有制", "集体所有制", "股份合作制"),
)
_BRACKETS = {"（": "(", "）": ")", "〔": "(", "〕": ")", "【": "(", "】": ")", "[": "(", "]": ")"}
_BRACKET = r"\(([^()]*)\)?"
_HEAD_OFFICE = (
    r"^(.{2,}?(?:公司|事务所|银行(?:股份有限公司|有限责任公司|有限公司)?"
    r"|集团(?:股份有限公司|有限责任公司|有限公司|公司)?))"
)
_LATIN_NAME = r"^(.*\p{Han})[\s/|,;-]*[(\[]?[A-Za-z][A-Za-z0-9 .,&'\-]*\b(?i:ltd|limited|inc|corp|co|llc)\b.*$"
_UNPLAIN = r"[^A-Za-z0-9()\x{4E00}-\x{9FFF}]"  # a quick look before the next
_OUTSIDE = r"[^\p{L}\p{N}()&+·-]+"


def read(names: pl.Series) -> pl.DataFrame:
    """The parts of each name, row for row; all text, null where there is none, but for `group` (truth).

    Columns: `region`, `region_code`, `core`, `core_key`, the core in simplified characters, `trade`, `legal_form`,
    `branch`, `group`, `form`: the word at the end by which the name is a company, shop or institution; `legal_form`
    says more where brackets do: 有限合伙.
    The core is null where a name holds places, trades and forms alone (南昌通信服务公司).

    Args:
        names: tidy names, without nulls.
    """
    written = _folded(names)
    text = chinese_characters.simplify(written)
    bracketed = _brackets(text.str.replace_all(r"\(集团\)", GROUP))
    offices = _branches(bracketed["text"])
    formed = cut_form(offices["text"])
    parts = _core(formed["rest"])
    region = pl.coalesce("region", "bracket_region")
    frame = pl.concat([bracketed.drop("text"), offices.drop("text"), formed.select("form"), parts], how="horizontal")
    branch = pl.coalesce("branch", "bracket_branch")
    return frame.select(
        region.alias("region"),
        pl.when(pl.col("region").is_null()).then("bracket_code").otherwise("region_code").alias("region_code"),
        _as_written(parts["core"], text, written).replace("", None).alias("core"),
        _filled("core").alias("core_key"),
        pl.col("trade").str.replace_all(GROUP, "").replace("", None),
        pl.coalesce("bracket_form", _filled("form")).alias("legal_form"),
        branch.alias("branch"),
        (pl.col("trade").str.contains(GROUP) | pl.col("form").str.contains(GROUP)).alias("group"),
        _filled("form"),
    )


def _filled(name: str) -> pl.Expr:
    return pl.col(name).replace("", None)


def _folded(names: pl.Series) -> pl.Series:
    """The names with plain brackets and without blanks and signs; a Latin name behind the Chinese one dropped."""
    text = names.str.replace_many(list(_BRACKETS), list(_BRACKETS.values()))
    rows = text.str.contains("[A-Za-z]").arg_true()
    if not rows.is_empty():
        found = text.gather(rows)
        text = text.scatter(rows, found.str.extract(_LATIN_NAME).fill_null(found))
    rows = text.str.contains(_UNPLAIN).arg_true()
    return text if rows.is_empty() else text.scatter(rows, text.gather(rows).str.replace_all(_OUTSIDE, ""))


def _as_written(cores: pl.Series, texts: pl.Series, written: pl.Series) -> pl.Series:
    """The cores in the characters of the name, which are as many as those of `texts`, its simplified ones."""
    rows = ((texts != written) & (cores != "")).arg_true()
    if rows.is_empty():
        return cores
    frame = pl.DataFrame({"core": cores.gather(rows), "text": texts.gather(rows), "written": written.gather(rows)})
    core = pl.col("core")
    before = pl.col("text").str.split(core).list.first().str.len_chars()
    is_there = pl.col("text").str.contains(core, literal=True)
    cut = pl.when(is_there).then(pl.col("written").str.slice(before, core.str.len_chars())).otherwise(core)
    return cores.clone().scatter(rows, frame.select(cut).to_series())


def _brackets(texts: pl.Series) -> pl.DataFrame:
    """`text` without brackets; what they held: `bracket_region`, `bracket_code`, `bracket_form`, `bracket_branch`.

    A former name, a note or a nickname in brackets is dropped.
    """
    empty = [pl.lit(None, pl.String).alias(f"bracket_{part}") for part in ("region", "code", "form", "branch")]
    frame = texts.alias("text").to_frame().with_row_index("row").with_columns(*empty)
    has = pl.col("text").str.contains("(", literal=True)
    plain, found = frame.filter(~has), frame.filter(has)
    if found.is_empty():
        return frame.drop("row")
    held = found["text"].str.extract_all(_BRACKET).list.eval(pl.element().str.strip_chars("()"))
    inside = held.list.first().fill_null("")
    form = held.list.join("|").str.extract(f"({any_of(_FORM_IN_BRACKETS)})")
    place = organisation_places.cut_start(inside)
    is_place = (place["rest"] == "") & (inside != "")
    bare = found["text"].str.replace_all(_BRACKET, "").str.replace_all(r"[()]", "")
    is_all = bare == ""  # a name in brackets as a whole is no note
    found = found.with_columns(
        pl.when(is_all).then(inside).otherwise(bare).alias("text"),
        pl.when(is_place & ~is_all).then(place["region"]).alias("bracket_region"),
        pl.when(is_place & ~is_all).then(place["region_code"]).alias("bracket_code"),
        form.alias("bracket_form"),
        pl.when(inside.str.contains(f"{any_of(_BRANCHES)}$") & ~is_all).then(inside).alias("bracket_branch"),
    )
    return pl.concat([plain, found]).sort("row").drop("row")


def _branches(texts: pl.Series) -> pl.DataFrame:
    """`text` without the branch, and `branch` with its place: 上海分行, 第二分公司; null where a name has none."""
    frame = texts.alias("text").to_frame().with_row_index("row").with_columns(pl.lit(None, pl.String).alias("branch"))
    might = pl.col("text").str.contains(f"{any_of(_BRANCHES)}$")
    plain, found = frame.filter(~might), frame.filter(might)
    if found.is_empty():
        return frame.drop("row")
    text = pl.col("text")
    office = text.str.extract(f"{_HEAD_OFFICE}.{{0,20}}{any_of(_BRANCHES)}$")
    sure = text.str.extract(
        f"^(.{{2,}}?)(?:{organisation_places.anywhere()}?第?[一二三四五六七八九十0-9]{{0,3}}{any_of(_SURE_BRANCHES)})$"
    )
    found = found.with_columns(pl.coalesce(office, sure).alias("office"))
    is_branch = pl.col("office").is_not_null() & ~text.str.contains("(?:街道办事处|[^分]公司)$")
    found = found.with_columns(
        pl.when(is_branch).then("office").otherwise("text").alias("text"),
        pl.when(is_branch).then(text.str.slice(pl.col("office").str.len_chars())).alias("branch"),
    )
    return pl.concat([plain, found.drop("office")]).sort("row").drop("row")


def _core(texts: pl.Series) -> pl.DataFrame:
    """`region`, `region_code`, `core` and `trade` (empty text for none) of names without form and branch."""
    inner = _without_end(texts)
    places = organisation_places.cut_start(inner["rest"])
    ends = organisation_places.cut_start(inner["end"])
    core, trade = _two_characters(places["rest"], inner["trade"])
    is_trade = organisation_words.is_trade(core)
    trade = core.set(~is_trade, "") + trade
    core = core.set(is_trade, "")
    sector = trade.str.extract(f"^({any_of(SECTORS)})")
    is_sector = (core == "") & sector.is_not_null() & places["region"].is_not_null()
    by_end = places["region"].is_null()
    return pl.DataFrame(
        {
            "region": places["region"].fill_null(ends["region"]),
            "region_code": ends["region_code"].zip_with(by_end, places["region_code"]),
            "core": sector.zip_with(is_sector, core),
            "trade": trade.str.replace(f"^{any_of(SECTORS)}", "").zip_with(is_sector, trade),
        }
    )


def _two_characters(cores: pl.Series, trades: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Cores and trades; a core of one character takes from the trade what makes it two, if a trade is left: 好房屋."""
    rows = (cores.str.len_chars() == 1).arg_true()
    longer = cut_trades(cores.gather(rows) + trades.gather(rows))
    is_better = longer["trade"] != ""
    better, rows = longer.filter(is_better), rows.filter(is_better)
    return cores.clone().scatter(rows, better["rest"]), trades.clone().scatter(rows, better["trade"])


def _without_end(texts: pl.Series) -> pl.DataFrame:
    """`rest` without its trades, `trade`, and `end`: a place behind or between trade words (力赛佳管道支架技术上海)."""
    cut = cut_trades(texts).with_columns(pl.lit("").alias("end"))
    rest = cut["rest"]
    shorter = organisation_places.cut_end(rest)
    rows = (shorter != rest).arg_true()
    before, whole = shorter.gather(rows), rest.gather(rows)
    is_end = organisation_words.is_after_trade(before) | before.str.contains("[A-Za-z0-9]$")
    is_end |= whole.str.ends_with("中国")
    rows, before, whole = rows.filter(is_end), before.filter(is_end), whole.filter(is_end)
    again = cut_trades(before)
    ends = pl.DataFrame({"whole": whole, "before": before})
    end = ends.select(pl.col("whole").str.slice(pl.col("before").str.len_chars())).to_series()
    return cut.with_columns(
        rest.scatter(rows, again["rest"]),
        cut["trade"].scatter(rows, again["trade"] + cut["trade"].gather(rows)),
        cut["end"].scatter(rows, end),
    )
