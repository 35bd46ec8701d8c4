"""Claims on telling what a column holds."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
import pytest

from crm_pipeline.standardise import recognise, recognise_each, type_of

TYPES = {
    "phone": ["13800138010", "021-58385888", "+44 20 7946 0958"],
    "e-mail": ["a@example.com", "<B@EXAMPLE.ORG>"],
    "resident id": ["11010519491231002X", "440524188001010014"],
    "credit code": ["91350100M000100Y43", "91310000607377812N"],
    "gender": ["男", "Female"],
    "kind": ["个人", "企业"],
    "time": ["2026-01-05 10:00:00", "2026/01/06 11:30"],
    "date": ["2026-01-05", "2026年1月6日"],
    "currency": ["CNY", "USD"],
    "country": ["中国", "Germany", "US"],
    "province": ["广东省", "新疆维吾尔自治区"],
    "number": ["1.5", "1,234", "-7", "1.5"],
    "organisation name": ["上海华远科技有限公司", "Alder Trading Ltd."],
    "person name": ["张伟", "欧阳小明"],
    "street": ["中山路114号2401室", "48 Elm Street"],
    "web address": ["https://example.com", "www.example.org/a"],
    "id": ["C00012", "C00013", "C00014"],
    "few values": ["gold", "silver", "gold"],
    "text": ["some words", "other words", "more of them"],
    "empty": ["", " ", "无", "N/A"],
}


COLUMNS = {kind: pl.Series([*cells, "", "无"]) for kind, cells in TYPES.items()}


@pytest.fixture(scope="module")
def told() -> dict[str, Mapping[str, float]]:
    return dict(zip(COLUMNS, recognise_each(list(COLUMNS.values()), "CN"), strict=True))


@pytest.mark.parametrize("kind", TYPES)
def test_type(told: dict[str, Mapping[str, float]], kind: str) -> None:
    """Each kind of value is told by its cells, placeholders apart."""
    assert type_of(told[kind]) == kind


@pytest.mark.parametrize("kind", ["phone", "time", "few values", "empty"])
def test_columns_are_told_apart(told: dict[str, Mapping[str, float]], kind: str) -> None:
    """A column among others is what it is alone, to the last share."""
    assert told[kind] == recognise(COLUMNS[kind], "CN")


def test_only_the_first_values_are_looked_at() -> None:
    """Of a long column its first two thousand values count, of telephone numbers three hundred, however others are."""
    cells = pl.Series([*(f"1380013{n:04}" for n in range(2_000)), *(f"x{n}" for n in range(2_000))])
    [numbers, words] = recognise_each([cells, cells.reverse()], "CN")
    assert (numbers["phone"], numbers["number"], numbers["values"]) == (1, 1, 4_000)
    assert (words["phone"], words["number"], words["values"]) == (0, 0, 4_000)


def test_shares() -> None:
    """Shares are of distinct values, `filled` of rows, `distinct` of filled rows; full width makes no difference."""
    shares = recognise(pl.Series(["13800138010", "１３８００１３８０１０", "x", "x", ""]), "CN")
    assert (shares["filled"], shares["distinct"], shares["values"]) == (0.8, 0.75, 3)
    assert shares["phone"] == pytest.approx(2 / 3)
    assert recognise(pl.Series(["1985-03-02", "1987-03-02"]), "CN")["year"] == 1986
    nothing = recognise(pl.Series([], dtype=pl.String), "CN")
    assert (nothing["filled"], nothing["values"], type_of(nothing)) == (0, 0, "empty")


def test_country_of_phones() -> None:
    """A number without a calling code is one of the country given."""
    cells = pl.Series(["13800138010", "13900139000"])
    assert recognise(cells, "CN")["phone"] == 1
    assert recognise(cells, "FR")["phone"] == 0
