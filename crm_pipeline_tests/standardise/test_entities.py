"""Claims on whole rows: typed columns, names from their parts, lists, and the record of every unreadable cell."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.standardise import Context, DateOrder, Standardised, standardise
from crm_pipeline.tables import DERIVED, ENTITIES, polars_type

CONTEXT = Context("CN", "Asia/Shanghai", date(2026, 3, 31))
NAMESPACED = pl.List(pl.Struct({"namespace": pl.String(), "value": pl.String()}))


def mapped(entity: str, columns: dict[str, list[Any]]) -> pl.DataFrame:
    """A mapped frame: texts, lists of text, and lists of (namespace, value)."""
    kinds: dict[str, pl.DataType] = {"phones": pl.List(pl.String()), "emails": pl.List(pl.String())}
    kinds |= {"external_ids": NAMESPACED, "customer_external_ids": NAMESPACED}
    return pl.DataFrame({n: pl.Series(n, v, dtype=kinds.get(n, pl.String())) for n, v in columns.items()})


def run(entity: str, columns: dict[str, list[Any]]) -> Standardised:
    return standardise(entity, mapped(entity, columns), CONTEXT)


@pytest.mark.parametrize("entity", ENTITIES)
def test_all_columns_typed(entity: str) -> None:
    """All standard columns are there in their types, null where not mapped, row for row."""
    result = run(entity, {"_line": ["2", "3"], "own": [" x ", "无"]})
    types = {column.name: polars_type(column.type) for column in ENTITIES[entity]}
    assert {name: result.frame.schema[name] for name in types} == types
    assert result.frame.select(*types).null_count().row(0) == tuple(2 for _ in types)
    assert result.frame["own"].to_list() == ["x", None]
    derived = {column.name for column in DERIVED.get(entity, ())} - {"related_record_key"}
    assert derived <= set(result.frame.columns)
    assert result.frame["_line"].to_list() == ["2", "3"]
    assert result.rejected.is_empty()


def test_a_row_of_each_type() -> None:
    """A row in Chinese becomes typed values."""
    result = run(
        "customers",
        {
            "kind": ["个人"],
            "name": ["　王小明 "],
            "phones": [["021-58385888", "１３８００１３８０１０", "+8613800138010", " "]],
            "emails": [["WANG@EXAMPLE.CN"]],
            "external_ids": [[{"namespace": "erp", "value": " a1 "}, {"namespace": "web", "value": "无"}]],
            "national_id": ["11010519491231002x"],
            "birth_date": ["1949年12月31日"],
            "gender": ["男"],
            "country": ["中国"],
            "created_at": ["2025-03-05 08:00"],
        },
    )
    row = result.frame.row(0, named=True)
    assert row["name"] == "王小明"
    assert row["phones"] == ["+862158385888", "+8613800138010"]
    assert row["emails"] == ["wang@example.cn"]
    assert row["external_ids"] == [{"namespace": "erp", "value": "A1"}]
    assert row["birth_date"] == date(1949, 12, 31)
    assert (row["kind"], row["gender"], row["country"]) == ("person", "male", "CN")
    assert str(row["created_at"]) == "2025-03-05 00:00:00"
    assert result.rejected.is_empty()


def test_unreadable_cells_are_reported() -> None:
    """Each cell that held something and lost it is reported with row, column, value as mapped, and what is wrong."""
    result = run(
        "customers",
        {
            "gender": ["男", "?", ""],
            "country": ["NA", None, "Atlantis"],
            "birth_date": ["2025-02-30", "20251301", ""],
            "phones": [["13800138010", "98765432109876543"], [""], [None, "12", "34"]],
            "emails": [["a@b"], [], ["a@b.cn"]],
            "created_at": ["2025-03-05", "soon", None],
            "organisation_id": ["91110000600037341L", "91110000600037341N", "9111O000600037341L"],
        },
    )
    found = {(row, name): (value, reason.rpartition("; ")[2]) for row, name, value, reason, _ in result.rejected.rows()}
    assert found == {
        (0, "birth_date"): ("2025-02-30", "a date that no calendar has, such as 30 February"),
        (0, "emails"): ("a@b", "an address whose domain is incomplete"),
        (0, "phones"): ("13800138010 | 98765432109876543", "too many digits for a telephone number"),
        (1, "birth_date"): ("20251301", "a date that no calendar has, such as 30 February"),
        (1, "created_at"): ("soon", "not a date in any known form"),
        (1, "gender"): ("?", "expected male, female or other"),
        (1, "organisation_id"): ("91110000600037341N", "the check digit is wrong: a digit is mistyped"),
        (2, "country"): ("Atlantis", "expected a country's ISO 3166-1 code or name"),
        (2, "organisation_id"): (
            "9111O000600037341L",
            "it holds I, O, S, V or Z, which no code has: perhaps 1, 0, 5, U or 2",
        ),
        (2, "phones"): ("12 | 34", "too few digits for a telephone number"),
    }
    assert not result.rejected["is_placeholder"].any()
    assert result.frame["country"].to_list() == ["NA", None, None]
    assert result.frame["phones"].to_list() == [["+8613800138010"], None, None]


def test_placeholders_are_reported_as_such() -> None:
    """A placeholder becomes null in every column with that as its reason; a blank is nobody's statement."""
    words, blanks = ["N/A", "null", "-", "无", "未知"], ["", None, "　"]
    for name in ("name", "gender", "kind", "country", "birth_date", "national_id", "created_at", "city"):
        result = run("customers", {name: [*words, *blanks]})
        assert result.frame[name].null_count() == 8, name
        assert result.rejected["row"].to_list() == [0, 1, 2, 3, 4], name
        assert result.rejected["is_placeholder"].all(), name
    typed = run(
        "customers",
        {
            "phones": [["13800000000"]],
            "emails": [["test@test.com"]],
            "national_id": ["111111111111111"],
            "name": ["测试"],
        },
    )
    assert typed.rejected["column_name"].to_list() == ["emails", "name", "national_id", "phones"]
    assert typed.rejected["is_placeholder"].all()


def test_what_a_customer_tells_besides() -> None:
    """Parts of names and addresses, keys, kinds of numbers and what an id tells stand beside the standard columns."""
    result = run(
        "customers",
        {
            "kind": ["person", "organisation", None],
            "name": ["單小明先生", "上海贝尔科技有限公司", "Dr. John Smith Jr."],
            "organisation": ["贝尔科技（上海）有限公司", None, "无"],
            "phones": [["021-58385888转8001", "400-820-8820"], None, None],
            "emails": [["Wang.Xm+crm@gmail.com"], ["info@bell.cn"], None],
            "national_id": ["11010519491231002X", None, None],
            "address": ["上海浦东区张江路 1 号 3 楼", None, None],
            "province": [None, "广西", None],
            "city": [None, "桂林", "Boston"],
            "industry": ["互联网", None, "?"],
        },
    )
    person, organisation, other = result.frame.rows(named=True)
    assert (person["family_name"], person["given_name"], person["name_title"]) == ("單", "小明", "先生")
    assert (person["latin_name"], person["native_name_key"]) == ("Shan Xiaoming", "单小明")
    assert person["gender"] is None, "no title tells a gender"
    assert person["organisation_key"] == organisation["organisation_key"] == "贝尔科技"
    assert organisation["organisation_legal_form"] == "有限公司"
    assert [detail["extension"] for detail in person["phone_details"]] == ["8001", None]
    assert person["phones"] == [detail["phone"] for detail in person["phone_details"]]
    assert [d["email_key"] for d in person["email_details"]] == ["wangxm@gmail.com"]
    assert organisation["email_details"][0]["is_role"]
    assert person["birth_date"] == person["national_id_birth_date"] == date(1949, 12, 31)
    assert person["national_id_gender"] == "female"
    place = [person[name] for name in ("province", "city", "district", "street", "division_code")]
    assert place == ["上海市", "上海市", "浦东新区", "张江路1号", "310115"]
    assert (organisation["province"], organisation["city"]) == ("广西壮族自治区", "桂林市")
    assert (other["name"], other["family_name"], other["name_suffix"]) == ("John Smith", "Smith", "Jr.")
    assert other["city"] == "Boston"
    assert [row["industry_section"] for row in (person, organisation, other)] == ["I", None, None]


def test_an_employer_that_is_none_is_reported() -> None:
    """A legal form alone is nobody's employer: it becomes null with its reason, and no cell is lost in silence."""
    result = run("customers", {"kind": ["person"], "name": ["王小明"], "organisation": ["有限公司"]})
    assert result.frame["organisation"].to_list() == [None]
    assert result.rejected.select("column_name", "value", "is_placeholder").rows() == [
        ("organisation", "有限公司", False)
    ]


def test_an_order_of_days_comes_with_the_context() -> None:
    """Dates in figures are read in the order that is known of their column, and rejected where none is."""
    frame = mapped("orders", {"ordered_on": ["03/05/2025"], "due_on": ["03/05/2025"], "shipped_on": ["03/05/2025"]})
    orders = {"ordered_on": DateOrder.DMY, "due_on": DateOrder.MDY}
    context = Context("CN", "Asia/Shanghai", date(2026, 3, 31), orders)
    result = standardise("orders", frame, context)
    assert result.frame.select("ordered_on", "due_on", "shipped_on").rows() == [
        (date(2025, 5, 3), date(2025, 3, 5), None)
    ]
    assert result.rejected["column_name"].to_list() == ["shipped_on"]


def test_money_tells_its_currency() -> None:
    """A currency written beside an amount is the row's where none was delivered."""
    columns = {"amount": ["¥1,234.50元", "USD 12", "1.2万元"], "currency": [None, "EUR", None]}
    frame = run("payments", columns).frame
    assert frame.select("amount", "currency").rows() == [
        (Decimal("1234.5"), "CNY"), (Decimal(12), "EUR"), (Decimal(12000), "CNY")
    ]  # fmt: skip


NAMES = {
    "Chinese": ("王", "小明", None, "王小明"),
    "two characters of a family name": ("欧阳", "娜娜", None, "欧阳娜娜"),
    "western": ("Yang", "Jon", None, "Jon Yang"),
    "mixed": ("王", "Jon", None, "Jon 王"),
    "family name alone": ("王", None, None, "王"),
    "given name alone": (None, "Jon", None, "Jon"),
    "none": (None, None, None, None),
    "delivered": ("王", "小明", "王大明", "王大明"),
    "placeholder": ("无", "小明", "-", "小明"),
}


@pytest.mark.parametrize(("family", "given_name", "name", "expected"), NAMES.values(), ids=[*NAMES])
def test_full_name(family: str | None, given_name: str | None, name: str | None, expected: str | None) -> None:
    """The full name is the one delivered, else its parts in the order of their script."""
    result = run("customers", {"family_name": [family], "given_name": [given_name], "name": [name]})
    assert result.frame["name"].to_list() == [expected]


def test_computed_amount() -> None:
    """An order line's computed amount is quantity times price with four places, null where it is not known."""
    result = run(
        "orders",
        {
            "quantity": ["2", "1.5", "", "3.3333", "99999999999999.9999"],
            "unit_price": ["19.99", "-4", "5", "0.3333", "99999999999999.9999"],
        },
    )
    found = result.frame["computed_amount"].to_list()
    assert found[:3] == [Decimal("39.98"), Decimal(-6), None]
    assert abs(found[3] - Decimal("3.3333") * Decimal("0.3333")) <= Decimal("0.0001")
    assert found[4] is None


def test_a_ticket() -> None:
    """A ticket's times become UTC and its own words stay; the day it was opened is that of the project's zone."""
    result = run(
        "tickets",
        {
            "customer_record_key": ["desk/customers/ a1", None],
            "customer_external_ids": [[{"namespace": "erp", "value": " a1 "}], None],
            "subject": ["　发票　丢失 ", "无"],
            "priority": ["高", "high"],
            "opened_at": ["2026-03-02 07:59:59", "2026-03-01T16:30:00Z"],
            "closed_at": ["soon", "2026-03-03"],
            "satisfaction": ["4.5", "99%"],
        },
    )
    first, second = result.frame.rows(named=True)
    assert first["customer_record_key"] == "desk/customers/ a1"
    assert first["customer_external_ids"] == [{"namespace": "erp", "value": "A1"}]
    assert (first["subject"], second["subject"]) == ("发票 丢失", None)
    assert (first["priority"], second["priority"]) == ("高", "high")
    assert [str(row["opened_at"]) for row in (first, second)] == ["2026-03-01 23:59:59", "2026-03-01 16:30:00"]
    assert [row["opened_on"] for row in (first, second)] == [date(2026, 3, 2), date(2026, 3, 2)]
    assert first["satisfaction"] == Decimal("4.5")
    assert result.rejected.select("row", "column_name").rows() == [
        (0, "closed_at"),
        (1, "satisfaction"),
        (1, "subject"),
    ]


def test_kind_is_a_choice_for_customers_only() -> None:
    """The kind of an interaction is text in the source's words; a customer is a person or an organisation."""
    words = ["电话回访", "Company", "click"]
    assert run("interactions", {"kind": words}).frame["kind"].to_list() == words
    assert run("interactions", {"kind": words}).rejected.is_empty()
    assert run("customers", {"kind": words}).frame["kind"].to_list() == [None, "organisation", None]


def test_business_day_of_a_time() -> None:
    """The day of an interaction is the wall calendar's in the project's zone, also when clocks change."""
    moments = ["2026-03-29T00:59:59Z", "2026-10-24T22:30:00Z", "2026-10-25T23:30:00Z", "9999-12-31T23:30:00Z", None]
    mapped_rows = mapped("interactions", {"occurred_at": moments})
    frame = standardise("interactions", mapped_rows, Context("DE", "Europe/Berlin", date(2026, 3, 31))).frame
    assert frame["occurred_on"].to_list() == [
        date(2026, 3, 29), date(2026, 10, 25), date(2026, 10, 26), date(9999, 12, 31), None
    ]  # fmt: skip
    local = [None if m is None else datetime.fromisoformat(m).astimezone(ZoneInfo("Europe/Berlin")).date()
             for m in moments[:3]]  # fmt: skip
    assert frame["occurred_on"].to_list()[:3] == local


# What other columns of the row may tell.
FILLED = {
    "name", "family_name", "given_name", "birth_date", "currency",
    "country", "province", "city", "district", "street", "postcode",
}  # fmt: skip
CELL = st.one_of(
    st.none(), st.sampled_from(["", "无", "NA", "男", "2025-03-05", "20251301", "13800138010", "x@y.cn", "1,5", "7"]),
    st.text(max_size=8),
)  # fmt: skip


@given(
    st.sampled_from([*ENTITIES]).flatmap(
        lambda entity: st.tuples(
            st.just(entity),
            st.integers(0, 9).flatmap(
                lambda height: st.fixed_dictionaries(
                    {
                        column.name: st.lists(
                            st.lists(CELL, max_size=3) if column.type == "VARCHAR[]" else CELL,
                            min_size=height,
                            max_size=height,
                        )
                        for column in ENTITIES[entity]
                        if not column.type.startswith("STRUCT")
                    }
                )
            ),
        )
    )
)
@settings(max_examples=18, deadline=None)
def test_nothing_is_lost_silently(case: tuple[str, dict[str, list[Any]]]) -> None:
    """Of any rows, a cell with content keeps a value or is reported, and what is reported has no value of its own."""
    entity, columns = case
    result = run(entity, columns)
    reported = {(row, name) for row, name, *_ in result.rejected.rows()}
    told = result.rejected.select("row", "column_name", "is_placeholder")
    assert told.is_unique().all()
    assert told.sort(told.columns).equals(told)
    types = {column.name: column.type for column in ENTITIES[entity]}
    for name, cells in columns.items():
        values = result.frame[name].to_list()
        assert len(values) == len(cells)
        for row, (cell, value) in enumerate(zip(cells, values, strict=True)):
            if (row, name) in reported:
                assert value is None or types[name] == "VARCHAR[]" or name in FILLED, name
            if cell is None or cell == []:
                assert (row, name) not in reported
                assert value is None or name in FILLED


def test_phones_by_the_country_of_their_row() -> None:
    """A number without a calling code is one of its row's country; if it is none there, one of the project's."""
    given = {
        "US": "415-555-2671", "GB": "020 7031 3000", "KR": "010 62345678", "DE": "030 901820", "FR": "13800138010",
        "CN": "010 62345678", "": "021-58385888", "JP": "+86 13900139000",
    }  # fmt: skip
    result = run("customers", {"country": list(given), "phones": [[cell] for cell in given.values()]})
    found = [numbers[0] if numbers is not None else None for numbers in result.frame["phones"]]
    assert found == [
        "+14155552671", "+442070313000", "+821062345678", "+4930901820", "+8613800138010",
        "+861062345678", "+862158385888", "+8613900139000",
    ]  # fmt: skip
    assert result.rejected.is_empty()


def test_a_phone_of_nowhere_is_told_once() -> None:
    """A cell that is no number anywhere is rejected once, and the phones beside it stay in their order."""
    cells = [["020 7031 3000", "12", "13800138010"], ["99"], None]
    result = run("customers", {"country": ["GB", "GB", "GB"], "phones": cells})
    assert result.frame["phones"].to_list() == [["+442070313000", "+8613800138010"], None, None]
    assert result.rejected["row"].to_list() == [0, 1]


def test_a_name_of_nobody_knows_what_is_left_as_it_is() -> None:
    """Where no kind is told, signs may be part of an organisation's name; a person's name is tidied."""
    names = ["贝尔（上海）", "李四(财务)", '"Jo" & Co']
    assert run("customers", {"name": names}).frame["name"].to_list() == names
    persons = run("customers", {"name": ["李四(财务)"], "kind": ["person"]}).frame
    assert persons["name"].to_list() == ["李四"]
