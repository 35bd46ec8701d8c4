"""Claims on encodings: told right where they can be told, refused with a cure where not, never silently wrong."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from crm_pipeline.errors import DeliveryError
from crm_pipeline.sources.files.encodings import Encoding, encoding_of
from crm_pipeline_tests.sources.reading import held_back, read_bytes

SIMPLIFIED = """
姓名 电话 客户 地址 北京市 朝阳区 王小明 李丽 张伟 公司 有限公司 华为 负责人 部门 登记日期 状态 金额
订单 商品 上海市 浦东新区 陈静 统一社会信用代码 邮编 备注 业务 经理 未付款 已完成 取消 退货 欧阳娜
赵敏 杨洋 深圳 客户编号 手机号码 会员等级 创建时间
"""
TRADITIONAL = """
姓名 電話 客戶 地址 臺北市 信義區 陳志明 林淑芬 黃俊傑 公司 股份有限公司 台積電 負責人 部門 登錄日期
狀態 金額 訂單 商品 高雄市 新竹 張雅婷 統一編號 郵遞區號 備註 業務 經理 未付款 已完成 取消 退貨
"""
# Texts of other encodings: none of them may be taken for Chinese.
OTHERS = {
    "cp949": """
이름 전화 고객 주소 서울특별시 강남구 김철수 박영희 이민호 회사 삼성전자 담당자 등록일 상태 금액
주문번호 상품
""",
    "euc_kr": """
부산광역시 해운대구 대한민국 경기도 성남시 분당구 민준 서연 우편번호 휴대폰 이메일 비고 영업부 과장
대리 사원
""",
    "cp932": """
名前 電話番号 顧客 住所 東京都 新宿区 山田太郎 鈴木花子 株式会社 ソニー 担当者 さくら メール カナ
ヤマダ
""",
    "euc_jp": """
名前は 電話番号と 顧客の 住所へ 東京都の 山田さん 鈴木さん 株式会社ソニー さくら メール カナ
ヤマダタロウ
""",
    "cp1251": """
имя телефон клиент адрес Москва Петербург Иванов Петров компания общество дата сумма заказ статус
""",
    "koi8-r": """
имя телефон клиент адрес Москва Петербург Иванов Петров компания общество дата сумма заказ статус
""",
    "cp866": """
имя телефон клиент адрес Москва Петербург Иванов Петров компания общество дата сумма заказ статус
""",
    "cp1252": """
prénom téléphone société Müller Größe Straße Zürich Île où garçon naïve Ælfred Øresund España señor
mañana
""",
    "mac_roman": """
prénom téléphone société Müller Größe Straße Zürich Île où garçon naïve España señor mañana
""",
    "cp1253": """
όνομα τηλέφωνο πελάτης διεύθυνση Αθήνα εταιρεία Παπαδόπουλος Γιώργος
""",
    "cp1254": """
müşteri adı şirket İstanbul çağrı ölçü değer Ğ ılık güneş
""",
    "cp1255": """
שם טלפון לקוח כתובת תל אביב ירושלים חברה כהן לוי
""",
    "cp1256": """
اسم هاتف عميل عنوان القاهرة شركة محمد أحمد علي
""",
}


def tables(words: str, count: int) -> list[str]:
    """Small and larger CSV texts of random words, the same every time."""
    choice = random.Random(1)
    known = words.split()
    sizes = [(2, 2), (3, 3), (2, 8), (4, 40)]
    return [
        "".join(",".join(choice.choices(known, k=width)) + "\n" for _ in range(height))
        for width, height in sizes
        for _ in range(count)
    ]


def told(folder: Path, content: bytes) -> Encoding | None:
    """What the bytes tell; None where that is refused."""
    (folder / "x.csv").write_bytes(content)
    try:
        return encoding_of(folder / "x.csv", None, "w")
    except DeliveryError as error:
        assert "Set read.encoding" in error.cure
        return None


MARKED = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le", "utf-16-be": "utf-16-be"}


@pytest.mark.parametrize("encoding", [*MARKED])
def test_byte_order_mark(tmp_path: Path, encoding: str) -> None:
    """A byte order mark tells the encoding, and is no part of the first name."""
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    read = read_bytes(tmp_path, f"{mark}姓名,市\n王,京\n".encode(encoding))
    assert (read.origin.encoding, read.columns) == (MARKED[encoding], ("姓名", "市"))
    assert read.origin.details["encoding"] == "byte order mark"
    assert read.frame.rows() == [("王", "京", 2)]


@pytest.mark.parametrize(
    ("words", "encoding"),
    [(SIMPLIFIED, "utf-8"), (TRADITIONAL, "utf-8"), (SIMPLIFIED, "gb18030"), (TRADITIONAL, "big5")],
    ids=["utf-8", "utf-8 traditional", "gb18030", "big5"],
)
def test_chinese_text_is_told(tmp_path: Path, words: str, encoding: str) -> None:
    """Chinese tables of a few words and of many are told right, with the reason; of tiny ones one may be refused."""
    contents = [text.encode(encoding) for text in tables(words, 20)]
    names = [found.name if (found := told(tmp_path, content)) else None for content in contents]
    assert set(names) <= {encoding, None}
    assert names[20:].count(None) == 0
    assert names[:20].count(None) <= 1
    assert "over the whole file" in (told(tmp_path, contents[-1]) or Encoding("", "")).reason


@pytest.mark.parametrize("encoding", [*OTHERS])
def test_other_encodings_are_not_taken_for_chinese(tmp_path: Path, encoding: str) -> None:
    """Text that is neither UTF-8 nor Chinese is refused with the cure, however short it is."""
    for text in tables(OTHERS[encoding], 12):
        content = text.encode(encoding, errors="ignore")
        if not content.isascii():
            assert told(tmp_path, content) is None, text


@pytest.mark.parametrize("encoding", [*OTHERS, "gb18030", "big5"])
def test_any_encoding_that_is_set_is_decoded_right(tmp_path: Path, encoding: str) -> None:
    """With its encoding set, a text in any of these languages comes out as it was written, and no line is held back."""
    words = {"gb18030": SIMPLIFIED, "big5": TRADITIONAL, **OTHERS}[encoding].split()
    lines = [[word, "138"] for word in words if word.encode(encoding, errors="ignore").decode(encoding) == word]
    content = "".join(f"{','.join(cells)}\r\n" for cells in [["a", "b"], *lines]).encode(encoding)
    read = read_bytes(tmp_path, content, encoding=encoding)
    assert [list(row[:2]) for row in read.frame.rows()] == lines
    assert (len(lines) > len(words) / 2, held_back(read)) == (True, {})


SMALL = {
    "names of columns": "姓名,电话\nWang,138\n",
    "cells alone": "name,city\n王小明,北京\nLee,Paris\n",
    "CRM header": "客户编号,客户名称,手机号码,会员等级\n1,A,138,2\n",
}


@pytest.mark.parametrize("encoding", ["gb18030", "gbk", "big5", "utf-8"])
@pytest.mark.parametrize("text", SMALL.values(), ids=[*SMALL])
def test_few_characters(tmp_path: Path, text: str, encoding: str) -> None:
    """A handful of Chinese characters is enough."""
    if encoding == "big5":
        text = text.translate(str.maketrans("电话会员号码户编称级", "電話會員號碼戶編稱級"))
    found = told(tmp_path, text.encode(encoding))
    assert found is not None
    assert found.name == encoding.replace("gbk", "gb18030")


def test_rare_characters_of_gb18030(tmp_path: Path) -> None:
    """Four-byte characters among usual ones come out right; more of them than usual ones are refused."""
    text = "".join(f"王{i}㐀𠀀,北京市朝阳区\n" for i in range(9))
    read = read_bytes(tmp_path, ("姓名,地址\n" + text).encode("gb18030"))
    assert read.origin.encoding == "gb18030"
    assert read.frame["姓名"][0] == "王0㐀𠀀"
    assert told(tmp_path, ("a,b\n" + "㐀𠀀,𠀁𠀂\n" * 9).encode("gb18030")) is None


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_refused(tmp_path: Path, encoding: str) -> None:
    """UTF-16 without a byte order mark is refused with what to set, by itself and as utf-16; with it set it is read."""
    content = "姓名,市\n王小明,北京\n".encode(encoding)
    for options in ({}, {"encoding": "utf-16"}):
        with pytest.raises(DeliveryError, match="without a byte order mark") as caught:
            read_bytes(tmp_path, content, **options)
        assert "utf-16-le or utf-16-be" in caught.value.cure
    assert read_bytes(tmp_path, content, encoding=encoding).frame.rows() == [("王小明", "北京", 2)]


def test_a_damaged_line_is_named_in_the_cure(tmp_path: Path) -> None:
    """UTF-8 with one damaged line is refused with the encoding to set; with it set the line is held back."""
    content = b"a,b\n" + "王,1\n".encode() * 20 + b"\xff,1\n"
    with pytest.raises(DeliveryError, match=r"utf-8 \(1 of 21 lines with other characters than ASCII are not"):
        read_bytes(tmp_path, content)
    assert held_back(read_bytes(tmp_path, content, encoding="utf-8")) == {22: b"\xff,1"}


def test_set_encoding_is_used(tmp_path: Path) -> None:
    """The encoding that is set is used even where another seems right."""
    content = "姓名,市\n王小明,北京\n".encode("gb18030")
    read = read_bytes(tmp_path, content, encoding="cp949")
    assert (read.origin.encoding, read.origin.details["encoding"]) == ("cp949", "as set")
    assert read.columns[0] != "姓名"
