"""What follows from the columns of a row once each is read: parts, keys, dates and days of its own.

Belongs here: which derived column comes from which reading, and what fills a column that was not delivered. Does not
belong here: reading a type of value (one module each).
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from crm_pipeline.standardise.calendar import times
from crm_pipeline.standardise.cleaners import Context, cleaner_of
from crm_pipeline.standardise.lost_cells import SCHEMA, listed, refused
from crm_pipeline.standardise.organisations import industries, organisation_names
from crm_pipeline.standardise.people import names, person_names
from crm_pipeline.standardise.places import addresses
from crm_pipeline.standardise.reasons import PLACEHOLDER
from crm_pipeline.standardise.refusals import reason_texts
from crm_pipeline.tables import CUSTOMER_COLUMNS, DERIVED, polars_type

# The time of an entity of which a rule needs the business day, and the column with that day.
_DAYS = {
    "tickets": ("opened_at", "opened_on"),
    "interactions": ("occurred_at", "occurred_on"),
    "opportunities": ("opened_at", "opened_on"),
    "payments": ("paid_at", "paid_on"),
}
# Of a customer's columns, what a reading tells besides its value.
_TOLD = {
    "national_id": {
        "birth_date": "national_id_birth_date",
        "gender": "national_id_gender",
        "is_region_known": "is_national_id_region_known",
    },
    "tax_id": {"is_verified": "is_tax_id_verified"},
}
_PERSON_PARTS = {
    "title": "name_title",
    "suffix": "name_suffix",
    "middle_name": "middle_name",
    "native": "native_name",
    "latin": "latin_name",
    "native_key": "native_name_key",
    "name_key": "name_key",
}
_ORGANISATION_PARTS = {
    "region": "organisation_region",
    "region_code": "organisation_region_code",
    "core": "organisation_core",
    "trade": "organisation_trade",
    "legal_form": "organisation_legal_form",
    "branch": "organisation_branch",
    "organisation_key": "organisation_key",
}
_ADDRESS_PARTS = {
    "division_code": "division_code",
    "street": "street_name",
    "street_number": "street_number",
    "building": "building",
    "unit": "unit",
    "address_key": "address_key",
    "note": "address_note",
}
# A cell that is one of these is no name at all; others are kept as they are, without parts.
_NO_PERSON = (PLACEHOLDER, "title_only", "email", "no_letters")
_NO_ORGANISATION = (PLACEHOLDER, organisation_names.FORM_ALONE)

_NAME_COLUMN = next(column for column in CUSTOMER_COLUMNS if column.name == "name")
_KIND, _NAME = pl.col("kind"), pl.col("name")


def complete(
    entity: str, frame: pl.DataFrame, read: Mapping[str, pl.DataFrame], context: Context
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`frame` with the derived columns of its entity, and the cells that were refused on the way.

    Args:
        entity: one of `tables.ENTITIES`.
        frame: all standard columns of the entity.
        read: what the cells of a column hold, as its cleaner gave it; columns that were not mapped are missing.
        context: of the cleaners.
    """
    nothing = pl.DataFrame(schema=SCHEMA)
    match entity:
        case "customers":
            return _customers(frame, read, context)
        case "orders":
            product = pl.col("quantity") * pl.col("unit_price")
            is_computable = {"quantity", "unit_price"} <= read.keys()
            computed = product.cast(pl.Decimal(18, 4), strict=False) if is_computable else pl.col("amount")
            return _with_currency(frame, read).with_columns(computed.alias("computed_amount")), nothing
        case _ if entity in _DAYS:
            moment, day = _DAYS[entity]
            days = times.day_of(pl.col(moment), context.timezone).alias(day)
            return _with_currency(frame, read).with_columns(days), nothing
        case _:
            return _with_currency(frame, read), nothing


def _with_currency(frame: pl.DataFrame, read: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """`frame` with the currency that an amount names, where none was delivered."""
    named = [reading["currency"] for reading in read.values() if "currency" in reading.columns]
    if not named:
        return frame
    return frame.with_columns(pl.coalesce("currency", *named).alias("currency"))


def _customers(
    frame: pl.DataFrame, read: Mapping[str, pl.DataFrame], context: Context
) -> tuple[pl.DataFrame, pl.DataFrame]:
    delivered = frame["name"]
    frame, lost = _with_names(names.complete(frame), delivered, context)
    frame = _with_addresses(frame, context)
    details = [_details(name, read[name], frame.height) for name in ("phones", "emails") if name in read]
    told = [
        read[column][part].alias(name)
        for column, parts in _TOLD.items()
        if column in read
        for part, name in parts.items()
    ]
    frame = frame.with_columns(*details, *told)
    if "national_id" in read:
        frame = frame.with_columns(pl.coalesce("birth_date", "national_id_birth_date").alias("birth_date"))
    section = industries.read(frame["industry"], context.industry_synonyms)["value"].alias("industry_section")
    frame = frame.with_columns(section)
    derived = [column for column in DERIVED["customers"] if column.name not in _FROM_OUTSIDE]
    missing = [
        pl.lit(None, dtype=polars_type(column.type)).alias(column.name)
        for column in derived
        if column.name not in frame.columns
    ]
    return frame.with_columns(missing), lost


_FROM_OUTSIDE = {"related_record_key"}  # the mapping's, not ours


def _details(column: str, reading: pl.DataFrame, height: int) -> pl.Series:
    """What each value of a list tells besides, a structure each, in the order of the values."""
    name, kept = _DETAILS[column]
    structure = pl.struct(pl.col(part).alias(alias) for part, alias in kept.items())
    return listed(reading, structure, height).alias(name)


_DETAILS = {
    "phones": ("phone_details", {"value": "phone", "kind": "kind", "extension": "extension"}),
    "emails": (
        "email_details",
        {"value": "email", "email_key": "email_key", "is_role": "is_role", "is_example": "is_example"},
    ),
}


def _with_names(frame: pl.DataFrame, delivered: pl.Series, context: Context) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The parts and keys of names; organisations by their own name, people by theirs and by whom they work for."""
    is_organisation = frame.select((_KIND == "organisation").fill_null(value=False)).to_series()
    persons = person_names.read(frame.select(pl.when(~is_organisation).then(_NAME).alias("name")).to_series())
    own = pl.when(is_organisation).then(_NAME).otherwise(pl.col("organisation"))
    organisations = organisation_names.read(frame.select(own.alias("name")).to_series(), context.aliases)
    no_person = persons["reason"].is_in(list(_NO_PERSON)).fill_null(value=False)
    no_organisation = organisations["reason"].is_in(list(_NO_ORGANISATION)).fill_null(value=False)
    codes = pl.select(
        pl.when(delivered.is_null())
        .then(pl.lit(None, dtype=pl.String))
        .when(no_person)
        .then(persons["reason"])
        .when(is_organisation & no_organisation)
        .then(organisations["reason"])
    ).to_series()
    employer = pl.select(pl.when(~is_organisation & no_organisation).then(organisations["reason"])).to_series()
    lost = [_names_refused("name", delivered, codes), _names_refused("organisation", frame["organisation"], employer)]
    # A name of an organisation stays as it is written: quotes, brackets and signs may be part of it. So does one of
    # nobody knows what, unless a title or suffix says that it is a person's.
    is_titled = (persons["title"].is_not_null() | persons["suffix"].is_not_null()) & ~is_organisation
    is_person = (_KIND == "person").fill_null(value=False) | pl.lit(is_titled)
    tidy = pl.coalesce(pl.when(is_person).then(persons["value"]), _NAME)
    family, given = pl.col("family_name"), pl.col("given_name")
    is_whole = family.is_null() & given.is_null()
    frame = frame.with_columns(
        pl.when(delivered.is_null()).then(_NAME).when(codes.is_null()).then(tidy).alias("name"),
        pl.when(is_whole).then(persons["family_name"]).otherwise(family).alias("family_name"),
        pl.when(is_whole).then(persons["given_name"]).otherwise(given).alias("given_name"),
        pl.when(employer.is_null()).then("organisation").alias("organisation"),
        *(persons[part].alias(name) for part, name in _PERSON_PARTS.items()),
        *(organisations[part].alias(name) for part, name in _ORGANISATION_PARTS.items()),
    )
    return frame, pl.concat(lost)


def _names_refused(column: str, delivered: pl.Series, codes: pl.Series) -> pl.DataFrame:
    """The names that are none, as rows of `Standardised.rejected`."""
    rows = (codes.is_not_null() & delivered.is_not_null()).arg_true()
    told = {code: text for code, (text, _) in reason_texts(cleaner_of("customers", _NAME_COLUMN)).items()}
    lost = pl.DataFrame({"row": rows, "value": delivered.gather(rows), "code": codes.gather(rows)})
    return refused(column, lost, told)


def _with_addresses(frame: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Divisions by their official names, the street where the address alone has it, and the parts of both."""
    columns = ("address", "street", "province", "city", "district", "postcode")
    if frame.select(columns).null_count().sum_horizontal().item() == len(columns) * frame.height:
        return frame
    line = frame.select(pl.coalesce("address", "street").alias("line")).to_series()
    country = frame.select(pl.coalesce("country", pl.lit(context.default_country)).alias("country")).to_series()
    parts = addresses.read(
        line,
        country,
        province=frame["province"],
        city=frame["city"],
        district=frame["district"],
        postcode=frame["postcode"],
    )
    is_told = (parts["country"] != context.default_country) | parts["division_code"].is_not_null()
    written = _street_of(parts)
    return frame.with_columns(
        pl.coalesce("country", pl.when(is_told).then(parts["country"])).alias("country"),
        *(pl.coalesce(parts[name], pl.col(name)).alias(name) for name in ("province", "city", "district", "postcode")),
        pl.coalesce(pl.col("street"), written).alias("street"),
        *(parts[part].alias(name) for part, name in _ADDRESS_PARTS.items()),
    )


def _street_of(parts: pl.DataFrame) -> pl.Series:
    """Street and number in the order in which their country writes them, told by the address itself."""
    street, number, value = pl.col("street"), pl.col("street_number"), pl.col("value")
    behind = pl.concat_str(street, number)
    apart = pl.concat_str(street, number, separator=" ")
    return parts.select(
        pl.when(street.is_null() | number.is_null())
        .then(street)
        .when(street.str.contains(r"\p{Han}"))
        .then(behind)
        .when(value.str.contains(apart, literal=True))
        .then(apart)
        .otherwise(pl.concat_str(number, street, separator=" "))
        .alias("street")
    ).to_series()
