"""What goes wrong with names, addresses, e-mail addresses and identifiers, alike in all systems."""

from __future__ import annotations

from functools import partial

import polars as pl

from crm_pipeline.generator.defects import Planting
from crm_pipeline.generator.identifiers import mistyped
from crm_pipeline.generator.places import ADDRESS
from crm_pipeline.generator.plan import Draws
from crm_pipeline.generator.writing import abbreviated, full_width, misspelt, one_of, spaced, titled

_IS_PERSON = pl.col("kind") == "person"
_IS_COMPANY = pl.col("kind") == "organisation"
_IS_CHINESE = pl.col("country") == "CN"


def spoil_names(planting: Planting, draws: Draws) -> None:
    """Plants defects into `name`; of names in Latin letters also into given_name and family_name, if they are there."""
    planting.spoil("name_traditional", ("name",), lambda rows: rows["name_traditional"], _IS_PERSON & _IS_CHINESE)
    planting.spoil("name_pinyin", ("name",), lambda rows: rows["name_latin"], _IS_PERSON & _IS_CHINESE)
    planting.spoil("name_misspelt", ("name",), lambda rows: misspelt(draws, rows), _IS_PERSON)
    planting.spoil("name_swapped", ("name",), lambda rows: rows["name_swapped"], _IS_PERSON)
    planting.spoil("name_spaced", ("name",), spaced, _IS_PERSON)
    planting.spoil("name_title", ("name",), titled, _IS_PERSON)
    planting.spoil("name_placeholder", ("name",), lambda rows: one_of(draws, rows, "未知", "无"), _IS_PERSON)
    planting.spoil("company_short", ("name",), lambda rows: rows["name_short"], _IS_COMPANY)
    planting.spoil("company_group", ("name",), lambda rows: rows["name_group"], _IS_COMPANY)
    planting.spoil("company_brackets", ("name",), lambda rows: rows["name_brackets"], _IS_COMPANY)
    planting.spoil("company_traditional", ("name",), lambda rows: rows["name_traditional"], _IS_COMPANY & _IS_CHINESE)


def spoil_mail(planting: Planting, draws: Draws) -> None:
    """Plants defects into `email`."""
    planting.blank("email_missing", ("email",))
    planting.spoil("email_other", ("email",), lambda rows: rows["email_other"])
    planting.spoil("email_capitals", ("email",), lambda rows: rows["email"].str.to_titlecase())
    planting.spoil("email_invalid", ("email",), lambda rows: rows["email"].str.replace("@", "", literal=True))
    planting.spoil("email_placeholder", ("email",), lambda rows: one_of(draws, rows, "test@test.com", "无"))


def spoil_addresses(planting: Planting, world: pl.DataFrame) -> None:
    """Plants defects into the columns of an address; a stale one is now another customer's."""
    same = world.filter(_IS_CHINESE).select(ADDRESS)
    if len(same) > 1:
        planting.spoil(
            "address_stale",
            ADDRESS,
            lambda rows: same[((rows["position"] * 13 + 5) % len(same)).to_numpy()],
            _IS_CHINESE,
        )
    planting.spoil("address_full_width", ("street",), lambda rows: full_width(rows, "street"))
    planting.spoil("address_abbreviated", ("city",), lambda rows: abbreviated(rows, "city"))
    planting.spoil("address_abbreviated", ("street",), lambda rows: abbreviated(rows, "street"))
    planting.blank("address_missing", ("street", "postcode", "district"))


def spoil_identifiers(planting: Planting, columns: tuple[str, ...]) -> None:
    """Plants missing identifiers, and mistyped ones; of American numbers none, for they have no check digit."""
    for column in columns:
        planting.blank("id_missing", (column,))
        planting.spoil("id_mistyped", (column,), partial(_mistyped, column), pl.col("country") != "US")


def _mistyped(column: str, rows: pl.DataFrame) -> pl.Series:
    return mistyped(rows[column])


def spoil_birth_dates(planting: Planting) -> None:
    """Plants missing birth dates and the form's default into `birth_text`."""
    planting.blank("birth_date_missing", ("birth_text",))
    planting.spoil(
        "birth_date_placeholder", ("birth_text",), lambda rows: pl.repeat("1900-01-01", len(rows), eager=True)
    )
