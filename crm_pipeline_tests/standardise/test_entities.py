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

from crm_pipeline.standardise import Context, Standardised, standardise
from crm_pipeline.tables import ENTITIES, polars_type

CONTEXT = Context("CN", "Asia/Shanghai")
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
    assert result.frame["_line"].to_list() == ["2", "3"]
    assert result.rejected.is_empty()


def test_a_row_of_each_type() -> None:
    """A row in Chinese becomes typed values."""
    result = run(
        "customers",
        {
            "kind": ["个人"],
            "name": ["　王小明 "],
            "phones": [["021-58385888", "１３８００１３８０００", "+8613800138000", " "]],
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
    assert row["phones"] == ["+862158385888", "+8613800138000"]
    assert row["emails"] == ["wang@example.cn"]
    assert row["external_ids"] == [{"namespace": "erp", "value": "A1"}]
    assert row["birth_date"] == date(1949, 12, 31)
    assert (row["kind"], row["gender"], row["country"]) == ("person", "male", "CN")
    assert str(row["created_at"]) == "2025-03-05 00:00:00"
    assert result.rejected.is_empty()


def test_unreadable_cells_are_reported() -> None:
    """Each cell that held something and lost it is reported with row, column, value as mapped and what it should be."""
    result = run(
        "customers",
        {
            "gender": ["男", "?", "n/a"],
            "country": ["NA", "无", "Atlantis"],
            "birth_date": ["2025-02-30", "20251301", ""],
            "phones": [["13800138000", "123"], ["无"], [None, "12", "34"]],
            "emails": [["a@b"], [], ["a@b.cn"]],
            "created_at": ["2025-03-05", "soon", None],
        },
    )
    assert result.rejected.rows() == [
        (0, "birth_date", "2025-02-30", "expected a date such as 2025-03-05, 20250305 or 2025年3月5日"),
        (0, "emails", "a@b", "expected an e-mail address"),
        (0, "phones", "13800138000 | 123", "expected a telephone number"),
        (1, "birth_date", "20251301", "expected a date such as 2025-03-05, 20250305 or 2025年3月5日"),
        (1, "created_at", "soon", "expected a time such as 2025-03-05 14:30:00"),
        (1, "gender", "?", "expected male, female or other"),
        (2, "country", "Atlantis", "expected a country's ISO 3166-1 code or name"),
        (2, "phones", "12 | 34", "expected a telephone number"),
    ]
    assert result.frame["country"].to_list() == ["NA", None, None]
    assert result.frame["phones"].to_list() == [["+8613800138000"], None, None]


def test_placeholders_are_not_reported() -> None:
    """A placeholder is no value: it becomes null in every column and is nobody's mistake."""
    words = ["N/A", "null", "-", "无", "未知", "", None, "　"]
    for name in ("name", "gender", "kind", "country", "birth_date", "national_id", "created_at", "city"):
        result = run("customers", {name: words})
        assert result.frame[name].null_count() == len(words), name
        assert result.rejected.is_empty(), name


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
    assert result.rejected.select("row", "column_name").rows() == [(0, "closed_at"), (1, "satisfaction")]


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
    frame = standardise("interactions", mapped_rows, Context("DE", "Europe/Berlin")).frame
    assert frame["occurred_on"].to_list() == [
        date(2026, 3, 29), date(2026, 10, 25), date(2026, 10, 26), date(9999, 12, 31), None
    ]  # fmt: skip
    local = [None if m is None else datetime.fromisoformat(m).astimezone(ZoneInfo("Europe/Berlin")).date()
             for m in moments[:3]]  # fmt: skip
    assert frame["occurred_on"].to_list()[:3] == local


CELL = st.one_of(
    st.none(), st.sampled_from(["", "无", "NA", "男", "2025-03-05", "20251301", "13800138000", "x@y.cn", "1,5", "7"]),
    st.text(max_size=8),
)  # fmt: skip


@given(
    st.sampled_from([*ENTITIES]).flatmap(
        lambda entity: st.tuples(
            st.just(entity),
            st.integers(0, 4).flatmap(
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
@settings(max_examples=80, deadline=None)
def test_nothing_is_lost_silently(case: tuple[str, dict[str, list[Any]]]) -> None:
    """Of any rows, a cell with content keeps a value or is reported, and what is reported has no whole value."""
    entity, columns = case
    result = run(entity, columns)
    reported = {(row, name) for row, name, _, _ in result.rejected.rows()}
    assert len(reported) == result.rejected.height
    assert result.rejected.sort("row", "column_name").equals(result.rejected)
    types = {column.name: column.type for column in ENTITIES[entity]}
    for name, cells in columns.items():
        values = result.frame[name].to_list()
        assert len(values) == len(cells)
        for row, (cell, value) in enumerate(zip(cells, values, strict=True)):
            if (row, name) in reported:
                assert value is None or types[name] == "VARCHAR[]"
            if cell is None or cell == []:
                assert (row, name) not in reported
                assert value is None or name == "name"
