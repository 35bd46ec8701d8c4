"""What people and systems write into a field that must not stay empty: values that say that nothing is known.

Belongs here: the words and numbers, by kind of value, and telling them as whole values. Does not belong here: what
becomes of them (each type of value), and real values that too many rows share (`linkage` counts those).

Listed is what no customer can own: 13800138000 is an operator's own number, 123456 no identifier. Not listed is what
somebody may own although many type it: the birth date 1970-01-01, the name 张三, 01 23 45 67 89 in Paris, addresses at
example.com with a name of their own, `test` as a word of a text.
"""

from __future__ import annotations

import re
from string import ascii_lowercase, digits
from typing import Literal

import polars as pl

from crm_pipeline.standardise.text import text_forms

Kind = Literal["text", "phone", "email", "identifier", "date", "name"]

# In any field. Compared as whole values, without case, width, outer blanks and brackets or quotes around them.
WORDS = (
    *("n/a", "n.a.", "n.a", "#n/a", "null", "none", "nil", "\\n", "unknown", "undefined", "not available"),
    *("not applicable", "not provided", "not specified", "not known", "no data", "tbd", "tba", "tbc"),
    *("-", "--", "---", "—", "——", "———", "/", "//", "\\", "_", "__", "~", "??", "???", "·", "。"),
    *(".", "..", "...", "......", "…", "……"),
    *(
        "无",
        "無",
        "未知",
        "不详",
        "不詳",
        "不明",
        "不清楚",
        "不知道",
        "暂无",
        "暫無",
        "没有",
        "沒有",
        "空",
        "空值",
        "空白",
    ),
    *(
        "缺失",
        "暂缺",
        "未填",
        "未填写",
        "未填寫",
        "未填报",
        "未录入",
        "未登记",
        "未提供",
        "未说明",
        "无数据",
        "没有数据",
    ),
    *("暂无数据", "无资料", "暂无资料", "无信息", "暂无信息", "待补充", "待完善", "待定", "待确认", "待补", "不适用"),
    *("保密", "不便透露", "不愿透露", "拒绝透露", "拒绝提供", "请选择", "--请选择--", "请输入", "please select"),
    *("#ref!", "#value!", "#div/0!", "#name?", "#num!", "#null!"),  # a spreadsheet's errors
)
# The same in these cases alone: Na and Nan are names (李娜, 南).
EXACT_WORDS = ("na", "NA", "nan", "NaN", "NAN")
_NAMES = (
    *("test", "tester", "testing", "测试", "測試", "测试用户", "测试客户", "测试公司", "先生", "女士", "小姐", "太太"),
    *("客户", "客戶", "顾客", "用户", "用戶", "会员", "个人", "匿名", "匿名用户", "游客", "访客", "散客", "某某"),
    *("anonymous", "guest", "customer", "client", "user", "mr", "mr.", "mrs", "mrs.", "ms", "ms.", "miss", "sir"),
    *("madam", "no name", "noname", "asdf", "qwerty"),
)
_EDGE = r"[\s\p{Z}\p{Cc}]*"


def _either(*patterns: str) -> str:
    return "(?:" + "|".join(patterns) + ")"


def _repeated(characters: str, least: int) -> str:
    """One of the characters `least` times or more: the engine of Polars and DuckDB has no back references."""
    return _either(*(f"{re.escape(character)}{{{least},}}" for character in characters))


def _running(text: str, least: int) -> str:
    """The first `least` or more characters of the text."""
    return _either(*(re.escape(text[:length]) for length in range(least, len(text) + 1)))


def _any_width(word: str) -> str:
    """The word with each character of ASCII in its plain or its full-width form."""
    return "".join(
        r"[\s\p{Z}]+" if x == " " else f"[{re.escape(x)}{chr(ord(x) + 0xFEE0)}]" if x.isascii() else x for x in word
    )


# A whole cell without a value, written so that RE2 (DuckDB) and Polars read it alike: RE2's \s is that of ASCII alone.
_WORDS = _either(*(_any_width(word) for word in WORDS), f"(?-i:{_either(*map(_any_width, EXACT_WORDS))})")
_OPENING, _CLOSING = r"""[(\[<{"'（［【〈《“‘]""", r"""[)\]>}"'）］】〉》”’]"""
WORD = _either(f"{_WORDS}[。！!]?", f"{_OPENING}{_EDGE}{_WORDS}?{_EDGE}{_CLOSING}")
_WORD = f"(?i)^{_EDGE}{WORD}{_EDGE}$"


def _beginnings() -> str:
    """What every text that `_WORD` matches begins with: two characters of a word, one of a shorter one, a bracket."""
    seconds: dict[str, set[str]] = {}
    for word in (*WORDS, *EXACT_WORDS):
        seconds.setdefault(word[0].lower(), set()).add(word[1:2].lower())
    parts = [
        _any_width(first) + ("" if "" in others else _either(*map(_any_width, sorted(others))))
        for first, others in seconds.items()
    ]
    return f"(?i)^{_EDGE}{_either(_OPENING, *parts)}"


# Made of few states, and so made quickly: Polars keeps 32 patterns, and makes the others again for each column.
_BEGINNING = _beginnings()

_ASCENDING = "1234567890" * 2
# Digits alone, the calling code 86 taken away. 12345 is a hotline of Chinese cities, 1381234567x may be somebody's.
_PHONE_DIGITS = _either(
    _repeated(digits, 4),  # 111 and 999 are called in need
    "0+",
    _running(_ASCENDING, 6),
    *("12345678900", "12345678910", "7654321", "87654321", "987654321", "9876543210"),
    "1[3-9][0-9]0{8}",
    "13800138000",  # China Mobile's own, on every poster of the 1990s
)
_NO_PHONE = _either("(?:暂)?(?:无|無|没有)(?:电话|手机|手机号|联系方式|号码)", "no ?(?:tele)?phone")
# ITU-T E.164: one, two or three figures, told by the first two; with others, +1 438 888 8888 would seem to be one.
_CALLING_CODE = _either(
    "[17]|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]",
    "(?:2[1-689]|3[578]|42|5[09]|6[7-9]|8[0578]|9[679])[0-9]",
)
# The same behind a calling code, digits and a plus alone.
PLACEHOLDER_PHONE = _either(rf"(?:\+|00)?(?:86)?{_PHONE_DIGITS}", rf"\+{_CALLING_CODE}{_repeated(digits, 7)}")

_NOBODY = _either(
    *(r"(?:do?[-_.]?)?(?:not?)[-_.]?reply", r"no[-_.]?e?[-_.]?mails?", "none", "null", "nil", "unknown", "undefined"),
    *(r"n/?a[-_.]?n/?a", "n/a", r"not[-_.]?available", r"no[-_.]?address", "nobody", "anonymous", "无", "没有"),
)
_NUMBER = _either("1{3,}", "0{3,}", _running(_ASCENDING, 3))  # 163, 126 and 139 are providers
_ANYONE = _either(
    *("test[0-9]*", "testing", "tester", "user(?:name)?", "your[-_.]?(?:name|e?mail)", "e?mail", "name", "someone"),
    *("somebody", "example", "sample", "demo", "foo", "asdf", "qwerty", "no", "na", "abc", "测试"),
    _NUMBER,
)
_NOWHERE = _either(
    *("test[0-9]*", "testing", "none", "no", "na", "null", "nil", "e?mail", "e-mail", "no[-]?e?mail", "example"),
    *("(?:your|my)?domain", "(?:your)?company", "abc", "foo", "bar", "asdf", "qwerty", "unknown", "sample", "demo"),
    *(_NUMBER, "测试"),
)
# In lower case.
PLACEHOLDER_EMAIL = _either(
    rf"{_NOBODY}@[^@]+",
    rf"{_ANYONE}@{_NOWHERE}(?:\.[a-z]{{2,}}){{1,2}}",
    *(rf"{x}+@{x}+(?:\.[a-z]{{2,}}){{1,2}}" for x in ascii_lowercase),
    _either(_running(_ASCENDING[:10], 5), _repeated("01", 5)) + r"@[a-z0-9]+(?:\.[a-z]{2,}){1,2}",
)

# Fewer repetitions may be a number that a system counted to.
_IDENTIFIER = _either(
    "0+",
    _repeated(digits + ascii_lowercase + "*?#-.", 6),
    _running(_ASCENDING, 6) + "x?",
    _running("0" + _ASCENDING, 6),
    _repeated("*?#", 2),
    "test",
)


def _day(year: str, month: str, day: str) -> str:
    """A day in the usual orders; leading zeros may be missing."""
    month, day = month.replace("0", "0?", 1), day.replace("0", "0?", 1)
    sign = "[-/. 年月]?"
    last = rf"[-/.]{year}"
    return _either(f"{year}{sign}{month}{sign}{day}日?", f"{day}[-/.]{month}{last}", f"{month}[-/.]{day}{last}")


# Defaults of systems: MySQL's zero date, .NET's first day, SQL Server's first days, the days 0 and 1 of Excel and OLE,
# and "for ever". 1970-01-01, the first of Unix, is the birthday of too many.
_DATE = (
    _either(
        *(_day("0000", month, "0[01]") for month in ("00", "01")),
        _day("0001", "01", "01"),
        _day("1753", "01", "01"),
        *(_day("1899", "12", day) for day in ("30", "31")),
        *(_day("1900", "01", day) for day in ("00", "01")),
        _day("9999", "12", "31"),
        _day("9999", "99", "99"),
    )
    + r"(?:[t ](?:00:00(?::00(?:\.0+)?)?|23:59(?::59(?:\.[0-9]+)?)?)z?)?"
)
_NAME = _either(*(re.escape(word) for word in _NAMES), _repeated("x*?.", 2), _repeated(digits, 1))

_OWN: dict[Kind, str] = {
    "phone": _either(PLACEHOLDER_PHONE, _NO_PHONE),
    "email": _either(PLACEHOLDER_EMAIL, "(?:暂)?(?:无|無|没有)(?:邮箱|邮件|电子邮箱|电子邮件)", "no ?e-?mail"),
    "identifier": _IDENTIFIER,
    "date": _DATE,
    "name": _NAME,
}


def is_placeholder(values: pl.Expr, kind: Kind = "text") -> pl.Expr:
    """Whether the whole text says that nothing is known; null for null, false for a blank.

    Case, width and outer blanks make no difference; in phones, neither do blanks, hyphens, points and brackets.

    Args:
        values: text.
        kind: `text` knows the words alone; the others know these and what is a placeholder in their field.
    """
    if kind == "text":
        return values.map_batches(_are_words, return_dtype=pl.Boolean(), is_elementwise=True)
    plain = text_forms.normalised(values, "NFKC").str.to_lowercase().str.strip_chars()
    if kind == "phone":
        plain = plain.str.replace_all(r"([0-9])[\s().-]+", "$1").str.replace(r"^(\+?)[\s(]+([0-9])", "$1$2")
    if kind == "email":
        plain = plain.str.replace(r"^mailto:\s*", "").str.replace(r"^<(.*)>$", "$1")
    own = f"^{_OWN[kind]}$"
    return plain.map_batches(
        lambda texts: texts.str.contains(own) | _are_words(texts), return_dtype=pl.Boolean(), is_elementwise=True
    )


def without(values: pl.Expr) -> pl.Expr:
    """The texts, null for those that say that nothing is known and for empty ones."""
    return values.map_batches(_without_words, return_dtype=pl.String(), is_elementwise=True)


def _without_words(texts: pl.Series) -> pl.Series:
    return texts.set(_are_words(texts) | (texts == ""), None)


def _are_words(texts: pl.Series) -> pl.Series:
    """Whether each text is a word for nothing; few begin like one, and those alone are read to the end."""
    found = texts.str.contains(_BEGINNING)
    rows = found.arg_true()
    return found if rows.is_empty() else found.scatter(rows, texts.gather(rows).str.contains(_WORD))
