"""Claims on industries as sections of GB/T 4754-2017."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.standardise.organisations import industries

SECTIONS = {
    "C": "C", "c": "C", "I65": "I", "i6510": "I", "65": "I", "C-39": "C", "制造业": "C", "软件和信息技术服务业": "I",
    "IT": "I", "ＩＴ": "I", "it/互联网": "I", "互联网行业": "I", "金融": "J", "房产": "K", "教育": "P", "電力": "D",
    "批发零售业": "F", "批发和零售业": "F", "Retail": "F", "Oil & Gas": "B", "oil and gas": "B", "J-金融": "J",
    "I 信息传输、软件和信息技术服务业": "I", "信息传输、软件和信息技术服务业（I）": "I", "C39计算机": "C",
    "Finance & Insurance": "J", "农、林、牧、渔业": "A", "事业单位": "S", "国际组织": "T",
}  # fmt: skip
UNKNOWN = ["C65", "Z", "U10", "98", "科技", "E-Shirts", "T-shirts", "123456", "上海"]


@pytest.mark.parametrize("written", SECTIONS)
def test_section(written: str) -> None:
    """Letters, codes, names, short names and English ones give their section."""
    assert industries.read(pl.Series([written]))["value"].to_list() == [SECTIONS[written]]


def test_unknown() -> None:
    """What is no section has none, and a reason; a letter and a division that disagree are no section."""
    read = industries.read(pl.Series([*UNKNOWN, "无", "", None]))
    assert read["value"].null_count() == len(read)
    assert read["reason"].to_list() == [industries.UNKNOWN] * len(UNKNOWN) + ["placeholder", None, None]


def test_names() -> None:
    """A section has its official name and one in English."""
    row = industries.read(pl.Series(["金融"])).row(0, named=True)
    assert (row["name_zh"], row["name"]) == ("金融业", "Finance")


def test_table() -> None:
    """The standard has 20 sections and 97 divisions; each is read by code and by name, divisions of one name apart."""
    table = industries._read("industries.csv")
    assert table["code"].str.contains("^[A-T]$").sum() == 20
    assert table["code"].str.contains("^[0-9]{2}$").sum() == 97
    for column in ("code", "name_zh", "name"):
        assert industries.read(table[column])["value"].to_list() == table["section"].to_list()


def test_own_synonyms() -> None:
    """A user's word goes before ours, and may mean a letter, a code or a name; one that means nothing is refused."""
    own = {"科技": "M", "电商": "I64", "数字经济": "互联网"}
    read = industries.read(pl.Series(["科技", "电商", "数字经济", "金融"]), own)
    assert read["value"].to_list() == ["M", "I", "I", "J"]
    with pytest.raises(ConfigurationError, match="1 that do not"):
        industries.read(pl.Series(["x"]), {"x": "nothing"})


def test_synonyms_are_of_one_section() -> None:
    """No word of the shipped list stands for two sections, as it is written or by its key."""
    synonyms = industries._read("industry_synonyms.csv")
    keyed = synonyms.with_columns(industries._key(synonyms["synonym"]).alias("key"))
    assert keyed.group_by("key").agg(pl.col("section").n_unique()).filter(pl.col("section") > 1).is_empty()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=20), st.sampled_from(list(SECTIONS))), max_size=20))
def test_any_text(values: list[str | None]) -> None:
    """Any text is read: length kept, null in null out, A to T or null, letters read again alike."""
    read = industries.read(pl.Series(values, dtype=pl.String))
    assert len(read) == len(values)
    assert read["value"].drop_nulls().str.contains("^[A-T]$").all()
    assert industries.read(read["value"])["value"].to_list() == read["value"].to_list()
    assert not read.filter(pl.Series(values, dtype=pl.String).is_null() & pl.col("reason").is_not_null()).height
    assert not read.filter(pl.col("value").is_not_null() & pl.col("reason").is_not_null()).height
