"""Claims about the table of China's divisions: its codes, its history, its names."""

from __future__ import annotations

import polars as pl
import pytest
from stdnum import numdb

from crm_pipeline.standardise.places import division_names, divisions

IN_FORCE = divisions.table().filter("is_in_force")
PLACES = {row[0]: row[1:] for row in divisions.places().iter_rows()}


def test_counts_are_those_of_the_country() -> None:
    """There are 34 provinces, and as many prefectures and counties as the yearbooks count, give or take Taiwan's."""
    mainland = IN_FORCE.filter(~pl.col("code").str.slice(0, 2).is_in(divisions.UNDIVIDED))
    counts = dict(mainland.group_by("level").len().iter_rows())
    assert IN_FORCE.filter(pl.col("level") == divisions.PROVINCE).height == 34
    assert counts[divisions.CITY] == 333
    assert 2840 <= counts[divisions.DISTRICT] <= 2855


def test_codes_in_force_are_known_elsewhere() -> None:
    """Another table, that of python-stdnum, knows the codes in force on the mainland but a few; each third is tried."""
    places = numdb.get("cn/loc")
    mainland = IN_FORCE.filter(~pl.col("code").str.slice(0, 2).is_in(divisions.UNDIVIDED))
    codes = mainland["code"].gather_every(3).to_list()
    unknown = [code for code in codes if len(places.split(code)) < 2 or not places.info(code)[1][1]]
    assert len(unknown) <= 5


def test_former_divisions_lead_to_one_in_force() -> None:
    """What took a division's place is itself in force."""
    current = divisions.table()["current"].drop_nulls()
    assert set(current) <= set(IN_FORCE["code"])


@pytest.mark.parametrize("code", ["110105", "310119", "130101", "500157", "659012", "810000", "820000", "830000"])
def test_known_codes(code: str) -> None:
    """Codes in force, former ones, headings and those of residence permits are known."""
    assert code in divisions.known_codes()


@pytest.mark.parametrize("code", ["000000", "999999", "810001", "710100", "310199"])
def test_unknown_codes(code: str) -> None:
    """What never was in force is not known, nor are parts of what GB/T 2260 does not divide."""
    assert code not in divisions.known_codes()


def test_names_in_full_find_their_place() -> None:
    """Province, city and district one after another, in full, are read as that place, for all that are in force."""
    rows = divisions.places().join(IN_FORCE.select("code"), on="code", how="semi")
    texts = rows.select(pl.concat_str("province", "city", "district", ignore_nulls=True)).to_series()
    read = [division_names.read(text).code for text in texts]
    wrong = [text for text, code, now in zip(texts, rows["code"], read, strict=True) if PLACES.get(now) != PLACES[code]]
    assert wrong == []


@pytest.mark.parametrize(
    ("written", "province", "city", "district"),
    [
        ("上海浦东区", "上海市", "上海市", "浦东新区"),
        ("上海市闸北区", "上海市", "上海市", "静安区"),
        ("上海市南汇区", "上海市", "上海市", "浦东新区"),
        ("北京宣武区", "北京市", "北京市", "西城区"),
        ("密云县", "北京市", "北京市", "密云区"),
        ("湖北省襄樊市襄阳区", "湖北省", "襄阳市", "襄州区"),
        ("四川省万县市", "重庆市", "重庆市", "万州区"),
        ("江苏省苏州市沧浪区", "江苏省", "苏州市", "姑苏区"),
        ("安徽省巢湖市无为县", "安徽省", "芜湖市", "无为市"),
        ("山东省莱芜市莱城区", "山东省", "济南市", "莱芜区"),
        ("柳州地区忻城县", "广西壮族自治区", "来宾市", "忻城县"),
        ("杭州市下城区", "浙江省", "杭州市", "拱墅区"),
        ("河南省济源市", "河南省", None, "济源市"),
        ("湖北仙桃", "湖北省", None, "仙桃市"),
        ("新疆石河子市", "新疆维吾尔自治区", None, "石河子市"),
        ("广东东莞长安镇", "广东省", "东莞市", None),
        ("海南州共和县", "青海省", "海南藏族自治州", "共和县"),
        ("吉林市", "吉林省", "吉林市", None),
        ("吉林", "吉林省", None, None),
        ("红河州元阳县", "云南省", "红河哈尼族彝族自治州", "元阳县"),
        ("臺北市大安區", "台湾省", "台北市", "大安区"),
        ("台北县", "台湾省", "新北市", None),
        ("香港九龙城区", "香港特别行政区", "香港", "九龙城区"),
        ("长春朝阳区", "吉林省", "长春市", "朝阳区"),
        ("泰州市泰州市海陵区", "江苏省", "泰州市", "海陵区"),
        ("河南南阳镇平县", "河南省", "南阳市", "镇平县"),
        ("江苏淮安淮安区", "江苏省", "淮安市", "淮安区"),
        ("台州市路桥区", "浙江省", "台州市", "路桥区"),
    ],
)
def test_hard_cases(written: str, province: str, city: str | None, district: str | None) -> None:
    """Short, former, repeated and traditional names are read as the place of today."""
    found = division_names.read(written)
    assert PLACES[found.code][1:4] == (province, city, district)


@pytest.mark.parametrize(
    "text", ["北京西路100号", "广州路", "沙县路", "上海大厦", "南京大学", "朝阳", "新区", "东区", "甲", ""]
)
def test_no_division(text: str) -> None:
    """Roads and houses named after places are no places, nor are names that many places have."""
    assert division_names.read(text).length == 0


def test_ambiguous_names_have_no_code() -> None:
    """朝阳区 is in Beijing and in Changchun: without its city it has no code."""
    found = division_names.read("朝阳区建国路")
    assert (found.length, found.code) == (3, "")
