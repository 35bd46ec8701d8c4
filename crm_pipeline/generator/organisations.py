"""Organisations: registered names of place, brand, trade and legal form, a contact person, identifiers.

Belongs here: what organisations are. Does not belong here: how a system writes them down (`systems`).
"""

from __future__ import annotations

import polars as pl

from crm_pipeline.generator import places
from crm_pipeline.generator.identifiers import credit_codes
from crm_pipeline.generator.people import chinese_people, foreign_people
from crm_pipeline.generator.plan import Draws
from crm_pipeline.generator.tax_numbers import tax_numbers
from crm_pipeline.generator.vocabulary import words

_LONG_BRAND = 0.7  # brands of three characters; shorter ones are mostly taken
_SHARE_COMPANY = 0.15  # 股份有限公司; the others are 有限公司
_CONTACT = ("name", "phone", "phone_local")
# What an after-image of a renamed company has.
NAMES = ("name", "name_traditional", "name_short", "name_group", "name_brackets", "name_latin")


def chinese_organisations(draws: Draws, count: int) -> pl.DataFrame:
    """One row per organisation, the columns of `world` that organisations have."""
    office = places.chinese_addresses(draws, count, is_office=True)
    named = chinese_names(draws, office["short"], office["pinyin"])
    contact = chinese_people(draws, count).select(_CONTACT)
    return pl.DataFrame(
        [
            *named.drop("domain").get_columns(),
            credit_codes(office["division_code"], draws).alias("organisation_id"),
            *places.chinese_landlines(draws, office["area_code"]).get_columns(),
            *(contact[name].alias(f"contact_{name}") for name in _CONTACT),
            *_mail(draws, named["domain"] + ".example.cn"),
            *office.select(places.ADDRESS).get_columns(),
            pl.repeat("CN", count, eager=True).alias("country"),
        ]
    ).with_columns(pl.lit("organisation").alias("kind"))


def chinese_names(draws: Draws, city: pl.Series, pinyin: pl.Series) -> pl.DataFrame:
    """Columns `NAMES`, industry, domain: 上海华远科技有限公司 and the other ways of writing it."""
    count = len(city)
    syllables = [draws.rows(words("brand_syllables"), count) for _ in range(3)]
    is_long = pl.Series(draws.share(count, _LONG_BRAND))
    trade = draws.rows(words("trades"), count)
    is_share = pl.Series(draws.share(count, _SHARE_COMPANY))
    frame = pl.DataFrame(
        [
            city.alias("city"),
            pinyin.alias("city_pinyin"),
            *(s[c].alias(f"{c}{n}") for n, s in enumerate(syllables) for c in s.columns),
            *(trade[c].alias(f"trade_{c}") for c in trade.columns),
            is_long.alias("is_long"),
            is_share.alias("is_share"),
        ]
    )

    def brand(script: str) -> pl.Expr:
        third = pl.when("is_long").then(pl.col(f"{script}2")).otherwise(pl.lit(""))
        return pl.col(f"{script}0") + pl.col(f"{script}1") + third

    form = pl.when("is_share").then(pl.lit("股份有限公司")).otherwise(pl.lit("有限公司"))
    short = pl.col("city") + brand("hanzi") + pl.col("trade_hanzi")
    return frame.select(
        (short + form).alias("name"),
        (pl.col("city") + brand("traditional") + pl.col("trade_traditional") + form).alias("name_traditional"),
        short.alias("name_short"),
        (short + "（集团）股份有限公司").alias("name_group"),
        (brand("hanzi") + pl.col("trade_hanzi") + "(" + pl.col("city") + ")" + form).alias("name_brackets"),
        pl.concat_str(
            "city_pinyin", brand("pinyin").str.to_titlecase(), "trade_english", pl.lit("Co., Ltd."), separator=" "
        ).alias("name_latin"),
        pl.col("trade_industry").alias("industry"),
        (brand("pinyin") + "-" + pl.col("trade_pinyin")).alias("domain"),
    )  # fmt: skip


def foreign_organisations(draws: Draws, count: int) -> pl.DataFrame:
    """One row per organisation of another country, the columns of `world` that organisations have."""
    countries = draws.rows(words("countries"), count, "weight")
    office = places.foreign_addresses(draws, countries["country"])
    named = foreign_names(draws, countries["country"])
    contact = foreign_people(draws, count).select(_CONTACT)
    return pl.DataFrame(
        [
            *named.drop("domain").get_columns(),
            tax_numbers(draws, countries["country"]),
            *places.foreign_phones(draws, countries["country"], office["dialling"]).get_columns(),
            *(contact[name].alias(f"contact_{name}") for name in _CONTACT),
            *_mail(draws, named["domain"] + ".example.com"),
            *office.select(places.ADDRESS).get_columns(),
            countries["country"],
        ]
    ).with_columns(pl.lit("organisation").alias("kind"))


def foreign_names(draws: Draws, country: pl.Series) -> pl.DataFrame:
    """Columns `NAMES` as far as Latin letters have them, industry, domain: Alderbrook Trading Ltd."""
    count = len(country)
    beginning = draws.pick(words("foreign_brands")["beginning"], count)
    ending = draws.pick(words("foreign_brands")["ending"].drop_nulls(), count)
    trade = draws.rows(words("trades"), count)
    forms = words("countries").select("country", "legal_form", "legal_form_long")
    frame = pl.DataFrame({"country": country, "brand": beginning + ending}).join(
        forms, on="country", how="left", maintain_order="left"
    )
    frame = frame.with_columns(trade["english"], trade["industry"])
    short = pl.concat_str("brand", "english", separator=" ")
    return frame.select(
        pl.concat_str(short, "legal_form", separator=" ").alias("name"),
        pl.concat_str(short, "legal_form", separator=" ").alias("name_latin"),
        short.alias("name_short"),
        pl.concat_str("brand", pl.lit("Group"), "legal_form", separator=" ").alias("name_group"),
        pl.concat_str(short, "legal_form_long", separator=" ").alias("name_brackets"),
        "industry",
        pl.concat_str(pl.col("brand").str.to_lowercase(), pl.col("english").str.to_lowercase(), separator="-")
        .alias("domain"),
    )  # fmt: skip


def _mail(draws: Draws, domain: pl.Series) -> list[pl.Series]:
    """The company's address and that of its sales; the domain is its own, or another's of the same brand and trade."""
    offices = [
        draws.pick(pl.Series(options), len(domain)) for options in (["info", "office", "contact"], ["sales", "hr"])
    ]
    return [(office + "@" + domain).alias(name) for office, name in zip(offices, ("email", "email_other"), strict=True)]


def organisations_later(draws: Draws, organisations: pl.DataFrame) -> pl.DataFrame:
    """The address, phone and names that each organisation would have after a change, e-mail address and id kept.

    Args:
        draws: chance.
        organisations: as `chinese_organisations` or `foreign_organisations` made them, of one of the two only.
    """
    if "organisation_id" in organisations.columns:
        office = places.chinese_addresses(draws, len(organisations), is_office=True)
        phones = places.chinese_landlines(draws, office["area_code"])
        named = chinese_names(draws, office["short"], office["pinyin"])
    else:
        office = places.foreign_addresses(draws, organisations["country"])
        phones = places.foreign_phones(draws, organisations["country"], office["dialling"])
        named = foreign_names(draws, organisations["country"])
    columns = [name for name in NAMES if name in named.columns]
    return pl.DataFrame(
        [
            *office.select(places.ADDRESS).get_columns(),
            *phones.get_columns(),
            *named.select(columns).get_columns(),
            organisations["email"],
        ]
    )
