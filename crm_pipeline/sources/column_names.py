"""Names of delivered columns in one form, so that one table of words serves Chinese, English and pinyin.

Belongs here: case, separators, camel case, abbreviations, traditional characters, prefixes. Does not belong here: what
a name means (`suggestion_words`).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

# Traditional characters of column names, each with its simplified one.
_TRADITIONAL = str.maketrans(
    "戶稱電話號碼郵編箱聯繫絡類別個單業會員員證統業國產縣區鄉鎮詳細職務時間創建註冊錄訂購買價貨發數總額幣種狀態開關閉"
    "負責經營銷賬體團處門訊誕檔顧體賓聲活動渠費預結標題內優級滿評論評價應實際機階斷繳納稅識經網來維護姓舊備傳線歸屬戶僱贏",
    "户称电话号码邮编箱联系络类别个单业会员员证统业国产县区乡镇详细职务时间创建注册录订购买价货发数总额币种状态开关闭"
    "负责经营销账体团处门讯诞档顾体宾声活动渠费预结标题内优级满评论评价应实际机阶断缴纳税识经网来维护姓旧备传线归属户雇赢",
)
_ABBREVIATIONS = {
    "no": "number", "num": "number", "nr": "number", "nbr": "number", "nmbr": "number", "cd": "code", "nm": "name",
    "tel": "telephone", "ph": "phone", "mob": "mobile", "tele": "telephone", "addr": "address", "adr": "address",
    "dt": "date", "tm": "time", "ts": "time", "qty": "quantity", "amt": "amount", "curr": "currency", "cur": "currency",
    "cust": "customer", "cst": "customer", "client": "customer", "kunde": "customer", "kunnr": "customer",
    "acct": "account", "acc": "account", "ord": "order", "sls": "sales", "prd": "product", "prod": "product",
    "cat": "category", "desc": "description", "descr": "description", "inv": "invoice", "org": "organisation",
    "fname": "firstname", "lname": "lastname", "gndr": "gender", "gen": "gender", "cntry": "country", "ctry": "country",
    "prov": "province", "dob": "birthdate", "bdate": "birthdate", "cid": "customerid", "bp": "partner",
    "seq": "sequence",
    "pct": "percent", "yr": "year", "mgr": "manager", "rep": "representative", "stat": "status", "pmt": "payment",
    "mtime": "updatetime", "ctime": "createtime",
}  # fmt: skip
_PREFIXES = frozenset(
    {"customer", "user", "member", "partner", "account", "crm", "erp", "tbl", "fld", "col", "f", "c", "k", "contact",
     "company", "person", "order", "product", "ticket", "campaign", "record", "data", "field", "object"}
)  # fmt: skip
_CHINESE_PREFIXES = (
    "客户",
    "用户",
    "会员",
    "顾客",
    "公司",
    "企业",
    "单位",
    "联系",
    "所在",
    "所属",
    "常用",
    "主要",
    "个人",
    "的",
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SEPARATORS = re.compile(r"[^0-9a-z\u3400-\u9fff]+")
_SCRIPTS = re.compile(r"[\u3400-\u9fff]+|[0-9a-z]+")
_SHARED_SHARE, _SHARED_COLUMNS = 0.6, 3


def words_of(name: str) -> list[str]:
    """The words of a name: lower case, simplified, abbreviations written out; Chinese stays in one piece.

    `custPhoneNo`, `CUST_PHONE_NO` and `cust-phone-no` are customer, phone, number.
    """
    text = unicodedata.normalize("NFKC", name).translate(_TRADITIONAL)
    text = _CAMEL.sub(" ", text).lower().replace("e-mail", "email")
    pieces = [piece for part in _SEPARATORS.split(text) for piece in _SCRIPTS.findall(part)]
    return [_ABBREVIATIONS.get(piece, piece) for piece in pieces]


def readings(words: Sequence[str]) -> list[tuple[str, float]]:
    """What a name may be read as, each with how near that is to the name itself, 0 to 1; the nearest first.

    The whole name; without a prefix such as customer or 客户; its last words, which say what a thing is.
    """
    whole = "".join(words)
    found = {whole: 1.0}
    if len(words) > 1 and words[0] in _PREFIXES:
        found.setdefault("".join(words[1:]), 0.95)
    for prefix in _CHINESE_PREFIXES:
        if whole.startswith(prefix) and len(whole) > len(prefix):
            found.setdefault(whole.removeprefix(prefix), 0.95)
    numberless = re.sub(r"\d+$", "", whole)
    if numberless and numberless != whole:
        found.setdefault(numberless, 0.9)
    for start in range(1, len(words)):
        found.setdefault("".join(words[start:]), 0.85 - 0.02 * start)
    if len(words) > 1 and words[-1] in {"code", "value", "text", "name", "number", "id"}:
        found.setdefault("".join(words[:-1]), 0.75)
    if not whole.isascii():
        for start in range(1, len(whole) - 1):
            found.setdefault(whole[start:], round(0.55 + 0.35 * (len(whole) - start) / len(whole), 3))
    return sorted(found.items(), key=lambda item: -item[1])


def without_shared_prefix(names: Sequence[str]) -> list[list[str]]:
    """The words of each name, without a first word that most names of the file share, such as cst in cst_id."""
    split = [words_of(name) for name in names]
    firsts = Counter(words[0] for words in split if len(words) > 1)
    if not firsts or len(names) < _SHARED_COLUMNS:
        return split
    word, count = firsts.most_common(1)[0]
    if count < _SHARED_SHARE * len(names):
        return split
    return [words[1:] if len(words) > 1 and words[0] == word else words for words in split]
