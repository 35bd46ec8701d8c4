"""Cells of a column of names that hold no person's name, and why.

Belongs here: the reasons and telling them as columns. Does not belong here: reading names (`person_names`).
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from crm_pipeline.standardise.reasons import PLACEHOLDER, Reason
from crm_pipeline.standardise.text.placeholders import is_placeholder

OWN: Mapping[str, Reason] = {
    "email": Reason("an e-mail or web address, not a name", "电子邮箱或网址，不是姓名"),
    "no_letters": Reason("no letter, so no name", "没有文字，不是姓名"),
    "organisation": Reason("the name of an organisation, not of a person", "组织名称，不是个人姓名"),
    "title_only": Reason("a title without a name", "只有称谓，没有姓名"),
    "too_long": Reason("longer than a name of a person", "比人的姓名长"),
    "unreadable": Reason("no name could be told in the text", "无法识别出姓名"),
}
_LONGEST = 120  # characters; with titles and suffixes
_LONGEST_CHINESE = 14  # Chinese characters in a row
_ADDRESS = r"(?i)[^\s@]+@[^\s@]+\.[a-z]|^(?:https?://|www\.)"
# Behind four characters and more, the last ones of organisations; 公司 and 集团 behind any.
_CHINESE_COMPANY = r"(?:公司|集[团團]|有限)[)）]?$|有限(?:责任)?公司"
_CHINESE_OFFICE = (
    r"\p{Han}{2,}(?:[银銀]行|[学學]校|大[学學]|[学學]院|[医醫][院疗]|中心|工厂|工廠|[事務务]{2}所|研究[所院]|委[员員][会會]|合作社|政府"
    r"|[协協][会會]|基金[会會]|酒店|[饭飯]店|餐[厅廳]|超市|商店|商行|[经經][营營]部|[营營][业業]部|[门門]市部|分行|支行|工作室|幼[儿兒][园園])$"
)
_LATIN_COMPANY = (
    r"(?i)\s(?:inc|incorporated|ltd|limited|llc|llp|plc|gmbh|corp|corporation|company|pty|university|hospital|"
    r"foundation|association|institute)\.?$"
)


def of(text: pl.Expr) -> pl.Expr:
    """The code of what a trimmed text is instead of a name; null where it may be one."""
    return (
        pl.when(is_placeholder(text, "name"))
        .then(pl.lit(PLACEHOLDER))
        .when(text.str.contains(_ADDRESS))
        .then(pl.lit("email"))
        .when(~text.str.contains(r"\p{L}"))
        .then(pl.lit("no_letters"))
        .when(text.str.len_chars() > _LONGEST)
        .then(pl.lit("too_long"))
        .when(text.str.contains(rf"\p{{Han}}{{{_LONGEST_CHINESE + 1}}}"))
        .then(pl.lit("too_long"))
        .when(text.str.contains(_CHINESE_COMPANY) | text.str.contains(_CHINESE_OFFICE))
        .then(pl.lit("organisation"))
        .when(text.str.contains(_LATIN_COMPANY))
        .then(pl.lit("organisation"))
    )
