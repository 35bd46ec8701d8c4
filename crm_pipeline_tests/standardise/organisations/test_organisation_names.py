"""Claims on names of organisations: their parts, their key, aliases."""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.standardise.organisations import aliases, organisation_names, organisation_words
from crm_pipeline.standardise.places import divisions

_PARTS = ("region", "core", "trade", "legal_form")

# Name: region, core, trade, legal form.
CHINESE = {
    "上海贝尔科技有限公司": ("上海", "贝尔", "科技", "有限公司"),
    "贝尔（上海）": ("上海", "贝尔", None, None),
    "科丝美诗(中国)化妆品有限公司": ("中国", "科丝美诗", "化妆品", "有限公司"),
    "力赛佳管道支架技术上海有限公司": ("上海", "力赛佳", "管道支架技术", "有限公司"),
    "福建宏盛建设（集团）股份有限公司": ("福建", "宏盛", "建设", "股份有限公司"),
    "上海翰煜管理咨询中心（有限合伙）": ("上海", "翰煜", "管理咨询", "有限合伙"),
    "广州市天河区棠下丹妮贸易商行": ("广州天河", "棠下丹妮", "贸易", "商行"),
    "玉田县鸦鸿桥镇凯翔商店": ("玉田", "凯翔", None, "商店"),
    "北京市金杜律师事务所": ("北京", "金杜", None, "律师事务所"),
    "襄樊大力汽车股份有限公司": ("襄阳", "大力", "汽车", "股份有限公司"),
    "内蒙古自治区通辽市草原牧业有限责任公司": ("内蒙古通辽", "草原", "牧业", "有限责任公司"),
    "南昌通信服务公司": ("南昌", None, "通信服务", "公司"),
    "贵州大丰房地产开发有限公司": ("贵州", "大丰", "房地产开发", "有限公司"),
    "宁波兴隆房地产开发有限公司": ("宁波", "兴隆", "房地产开发", "有限公司"),
    "栖霞山综合开发公司": (None, "栖霞山", "综合开发", "公司"),
    "成都好房屋网络科技有限公司": ("成都", "好房屋", "网络科技", "有限公司"),
    "平安银行股份有限公司": (None, "平安", "银行", "股份有限公司"),
    "阿里巴巴（中国）网络技术有限公司": ("中国", "阿里巴巴", "网络技术", "有限公司"),
    "台灣積體電路製造股份有限公司": ("台湾", None, "积体电路制造", "股份有限公司"),
    "安徽瑞昇食品有限公司": ("安徽", "瑞昇", "食品", "有限公司"),
    "上海贝尔科技有限公司 Shanghai Bell Technology Co., Ltd.": ("上海", "贝尔", "科技", "有限公司"),
    "ＡＢＣ 科技 有限公司": (None, "ABC", "科技", "有限公司"),
    "IBM中国有限公司": ("中国", "IBM", None, "有限公司"),
    "上海市第一人民医院": ("上海", "第一", None, "人民医院"),
    "广州市天河区人民政府": ("广州天河", None, None, "人民政府"),
}
OTHERS = {
    "Hello Oy World Ab": ("Hello World", "AB"),
    "Oy Hello World": ("Hello World", "Oy"),
    "Hello, World, ltd.": ("Hello, World", "Ltd"),
    "Müller & Söhne GmbH & Co. KG": ("Müller & Söhne", "GmbH & Co. KG"),
    "Fiat S.p.A.": ("Fiat", "SpA"),
    "Beauty Spa": ("Beauty Spa", None),
    "Foo S.A. de C.V.": ("Foo", "S.A. de C.V."),
    "Telstra (Pty) Ltd": ("Telstra", "Pty Ltd"),
    "Bell (Shanghai) Co., Ltd.": ("Bell", "Co., Ltd."),
    "Philips B.V.": ("Philips", "BV"),
    "Swidler & Co, LLC": ("Swidler", "LLC"),
    "Deutsche Bank Aktiengesellschaft": ("Deutsche Bank", "AG"),
    "株式会社日立製作所": ("日立製作所", "K.K."),
    "トヨタ自動車株式会社": ("トヨタ自動車", "K.K."),
    "삼성전자 주식회사": ("삼성전자", "주식회사"),
    "ООО Ромашка": ("Ромашка", "ООО"),
    "Volkswagen Group": ("Volkswagen", None),
    "Cass Co. Democratic Committee": ("Cass Co. Democratic Committee", None),
    "LLC Software Inc": ("LLC Software", "Inc"),
}
BRANCHES = {
    "中国银行上海分行": "上海分行",
    "中国工商银行股份有限公司昆明花园支行": "昆明花园支行",
    "贝尔科技上海分公司": "上海分公司",
    "华为技术有限公司深圳第二分公司": "深圳第二分公司",
    "西门子（中国）有限公司上海办事处": "上海办事处",
    "海底捞火锅（南京路店）": "南京路店",
    "Siemens Ltd., Shanghai Branch": "Shanghai Branch",
    "上海市静安区南京西路街道办事处": None,
    "上海贝尔科技有限公司": None,
}
ONE_KEY = (
    ("上海贝尔科技有限公司", "上海贝尔科技", "贝尔科技（上海）有限公司", "上海市貝爾科技股份有限公司", "贝尔科技集团"),
    ("Müller & Co. GmbH", "MULLER AND CO", "Muller&Co Ltd."),
    ("The Coca-Cola Company", "Coca Cola Inc."),
    ("上海市第一人民医院", "上海第一人民医院"),
    ("ABC科技有限公司", "ａｂｃ科技"),
)
OTHER_KEYS = (
    ("上海贝尔科技有限公司", "上海朗讯科技有限公司"),
    ("上海市第一人民医院", "北京市第一人民医院"),
    ("复旦大学", "复旦中学"),
    ("南昌通信服务公司", "武汉通信服务公司"),
    ("丹妮贸易商行", "丹妮贸易有限公司"),
    ("ガス株式会社", "カス株式会社"),
)


def _rows(names: list[str | None], **options: Any) -> list[dict[str, Any]]:
    return organisation_names.read(pl.Series(names, dtype=pl.String), **options).to_dicts()


def _keys(*names: str) -> list[str]:
    return [row["organisation_key"] for row in _rows(list(names))]


@cache
def _read() -> dict[str, dict[str, Any]]:
    """All names above, read in one go."""
    names = [*CHINESE, *OTHERS, *BRANCHES, *(name for names in (*ONE_KEY, *OTHER_KEYS) for name in names)]
    return dict(zip(names, _rows(names), strict=True))


@pytest.mark.parametrize("name", CHINESE)
def test_chinese(name: str) -> None:
    """A Chinese name comes apart into place, core, trade and legal form."""
    assert tuple(_read()[name][part] for part in _PARTS) == CHINESE[name]


@pytest.mark.parametrize("name", OTHERS)
def test_international(name: str) -> None:
    """Another name comes apart into its core and its legal form in its standard writing."""
    row = _read()[name]
    assert (row["core"], row["legal_form"]) == OTHERS[name]


@pytest.mark.parametrize("name", BRANCHES)
def test_branch(name: str) -> None:
    """A branch is told with its place, and is no part of the core."""
    row = _read()[name]
    assert row["branch"] == BRANCHES[name]
    assert BRANCHES[name] is None or BRANCHES[name] not in (row["core"] or "")


def test_group() -> None:
    """A group is one by its word, in any place; the word is no part of core and trade."""
    rows = _rows(["海尔集团", "福建宏盛建设（集团）有限公司", "杭州娃哈哈集团有限公司", "Alder Group Ltd", "Alder Ltd"])
    assert [row["is_group"] for row in rows] == [True, True, True, True, False]
    assert [row["core"] for row in rows] == ["海尔", "宏盛", "娃哈哈", "Alder", "Alder"]


@pytest.mark.parametrize("names", ONE_KEY)
def test_one_key(names: tuple[str, ...]) -> None:
    """Forms of companies, groups, places, case, width, marks and characters make no difference to the key."""
    assert len({_read()[name]["organisation_key"] for name in names}) == 1


@pytest.mark.parametrize("names", OTHER_KEYS)
def test_other_keys(names: tuple[str, str]) -> None:
    """Cores, trades, forms of other institutions, and the place where nothing else tells names apart, do."""
    assert len({_read()[name]["organisation_key"] for name in names}) == 2


def test_region_code() -> None:
    """The place has the code in force of the lowest division that is certain."""
    names = ["上海贝尔科技有限公司", "广州市天河区棠下丹妮贸易商行", "襄樊大力汽车公司", "朝阳区大力汽车公司", "贝尔"]
    rows = _rows([*names, "贝尔（上海）"])
    assert [row["region_code"] for row in rows] == ["310000", "440106", "420600", None, None, "310000"]


def test_reasons() -> None:
    """Placeholders, numbers and forms alone have no value but a reason; blanks have neither."""
    rows = _rows(["无", "n/a", "测试公司", "12345", "--", "有限公司", "Co., Ltd.", "", "　", None, "贝尔"])
    none, alone = organisation_names.NO_NAME, organisation_names.FORM_ALONE
    expected = ["placeholder"] * 3 + [none, "placeholder", alone, alone, None, None, None, None]
    assert [row["reason"] for row in rows] == expected
    assert [row["value"] for row in rows] == [None] * 10 + ["贝尔"]
    assert set(expected) - {None} <= set(organisation_names.REASONS)


def test_tidy() -> None:
    """The value is the delivered writing, tidy: brackets full width in Chinese, no blanks inside, plain ASCII."""
    names = [" 贝尔 (上海)  有限公司 ", "ＡＢＣ　Ｌｔｄ．", "“台灣貝爾”", "Bell  (China)  Ltd", "IBM 中国"]
    values = [row["value"] for row in _rows(list(names))]
    assert values == ["贝尔（上海）有限公司", "ABC Ltd.", "台灣貝爾", "Bell (China) Ltd", "IBM 中国"]


def test_aliases() -> None:
    """An alias counts as the core and as the whole name, whatever its case and width, and once: there are no chains."""
    names = {"阿里": "阿里巴巴", "阿里巴巴": "淘天", "ＩＢＭ": "国际商业机器", "工行": "中国工商银行"}
    rows = _rows(["浙江阿里网络技术有限公司", "阿里", "ibm", "工行", "贝尔科技", "IBM中国有限公司"], aliases=names)
    assert [row["core"] for row in rows][:2] == ["阿里巴巴", "阿里巴巴"]
    assert rows[0]["organisation_key"] == _keys("浙江阿里巴巴网络技术有限公司")[0]
    assert [row["organisation_key"] for row in rows[2:5]] == _keys("国际商业机器", "中国工商银行", "贝尔科技")
    assert (rows[5]["core"], rows[5]["region"]) == ("国际商业机器", "中国")
    assert [row["value"] for row in rows][:2] == ["浙江阿里网络技术有限公司", "阿里"]


def test_alias_table() -> None:
    """A table of aliases needs its two columns and one name for each alias; incomplete rows are left out."""
    table = pl.DataFrame({"alias": ["阿里 ", None, "x"], "name": ["阿里巴巴", "y", " "], "note": ["", "", ""]})
    assert aliases.from_table(table) == {"阿里": "阿里巴巴"}
    with pytest.raises(ConfigurationError, match="columns `alias` and `name`"):
        aliases.from_table(table.drop("name"))
    with pytest.raises(ConfigurationError, match="1 with more than one"):
        aliases.from_table(pl.DataFrame({"alias": ["IBM", "ibm"], "name": ["a", "b"]}))


_WORDS = (
    *("上海", "北京市", "广州市天河区", "中国", "襄樊", "贝尔", "阿里", "金", "科技", "贸易", "集团"),
    *("（上海）", "(集团)", "有限公司", "股份有限公司", "公司", "商行", "店", "分公司", "第一"),
    *("医院", "街道办事处", "臺灣", "ｶﾞｽ", "株式会社", "주식회사", " ", "（", ")", "Bell"),
    *("& Co.", "Ltd", " GmbH", "Oy ", ", ", ".", "The ", "é", "İ", "㈱", "½", "𠮷", "\u200b", "“"),
    *("”", "·", "3"),
)
_NAMES = st.one_of(st.none(), st.text(max_size=30), st.lists(st.sampled_from(_WORDS), max_size=8).map("".join))


@settings(max_examples=10, deadline=None)
@given(st.lists(_NAMES, max_size=100))
def test_any_text(names: list[str | None]) -> None:
    """Any text is read: length kept, null in null out, values read again alike, keys of letters and digits alone."""
    read = organisation_names.read(pl.Series(names, dtype=pl.String))
    assert len(read) == len(names)
    assert not read.filter(pl.col("value").is_not_null() & pl.col("reason").is_not_null()).height
    is_blank = pl.Series([name is None or not name.strip() for name in names], dtype=pl.Boolean)
    assert not read.filter(is_blank & (pl.col("value").is_not_null() | pl.col("reason").is_not_null())).height
    assert_frame_equal(organisation_names.read(read["value"]), read.with_columns(reason=pl.lit(None, pl.String)))
    assert read["organisation_key"].drop_nulls().str.contains(r"^[\p{L}\p{N}]+$").all()


def test_composed() -> None:
    """A name put together from a place, a core, a trade and a form comes apart into these again."""
    provinces = divisions.names().filter((pl.col("level") == 1) & ~pl.col("is_short"))["written"].to_list()
    trades = [word for word in sorted(organisation_words.trades()) if word not in {"厂", "店", "集团"}]
    cores, forms = ["贝尔", "汇鑫隆", "ABC", "瑞昇"], ["有限公司", "股份有限公司", "有限责任公司", "公司"]
    many = list(product(provinces[::7], cores, trades, forms))[::11]
    rows = organisation_names.read(pl.Series(["".join(parts) for parts in many]))
    made = pl.DataFrame(many, orient="row", schema=["place", *_PARTS[1:]])
    assert_frame_equal(rows.select(_PARTS[1:]), made.select(_PARTS[1:]))
    assert rows["region_code"].str.ends_with("0000").all()


def test_rows_repeat() -> None:
    """Rows that repeat a name read like those that do not, in their order."""
    names = ["上海贝尔科技有限公司", None, "Bell Ltd", "无"]
    once = organisation_names.read(pl.Series(names))
    often = organisation_names.read(pl.Series(names * 3))
    assert_frame_equal(often, pl.concat([once] * 3))
    assert organisation_names.read(pl.Series([], dtype=pl.String)).columns == once.columns


@pytest.mark.parametrize(
    ("text", "core", "form", "branch"),
    [
        ("北京大成律师事务所上海分所", "大成", "律师事务所", "上海分所"),
        ("普华永道中天会计师事务所（特殊普通合伙）北京分所", "普华永道中天", "特殊普通合伙", "北京分所"),
        ("Acme S.à r.l.", "Acme", "SARL", None),
    ],
)
def test_offices_of_firms_and_accented_forms(text: str, core: str, form: str, branch: str | None) -> None:
    """A firm's office is its branch, and a form counts with its accent and blanks."""
    found = organisation_names.read(pl.Series([text])).row(0, named=True)
    assert (found["core"], found["legal_form"], found["branch"]) == (core, form, branch)
