"""Names of persons: Chinese, Latin and both in a cell."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from crm_pipeline.standardise.people import person_names

FAMILY, GIVEN, TITLE = "family_name", "given_name", "title"
PARTS = ("family_name", "given_name", "middle_name", "title", "suffix", "nickname", "maiden_name")
WORDS = st.sampled_from(
    [
        *(
            "王",
            "小明",
            "欧阳",
            "修",
            "张",
            "三",
            "陳",
            "大文",
            "先生",
            "总",
            "经理",
            "·",
            "・",
            "（采购）",
            "(VIP)",
        ),
        *(
            "13800001111",
            "、",
            "/",
            "-",
            ",",
            "，",
            ".",
            "David",
            "Chan",
            "Tai-man",
            "CHAN",
            "Li",
            "Wei",
        ),
        *(
            "Zhang",
            "San",
            "Dr.",
            "Mr.",
            "Jr.",
            "PhD",
            "MA",
            "van",
            "der",
            "Berg",
            "née",
            "Jones",
            "John",
        ),
        *(
            "Smith",
            "O'Neil",
            "García",
            "양",
            "지훈",
            "씨",
            "田中",
            "太郎",
            "さん",
            "&",
            "and",
            "测试",
            "”",
            "(",
            ")",
        ),
        *(
            "公司",
            "Inc.",
            "Иван",
            "Петров",
            "Lü",
            "Ｊｏｈｎ",
            "@",
            "1",
            "II",
            "V",
            "e",
            "y",
            "St.",
            "of",
            "the",
        ),
        *(
            "Lord",
            "King",
        ),
    ]
)
PHASES = (
    Phase.explicit,
    Phase.reuse,
    Phase.generate,
)  # a failing column is told by its first one; shrinking takes minutes
TEXTS = st.one_of(
    st.text(max_size=30), st.lists(WORDS, max_size=6).map(" ".join), st.lists(WORDS, max_size=4).map("".join)
)


def read(text: str | None) -> dict[str, str | None]:
    return person_names.read(pl.Series([text], dtype=pl.String())).row(0, named=True)


def parts(text: str) -> dict[str, str]:
    return {name: value for name, value in read(text).items() if name in PARTS and value}


@pytest.mark.parametrize(
    ("text", "family", "given_name", "latin"),
    [
        ("王小明", "王", "小明", "Wang Xiaoming"),
        ("欧阳修", "欧阳", "修", "Ouyang Xiu"),
        ("司马相如", "司马", "相如", "Sima Xiangru"),
        ("单雄信", "单", "雄信", "Shan Xiongxin"),
        ("曾国藩", "曾", "国藩", "Zeng Guofan"),
        ("仇英", "仇", "英", "Qiu Ying"),
        ("区大海", "区", "大海", "Ou Dahai"),
        ("任盈盈", "任", "盈盈", "Ren Yingying"),
        ("解晓东", "解", "晓东", "Xie Xiaodong"),
        ("查良镛", "查", "良镛", "Zha Liangyong"),
        ("盖文", "盖", "文", "Ge Wen"),
        ("朴树", "朴", "树", "Piao Shu"),
        ("尉迟恭", "尉迟", "恭", "Yuchi Gong"),
        ("长孙无忌", "长孙", "无忌", "Zhangsun Wuji"),
        ("万俟卨", "万俟", "卨", "Moqi Xie"),
        ("吕重阳", "吕", "重阳", "Lyu Chongyang"),
        ("陈方安生", "陈方", "安生", "Chen-Fang Ansheng"),
        ("钟离春", "钟", "离春", "Zhong Lichun"),
        ("钟离春秋", "钟离", "春秋", "Zhongli Chunqiu"),
        ("爱新觉罗·溥仪", "爱新觉罗", "溥仪", "Aixinjueluo Puyi"),
        ("陳大文", "陳", "大文", "Chen Dawen"),
        ("歐陽鋒", "歐陽", "鋒", "Ouyang Feng"),
    ],
)
def test_chinese_names_divide_at_the_surname(text: str, family: str, given_name: str, latin: str) -> None:
    """A Chinese name is parted behind its surname, compound ones included, and read as surnames read."""
    found = read(text)
    assert (found[FAMILY], found[GIVEN], found["latin"]) == (family, given_name, latin)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("张 三", "张三"),
        ("张·三", "张三"),
        ("  张　三 ", "张三"),
        ("张三（采购）", "张三"),
        ("张三(13800001111)", "张三"),
        ("张三13800001111", "张三"),
        ("张三-采购部", "张三"),
        ("张三 采购部", "张三"),
        ("张三(VIP)", "张三"),
        ("联系人：张三", "张三"),
        ("张三先生", "张三"),
        ("张三 销售经理", "张三"),
        ("张三丰副总经理", "张三丰"),
        ("陳怡君，醫學博士", "陳怡君"),
        ("Dr. 张三", "张三"),
        ("张三, MBA", "张三"),
    ],
)
def test_what_stands_around_a_chinese_name_goes(text: str, value: str) -> None:
    """Blanks, dots, titles, notes, departments and telephone numbers are no part of a Chinese name."""
    assert read(text)["value"] == value


@pytest.mark.parametrize(
    ("text", "surname", "title"),
    [
        ("王先生", "王", "先生"),
        ("张总", "张", "总"),
        ("李经理", "李", "经理"),
        ("欧阳女士", "欧阳", "女士"),
        ("陳工", "陳", "工"),
    ],
)
def test_a_surname_with_a_title_has_no_given_name(text: str, surname: str, title: str) -> None:
    """Of 王先生 the surname and the title are known, and there is no key by which all Wangs would be one."""
    found = read(text)
    assert parts(text) == {FAMILY: surname, TITLE: title}
    assert (found["value"], found["name_key"], found["native_key"]) == (surname, None, None)


@pytest.mark.parametrize("text", ["小王", "老张", "阿强", "小明", "张三、李四", "张三/李四", "张三 李四"])
def test_what_the_characters_do_not_tell_has_no_parts(text: str) -> None:
    """A nickname, a given name alone and several persons keep their writing, and no surname is made up."""
    found = read(text)
    assert found["value"] == text
    assert parts(text) == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("约翰·史密斯", {GIVEN: "约翰", FAMILY: "史密斯"}),
        ("阿卜杜拉•买买提", {GIVEN: "阿卜杜拉", FAMILY: "买买提"}),
        ("约翰·罗纳德·瑞尔·托尔金", {GIVEN: "约翰", "middle_name": "罗纳德·瑞尔", FAMILY: "托尔金"}),
        ("李·约翰", {GIVEN: "约翰", FAMILY: "李"}),
        ("田中 太郎", {GIVEN: "太郎", FAMILY: "田中"}),
        ("鈴木一郎", {GIVEN: "一郎", FAMILY: "鈴木"}),
        ("佐々木 健", {GIVEN: "健", FAMILY: "佐々木"}),
        ("양 지훈", {GIVEN: "지훈", FAMILY: "양"}),
        ("김민준", {GIVEN: "민준", FAMILY: "김"}),
        ("山田 エミ", {GIVEN: "エミ", FAMILY: "山田"}),
    ],
)
def test_other_names_in_east_asian_scripts(text: str, expected: dict[str, str]) -> None:
    """Transliterated names have the given name first, Japanese and Korean ones the surname; none gets pinyin."""
    assert parts(text) == expected
    if expected[FAMILY] != "李":
        assert read(text)["latin"] is None


@pytest.mark.parametrize(
    ("text", "family", "given_name"),
    [
        ("Zhang San", "Zhang", "San"),
        ("San Zhang", "Zhang", "San"),
        ("ZHANG San", "ZHANG", "San"),
        ("San ZHANG", "ZHANG", "San"),
        ("Zhang, San", "Zhang", "San"),
        ("Zhangsan", "Zhang", "San"),
        ("Ouyang Xiu", "Ouyang", "Xiu"),
        ("Xiaoming Wang", "Wang", "Xiaoming"),
        ("Wang Xiao-Ming", "Wang", "Xiao-Ming"),
        ("Wang Xiao Ming", "Wang", "Xiao Ming"),
        ("Wei Wang", "Wang", "Wei"),
        ("Wang Wei", "Wang", "Wei"),
        ("Lü Bu", "Lü", "Bu"),
        ("Mr. Li Xiaolong", "Li", "Xiaolong"),
        ("CHAN Tai Man", "CHAN", "Tai Man"),
        ("Tai-man Chan", "Chan", "Tai-man"),
        ("Tsai Ing-wen", "Tsai", "Ing-wen"),
        ("Linda", None, "Linda"),
        ("Wangari", None, "Wangari"),
        ("Dan Brown", "Brown", "Dan"),
        ("Lee Harper", "Harper", "Lee"),
    ],
)
def test_pinyin_tells_which_word_is_the_surname(text: str, family: str | None, given_name: str) -> None:
    """Of names in pinyin and in Hong Kong's spelling the surname is told at either end; other words are let alone."""
    found = read(text)
    assert (found[FAMILY], found[GIVEN]) == (family, given_name)


def test_equally_likely_orders_keep_the_written_one() -> None:
    """Where both words could as well be the surname, the first one is."""
    assert parts("Zhang Wang") == {FAMILY: "Zhang", GIVEN: "Wang"}
    assert parts("Wang Zhang") == {FAMILY: "Wang", GIVEN: "Zhang"}


@pytest.mark.parametrize(
    ("text", "native", "latin", "nickname"),
    [
        ("David 陈大文", "陈大文", "Chen Dawen", "David"),
        ("陈大文 David Chan", "陈大文", "David Chan", None),
        ("David Chan (陈大文)", "陈大文", "David Chan", None),
        ("陈大文（David Chan）", "陈大文", "David Chan", None),
        ("陈大文/David", "陈大文", "Chen Dawen", "David"),
        ("Chan Tai-man, David", None, "Chan Tai-man", "David"),
        ("David CHAN Tai Man", None, "CHAN Tai Man", "David"),
    ],
)
def test_two_scripts_in_a_cell_are_told_apart(text: str, native: str | None, latin: str, nickname: str | None) -> None:
    """Chinese characters and Latin letters beside each other give the native and the Latin form of one name."""
    found = read(text)
    assert (found["native"], found["latin"], found["nickname"]) == (native, latin, nickname)


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("Smith, John", "John Smith", {GIVEN: "John", FAMILY: "Smith"}),
        ("SMITH, JOHN", "JOHN SMITH", {GIVEN: "JOHN", FAMILY: "SMITH"}),
        ("García López, Ana", "García López, Ana", {GIVEN: "Ana", FAMILY: "García López"}),
        ("Jan van der Berg", "Jan van der Berg", {GIVEN: "Jan", FAMILY: "van der Berg"}),
        ("Patrick O'Neil", "Patrick O'Neil", {GIVEN: "Patrick", FAMILY: "O'Neil"}),
        ("Mary-Ann Smith-Jones", "Mary-Ann Smith-Jones", {GIVEN: "Mary-Ann", FAMILY: "Smith-Jones"}),
        (
            "Dr. John A. Smith Jr.",
            "John A. Smith",
            {TITLE: "Dr.", GIVEN: "John", "middle_name": "A.", FAMILY: "Smith", "suffix": "Jr."},
        ),
        ("Jane Smith née Jones", "Jane Smith", {GIVEN: "Jane", FAMILY: "Smith", "maiden_name": "Jones"}),
        ("John (Jack) Kennedy", "John Kennedy", {GIVEN: "John", FAMILY: "Kennedy", "nickname": "Jack"}),
        ("Ｊｏｈｎ　Ｓｍｉｔｈ", "John Smith", {GIVEN: "John", FAMILY: "Smith"}),
        ("Иван Петров", "Иван Петров", {GIVEN: "Иван", FAMILY: "Петров"}),
    ],
)
def test_names_in_alphabets(text: str, value: str, expected: dict[str, str]) -> None:
    """Titles, suffixes and nicknames leave the value; a comma stays only where the parts would not be read without."""
    assert read(text)["value"] == value
    assert parts(text) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("测试", "placeholder"),
        ("test", "placeholder"),
        ("无", "placeholder"),
        ("匿名", "placeholder"),
        ("先生", "placeholder"),
        ("N/A", "placeholder"),
        ("Dr. Test", "placeholder"),
        ("测试先生", "placeholder"),
        ("总经理", "title_only"),
        ("Mr. and Mrs.", "title_only"),
        ("zhang.san@example.com", "email"),
        ("13800001111", "no_letters"),
        ("上海贝尔科技有限公司", "organisation"),
        ("中国建设银行", "organisation"),
        ("Acme Trading Inc.", "organisation"),
        ("请于周一上午九点到前台领取包裹谢谢", "too_long"),
    ],
)
def test_what_is_no_name_is_refused_with_a_reason(text: str, reason: str) -> None:
    """A placeholder, an address, a number, a title and an organisation are no names, and the reason says which."""
    found = read(text)
    assert (found["value"], found["reason"]) == (None, reason)
    assert reason in person_names.REASONS


@pytest.mark.parametrize(
    "texts",
    [
        ("Zhang San", "San Zhang", "ZHANG San", "Zhang, San", "张三", "張三", "张 三", "Zhangsan", "Mr. Zhang San"),
        ("Li Wei", "Wei Li", "李伟", "LI WEI", "李薇"),
        ("Wang Xiaoming", "Xiao-Ming Wang", "Wang Xiao Ming", "王小明", "王曉明"),
        ("吕布", "Lü Bu", "Lyu Bu", "Lv Bu"),
        ("Müller, Jürgen", "Jurgen Muller", "JÜRGEN MÜLLER", "Dr. Jürgen Müller"),
        ("CHAN Tai Man", "Chan Tai-man", "Tai-man Chan", "Chan Tai-man, David"),
    ],
)
def test_the_key_equates_the_ways_to_write_a_name(texts: tuple[str, ...]) -> None:
    """One name has one key in any order, script, case and spelling of its marks."""
    assert len({read(text)["name_key"] for text in texts}) == 1


@pytest.mark.parametrize("texts", [("张伟", "张三"), ("John Smith", "Jane Smith"), ("陈大文", "Chan Tai Man")])
def test_the_key_keeps_other_names_apart(texts: tuple[str, str]) -> None:
    """Other given names, and a Cantonese spelling of a name in characters, have other keys."""
    assert read(texts[0])["name_key"] != read(texts[1])["name_key"]


@pytest.mark.parametrize(
    ("him", "her"), [("王小明先生", "王小明女士"), ("Mr. John Smith", "Mrs. John Smith"), ("Mr 王小明", "Ms 王小明")]
)
def test_gender_is_never_guessed(him: str, her: str) -> None:
    """No column tells a gender, and names that differ in a gendered title alone differ in the title alone."""
    one, other = read(him), read(her)
    assert one.pop(TITLE) != other.pop(TITLE)
    assert one == other
    assert not [name for name in person_names.COLUMNS if "gender" in name or "sex" in name]


@settings(max_examples=15, deadline=None, phases=PHASES)
@given(st.lists(st.one_of(st.none(), TEXTS), max_size=40))
def test_each_cell_has_one_row_and_a_value_or_a_reason(texts: list[str | None]) -> None:
    """Any text gives one row; what holds something has either a value or a known reason, what is blank neither."""
    found = person_names.read(pl.Series(texts, dtype=pl.String()))
    assert found.height == len(texts)
    assert found.columns == list(person_names.COLUMNS)
    for text, row in zip(texts, found.iter_rows(named=True), strict=True):
        assert row["value"] is None or row["value"].strip() == row["value"] != ""
        assert row["value"] is None or row["reason"] is None
        assert row["reason"] is None or row["reason"] in person_names.REASONS
        if text is None or not text.strip():
            assert set(row.values()) == {None}
        assert all(value != "" for value in row.values())


@settings(max_examples=15, deadline=None, phases=PHASES)
@given(st.lists(TEXTS, min_size=1, max_size=60))
def test_reading_a_value_again_gives_it(texts: list[str]) -> None:
    """A standard name is its own standard name."""
    values = person_names.read(pl.Series(texts, dtype=pl.String()))["value"].drop_nulls()
    assert person_names.read(values)["value"].to_list() == values.to_list()


@settings(max_examples=10, deadline=None, phases=PHASES)
@given(st.lists(TEXTS, min_size=2, max_size=30))
def test_a_cell_is_read_without_its_neighbours(texts: list[str]) -> None:
    """The order of the rows and what else is in the column make no difference."""
    series = pl.Series(texts, dtype=pl.String())
    assert person_names.read(series.reverse()).reverse().equals(person_names.read(series))


def test_an_empty_column_gives_no_rows() -> None:
    """A column without rows has a table without rows, with all columns."""
    assert person_names.read(pl.Series([], dtype=pl.String())).shape == (0, len(person_names.COLUMNS))


def test_the_expression_gives_the_value() -> None:
    """`clean` is the value of `read` as an expression."""
    names = pl.DataFrame({"name": ["王先生", "Smith, John", "测试", None]})
    assert names.select(person_names.clean(pl.col("name")))["name"].to_list() == ["王", "John Smith", None, None]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Иванов Иван Иванович", ("Иванов", "Иван", "Иванович")),
        ("Иван Иванович Иванов", ("Иванов", "Иван", "Иванович")),
        ("Петрова, Анна Сергеевна", ("Петрова", "Анна", "Сергеевна")),
    ],
)
def test_the_surname_before_a_patronymic(text: str, parts: tuple[str, str, str]) -> None:
    """A name in Cyrillic that ends with its patronymic begins with the surname, as East Slavic offices write it."""
    found = person_names.read(pl.Series([text])).row(0, named=True)
    assert (found["family_name"], found["given_name"], found["middle_name"]) == parts
