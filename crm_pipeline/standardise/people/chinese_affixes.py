"""What people write around a Chinese name: labels, titles, departments in brackets, telephone numbers.

Belongs here: taking these away. Does not belong here: the name itself (`chinese_names`). The titles are in
`data/person_titles_chinese.txt`, for people to edit.
"""

from __future__ import annotations

import polars as pl

from crm_pipeline.standardise.people import surnames
from crm_pipeline.standardise.text import chinese_characters

DOT = "·"
_DOTS = r"\s*[·•‧・･∙⋅.．]\s*"
_LABEL = r"^\s*(?:姓名|联系人|聯繫人|收件人|收货人|名字|客户|客戶)\s*[:：]\s*"
_NOTE = r"\s*[(（【\[〔<《][^()（）【】\[\]〔〕<>《》]*[)）】\]〕>》]?\s*"
_DIGITS = r"[\s:：,，;；*#-]*(?:电话|手机|[tT]el)?[\s:：+-]*[0-9][0-9\s*-]*$"
_AFTER_DASH = r"\s*[-_—–|].*$"
_EDGE = " -_,，。.:：*·"
# What may stand before a title: 销售经理, 副总经理.
_RANK = (
    "副|总|常务|执行|高级|资深|助理|区域|大区|销售|采购|财务|人事|人力|行政|市场|技术|项目|产品|运营|生产|部门|客户|业务"
    "|工程|首席|分管"
)
_TITLES = sorted(surnames.words("person_titles_chinese.txt"), key=len, reverse=True)
_TITLE = rf"(?:\s*[,，]?\s*(?:{_RANK})*(?:{'|'.join(_TITLES)}))+$"
# Of one character, so only behind a surname that stands alone; 君 and 氏 may as well be given names.
_SHORT_TITLES = ["总", "工", "董", "哥", "姐"]


def cut(values: pl.Series) -> pl.DataFrame:
    """`text`, the name as written; `plain`, the same in simplified characters; `title` as written; row for row."""
    return _without_titles(_without_notes(values))


def _without_notes(values: pl.Series) -> pl.DataFrame:
    """`text` without labels, notes in brackets, numbers and what follows a dash; `plain`, the same simplified."""
    text = pl.col("text")
    rows = pl.DataFrame({"text": values}).with_columns(text.str.replace(_LABEL, "").str.replace_all(_NOTE, " "))
    rows = rows.with_columns(text.str.replace(_DIGITS, "").str.replace(_AFTER_DASH, "").str.strip_chars(_EDGE))
    rows = rows.with_columns(text.str.replace_all(_DOTS, DOT))
    return rows.with_columns(chinese_characters.simplify(rows["text"]).alias("plain"))


def _without_titles(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with the title cut off `text` and `plain`, and `title` as written."""
    plain, size = pl.col("plain"), pl.col("size")
    whole = plain.str.len_chars().cast(pl.Int64)
    stem = plain.str.slice(0, (whole - 1).clip(0))
    is_short = plain.str.slice(-1).is_in(_SHORT_TITLES) & (whole > 1) & surnames.is_surname(stem)
    cut = rows.with_columns(
        pl.when(is_short)
        .then(1)
        .otherwise(plain.str.extract(f"({_TITLE})", 1).str.len_chars())
        .fill_null(0)
        .alias("size")
    ).with_columns((whole - size).clip(0).alias("rest"))
    return cut.with_columns(
        pl.when(size > 0).then(pl.col("text").str.slice(pl.col("rest")).str.strip_chars(" ,，")).alias("title"),
        *(pl.col(name).str.slice(0, pl.col("rest")).str.strip_chars(_EDGE).alias(name) for name in ("text", "plain")),
    )
