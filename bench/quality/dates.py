"""How right dates and times are, on the cases of three open-source parsers.

Belongs here: which cases are one full calendar date, told from their text alone, and what became of them. Left out are
parts of a date (no year, no month or no day), dates relative to another, spans, weeks and quarters, figures that are a
day in none of the orders year-month-day, day-month-year and month-day-year (2021-13-01, 06/2017/22, 01202020), and the
cases of the parsers for the Persian, Islamic and republican calendars whose text does not name the era.
"""

from __future__ import annotations

import csv
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import polars as pl

from bench.quality.figures import Figure
from crm_pipeline.standardise.calendar import date_order, dates, times
from crm_pipeline.standardise.calendar.date_order import DateOrder

TARGET = 0.97
_TODAY = date(2026, 11, 1)  # the cases are of 2003 to 2026
_OFFSET = r"(?:\s*(?:z\b|(?:utc|gmt)?[+-]\d{2}(?::?\d{2})?\b|\([a-z]+\)))*"
_CLOCK = (
    r"(?i)(?:[ap]m\s*)?\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d+)?" + _OFFSET + r"|t\d{2}\b"
    r"|\d{1,2}\s*[点點时時시]\s*(?:\d{1,2}\s*[分분]?)?(?:\s*\d+\s*秒)?"
    r"|\b\d{1,2}(?:\.\d+)?\s*h(?:\s*\d{2}\s*m?)?(?:\s*\d{2}(?:\.\d+)?s)?\b|\b\d{1,2}\s*[ap]\.?m\b(?!\s*\d)"
    r"|(?<=\d{2}\s)\d{1,2}\.\d{2}\b"
)
_RELATIVE = r"(?i)\b(?:later|il y a|next|last|prochain|demain|from now|week|semana)\b|\bago$|[前后後]$"
_SPAN = r"\d\s*[-–]\s*\d{1,2}\s+[^\W\d_]{3,}|[^\W\d_]{3,}\s+\d{1,2}\s*[-–]\s*\d{1,2}\b(?!\s*[-–])"
_LETTERS = r"(?:[^\W\d_]{2,}|[\u0900-\u0e7f]{2,})"
_QUARTER = r"(?i)\bq\s*0?[1-4]\b|\d\s*q\s*0?[1-4]\b"
_OTHER_CALENDARS = ("test_jalali.py", "test_hijri.py", "test_minguo.py")
_ERA = r"民[国國]"
_CHINESE = (
    r"^(?:[0-9]{2}|[0-9]{4}|[〇零○一二三四五六七八九]{4})年(?:[0-9]{1,2}|[一二三四五六七八九十]{1,2})月"
    r"[0-9一二三四五六七八九十]{1,3}[日号](?!.*[至到~—-])"
)


@dataclass(frozen=True, slots=True)
class Case:
    """A text, the moment that it is, and the order its suite reads it in when it has several."""

    text: str
    expected: str
    order: DateOrder | None


def measure(data: Path) -> list[Figure]:
    """Shares of full dates read as their suite reads them: each text a column of its own, ambiguous ones apart.

    Args:
        data: the folder with `value_truth`.
    """
    folder = data / "value_truth"
    sources = {
        "dates_dateparser.csv": list(_dateparser(folder / "dates_dateparser.csv")),
        "dates_dateutil.csv": list(_dateutil(folder / "dates_dateutil.csv")),
        "dates_cn.jsonl": list(_chinese(folder / "dates_cn.jsonl")),
    }
    clear: list[tuple[Case, DateOrder | None]] = []
    unclear: list[tuple[Case, DateOrder | None]] = []
    figures: list[Figure] = []
    for name, cases in sources.items():
        days = defaultdict(set)
        for case in cases:
            days[case.text].add(case.expected[:10])
        told = {case: _order_of(case.text, len(days[case.text])) for case in dict.fromkeys(cases)}
        own = [(case, order) for case, (order, is_clear) in told.items() if is_clear]
        clear += own
        unclear += [(case, case.order) for case, (_, is_clear) in told.items() if not is_clear and case.order]
        figures.append(_share(f"dates, {name}", own, None))
    note = "every suite; full dates that are a day in one order only"
    apart = "in the order that the suite asks for, month first by default; two-digit years by our window"
    return [
        _share("dates, all", clear, TARGET, note),
        *figures,
        _share("dates, ambiguous ones", unclear, None, apart),
        _times("times, all", clear),
    ]


def is_full(text: str) -> bool:
    """Whether a text is one date: a day in the order year-month-day, day-month-year or month-day-year, and no more."""
    if any(re.search(pattern, text) for pattern in (_RELATIVE, _QUARTER, _SPAN)):
        return False
    rest = re.sub(_CLOCK, " ", text.strip())
    numbers = re.findall(r"\d+", rest)
    has_month = bool(re.search(_LETTERS, rest))
    if len(numbers) == 1:
        return _is_compact(numbers[0])
    if len(numbers) == 2:
        return (has_month and _is_dated(rest, *numbers)) or bool(re.fullmatch(r"\d{4}[- ]\d{3}", rest.strip()))
    return len(numbers) == 3 and max(map(len, numbers)) <= 4 and bool(_orders(*numbers))


def is_ambiguous(text: str) -> bool:
    """Whether a full date may be another day in another order, told from its text alone."""
    numbers = re.findall(r"\d+", re.sub(_CLOCK, " ", text))
    if len(numbers) == 2:
        return all(len(number) <= 2 and int(number) <= 31 for number in numbers)
    return len(numbers) == 3 and "年" not in text and len(numbers[0]) < 4 and len(_orders(*numbers)) > 1


def _is_compact(number: str) -> bool:
    day = number[:8]
    if len(number) == 7:
        return number[:2] in {"19", "20"} and 1 <= int(number[4:]) <= 366
    return len(number) in {8, 12, 14} and _is_day(int(day[4:6]), int(day[6:]))


def _is_dated(text: str, first: str, second: str) -> bool:
    """Whether a month in letters has its day and year in one of the three orders."""
    days = [number for number in (first, second) if len(number) <= 2 and 1 <= int(number) <= 31]
    is_month_first = bool(re.search(_LETTERS + r"\W{0,3}\d+\D+\d+\W*$", text))
    return first in days if is_month_first and len(first) <= 2 else bool(days)


def _orders(first: str, second: str, third: str) -> set[tuple[int, int]]:
    """The months and days that three numbers may be."""
    one, two, three = int(first), int(second), int(third)
    readings = {(two, three)} if len(third) < 4 else set()
    if len(first) < 4:
        readings |= {(two, one), (one, two)}
    return {(month, day) for month, day in readings if _is_day(month, day)}


def _is_day(month: int, day: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= 31


def _share(name: str, cases: list[tuple[Case, DateOrder | None]], target: float | None, note: str = "") -> Figure:
    read = [_read(case, order) == case.expected[:10] for case, order in cases]
    return Figure(name, sum(read), len(read), target, note)


def _read(case: Case, order: DateOrder | None) -> str:
    return str(dates.read(pl.Series([case.text]), order, _TODAY)["value"].item())


def _times(name: str, cases: list[tuple[Case, DateOrder | None]]) -> Figure:
    timed = [(case, order) for case, order in cases if re.search(_CLOCK, case.text)]
    read = [times.read(pl.Series([case.text]), "UTC", order, _TODAY)["value"].item() for case, order in timed]
    right = sum(value == datetime.fromisoformat(case.expected) for value, (case, _) in zip(read, timed, strict=True))
    return Figure(name, right, len(timed), None, "full dates with a time; UTC; abbreviated zones are refused")


def _order_of(text: str, days: int) -> tuple[DateOrder | None, bool]:
    """The order that a text decides as a column of its own, and whether it is one day only, for its suite too."""
    return date_order.decide(date_order.evidence(pl.Series([text]))), days == 1 and not is_ambiguous(text)


def _dateparser(path: Path) -> Iterator[Case]:
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            is_other = row["file"] in _OTHER_CALENDARS and not re.search(_ERA, row["text"])
            if row["expected"] and not is_other and is_full(row["text"]):
                yield Case(row["text"], row["expected"], _asked(row["kwargs"]))


def _asked(kwargs: str) -> DateOrder | None:
    """The order that a case's settings ask for; its parser's default is month first."""
    settings = kwargs.upper()
    if "%D-%M-%Y" in settings or re.search(r"LANGUAGES\W+(?:DE|ES|FI|IT|FR)\b", settings):
        return DateOrder.DMY
    asked = re.search(r"ORDER\W+([YMD]{3})", settings)
    known = {order.value.upper(): order for order in DateOrder}
    return known.get(asked[1]) if asked else DateOrder.MDY


def _dateutil(path: Path) -> Iterator[Case]:
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["expected"] and is_full(row["text"]):
                yield Case(row["text"], row["expected"], DateOrder.MDY)


def _chinese(path: Path) -> Iterator[Case]:
    for line in path.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        if re.search(_CHINESE, case["text"]) and isinstance(case["expect"].get("time"), list):
            yield Case(case["text"], case["expect"]["time"][0].replace(" ", "T"), None)
