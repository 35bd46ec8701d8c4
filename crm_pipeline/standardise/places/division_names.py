"""The divisions that a text begins with, as one place: 上海浦东区 is 310115.

Belongs here: reading names one after another, the smaller one within the larger, by the table of `divisions`. It works
on one text in plain Python: call it on distinct beginnings. Does not belong here: cutting addresses into beginnings and
streets (`chinese_addresses`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from crm_pipeline.standardise.places import divisions
from crm_pipeline.standardise.text import chinese_characters

_KEPT = 50_000  # readings that a process keeps: beginnings of addresses come again in every delivery
_SEPARATORS = " \u3000,，、/|·.-—"
# Headings of GB/T 2260 that are sometimes written out between a city and its district.
_HEADING = re.compile(r"(?:雄安新区|市辖区|县级行政区划|(?:省|自治区)?直辖县级行政(?:区划|单位)|省直辖)")
# A new area of three counties, which has no code of its own, so its name stands before theirs.
_NEW_AREA = re.compile("雄安新区")
_ROAD = r"(?:大道|大街|路(?![南北]区|桥|氹)|街|道|巷|弄|胡同|里)"
# A full name that is itself part of a road or a firm: 沙县路.
_AFTER_FULL = re.compile(r"(?:大道|路(?![南北]区|桥)|街(?!道)|巷|胡同)")
# What follows a short name that is not a division: 北京西路, 朝阳公园路, 朝阳镇, 上海大厦, 南京大学.
_AFTER_SHORT = re.compile(
    r"(?:[省市县区州盟旗镇乡村庄港站]|屯(?!门)"
    rf"|(?:[东西南北中前后内外上下新老大小一二三四五六七八九十]{{0,2}}|公园|体育场?|火车|步行|商业|\w)?{_ROAD}"
    r"|(?:国际|世纪|时代|中心)?(?:广场|公园|大厦|大楼|花园|小区|新村|公寓|酒店|饭店|宾馆|商城|山庄|苑)"
    r"|大学|学院|中学|小学|医院|车站|机场|银行|有限|股份|集团|公司)"
)
# Names that many cities had or have: they say something only after their city.
_GENERIC = re.compile(r"[东西南北中]?[城郊市矿新]?区|[东西南北]部?|[东西南北]{2}区")

# A city, but alone it is as often meant for a district of Beijing or Changchun.
_DOUBTFUL_ALONE = frozenset({"朝阳"})


@dataclass(frozen=True, slots=True)
class Division:
    """One division that a word may mean.

    Attributes:
        code: its code, maybe no longer in force.
        current: the code of what it is today; its own where it was split up.
        lineage: the codes of all that it is or was part of, itself included.
    """

    code: str
    current: str
    level: int
    is_short: bool
    is_in_force: bool
    lineage: frozenset[str]

    def is_within(self, other: Division) -> bool:
        """Whether the other contains this division, or did."""
        return bool(self.lineage & {other.code, other.current})


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text begins with.

    Attributes:
        length: how many characters the names take, with what separates them.
        code: the place; empty where there is none, or several that the names do not tell apart.
        levels: the levels that were written out, such as "13" for province and district.
    """

    length: int
    code: str
    levels: str


def _lineage(code: str) -> set[str]:
    return {code, f"{code[:2]}0000", f"{code[:4]}00"}


@cache
def _words() -> dict[str, tuple[Division, ...]]:
    """Every written name with all that it may mean."""
    words: dict[str, list[Division]] = {}
    for written, level, is_short, code, current in divisions.names().iter_rows():
        now = current or code
        lineage = frozenset(_lineage(code) | _lineage(now))
        words.setdefault(written, []).append(Division(code, now, level, is_short, code == current, lineage))
    return {written: tuple(many) for written, many in words.items()}


@cache
def _longest() -> int:
    return max(map(len, _words()))


@cache
def simplified() -> dict[int, str]:
    """For `str.translate`: the traditional characters of the divisions' names as simplified ones, one for one."""
    used = set("".join(_words()))
    table = chinese_characters.table()
    found = {ord(old): new for old, new in table.items() if new in used and old not in used}
    return found | {ord("臺"): "台", ord("裏"): "里", ord("裡"): "里"}


@lru_cache(maxsize=_KEPT)
def read(text: str, within: str = "") -> Reading:
    """The place that the text begins with, below the place with the code `within` if there is one."""
    plain = text.translate(simplified())
    known = list(_known(within))
    position, levels = 0, ""
    while True:
        start = _skip(plain, position, is_first=not known)
        end, found = _next(plain, start, known)
        if not found:
            break
        highest = min((before.level for before in known), default=0)
        largest = [before for before in known if before.level == highest]
        is_again = any(_is_same(one, before) for one in found for before in largest)  # 上海 in 上海, once 上海县 too
        deeper = [one for one in found if _is_deeper(one, known)]
        if deeper and not is_again:
            known = deeper
            levels += str(min(one.level for one in deeper))
        position = end
    return Reading(position, _choice(known), levels)


def _known(code: str) -> tuple[Division, ...]:
    if not code:
        return ()
    level = 1 if code.endswith("0000") else 2 if code.endswith("00") else 3
    return (Division(code, code, level, is_short=False, is_in_force=True, lineage=frozenset(_lineage(code))),)


def _skip(text: str, position: int, *, is_first: bool) -> int:
    """The position after what may stand between two names."""
    while position < len(text) and text[position] in _SEPARATORS:
        position += 1
    heading = (_NEW_AREA if is_first else _HEADING).match(text, position)
    return heading.end() if heading else position


def _next(text: str, start: int, known: list[Division]) -> tuple[int, list[Division]]:
    """The end of the longest name there that goes with what is known, and all that it may mean; else (start, [])."""
    words = _words()
    for end in range(min(len(text), start + _longest()), start + 1, -1):
        meanings = words.get(text[start:end])
        if meanings:
            found = [one for one in meanings if _fits(one, text, start, end, known)]
            if found:
                return end, found
    return start, []


def _fits(one: Division, text: str, start: int, end: int, known: list[Division]) -> bool:
    """Whether the word between the positions can mean this division."""
    if one.is_short and _AFTER_SHORT.match(text, end) and not _goes_on(one, text, end):
        return False
    if one.level == divisions.DISTRICT and _AFTER_FULL.match(text, end):
        return False
    if not known:
        if one.level < divisions.DISTRICT:
            return text[start:end] not in _DOUBTFUL_ALONE
        return not (one.is_short or _GENERIC.fullmatch(text, start, end))
    if _is_deeper(one, known):
        return True
    is_again = any(before.is_within(one) for before in known)  # 上海市上海市, or the whole once more
    return is_again and not (one.is_short and one.level == divisions.DISTRICT)


def _goes_on(one: Division, text: str, start: int) -> bool:
    """Whether the full name of a division within this one stands there: 南阳 before 镇平县."""
    words = _words()
    ends = range(start + 2, min(len(text), start + _longest()) + 1)
    meanings = (meaning for end in ends for meaning in words.get(text[start:end], ()))
    return any(not meaning.is_short and meaning.level > one.level and meaning.is_within(one) for meaning in meanings)


def _is_same(one: Division, other: Division) -> bool:
    """Whether it is the same division; codes alone do not tell, some were given anew."""
    return (one.code, one.current) == (other.code, other.current)


def _is_deeper(one: Division, known: Sequence[Division]) -> bool:
    """Whether it lies in what is known, or nothing is known yet."""
    return not known or any(one.level > before.level and one.is_within(before) for before in known)


def _choice(found: Iterable[Division]) -> str:
    """The code of today if all that is found is one place; those in force and the larger ones come first."""
    places = list(found)
    places = [one for one in places if one.is_in_force] or places
    highest = min((one.level for one in places), default=0)
    codes = {one.current for one in places if one.level == highest}
    return codes.pop() if len(codes) == 1 else ""
