"""Currencies by their ISO 4217 codes, names and signs.

Belongs here: which words and signs stand for one currency, and which for several. Does not belong here: amounts
(`money`).
"""

from __future__ import annotations

from functools import cache

import pycountry
from babel import Locale
from babel.numbers import get_territory_currencies

# What is written for one currency alone, in upper case and NFKC.
_NAMES = {
    "CNY": ("RMB", "人民币", "人民幣", "CN¥", "元", "圆", "块", "块钱", "元人民币", "CHINESE YUAN", "YUAN", "RENMINBI"),
    "USD": ("US$", "USD$", "U.S.$", "美元", "美金", "US DOLLAR", "US DOLLARS"),
    "HKD": ("HK$", "HKD$", "港币", "港幣", "港元", "港纸"),
    "TWD": ("NT$", "NTD", "新台币", "新臺幣", "台币", "臺幣", "新台幣"),
    "MOP": ("MOP$", "澳门元", "澳门币", "葡币"),
    "EUR": ("€", "EURO", "EUROS", "欧元", "歐元"),
    "GBP": ("£", "英镑", "英鎊", "STG", "POUND STERLING"),
    "JPY": ("JP¥", "日元", "日圆", "日圓", "円", "YEN"),
    "KRW": ("₩", "韩元", "韩币", "韓元", "원"),
    "SGD": ("S$", "新加坡元", "新币", "坡币"),
    "AUD": ("A$", "AU$", "澳元", "澳币"),
    "CAD": ("C$", "CA$", "加元", "加拿大元", "加币"),
    "NZD": ("NZ$", "新西兰元", "纽币"),
    "CHF": ("SFR", "SFR.", "FR.", "瑞士法郎", "瑞郎"),
    "INR": ("₹", "卢比", "印度卢比"),
    "THB": ("฿", "泰铢", "泰銖"),
    "RUB": ("₽", "卢布", "盧布"),
    "VND": ("₫", "越南盾"),
    "MYR": ("RM", "马币", "林吉特", "令吉"),
    "PHP": ("₱",),
    "ILS": ("₪",),
    "TRY": ("₺", "TL"),
    "UAH": ("₴",),
    "PLN": ("ZŁ", "ZL"),
    "BRL": ("R$",),
    "CZK": ("KČ",),
    "HUF": ("FT",),
}
# Signs of several currencies: told only by the currency that the source is known to have.
SHARED_SIGNS = {
    "¥": frozenset({"CNY", "JPY"}),
    "$": frozenset({"USD", "HKD", "TWD", "SGD", "AUD", "CAD", "NZD", "MXN", "CLP", "COP", "ARS", "BND"}),
    "元": frozenset({"CNY", "TWD", "HKD", "MOP", "SGD", "JPY"}),
    "KR": frozenset({"SEK", "NOK", "DKK", "ISK"}),
}


_NO_CURRENCY = ("XXX", "XTS")  # ISO 4217: none, and for tests


@cache
def known() -> dict[str, str]:
    """Each code, name and sign of one currency, in upper case, to its ISO 4217 code.

    The names are ours and, in English and Chinese, CLDR's; a code or name may have its shared sign beside it: RMB¥.
    """
    codes = {currency.alpha_3: currency.alpha_3 for currency in pycountry.currencies}
    codes = {code: code for code in codes if code not in _NO_CURRENCY}
    own = codes | {name: code for code, names in _NAMES.items() for name in names}
    signed = {
        f"{name}{blank}{sign}": code
        for name, code in own.items()
        for sign, several in SHARED_SIGNS.items()
        if code in several and not name.endswith(sign)
        for blank in ("", " ")
    }
    return _names_of_cldr(codes) | signed | own


@cache
def by_number() -> dict[str, str]:
    """The three figures of each currency, such as 156, to its ISO 4217 code."""
    return {each.numeric: each.alpha_3 for each in pycountry.currencies if each.alpha_3 not in _NO_CURRENCY}


@cache
def of_country(country: str) -> str | None:
    """The ISO 4217 code of a country's own currency; null where it has none or several.

    Args:
        country: ISO 3166-1 alpha-2.
    """
    found = get_territory_currencies(country)
    return found[0] if len(found) == 1 else None


def _names_of_cldr(codes: dict[str, str]) -> dict[str, str]:
    names: dict[str, set[str]] = {}
    for language in ("en", "zh"):
        for code, name in Locale.parse(language).currencies.items():
            if code in codes:
                names.setdefault(name.upper(), set()).add(code)
    return {name: min(several) for name, several in names.items() if len(several) == 1}
