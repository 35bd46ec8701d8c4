"""Claims on telling placeholders from values."""

from __future__ import annotations

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.standardise.text import texts
from crm_pipeline.standardise.text.placeholders import WORDS, Kind, is_placeholder

CASES: dict[Kind, tuple[list[str], list[str]]] = {
    "text": ([
        "无", "未知", "不详", "暂无", "没有", "空", "未填写", "N/A", "na", "Null", "NONE", "nil", "Unknown",
        "TBD", "-",
        "not  available", "--", "/", ".", "…", "Ｎ／Ａ", " n/a\t", "　无　", "——", "ｎｕｌｌ", "NaN", "nan",
        "(null)", "<null>",
        "（无）", "[未知]", '""', "{}", "无。", "保密", "待定", "不适用", "#REF!", "#DIV/0!", "??",
        "请选择", "--请选择--",
    ], [
        "无锡", "空调", "Null Island", "test", "Nan", "Na", "0", "没有问题", "N/A1", "a-", "undef", "(null", "(上海)",
        "不明觉厉", "保密局", "",
    ]),
    "phone": ([
        "13800000000", "13800138000", "138-0013-8000", "+86 138 0013 8000", "11111111111", "12345678", "000", "0",
        "1234567890", "(000) 000-0000",
        "没有电话", "（无）", "无手机", "拒绝提供", "１３８００００００００", "008613900000000", "99999999",
        "+1 222 222 2222",
    ], [
        "13812345678", "021-12345678", "021-58385888", "110", "12345", "10086", "95588", "999", "+86 138 0013 8001",
        "01 23 45 67 89", "18888888888", "",
    ]),
    "email": ([
        "test@test.com", "a@a.com", "none@none.com", "noreply@acme.cn", "no-reply@acme.com", "NO@email.com",
        "123456@qq.com", "111111@163.com", "user@example.com", "Test@Example.org", "mailto:x@x.cn", "无@无.com",
        "/", "暂无邮箱",
    ], [
        "a@b.cn", "wang@example.com", "norman@acme.com", "me@example.org", "nobel@none.com", "88888888@qq.com",
        "zhang@test-systems.com", "nina@acme.com", "test@acme.com", "13812345678@139.com",
        "10086@163.com", "abc@126.com", "",
    ]),
    "identifier": ([
        "111111", "123456", "000000000000000000", "0", "xxxxxx", "******", "12345678901234567X", "XXXXXXXXXXXXXXXXXX",
    ], [
        "11010519491231002X", "91310000607377812N", "11111", "112233", "C00012", "1", "123457", "",
    ]),
    "date": ([
        "1900-01-01", "9999-12-31", "0000-00-00", "1900/1/1", "19000101", "01/01/1900", "31.12.9999", "1899-12-30",
        "0001-01-01T00:00:00", "9999-12-31 23:59:59", "1753-01-01", "1900年1月1日", "9999-99-99",
    ], [
        "1970-01-01", "2000-01-01", "1900-01-02", "2026-01-05", "1900", "1900-01-01 12:30:00", "",
    ]),
    "name": ([
        "测试", "Test", "先生", "女士", "客户", "匿名", "xx", "XXX", "Guest", "mr.", "***", "111", "未知",
    ], [
        "王先生", "张三", "3M", "Testa", "客户服务部", "Xi", "X", "Sir Alex", "58同城", "",
    ]),
}  # fmt: skip


@pytest.mark.parametrize("kind", CASES)
def test_hard_cases(kind: Kind) -> None:
    """What nobody can own is a placeholder in its field, and what somebody may own is none."""
    placeholders, values = CASES[kind]
    told = pl.DataFrame({"v": [*placeholders, *values]}).with_columns(is_placeholder(pl.col("v"), kind).alias("is"))
    assert told.filter(pl.col("is"))["v"].to_list() == placeholders


@given(values=st.lists(st.none() | st.text(max_size=12) | st.sampled_from([*WORDS, "13800000000"]), max_size=8))
@settings(max_examples=40, deadline=None)
def test_any_text(values: list[str | None]) -> None:
    """Of any texts each has an answer, and null for null alone; a word is one in every kind of field."""
    frame = pl.DataFrame({"v": pl.Series(values, dtype=pl.String)})
    told = frame.select(is_placeholder(pl.col("v"), kind).alias(kind) for kind in CASES)
    for kind in CASES:
        assert [answer is None for answer in told[kind]] == [value is None for value in values]
        assert not told.filter(pl.col("text") & ~pl.col(kind)).height


def test_words_are_the_same_in_sql() -> None:
    """What `texts.clean` makes null, `texts.BLANK` matches in DuckDB, in any case and width, and nothing else."""
    wide = [word.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)}) for word in WORDS]
    cells = [
        *WORDS,
        *wide,
        *(f" \t{word.upper()}　" for word in WORDS),
        "",
        " ",
        "无锡",
        "nota",
        "n/",
        "a",
        "-5",
        "(无)",
        "Na",
        "NA",
        "NaN",
        "［ＮＵＬＬ］",
        "( )",
        "无。",
    ]
    cleaned = pl.DataFrame({"v": cells}).select(texts.clean(pl.col("v")).is_null()).to_series().to_list()
    with duckdb.connect() as connection:
        in_sql = [
            connection.execute("SELECT regexp_full_match(?, ?)", [cell, texts.BLANK]).fetchall()[0][0] for cell in cells
        ]
    assert cleaned == in_sql
    assert cleaned.count(False) == 6
