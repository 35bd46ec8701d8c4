"""Claims that the pipeline reads what the generator makes, before anything is spoilt."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import polars as pl
import pytest
import yaml

from crm_pipeline.generator.plan import Plan
from crm_pipeline.generator.world import make_world
from crm_pipeline.standardise.contact_points import phones
from crm_pipeline.standardise.official_ids import credit_codes, resident_ids, tax_ids
from crm_pipeline.standardise.places import postcodes
from crm_pipeline.warehouse import expressions
from crm_pipeline_tests.generator import worlds

HOME = "CN"
PHONES = ("phone", "phone_local", "landline", "family_phone", "contact_phone")


@pytest.fixture(scope="module")
def customers() -> pl.DataFrame:
    """All customers of a world as they were, and those who change also as they became."""
    made = make_world(Plan(25_000, 6, 7, chunk_customers=25_000), 0)
    return pl.concat([made.before, made.after])


def test_credit_codes_are_read(customers: pl.DataFrame) -> None:
    """Every code of an organisation is right, of a known division and of the kind of companies; as tax numbers too."""
    codes = customers["organisation_id"].drop_nulls()
    read = credit_codes.read(codes)
    assert read["value"].equals(codes.alias("value"))
    assert read["is_region_known"].all()
    assert read["is_organisation_code_valid"].all()
    assert (read["kind"] == "company").all()
    assert (tax_ids.read(codes, HOME)["scheme"] == "cn.uscc").all()


def test_resident_ids_are_read(customers: pl.DataFrame) -> None:
    """Every resident id is right, of a known division, and tells its owner's birth date and gender."""
    people = customers.drop_nulls("national_id")
    read = resident_ids.read(people["national_id"])
    assert read["value"].equals(people["national_id"].alias("value"))
    assert read["is_region_known"].all()
    assert read["birth_date"].equals(people["birth_date"])
    assert read["gender"].equals(people["gender"])


def test_tax_numbers_are_read(customers: pl.DataFrame) -> None:
    """Every foreign organisation has a number that its country's rule verifies; no Chinese one has any."""
    organisations = customers.filter(pl.col("kind") == "organisation")
    is_foreign = organisations["country"] != HOME
    assert organisations["tax_id"].is_not_null().equals(is_foreign.alias("tax_id"))
    foreign = organisations.filter(is_foreign)
    assert tax_ids.read(foreign["tax_id"], foreign["country"])["is_verified"].all()


@pytest.mark.parametrize("column", PHONES)
def test_telephone_numbers_are_read(column: str, customers: pl.DataFrame) -> None:
    """Every number is one that its country assigns, dialled from there, and in E.164 also from China."""
    for (country,), rows in customers.drop_nulls(column).group_by("country"):
        read = phones.read(rows[column], str(country))
        assert read["reason"].null_count() == rows.height == read.height
        if column == "phone_local":
            assert read["value"].equals(rows["phone"].alias("value"))
        if column == "phone":
            assert phones.read(rows[column], HOME)["value"].equals(rows["phone"].alias("value"))


def test_mobiles_are_mobile_and_landlines_fixed(customers: pl.DataFrame) -> None:
    """Chinese people give mobiles, Chinese organisations landlines."""
    chinese = customers.filter(pl.col("country") == HOME)
    for kind, expected in (("person", "mobile"), ("organisation", "fixed_line")):
        numbers = chinese.filter(pl.col("kind") == kind)["phone_local"]
        assert (phones.read(numbers, HOME)["kind"] == expected).all()


def test_postcodes_are_read(customers: pl.DataFrame) -> None:
    """Every postcode is written as its country writes it."""
    read = postcodes.read(customers["postcode"], customers["country"])
    assert read["value"].equals(customers["postcode"].alias("value"))


def test_the_mapping_of_finance_tells_credit_codes_from_tax_numbers(world: Path, planted: pl.DataFrame) -> None:
    """Its one column gives Chinese organisations their credit code and foreign ones their tax number, all readable."""
    template = yaml.safe_load(files("crm_pipeline").joinpath("templates/generated/pipeline.yaml").read_text("utf-8"))
    columns = template["sources"]["finance"]["extracts"]["customers"]["columns"]
    sql = {name: columns[name]["expression"] for name in ("organisation_id", "tax_id")}
    file = world / "extracts/finance" / worlds.DATES[0] / "partners.csv"
    mistyped = planted.filter(pl.col("defect") == "id_mistyped", pl.col("source") == "finance")["source_id"]
    partners = pl.read_csv(file, separator=";", infer_schema=False).filter(~pl.col("BP_NO").is_in(mistyped.implode()))
    mapped = partners.with_columns(expressions(partners, sql, where="pipeline.yaml"))
    is_chinese = mapped["LAND"] == HOME
    for part, own, other in ((is_chinese, "organisation_id", "tax_id"), (~is_chinese, "tax_id", "organisation_id")):
        numbered = mapped.filter(part).drop_nulls("TAX_NO")
        assert numbered.height > 20
        assert numbered[own].equals(numbered["TAX_NO"].alias(own))
        assert numbered[other].is_null().all()
        read = tax_ids.read(numbered[own], numbered["LAND"])
        assert read["is_verified"].all()
