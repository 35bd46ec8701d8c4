"""Claims on tax numbers: equal ones are equal however they are written, and python-stdnum's mistakes stop nothing."""

from __future__ import annotations

import doctest
import re
from collections.abc import Callable, Iterator
from importlib import import_module

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.eu import vat

from crm_pipeline.standardise.official_ids import tax_ids, tax_schemes
from crm_pipeline_tests.standardise.official_ids.identifier_claims import CELLS, check_reader, column

FORM = r"[0-9A-ZÑ&+*]{1,22}|[0-9]{6}-[0-9]{3}[0-9A-Z]"  # San Marino gave numbers of one digit

# Country given, cell, value or reason, country told, scheme; `?` before a value: kept, and not verified.
HARD = [
    (None, "de 136 695 976", "DE136695976", "DE", "de.vat"),
    ("DE", "136695976", "DE136695976", "DE", "de.vat"),
    ("US", "DE136695976", "DE136695976", "DE", "de.vat"),  # the prefix wins
    ("DE", "DE 136,695 976", "DE136695976", "DE", "de.vat"),
    ("DE", "181/815/08155", "18181508155", "DE", "de.stnr"),
    (None, "DE136695970", "[wrong_check]", "DE", None),
    (None, "DE12345", "[wrong_length]", "DE", None),
    ("AT", "AT ATU65033803", "ATU65033803", "AT", "at.uid"),  # the country put before a number that had it
    ("BE", "428759497", "BE0428759497", "BE", "be.vat"),
    ("GR", "094259216", "EL094259216", "GR", "gr.vat"),
    ("GR", "GR094259216", "EL094259216", "GR", "gr.vat"),
    (None, "XI110305878", "XI110305878", "GB", "gb.vat"),
    ("GB", "110 3058 78", "GB110305878", "GB", "gb.vat"),
    ("FR", "FR 40 303 265 045", "FR40303265045", "FR", "fr.tva"),
    ("FR", "732 829 320", "732829320", "FR", "fr.siren"),
    ("IT", "RCCMNL83S18D969H", "RCCMNL83S18D969H", "IT", "it.codicefiscale"),
    ("HU", "12892312-2-42", "HU12892312", "HU", "hu.anum"),
    ("CH", "CHE-107.787.577 IVA", "CHE107787577", "CH", "ch.uid"),
    ("NO", "NO 995 525 828 MVA", "995525828", "NO", "no.orgnr"),
    ("RO", "185 472 90", "RO18547290", "RO", "ro.cf"),
    ("RO", "RO 185 472 90", "RO18547290", "RO", "ro.cf"),
    ("RO", "1630615123457", "RO1630615123457", "RO", "ro.cf"),
    ("FI", "FI 2077474-0", "FI20774740", "FI", "fi.alv"),
    ("FI", "131052-308t", "131052-308T", "FI", "fi.hetu"),
    ("FI", "131052308T", "[wrong_form]", "FI", None),  # of which century?
    ("JP", "T5-8356-7825-6246", "5835678256246", "JP", "jp.cn"),
    ("KR", "116-82-00276", "1168200276", "KR", "kr.brn"),
    ("IN", "27AAPFU0939F1ZV", "27AAPFU0939F1ZV", "IN", "in_.gstin"),
    (None, "IN27AAPFU0939F1ZV", "27AAPFU0939F1ZV", "IN", "in_.gstin"),
    ("TW", "00501503", "00501503", "TW", "tw.ubn"),
    ("TW", "00501508", "00501508", "TW", "tw.ubn"),  # right since 2023
    ("TW", "00501502", "[wrong_check]", "TW", None),
    ("US", "04-2103594", "042103594", "US", "us.tin"),
    ("US", "042103594", "042103594", "US", "us.tin"),
    ("US", "07-3456789", "[wrong_form]", "US", None),  # no office has 07
    ("US", "12-3456789", "[placeholder]", "US", None),
    ("CR", "1-200-589", "0102000589", "CR", "cr.cpf"),  # hyphens tell where zeros are missing
    ("MX", "DEM 850101 AB1", "DEM850101AB1", "MX", "mx.rfc"),  # no number of Germany
    ("BR", "16.727.230/0001-97", "16727230000197", "BR", "br.cnpj"),
    ("CN", "91110000600037341L", "91110000600037341L", "CN", "cn.uscc"),
    (None, "CN91110000600037341L", "91110000600037341L", "CN", "cn.uscc"),
    ("CN", "11010519491231002x", "11010519491231002X", "CN", "cn.ric"),
    ("CN", "11010519491231002X01", "11010519491231002X01", "CN", "cn.ric"),
    ("CN", "110105491231002A1", "?110105491231002A1", "CN", "cn.ric"),
    ("CN", "110108600037341", "110108600037341", "CN", "cn.organisation"),
    ("CN", "110108600037342", "?110108600037342", "CN", "cn.organisation"),
    ("CN", "91110000600037341N", "[wrong_check]", "CN", None),
    ("CN", "1101086000", "[wrong_length]", "CN", None),
    ("HK", "12345670-000", "?12345670000", "HK", None),
    ("AE", "100-1234-5670-0003", "?100123456700003", "AE", None),
    ("HK", "ABCDEFG", "[wrong_form]", "HK", None),
    (None, "税号未登记", "[wrong_form]", None, None),
    (None, "A1", "[wrong_length]", None, None),
    ("DE", "无", "[placeholder]", "DE", None),
    ("DE", "", None, None, None),
    ("DE", None, None, None, None),
]


@pytest.mark.parametrize(("country", "cell", "expected", "told", "scheme"), HARD, ids=[f"{x[0]} {x[1]}" for x in HARD])
def test_hard_case(
    country: str | None, cell: str | None, expected: str | None, told: str | None, scheme: str | None
) -> None:
    """Each cell is the compact number of its country, or refused for the right reason."""
    row = tax_ids.read(column(cell), country).row(0, named=True)
    written = {True: "", False: "?", None: ""}[row["is_verified"]] + (row["value"] or "")
    assert (written or (f"[{row['reason']}]" if row["reason"] else None)) == expected
    assert (row["country"], row["scheme"]) == (told, scheme)


COUNTRIES = st.sampled_from([None, "CN", "DE", "US", "CR", "FR", "BE", "HK", "XX"])


@given(country=COUNTRIES, cells=CELLS)
@settings(max_examples=30, deadline=None)
def test_reader(country: str | None, cells: list[str | None]) -> None:
    """No text breaks the reader in any country, and it keeps its promises on all."""
    check_reader(lambda values: tax_ids.read(values, country), cells, FORM, tax_ids.REASONS)


@given(cells=st.lists(st.text("0123456789ABCDEFGKLMTXZ.-/ +*Ñ&Х", max_size=16), min_size=1, max_size=12))
@settings(max_examples=10, deadline=None)
def test_every_country(cells: list[str | None]) -> None:
    """Every module of the table is there, and none raises an error that is not caught; values are as promised."""
    countries = sorted(tax_schemes.SCHEMES)
    places = pl.Series([country for country in countries for _ in cells])
    check_reader(lambda values: tax_ids.read(values, places), cells * len(countries), FORM, tax_ids.REASONS)


@given(
    prefix=st.sampled_from(sorted({"AT", "BE", "DE", "DK", "EL", "ES", "FI", "IT", "LU", "NL", "PL", "PT", "SE"})),
    number=st.from_regex(r"\A[0-9U][0-9]{7,11}\Z"),
)
@settings(max_examples=30, deadline=None)
def test_prefixed_numbers_agree_with_python_stdnum(prefix: str, number: str) -> None:
    """A number with a prefix of the Union is kept just if python-stdnum finds it valid."""
    row = tax_ids.read(column(prefix + number), None).row(0, named=True)
    if row["reason"] != "placeholder":
        assert (row["value"] is not None and row["is_verified"]) == vat.is_valid(prefix + number)


def documented() -> Iterator[tuple[str, str]]:
    """Country and number of every right number in the documentation of the modules that are used."""
    for country, schemes in tax_schemes.SCHEMES.items():
        for scheme in schemes:
            module = import_module(f"stdnum.{scheme}")
            for example in doctest.DocTestParser().get_examples(module.__doc__ or ""):
                number = re.match(r"validate\('([^']+)'\)", example.source)
                if number and not example.exc_msg:
                    yield country, number[1]


def test_a_countrys_prefix_changes_nothing() -> None:
    """The numbers of python-stdnum's documentation are read, the same with and without their country before them."""
    numbers = list(documented())
    countries = pl.Series([country for country, _ in numbers])
    bare = tax_ids.read(pl.Series([number for _, number in numbers]), countries)
    assert len(numbers) > 100
    assert set(bare["reason"].drop_nulls()) == {"placeholder"}  # of its 12345678
    for between in ("", " "):
        prefixed = tax_ids.read(pl.Series([country + between + number for country, number in numbers]), countries)
        assert prefixed["value"].to_list() == bare["value"].to_list()
    again = tax_ids.read(bare["value"], countries)
    assert again["value"].to_list() == bare["value"].to_list()


def test_countries_by_row() -> None:
    """Each row has its own country, and equal numbers of two countries are read apart."""
    frame = tax_ids.read(column("136695976", "136695976", None, "136695976"), pl.Series(["DE", "HK", "DE", None]))
    assert frame["value"].to_list() == ["DE136695976", "136695976", None, "136695976"]
    assert frame["is_verified"].to_list() == [True, False, None, False]


def test_the_librarys_mistake_loses_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the library fails on a number, it is kept as it is and not called verified."""

    def failing(_: str) -> Callable[[str], str]:
        def validate(_: str) -> str:
            raise KeyError("330113")

        return validate

    monkeypatch.setattr(tax_schemes, "validator", failing)
    row = tax_ids.read(column("16.727.230/0001-97"), "BR").row(0, named=True)
    assert (row["value"], row["reason"], row["is_verified"]) == ("16727230000197", None, False)


@pytest.mark.parametrize("cell", ["DE" * 2000, "ATU" * 2000, "CN" * 2000])
def test_no_cell_is_too_long(cell: str) -> None:
    """Endless prefixes are no number; they stop nothing."""
    found = tax_ids.read(pl.Series([cell]), None)
    assert found["value"].to_list() == [None]
    assert found["reason"].null_count() == 0
