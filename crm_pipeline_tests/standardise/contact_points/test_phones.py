"""Claims on telephone numbers: what a cell holds, and that reading columns gives what phonenumbers gives.

The oracle is the library itself, number by number.
"""

from __future__ import annotations

import random
import re

import phonenumbers
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.standardise.contact_points import phone_cells, phone_patterns, phones
from crm_pipeline_tests.standardise.cleaning import cleaned

_KINDS = {value: name.lower() for name, value in vars(phonenumbers.PhoneNumberType).items() if isinstance(value, int)}
Row = tuple[str | None, str | None, str | None, str | None]


def rows_of(*cells: str | None, country: str = "CN") -> list[Row]:
    """Value, reason, kind and extension of each number of the cells."""
    found = phones.read(pl.Series(cells, dtype=pl.String), country)
    assert found.schema == phones.SCHEMA
    return found.drop("position").rows()


def by_library(text: str, country: str) -> tuple[str | None, str | None]:
    """E.164 and kind, as the library has them."""
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None, None
    if not phonenumbers.is_valid_number(number):
        return None, None
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return e164, _KINDS[phonenumbers.number_type(number)]


def generated(country: str, count: int, seed: int) -> list[str]:
    """Numbers of a country with some digits changed, left out or added, behind prefixes of every kind."""
    rng = random.Random(seed)
    known = [phonenumbers.example_number_for_type(country, kind) for kind in range(11)]
    examples = [phonenumbers.national_significant_number(number) for number in known if number]
    code, metadata = (
        phonenumbers.country_code_for_region(country),
        phonenumbers.PhoneMetadata.metadata_for_region(country),
    )
    trunk = metadata.national_prefix or "0"
    starts = ["", "", trunk, trunk, f"+{code}", f"00{code}", f"{code}", f"+{code}{trunk}", f"{code}{trunk}", "0", "+1"]
    numbers = []
    for _ in range(count):
        digits = list(rng.choice(examples))
        for _ in range(rng.choice([0, 1, 2, 4, 8])):
            digits[rng.randrange(len(digits))] = rng.choice("0123456789")
        shape = rng.random()
        if shape < 0.1:
            digits = digits[: rng.randrange(3, len(digits) + 1)]
        elif shape < 0.2:
            digits += rng.choices("0123456789", k=rng.randrange(1, 4))
        numbers.append(rng.choice(starts) + "".join(digits))
    return numbers


COUNTRIES = ("US", "DE", "GB", "JP", "FR", "IT", "AU", "IN", "BR", "RU", "KR", "HK", "TW", "SG", "CA", "MX", "AR", "KZ")


@pytest.mark.parametrize(("country", "count"), [("CN", 3_000), *((country, 300) for country in COUNTRIES)])
def test_columns_agree_with_the_library(country: str, count: int) -> None:
    """Whatever is decided without the library is what it gives, value and kind, of numbers right and wrong."""
    require_agreement(country, generated(country, count, seed=1))


@pytest.mark.slow
@pytest.mark.parametrize(("country", "count"), [("CN", 46_000), *((country, 3_000) for country in COUNTRIES)])
def test_columns_agree_with_the_library_at_length(country: str, count: int) -> None:
    """The same of a hundred thousand other numbers."""
    require_agreement(country, generated(country, count, seed=6))


def require_agreement(country: str, numbers: list[str]) -> None:
    decided = phone_patterns.decide(pl.Series(numbers), country)
    wrong = [
        (number, value, kind)
        for number, (value, kind, reason, is_decided) in zip(numbers, decided.rows(), strict=True)
        if (is_decided and (value, kind) != by_library(number, country)) or (value is None) != (kind is None)
    ]
    assert wrong == []
    if country != "AR":  # there, a mobile is dialled in a way of its own
        assert decided["is_decided"].sum() > 0.3 * len(numbers)


@pytest.mark.parametrize("country", ["CN", "US", "DE", "GB"])
def test_plain_cells_agree_with_the_library(country: str) -> None:
    """A cell with one number, grouped by blanks, hyphens and brackets, has the library's value and kind."""
    rng = random.Random(2)
    numbers = [number for number in generated(country, 700, seed=3) if by_library(number, country)[0]]
    cells = [_grouped(number, rng) for number in numbers]
    found = phones.read(pl.Series(cells), country)
    assert found["position"].to_list() == list(range(len(cells)))
    values = found.select("value", "kind").rows()
    meant = [(cell, value) for cell, value, why in zip(cells, values, found["reason"], strict=True) if why is None]
    assert [value for _, value in meant] == [by_library(cell, country) for cell, _ in meant]
    assert set(found["reason"].drop_nulls()) <= {"placeholder"}


def _grouped(number: str, rng: random.Random) -> str:
    head, rest = number[:4], number[4:]
    if number.startswith("0") and rng.random() < 0.3:
        return f"({number[:3]}){rng.choice(['', ' '])}{number[3:]}"
    return head + "".join(
        rng.choice(["", "", " ", "-"]) + digit if not n % 4 else digit for n, digit in enumerate(rest)
    )


# Value, kind and extension, and the ways of writing it.
WRITINGS: dict[tuple[str, str, str | None], list[str]] = {
    ("+862158385888", "fixed_line", None): [
        "021-58385888", "86-21-58385888", "(021) 5838 5888", "+86(0)21-58385888", "（０２１）５８３８５８８８",
        "21-58385888", "电话：021-58385888", "Tel. +86 21 5838 5888",
    ],
    ("+862112345678", "fixed_line", None): ["021-12345678", "+86 21 1234 5678"],
    ("+8613812345678", "mobile", None): [
        "138 1234 5678", "１３８－１２３４－５６７８", "0086 138 1234 5678", "138—1234—5678", "86 13812345678",
        "手机:13812345678", "13812345678（张三）", "张三13812345678", "13812345678(微信同号)", "mobile 138-1234-5678",
    ],
    ("+8613801234567", "mobile", None): ["138٠١٢٣٤٥٦٧"],
    ("+862158385888", "fixed_line", "8001"): [
        "021-58385888转8001", "021-58385888 轉 8001", "021-58385888-8001", "021-58385888#8001", "021-58385888 (8001)",
        "tel:+86-21-58385888;ext=8001", "021-58385888 转分机8001", "021-58385888 分机号：8001", "(021)58385888-8001",
    ],
    ("+862158385888", "fixed_line", "12"): [
        "021-58385888 ext. 12", "021-58385888x12", "021-58385888（分机12）", "021-58385888, Ext 12",
        "86 21 58385888-12",
    ],
    ("+864008208820", "shared_cost", None): ["400-820-8820", "4008208820", "400 8208820"],
    ("+864008208820", "shared_cost", "2"): ["400-820-8820转2", "400-820-8820-2"],
    ("+868008208820", "toll_free", None): ["8008208820"],
    ("+12125550100", "fixed_line_or_mobile", "12"): ["+1 (212) 555-0100 x12", "001 212 555 0100 ext 12"],
    ("+442079460958", "fixed_line", None): ["+44 (0)20 7946 0958", "+44 20 7946 0958"],
    ("+390612345678", "fixed_line", None): ["+39 06 1234 5678"],
    ("+85221234567", "fixed_line", None): ["+852 2123 4567", "00852-21234567"],
}  # fmt: skip
ONE = [(cell, *number) for number, cells in WRITINGS.items() for cell in cells]


@pytest.mark.parametrize(("cell", "value", "kind", "extension"), ONE, ids=[cell for cell, *_ in ONE])
def test_one_number(cell: str, value: str, kind: str, extension: str | None) -> None:
    """A number is read however people write it, its extension apart."""
    assert rows_of(cell) == [(value, None, kind, extension)]


SEVERAL: dict[str, list[str]] = {
    "13812345678、13912345678": ["+8613812345678", "+8613912345678"],
    "13812345678 13912345678": ["+8613812345678", "+8613912345678"],
    "138 1234 5678 139 1234 5678": ["+8613812345678", "+8613912345678"],
    "13812345678或13912345678": ["+8613812345678", "+8613912345678"],
    "13812345678\n13912345678；13712345678": ["+8613812345678", "+8613912345678", "+8613712345678"],
    "13812345678/13912345678/13712345678": ["+8613812345678", "+8613912345678", "+8613712345678"],
    "张三13812345678，李四13912345678": ["+8613812345678", "+8613912345678"],
    "办公 021-58385888 手机 13812345678": ["+862158385888", "+8613812345678"],
    "M: 13812345678 T: 021-58385888": ["+8613812345678", "+862158385888"],
    "021-58385888/58385889": ["+862158385888", "+862158385889"],
    "021-58385888转8001/58385889": ["+862158385888", "+862158385889"],
    "0755-26588888,26588889": ["+8675526588888", "+8675526588889"],
    "(021)58385888|(010)58385888、58385889": ["+862158385888", "+861058385888", "+861058385889"],
    "+44 20 7946 0958 / +44 20 7946 0959": ["+442079460958", "+442079460959"],
    "+33 1 23 45 67 89, +1 212 555 0100": ["+33123456789", "+12125550100"],
}


@pytest.mark.parametrize("cell", SEVERAL)
def test_several_numbers(cell: str) -> None:
    """Each number of a cell is a row of its own, in order; a local one has the area code of the one before it."""
    assert [(value, reason) for value, reason, _, _ in rows_of(cell)] == [(value, None) for value in SEVERAL[cell]]
    assert cleaned([cell], lambda value: phones.clean(value, "CN")) == [None]


REFUSED = {
    "placeholder": [
        "13800000000",
        "13800138000",
        "+86 138-0013-8000",
        "11111111111",
        "12345678",
        "无",
        "N/A",
        "—",
        "0",
    ],
    "not_a_number": ["abc", "王小明", "?", "1"],
    "masked": ["138****5678", "1381234●●●●", "010-****5678", "138xxxx5678"],
    "rounded": ["1.38123E+10", "8.61381E+12"],
    "too_short": ["138123456", "+86 1381234567", "+86 19 1234 567", "12"],
    "too_long": ["138123456789", "+86138123456789", "021-583858885838588", "1" * 19 + "2"],
    "no_area_code": ["58385888", "5838588", "58385888转8001"],
    "short_number": ["10086", "95588", "12345", "110", "12306", "96110"],
    "not_assigned": ["021-08385888", "+44 1 2345 6789"],
    "unknown_calling_code": ["+999 1234567", "+0 1234 5678"],
}


@pytest.mark.parametrize(("reason", "cell"), [(reason, cell) for reason, cells in REFUSED.items() for cell in cells])
def test_refused(reason: str, cell: str) -> None:
    """A cell that gives no number says why in one of the reasons, which exist in both languages."""
    (row,) = rows_of(cell)
    assert row[:2] == (None, reason)
    assert row[2] == ("short_number" if reason == "short_number" else None)
    assert all((phones.REASONS[reason].text, phones.REASONS[reason].text_zh))


_BOTH = (("+8613812345678", None), ("+8613912345678", None))
_SWITCHBOARD = (("+8675526012345", None), ("+8675526012346", None))
SLIPS = [
    ("13812345678.0", (("+8613812345678", None),)), ("1.3812345678E+10", (("+8613812345678", None),)),
    ("+86+8613812345678", (("+8613812345678", None),)), ("086-13812345678", (("+8613812345678", None),)),
    ("1381234567813912345678", _BOTH), ("13812345678_13912345678", _BOTH), ("13812345678+13912345678", _BOTH),
    ("13812345678#13912345678", _BOTH), ("1.13812345678 2.13912345678", _BOTH),
    ("13812345678(mobile)+8613912345678", _BOTH), ("0755-26012345/46", _SWITCHBOARD),
    ("0755-26012345/6", _SWITCHBOARD), ("0755-26012345、346", _SWITCHBOARD),
    ("0755-26012345/6/7", (*_SWITCHBOARD, ("+8675526012347", None))),
    ("021-58385888*8001", (("+862158385888", "8001"),)), ("02158385888,,8001", (("+862158385888", "8001"),)),
    ("021-58385888-801/802", (("+862158385888", "801"), ("+862158385888", "802"))),
    ("400-1234-567", (("+864001234567", None),)), ("13812345678 9:00-18:00", (("+8613812345678", None),)),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "numbers"), SLIPS)
def test_slips_of_systems(cell: str, numbers: tuple[tuple[str, str | None], ...]) -> None:
    """What spreadsheets, forms and switchboards make of numbers is read as the numbers that it can only be."""
    assert tuple((value, extension) for value, _, _, extension in rows_of(cell)) == numbers


@pytest.mark.parametrize(("cell", "country"), [("0300000000", "DE"), ("+1 438 888 8888", "US"), ("2345678901", "US")])
def test_placeholders_with_and_without_a_calling_code(cell: str, country: str) -> None:
    """A number is a placeholder or none, whichever way it is written."""
    once = [row[0] for row in rows_of(cell, country=country)]
    assert [row[0] for value in once if value for row in rows_of(value, country=country)] == [v for v in once if v]
    assert (once[0] is None) == (cell == "2345678901")


def test_a_leading_digit_is_no_label() -> None:
    """A digit too many before a mobile number, and one behind +1, is not taken for the number of a list."""
    assert [row[0] for row in rows_of("113812345678")] == [None]
    assert [row[0] for row in rows_of("+1 13812345678")] == [None]


def test_a_part_that_is_refused() -> None:
    """What is wrong with one number of a cell says nothing against the others."""
    assert [row[:2] for row in rows_of("13812345678、12345")] == [("+8613812345678", None), (None, "short_number")]
    assert [row[:2] for row in rows_of("138123456；021-58385888")] == [(None, "too_short"), ("+862158385888", None)]
    assert [row[:2] for row in rows_of("021-58385888/5838588")][1] == (None, "no_area_code")  # seven digits, not eight


def test_other_countries() -> None:
    """A slash within a German number is part of it; seven digits in the United States lack their area code."""
    assert rows_of("030/12345678", country="DE") == [("+493012345678", None, "fixed_line", None)]
    assert rows_of("555-0100", country="US") == [(None, "no_area_code", None, None)]
    assert [row[0] for row in rows_of("(212) 555-0100 / 555-0101", country="US")] == ["+12125550100", "+12125550101"]
    assert rows_of("999", country="GB")[0][1] == rows_of("911", country="US")[0][1] == "short_number"
    assert rows_of("13812345678", country="XX") == [(None, "unknown_calling_code", None, None)]


CELLS = st.one_of(
    st.none(),
    st.text(max_size=15),
    st.lists(
        st.sampled_from(
            ["021-58385888", "13812345678", "转", "8001", "/", "、", " ", "ext", "+86", "(", ")", "-", "张三", "\n"]
        ),
        max_size=8,
    ).map("".join),
    st.from_regex(r"\A(\+|00)?[0-9][0-9 ()/-]{4,24}[0-9]\Z"),
)


@given(cells=st.lists(CELLS, max_size=6), country=st.sampled_from(["CN", "US", "DE"]))
@settings(max_examples=30, deadline=None)
def test_any_cells(cells: list[str | None], country: str) -> None:
    """Of any cells rows come in order, each with a value or a reason, and a value read again is itself."""
    found = phones.read(pl.Series(cells, dtype=pl.String), country)
    positions = found["position"].to_list()
    assert positions == sorted(positions)
    filled = {n for n, cell in enumerate(cells) if cell and re.search(r"[^\s\x00-\x1f\x7f-\x9f]", cell)}
    assert set(positions) <= {n for n, cell in enumerate(cells) if cell is not None}
    assert {n for n in filled if re.search("[0-9]", cells[n] or "")} <= set(positions)
    for value, reason, kind, extension in found.drop("position").rows():
        assert (value is None) != (reason is None)
        assert value is None or re.fullmatch(r"\+[1-9][0-9]{4,14}", value)
        assert reason is None or reason in phones.REASONS
        assert extension is None or re.fullmatch("[0-9]{1,20}", extension)
        assert value is None or kind is not None
    again = phones.read(found["value"], country)
    assert again["value"].to_list() == found["value"].drop_nulls().to_list()
    assert again["kind"].to_list() == found.drop_nulls("value")["kind"].to_list()


def test_no_more_digits_than_e164_allows() -> None:
    """A number of a German plan with sixteen digits is too long, although the library takes it; fifteen are kept."""
    found = phones.read(pl.Series(["021-583858888001", "021-58385888800"]), "DE")
    assert found["value"].to_list() == [None, "+492158385888800"]
    assert found["reason"].to_list() == ["too_long", None]


def test_one_by_one_or_together() -> None:
    """Cells give the same alone as in a long column, where more is read without the library."""
    cells = [*generated("CN", 60, seed=4), *SEVERAL, *generated("US", 60, seed=5)]
    together = phones.read(pl.Series(cells), "CN")
    alone = [row for at in range(0, len(cells), 6) for row in rows_of(*cells[at : at + 6])]
    assert together.drop("position").rows() == alone


def test_pieces() -> None:
    """Taking a cell apart keeps every digit of it."""
    cells = pl.Series([cell for cell, *_ in ONE] + list(SEVERAL)).str.normalize("NFKC")
    pieces = phone_cells.split(cells, "CN").with_columns(pl.concat_str("piece", pl.col("extension").fill_null("")))
    joined = pieces.group_by("row", maintain_order=True).agg(pl.col("piece").str.join(""))["piece"]
    assert joined.str.replace_all("[^0-9]", "").to_list() == cells.str.replace_all("[^0-9]", "").to_list()
