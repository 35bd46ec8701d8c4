"""Claims that hold for every cleaner of a single value, and the hard cases of each, by hand.

What a value means is checked against another implementation where there is one: phonenumbers, pycountry, decimal,
zoneinfo.
"""
# ruff: noqa: DTZ001 - tables hold times in UTC without a zone

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers
import polars as pl
import pycountry
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_pipeline.standardise import choices
from crm_pipeline.standardise.amounts import numbers
from crm_pipeline.standardise.calendar import dates
from crm_pipeline.standardise.cleaners import Context, cleaner_of
from crm_pipeline.standardise.contact_points import emails, phones
from crm_pipeline.standardise.official_ids import identifiers
from crm_pipeline.standardise.places import countries
from crm_pipeline.standardise.text import texts
from crm_pipeline.tables import ENTITIES
from crm_pipeline_tests.standardise.cleaning import Clean, cleaned

SHANGHAI = partial(dates.clean_timestamp, zone="Asia/Shanghai")
BERLIN = partial(dates.clean_timestamp, zone="Europe/Berlin")
CN = partial(phones.clean, country="CN")

CLEANERS: dict[str, tuple[Clean, str]] = {
    "text": (texts.clean, r"(?s)\S(?:.*\S)?"),
    "identifier": (identifiers.clean, r"\S+"),
    "email": (emails.clean, r"[^@]+@[^@\s]+"),
    "phone": (CN, r"\+[1-9]\d{4,14}"),
    "country": (countries.clean, r"[A-Z]{2}"),
    "gender": (choices.clean_gender, r"male|female|other"),
    "kind": (choices.clean_kind, r"person|organisation"),
    "currency": (choices.clean_currency, r"[A-Z]{3}"),
    "date": (dates.clean_date, r"\d{4}-\d\d-\d\d"),
    "number": (numbers.clean, r"-?\d{1,14}\.\d{4}"),
    "time": (partial(dates.clean_timestamp, zone="UTC"), r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{6})?"),
}
PIECES = [
    "021-58385888", "+86 138 0013 8010", "１３８", "王小明", "2025年3月5日", "2025-02-30", "20250305", "10:00",
    "T09:05:06.5Z",
    "+08:00", "N/A", "ｎ／ａ", "NA", "男", "女士", "中国", "台湾", "uk", "company", "cny", "1,234.50", "-7",
    "a.b@example.cn",
    "<x@y.com>", "mailto:", "\u3000", " ", "\t", "-", "/", "無", "ß", "ŉ", "İ", "ﬁ", "ΐ", "½", "0", "Ω",
]  # fmt: skip
VALUES = st.one_of(
    st.none(),
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=3).map("".join),
    st.text(max_size=12),
    st.dates(date(1, 1, 1)).map(str),
    st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1)).map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=6, max_value=10**15, min_value=-(10**15)).map(str),
    st.emails(),
    st.sampled_from([country.name for country in pycountry.countries]),
)


def as_text(value: Any) -> str | None:
    return None if value is None else str(value)


@pytest.mark.parametrize(("clean", "form"), CLEANERS.values(), ids=[*CLEANERS])
@given(values=st.lists(VALUES, max_size=24))
@settings(max_examples=8, deadline=None)
def test_cleaner(clean: Clean, form: str, values: list[str | None]) -> None:
    """A cleaner keeps the number of values and nulls, gives values of its own form, and leaves those as they are."""
    once = [as_text(value) for value in cleaned(values, clean)]
    assert len(once) == len(values)
    for before, after in zip(values, once, strict=True):
        assert before is not None or after is None
        assert after is None or re.fullmatch(form, after), (before, after)
    assert [as_text(value) for value in cleaned(once, clean)] == once


HARD: dict[str, tuple[Clean, list[tuple[str | None, Any]]]] = {
    "text": (texts.clean, [
        ("　王  小明\t\n先生 ", "王 小明 先生"), ("", None), (" \u3000\xa0", None), ("N/A", None), ("null", None),
        ("无", None), ("暂无", None), ("-", None), ("Null Island", "Null Island"), ("无锡", "无锡"),
        ("a\x00\x1fb", "a b"), ("0", "0"),
    ]),
    "identifier": (identifiers.clean, [
        (" ab 12-x ", "AB12-X"), ("９１３１００００", "91310000"), ("Ｎ／Ａ", None), ("n / a", None), ("－", None),
        ("11010519491231002x", "11010519491231002X"), ("0012", "0012"), ("ﬁ", "FI"), ("未知", None), ("e¯", "Ē"),
    ]),
    "email": (emails.clean, [
        ("Jon.Yang@Example.COM", "jon.yang@example.com"), ("mailto:a@b.cn", "a@b.cn"), ("<a@b.cn>", "a@b.cn"),
        ("ｗａｎｇ＠ｅｘａｍｐｌｅ．ｃｎ", "wang@example.cn"), ("a@b", None), ("a..b@c.com", None),
        (".a@c.com", None),
        ("a.@c.com", None), ("a b@c.com", None), ("a@b.com;c@d.com", None),
        ("王@例子.中国", "王@例子.中国"), ("a@-b.com", None),
        ("a+tag@sub.b-c.co.uk", "a+tag@sub.b-c.co.uk"), ("x" * 65 + "@c.com", None), ("a@b@c.com", None),
    ]),
    "phone": (CN, [
        ("021-58385888", "+862158385888"), ("１３８００１３８０１０", "+8613800138010"),
        ("138 0013 8010", "+8613800138010"),
        ("+86-138-0013-8010", "+8613800138010"), ("008613800138010", "+8613800138010"),
        ("+44 20 7946 0958", "+442079460958"),
        ("（021）58385888", "+862158385888"), ("12345", None), ("11111111111", None), ("无", None), ("abc", None),
        ("+852 2123 4567", "+85221234567"), ("+886 2 2345 6789", "+886223456789"),
    ]),
    "country": (countries.clean, [
        ("NA", "NA"), ("na", "NA"), ("Namibia", "NA"), ("中国", "CN"), ("中华人民共和国", "CN"), ("PRC", "CN"),
        ("CHN", "CN"),
        ("台湾", "TW"), ("臺灣", "TW"), ("香港", "HK"), ("UK", "GB"), ("England", "GB"), ("USA", "US"),
        ("美国", "US"),
        ("德国", "DE"), ("Germany", "DE"), (" united  states ", "US"), ("N/A", None), ("EU", None), ("中", None),
        ("DE1", None),
    ]),
    "gender": (choices.clean_gender, [
        ("男", "male"), ("女", "female"), ("女士", "female"), (" M ", "male"), ("FEMALE", "female"), ("other",
        "other"),
        ("1", None), ("人妖", None), ("n/a", None), ("malefemale", None),
    ]),
    "kind": (choices.clean_kind, [("个人", "person"), ("企业", "organisation"), ("Company", "organisation"),
    ("B2B", "organisation"), ("VIP", None)]),
    "currency": (choices.clean_currency, [("cny", "CNY"), (" USD ", "USD"), ("人民币", "CNY"), ("US", None),
    ("USDT", None)]),
    "number": (numbers.clean, [
        ("1,234.50", Decimal("1234.5")), ("1,234,567", Decimal(1234567)), ("12,34", None), ("1,23", None),
        ("1.234,50", None),
        ("１２．５", Decimal("12.5")), ("+5", Decimal(5)), ("-0.5", Decimal("-0.5")), (".5", None), ("5.", None),
        ("1e3", None),
        ("¥5", None), ("99999999999999.9999", Decimal("99999999999999.9999")), ("100000000000000", None),
        ("--5", None),
        ("0", Decimal(0)), ("007", Decimal(7)), ("一千", None), ("NaN", None), ("inf", None),
    ]),
    "date": (dates.clean_date, [
        ("2025-03-05", date(2025, 3, 5)), ("2025-3-5", date(2025, 3, 5)), ("2025/03/05", date(2025, 3, 5)),
        ("2025.03.05", date(2025, 3, 5)), ("20250305", date(2025, 3, 5)), ("2025年3月5日", date(2025, 3, 5)),
        ("２０２５年３月５日", date(2025, 3, 5)), ("2024-02-29", date(2024, 2, 29)), ("2025-02-29", None),
        ("2025-02-30", None), ("20251301", None), ("20250230", None), ("0", None), ("32154", None), ("5489", None),
        ("05/03/2025", None), ("03-05-2025", None), ("2025-03", None), ("0000-00-00", None), ("0000-01-01", None),
        ("2025-03-05 14:30:00", date(2025, 3, 5)), ("2025-03-05T23:59:59.999+08:00", date(2025, 3, 5)),
        ("2025-03-05 and more", None), ("120250305", None), ("9999-12-31", None),
        ("9998-12-31", date(9998, 12, 31)), ("昨天", None),
    ]),
    "time in Shanghai": (SHANGHAI, [
        ("2025-03-05 14:30:00", datetime(2025, 3, 5, 6, 30)), ("2025-03-05", datetime(2025, 3, 4, 16)),
        ("2025-03-05 9:05", datetime(2025, 3, 5, 1, 5)), ("2025年3月5日 14:30", datetime(2025, 3, 5, 6, 30)),
        ("2025-03-05T14:30:00Z", datetime(2025, 3, 5, 14, 30)),
        ("2025-03-05T14:30:00+00:00", datetime(2025, 3, 5, 14, 30)),
        ("2025-03-05 00:30:00-0530", datetime(2025, 3, 5, 6)), ("2025-03-05T01:00:00+14:00", datetime(2025, 3,
        4, 11)),
        ("2025-03-05T14:30:00.123456", datetime(2025, 3, 5, 6, 30, 0, 123456)), ("2025-03-05 24:00:00",
        datetime(2025, 3, 5, 16)), ("2025-03-05 24:00:01", None),
        ("2025-03-05 25:00", None), ("2025-02-30 10:00", None), ("2025-03-05 10:00+99:99", None), ("10:00", None),
        ("0001-01-01 00:00", None), ("20250305 10:00", datetime(2025, 3, 5, 2)), ("1741156200", None),
    ]),
    "time in Berlin": (BERLIN, [
        ("2025-03-30 02:30", None),  # the clock was put forward from 2 to 3
        ("2025-10-26 02:30", datetime(2025, 10, 26, 0, 30)),  # twice that night: the earlier one
        ("2025-03-30 02:30+01:00", datetime(2025, 3, 30, 1, 30)), ("2025-03-30", datetime(2025, 3, 29, 23)),
        ("2025-07-01 12:00", datetime(2025, 7, 1, 10)), ("2025-01-01 12:00", datetime(2025, 1, 1, 11)),
    ]),
    "time in São Paulo": (partial(dates.clean_timestamp, zone="America/Sao_Paulo"), [
        ("2018-11-04", datetime(2018, 11, 4, 3)),  # that night the clock was put forward from 0 to 1
        ("2018-11-04 00:00", None), ("2018-11-04 01:00", datetime(2018, 11, 4, 3)),
        ("2018-11-05", datetime(2018, 11, 5, 2)), ("2018-02-30", None), (None, None),
    ]),
    "time in Apia": (partial(dates.clean_timestamp, zone="Pacific/Apia"), [
        ("2011-12-30", None),  # left out as a whole
        ("2011-12-31", datetime(2011, 12, 30, 10)),
    ]),
}  # fmt: skip


@pytest.mark.parametrize(
    ("clean", "text", "value"),
    [(clean, text, value) for clean, cases in HARD.values() for text, value in cases],
    ids=[f"{name}: {text!r}"[:60] for name, (_, cases) in HARD.items() for text, _ in cases],
)
def test_hard_case(clean: Clean, text: str | None, value: Any) -> None:
    """Each text is read as a person would read it, or not at all."""
    assert cleaned([text, None], clean) == [value, None]


@pytest.mark.parametrize("region", ["CN", "US", "GB", "AU", "IT", "JP", "DE", "SG", "RU", "AR"])
def test_frequent_calling_codes_agree_with_phonenumbers(region: str) -> None:
    """Many international numbers of one calling code, read without the library, are read as the library reads them."""
    code = phonenumbers.country_code_for_region(region)
    mobile = str(phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE).national_number)
    changed = [mobile[:place] + digit + mobile[place + 1 :] for place in range(len(mobile)) for digit in "0123456789"]
    written = [f"+{code}{blank}{national}" for national in [*changed, f"0{mobile}", mobile[1:]] for blank in ("", "-")]
    for country in ("CN", "US"):
        assert cleaned(written, partial(phones.clean, country=country)) == [e164(each, country) for each in written]


def test_digits_of_other_scripts() -> None:
    """Digits of another script are digits, as the library has it, and E.164 has those of ASCII."""
    assert cleaned(["138٠٠١٣٨٠١٠"], CN) == ["+8613800138010"]


def e164(text: str, country: str) -> str | None:
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    is_valid = phonenumbers.is_valid_number(number)
    return f"+{number.country_code}{phonenumbers.national_significant_number(number)}" if is_valid else None


@pytest.mark.parametrize("country", ["CN", "US", "DE", "GB", "TW", "HK", "JP", "SG", "AU", "IN"])
def test_example_numbers(country: str) -> None:
    """The example number of each kind of each country is read in every usual way of writing."""
    formats = phonenumbers.PhoneNumberFormat
    for kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE):
        number = phonenumbers.example_number_for_type(country, kind)
        ways = [phonenumbers.format_number(number, form) for form in (formats.NATIONAL, formats.INTERNATIONAL)]
        e164 = phonenumbers.format_number(number, formats.E164)
        assert cleaned([*ways, e164], partial(phones.clean, country=country)) == [e164] * 3


def test_every_country_by_every_code_and_name() -> None:
    """Every country of ISO 3166-1 is known by both codes and its name, in any case."""
    for write in (str.upper, str.lower, str):
        for names in (["alpha_2"], ["alpha_3"], ["name"]):
            known = [write(getattr(country, names[0])) for country in pycountry.countries]
            assert cleaned(known, countries.clean) == [country.alpha_2 for country in pycountry.countries]


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**13), max_value=10**13, places=7))
@settings(max_examples=60, deadline=None)
def test_numbers_agree_with_decimal(number: Decimal) -> None:
    """A number is what the decimal module makes of it to within half of the last place, with or without commas."""
    plain, grouped = f"{number:f}", f"{number:,f}"
    first, second = cleaned([plain, grouped], numbers.clean)
    assert first == second
    assert abs(first - number) <= Decimal("0.00005")
    assert cleaned([f"{round(number, 4):f}"], numbers.clean) == [
        number.quantize(Decimal("0.0001"), rounding=ROUND_HALF_EVEN)
    ]


@given(
    moment=st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)),
    name=st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC"]),
)
@settings(max_examples=60, deadline=None)
def test_times_agree_with_zoneinfo(moment: datetime, name: str) -> None:
    """A time without an offset is what zoneinfo makes of it in the zone: the earlier of two, and null in a gap."""
    zone, utc = ZoneInfo(name), ZoneInfo("UTC")
    there = moment.replace(tzinfo=zone)
    is_gap = there.astimezone(utc).astimezone(zone).replace(tzinfo=None) != moment
    expected = None if is_gap else there.astimezone(utc).replace(tzinfo=None)
    assert cleaned([str(moment)], partial(dates.clean_timestamp, zone=name)) == [expected]


@given(
    day=st.dates(date(1975, 1, 1), date(2030, 1, 1)),
    name=st.sampled_from(["America/Sao_Paulo", "Asia/Beirut", "Africa/Cairo", "America/Asuncion", "Asia/Shanghai"]),
)
@settings(max_examples=60, deadline=None)
def test_a_date_is_its_first_moment(day: date, name: str) -> None:
    """A date is the first minute that zoneinfo counts to it in the zone."""
    utc = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("UTC")) - timedelta(hours=15)
    there = (utc + timedelta(minutes=15 * n) for n in range(24 * 5))
    first = next(moment for moment in there if moment.astimezone(ZoneInfo(name)).date() == day)
    assert cleaned([str(day)], partial(dates.clean_timestamp, zone=name)) == [first.replace(tzinfo=None)]


def _has_whole_minutes(moment: datetime) -> bool:
    offset = moment.utcoffset()
    return offset is not None and not offset.total_seconds() % 60 and abs(offset.total_seconds()) < 15 * 3600


MOMENTS = st.datetimes(datetime(1900, 1, 1), timezones=st.timezones()).filter(_has_whole_minutes)


@given(moments=st.lists(MOMENTS, min_size=5, max_size=15), spaced=st.booleans())
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
def test_times_with_offset(moments: list[datetime], spaced: bool) -> None:
    """A time with an offset is that moment, whatever the zone of the project."""
    texts_of = [moment.isoformat(sep=" " if spaced else "T") for moment in moments]
    assert cleaned(texts_of, SHANGHAI) == [
        moment.astimezone(ZoneInfo("UTC")).replace(tzinfo=None) for moment in moments
    ]


def test_old_licence_numbers_stand_for_credit_codes() -> None:
    """An organisation's id is a credit code, or a right licence number of 15 digits; a wrong one says its digit."""
    column = next(each for each in ENTITIES["customers"] if each.name == "organisation_id")
    cells = pl.Series("organisation_id", ["91110108551385082Q", "110108000000016", "110108000000017", "12345", None])
    read = cleaner_of("customers", column).read(cells, Context("CN", "Asia/Shanghai", date(2026, 11, 23)))
    assert read.select("value", "reason").rows() == [
        ("91110108551385082Q", None), ("110108000000016", None), (None, "wrong_check"), (None, "wrong_length"),
        (None, None),
    ]  # fmt: skip


def test_a_shared_sign_is_the_currency_of_the_country() -> None:
    """¥ is CNY in a project of China and JPY in one of Japan; $ is nothing in either."""
    column = next(each for each in ENTITIES["orders"] if each.name == "amount")
    for country, code in {"CN": "CNY", "JP": "JPY"}.items():
        context = Context(country, "Asia/Shanghai", date(2026, 11, 23))
        read = cleaner_of("orders", column).read(pl.Series("amount", ["¥1,234.50", "$5", "$5.00"]), context)
        assert read["currency"].to_list() == [code, None, None]
