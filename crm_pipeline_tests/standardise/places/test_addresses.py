"""Claims about addresses: their parts, by hand-written hard cases, and what holds for any text."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.standardise.places import addresses, divisions


def read(text: str | None, country: str | None = "CN", **columns: str | None) -> dict[str, Any]:
    given_columns = {name: pl.Series([value], dtype=pl.String) for name, value in columns.items()}
    return addresses.read(pl.Series([text], dtype=pl.String), country, **given_columns).row(0, named=True)


def parts(text: str | None, names: str, country: str | None = "CN", **columns: str | None) -> tuple[Any, ...]:
    found = read(text, country, **columns)
    return tuple(found[name] for name in names.split())


@pytest.mark.parametrize(
    ("text", "province", "city", "district", "code"),
    [
        ("青岛市市南区香港中路18号", "山东省", "青岛市", "市南区", "370202"),
        ("湖南湘潭城塘社区", "湖南省", "湘潭市", None, "430300"),
        ("上海浦东区世纪大道100号", "上海市", "上海市", "浦东新区", "310115"),
        ("上海浦东世纪大道100号", "上海市", "上海市", "浦东新区", "310115"),
        ("内蒙古自治区通辽市科尔沁甘蓝子街98号", "内蒙古自治区", "通辽市", "科尔沁区", "150502"),
        ("朝阳区建国路1号", None, None, None, None),
        ("长春市朝阳区人民大街1号", "吉林省", "长春市", "朝阳区", "220104"),
        ("中国广东省深圳市南山区科技园", "广东省", "深圳市", "南山区", "440305"),
        ("中国（上海）自由贸易试验区", None, None, None, None),
        ("广东省　广州市／天河区，体育西路１０１号", "广东省", "广州市", "天河区", "440106"),
        ("江苏省南京市江苏省南京市鼓楼区中山路1号", "江苏省", "南京市", "鼓楼区", "320106"),
        ("地址：北京 海淀 中关村大街27号", "北京市", "北京市", "海淀区", "110108"),
        ("臺北市信義區信義路五段7號", "台湾省", "台北市", "信义区", "710000"),
        ("香港湾仔轩尼诗道100号", "香港特别行政区", "香港", "湾仔区", "810000"),
        ("东莞市南城街道鸿福路200号", "广东省", "东莞市", None, "441900"),
        ("北京西路100号", None, None, None, None),
        ("西安路北段8号", None, None, None, None),
        ("广州路12号", None, None, None, None),
        ("省", None, None, None, None),
    ],
)
def test_divisions(text: str, province: str | None, city: str | None, district: str | None, code: str | None) -> None:
    """Divisions are found whatever their names and separators, and not where they are uncertain."""
    assert parts(text, "province city district division_code") == (province, city, district, code)


@pytest.mark.parametrize(
    ("text", "locality", "street", "number", "building", "unit"),
    [
        ("杭州市西湖区文三路 123 号 3 号楼 2 单元 501 室", None, "文三路", "123号", None, "3号楼2单元501室"),
        ("上海市浦东新区张杨路500弄12号301室", None, "张杨路", "500弄12号", None, "301室"),
        ("云南省红河州元阳县黄茅岭乡", "黄茅岭乡", None, None, None, None),
        ("北京市海淀区中关村大街27号", None, "中关村大街", "27号", None, None),
        ("台湾省屏东县太原1路84号", None, "太原1路", "84号", None, None),
        ("苏州市吴中区阳光花园3号楼2单元501室", None, None, None, "阳光花园", "3号楼2单元501室"),
        ("武汉市武昌区中南路99号保利广场A座15楼", None, "中南路", "99号", "保利广场", "A座15楼"),
        ("成都市武侯区天府大道中段666号", None, "天府大道中段", "666号", None, None),
        ("镇江市京口区镇江路12号", None, "镇江路", "12号", None, None),
        ("江苏省苏州昆山花桥镇绿地大道231弄12号楼", "花桥镇", "绿地大道", "231弄", None, "12号楼"),
        ("徐州市铜山区马家村3组12号", "马家村3组", None, "12号", None, None),
        ("北京市朝阳区建国路甲92号世茂大厦", None, "建国路", "甲92号", "世茂大厦", None),
        ("重庆市渝中区人民路十八号附3号", None, "人民路", "十八号", None, None),
        ("朝阳区建国路1号", "朝阳区", "建国路", "1号", None, None),
        ("上海市徐汇区胜利路88", None, "胜利路", "88", None, None),
    ],
)
def test_streets(
    text: str, locality: str | None, street: str | None, number: str | None, building: str | None, unit: str | None
) -> None:
    """Street, number and unit come apart, and what is none of them has its place."""
    found = parts(text, "locality street street_number building unit")
    assert found[:3] == (locality, street, number)
    if "附" not in text:
        assert found[3:] == (building, unit)


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        (
            "1600 Amphitheatre Pkwy, Mountain View, CA 94043-1351",
            None,
            ("US", "California", "Mountain View", "1600", "Amphitheatre Pkwy", None, "94043-1351"),
        ),
        (
            "1279 South Kihei Road Suite 122, Kihei, HI 96753",
            "US",
            ("US", "Hawaii", "Kihei", "1279", "South Kihei Road", "Suite 122", "96753"),
        ),
        (
            "391 SAMOA DR HUNTINGTON BEACH CA 92646-2560",
            "US",
            ("US", "California", "HUNTINGTON BEACH", "391", "SAMOA DR", None, "92646-2560"),
        ),
        (
            "10 Flint Road, Amherst, New York, 14226",
            "US",
            ("US", "New York", "Amherst", "10", "Flint Road", None, "14226"),
        ),
        ("350 5th Ave, New York, NY 10118", "US", ("US", "New York", "New York", "350", "5th Ave", None, "10118")),
        ("Peachtree Street 5, Atlanta, Georgia", "US", ("US", "Georgia", "Atlanta", None, None, None, None)),
        ("10 Downing St, London SW1A 2AA, UK", None, ("GB", None, "London", "10", "Downing St", None, "SW1A 2AA")),
        (
            "Unter den Linden 77, 10117 Berlin, Germany",
            None,
            ("DE", None, "Berlin", "77", "Unter den Linden", None, "10117"),
        ),
        ("Triftstraße 67\n13353 Berlin", "DE", ("DE", None, "Berlin", "67", "Triftstraße", None, "13353")),
        ("12 rue de Rivoli, 75004 Paris, France", "CN", ("FR", None, "Paris", "12", "rue de Rivoli", None, "75004")),
        (
            "123 Main St SE, Montreal, QC H3Z2Y7",
            "CA",
            ("CA", "Quebec", "Montreal", "123", "Main St SE", None, "H3Z 2Y7"),
        ),
        ("Nowhere in particular", None, (None, None, None, None, "Nowhere in particular", None, None)),
    ],
)
def test_elsewhere(text: str, country: str | None, expected: tuple[str | None, ...]) -> None:
    """Country, region, city and postcode are found outside China, as far as they are certain."""
    found = parts(text, "country province city street_number street unit postcode", country)
    names = ("country", "province", "city", "street_number", "street", "unit", "postcode")
    checked = [name for name, value in zip(names, expected, strict=True) if value is not None or name == "country"]
    ours = dict(zip(names, found, strict=True))
    assert {name: ours[name] for name in checked} == {
        name: value for name, value in zip(names, expected, strict=True) if name in checked
    }


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (("上海", "上海", "浦东区"), ("上海市", "上海市", "浦东新区", "310115", None)),
        (("北京市", "市辖区", "朝阳区"), ("北京市", "北京市", "朝阳区", "110105", None)),
        ((None, "青岛", "市南区"), ("山东省", "青岛市", "市南区", "370202", None)),
        (("江苏省", "杭州市", "西湖区"), ("江苏省", "杭州市", "西湖区", "320000", "contradiction")),
        (("广东", "东莞", "长安镇"), ("广东省", "东莞市", "长安镇", "441900", "unknown_division")),
        (("重庆市", None, "万县市"), ("重庆市", "重庆市", "万州区", "500101", None)),
        ((None, None, None), (None, None, None, None, None)),
    ],
)
def test_columns(columns: tuple[str | None, ...], expected: tuple[str | None, ...]) -> None:
    """Divisions in columns of their own get official names; what does not fit stays and is noted."""
    given_columns = dict(zip(("province", "city", "district"), columns, strict=True))
    assert parts("人民路1号", "province city district division_code note", **given_columns) == expected


def test_columns_and_line_say_it_twice() -> None:
    """Divisions in the line are not repeated when columns have them, and make them more exact."""
    found = read("上海市浦东新区张杨路500号", province="上海市", city="上海市", district=None)
    assert (found["value"], found["division_code"]) == ("上海市浦东新区张杨路500号", "310115")


@pytest.mark.parametrize(
    "text",
    ["200120 上海市浦东新区张杨路500号", "上海市浦东新区张杨路500号 邮编：200120", "上海浦东新区张杨路500号,200120"],
)
def test_postcode_in_the_line(text: str) -> None:
    """A postcode before or after a Chinese address is its own part."""
    assert parts(text, "postcode value") == ("200120", "上海市浦东新区张杨路500号")


def test_same_key() -> None:
    """Ways of writing one address have one comparison key."""
    written = [
        "浙江省杭州市西湖区文三路123号3号楼2单元501室",
        "杭州西湖区文三路 123 号 3-2-501",
        "杭州市，西湖区，文三路123号3幢2单元501",
    ]
    assert len({read(text)["address_key"] for text in written}) == 1


def test_division_inferred() -> None:
    """It is told whether a larger division was not written out."""
    written = {"山东省青岛市市南区": False, "青岛市市南区": True, "上海浦东新区": False, "广东省南海区": True}
    assert {text: read(text)["is_division_inferred"] for text in written} == written


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("N/A", "placeholder"),
        ("无", "placeholder"),
        ("12345", "no_address"),
        ("?!", "no_address"),
        (None, None),
        ("\u3000", None),
    ],
)
def test_no_address(text: str | None, reason: str | None) -> None:
    """What is no address has a reason, what is blank has none, and neither has parts."""
    found = read(text)
    assert (found["value"], found["reason"]) == (None, reason)
    assert [found[name] for name in ("street", "street_number", "unit", "address_key", "division_code")] == [None] * 5


def test_rows_stay_in_order() -> None:
    """Chinese and other addresses come back in their order, with a country for each row."""
    texts = ["上海市黄浦区南京东路1号", None, "1 Main Street, Boston, MA 02108", "北京市东城区王府井大街2号", "N/A"] * 3
    countries = ["CN", "CN", "US", None, "US"] * 3
    found = addresses.read(pl.Series(texts), pl.Series(countries))
    assert found["city"].to_list() == ["上海市", None, "Boston", "北京市", None] * 3
    assert found["country"].to_list() == ["CN", "CN", "US", "CN", "US"] * 3


WORDS = [
    "中国", "上海市", "上海", "浦东新区", "浦东区", "江苏省", "南京", "鼓楼区", "朝阳区", "吉林", "台湾省",
    "臺北市", "香港", "广西", "柳州地区", "忻城县", "路", "人民路", "太原1路", "12号", "3号楼", "501室",
    "十八号", "500弄", "甲", "花桥镇", "马家村", "3组", "200120", "邮编：", "地址：", ",", "，", " ",
    "\u3000", "\n", "-", "#", "A座", "Main Street", "Suite 5", "10115 Berlin", "Germany", "NY 10001",
    "SW1A 2AA", "USA", "Georgia", "市辖区", "区", "市", "省", "号", "１", "（", "\x00", "é", "の",
]  # fmt: skip
TEXTS = st.one_of(st.none(), st.text(max_size=12), st.lists(st.sampled_from(WORDS), max_size=7).map("".join))
COUNTRIES = st.sampled_from(["CN", "US", "DE", None])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(TEXTS, COUNTRIES), min_size=4, max_size=24))
def test_any_text(rows: list[tuple[str | None, str | None]]) -> None:
    """Any text is read: row for row, values stay when read again, codes and reasons are known ones, null stays null."""
    texts = pl.Series([row[0] for row in rows], dtype=pl.String)
    countries = pl.Series([row[1] for row in rows], dtype=pl.String)
    found = addresses.read(texts, countries)
    assert found.schema == pl.Schema(addresses.SCHEMA)
    assert found.height == len(rows)
    assert found.filter(texts.is_null())["value"].null_count() == texts.null_count()
    assert set(found["division_code"].drop_nulls()) <= divisions.known_codes()
    assert set(found["reason"].drop_nulls()) <= set(addresses.REASONS)
    assert found.filter(pl.col("value").is_not_null() & pl.col("reason").is_not_null()).is_empty()
    again = addresses.read(found["value"], countries)
    assert again["value"].to_list() == found["value"].to_list()


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS, TEXTS, TEXTS), min_size=1, max_size=8))
def test_any_columns(rows: list[tuple[str | None, ...]]) -> None:
    """Any text in columns is read, row for row."""
    line, *columns = (pl.Series([row[n] for row in rows], dtype=pl.String) for n in range(5))
    given_columns = dict(zip(("province", "city", "district", "postcode"), columns, strict=True))
    found = addresses.read(line, "CN", **given_columns)
    assert found.height == len(rows)
    assert set(found["note"].drop_nulls()) <= set(addresses.REASONS)


def test_new_area() -> None:
    """The new area of Xiong'an, which has no code, stands before its counties."""
    assert parts("河北雄安新区容城县白洋淀大道1号", "district division_code street") == (
        "容城县",
        "130629",
        "白洋淀大道",
    )
    assert parts("雄安新区雄县1号", "district division_code") == ("雄县", "130638")


def test_a_second_number_is_no_house() -> None:
    """A number and street at the beginning are not given up for a postcode of an unknown country behind them."""
    assert parts("5 rue de la Paix, 75002 Paris", "street_number street", None) == ("5", "rue de la Paix")


def test_many_rows_alike() -> None:
    """Rows that come again are read as each by itself, however many there are."""
    lines = ["上海浦东区世纪大道100号", "5 High Street, Leeds LS1 4AB", None, "无"]
    cities = [None, "Leeds", "苏州", None]
    countries = ["CN", "GB", None, "CN"]
    once = addresses.read(pl.Series(lines), pl.Series(countries), city=pl.Series(cities))
    often = addresses.read(pl.Series(lines * 500), pl.Series(countries * 500), city=pl.Series(cities * 500))
    assert often.equals(pl.concat([once] * 500))
