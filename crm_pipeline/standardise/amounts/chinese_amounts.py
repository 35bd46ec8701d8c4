"""Amounts in Chinese characters: 壹仟贰佰叁拾肆元伍角陆分, 三千五百万.

Belongs here: numerals to a decimal, and figures with several units (1亿2000万, 12元5角). Does not belong here: figures
with one unit behind them, such as 1.2万 (`money`).
"""

from __future__ import annotations

import re
from decimal import Decimal

_FIGURES = ("零〇○", "一壹", "二贰貳两兩", "三叁參", "四肆", "五伍", "六陆陸", "七柒", "八捌", "九玖")
_DIGITS = {sign: number for number, signs in enumerate(_FIGURES) for sign in signs}
_TENS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_MYRIADS = {"亿": 10**8, "億": 10**8, "万": 10**4, "萬": 10**4}
_SIGNS = "".join((*_DIGITS, *_TENS, *_MYRIADS))
# The whole amount: numerals, 元 or 圆, 角, 分, 整 or 正. The state's rules for bills ask for 整 where no 分 are named.
AMOUNT = rf"^[{_SIGNS}]+(?:[元圆圓](?:零?[{_SIGNS}]角)?(?:零?[{_SIGNS}]分)?[整正]?)?$"
_PARTS = re.compile(rf"^(?P<whole>[{_SIGNS}]+)(?:[元圆圓](?:零?(?P<jiao>\w)角)?(?:零?(?P<fen>\w)分)?[整正]?)?$")


_LONGEST = 60  # signs; amounts that fit have fewer, and splitting goes as deep as there are units
_FIGURE = r"[0-9]+(?:\.[0-9]+)?"
_MIXED = re.compile(
    rf"(?:(?P<yi>{_FIGURE})[亿億])?(?:(?P<wan>{_FIGURE})[万萬])?(?:(?P<qian>[0-9])千)?(?P<one>{_FIGURE})?"
    r"(?P<yuan>[元圆圓块])?(?:零?(?P<jiao>[0-9])[角毛])?(?:零?(?P<fen>[0-9])分)?[整正]?"
)
# Figures with at least two units, which is all that `mixed` reads; for the engine of Polars.
MIXED = r"^[0-9.]+[亿億万萬千元圆圓块角毛][0-9.亿億万萬千元圆圓块角毛分整正零]*$"


def mixed(text: str) -> Decimal | None:
    """The amount of figures with units, the larger first; null where the last may mean the next smaller unit (1万5)."""
    found = _MIXED.fullmatch(text)
    if not found:
        return None
    parts = {name: Decimal(found[name] or 0) for name in ("yi", "wan", "qian", "one", "jiao", "fen")}
    is_large = any(found[name] for name in ("yi", "wan", "qian"))
    is_colloquial = is_large and found["one"] and len(found["one"]) == 1
    is_falling = not (found["yi"] and parts["wan"] >= 10**4) and not (found["qian"] and parts["one"] >= 10**3)
    is_falling &= not (found["wan"] and parts["one"] >= 10**4)
    is_whole = found["yuan"] or not (found["one"] and (found["jiao"] or found["fen"]))
    if (
        is_colloquial
        or not is_falling
        or not is_whole
        or ("." in (found["one"] or "") and (found["jiao"] or found["fen"]))
    ):
        return None
    whole = parts["yi"] * 10**8 + parts["wan"] * 10**4 + parts["qian"] * 1000 + parts["one"]
    return whole + parts["jiao"] / 10 + parts["fen"] / 100


def decimal_of(text: str) -> Decimal | None:
    """The amount, null for numerals in an order that no number has, such as 万亿三十百."""
    parts = _PARTS.fullmatch(text) if len(text) <= _LONGEST else None
    if not parts:
        return None
    whole = _number(parts["whole"])
    small = [_DIGITS.get(parts[name] or "零") for name in ("jiao", "fen")]
    if whole is None or None in small:
        return None
    jiao, fen = (digit or 0 for digit in small)
    return whole + Decimal(jiao) / 10 + Decimal(fen) / 100


def _number(numerals: str) -> Decimal | None:
    """Numerals as a number, by splitting at the highest unit: 三亿五千万 is 3 × 亿 + 5000 × 万."""
    for sign, unit in _MYRIADS.items():
        if sign in numerals:
            before, _, after = numerals.rpartition(sign) if unit == 10**8 else numerals.partition(sign)
            if len(after) == 1 and after not in "十拾":
                return None  # 一万五 is said for 15000 and may be meant as 10005
            high, low = _number(before), _number(after.lstrip("零〇○")) if after else Decimal(0)
            is_number = high is not None and low is not None and low < unit
            return high * unit + low if high is not None and low is not None and is_number else None
    return _below_myriad(numerals)


def _below_myriad(numerals: str) -> Decimal | None:
    """A number below 10000 in characters, units falling from left to right; or figures in a row, 二〇二五."""
    if len(numerals) > 1 and all(sign in _DIGITS for sign in numerals):
        return None  # figures of a year or a telephone, not an amount
    total, digit, last = 0, None, 10**4
    for place, sign in enumerate(numerals):
        if sign in _DIGITS:
            if digit:
                return None
            digit = _DIGITS[sign]
            continue
        unit = _TENS[sign]
        if unit >= last or (digit is None and not (unit == 10 and place == 0)):
            return None
        total, digit, last = total + (1 if digit is None else digit) * unit, None, unit
    if digit and last > 10 and last < 10**4 and numerals[-2] not in "零〇○":
        return None  # 三百五 may be 305 or 350
    return Decimal(total + (digit or 0)) if numerals else None
