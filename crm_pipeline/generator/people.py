"""People: households of one address, names in characters, traditional characters and pinyin, or in Latin letters.

Belongs here: who people are. Does not belong here: how a system writes them down (`systems`).
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from crm_pipeline.generator import places
from crm_pipeline.generator.identifiers import resident_ids
from crm_pipeline.generator.plan import Bools, Draws, Ints
from crm_pipeline.generator.vocabulary import words

ALONE = 0.55  # share of people who are the first of their household; the others live with the one before them
SAME_SURNAME = 0.55  # of the others in a household: children and siblings; spouses keep their own name
ABROAD = 0.03  # Chinese people who live abroad: pinyin in the shop, characters at home
_ONE_CHARACTER = 0.15  # given names of one character; they were more frequent among those born before 2000
_YOUNGEST = date(2007, 12, 31)
_OLDEST = date(1938, 1, 1)
_MAIL_DOMAINS = pl.Series(["example.com", "example.org", "example.net", "mail.example.com", "example.cn"])


def heads(draws: Draws, count: int) -> Ints:
    """For each person the position of the first of the household, which is the person for that one."""
    is_head = draws.share(count, ALONE)
    is_head[:1] = True
    return np.maximum.accumulate(np.where(is_head, np.arange(count), 0))


def chinese_people(draws: Draws, count: int) -> pl.DataFrame:
    """One row per person, the columns of `world` that people have."""
    head = heads(draws, count)
    person = _chinese_names(draws, head)
    born = birth_dates(draws, count)
    home = places.chinese_addresses(draws, count, is_office=False)[head]
    birthplace = draws.rows(words("districts"), count, "weight")["division_code"]
    sequence = draws.whole(count, 0, 500) * 2 + (person["gender"] == "male").cast(pl.Int64).to_numpy()
    phones = places.chinese_mobiles(draws, count)
    landline = places.chinese_landlines(draws, home["area_code"])[head]
    latin = person.select(
        (pl.col("given_pinyin") + " " + pl.col("family_pinyin")).alias("name_latin"),
        (pl.col("family_pinyin").str.to_lowercase() + pl.col("given_pinyin").str.to_lowercase()).alias("local"),
    )
    return _with_household(
        pl.DataFrame(
            [
                *person.get_columns(),
                latin["name_latin"],
                born,
                resident_ids(birthplace, born, sequence).alias("national_id"),
                *phones.get_columns(),
                landline["phone_local"].alias("landline"),
                addresses_of_mail(draws, latin["local"], "email"),
                addresses_of_mail(draws, latin["local"], "email_other"),
                *home.select(places.ADDRESS).get_columns(),
                pl.repeat("CN", count, eager=True).alias("country"),
                pl.Series("is_abroad", draws.share(count, ABROAD)),
            ]
        ),
        head,
    )


def _chinese_names(draws: Draws, head: Ints) -> pl.DataFrame:
    count = len(head)
    own = draws.weighted(count, words("surnames")["weight"].cast(pl.Float64).to_numpy())
    shares = draws.share(count, SAME_SURNAME)
    family = words("surnames")[np.where(shares, own[head], own)]
    is_male = draws.share(count, 0.51)
    first, second = _given(draws, is_male), _given(draws, is_male)
    is_single = pl.Series(draws.share(count, _ONE_CHARACTER))
    frame = pl.DataFrame(
        [
            *(family[name].alias(f"s_{name}") for name in ("hanzi", "traditional", "pinyin")),
            *(first[name].alias(f"a_{name}") for name in first.columns),
            *(second[name].alias(f"b_{name}") for name in second.columns),
            is_single.alias("is_single"),
            pl.Series("is_male", is_male),
        ]
    )

    def b(name: str) -> pl.Expr:
        return pl.when("is_single").then(pl.lit("")).otherwise(pl.col(f"b_{name}"))

    return frame.select(
        (pl.col("s_hanzi") + pl.col("a_hanzi") + b("hanzi")).alias("name"),
        (pl.col("s_traditional") + pl.col("a_traditional") + b("traditional")).alias("name_traditional"),
        (pl.col("s_hanzi") + pl.col("a_mistaken") + b("hanzi")).alias("name_mistaken"),
        (pl.col("a_hanzi") + b("hanzi") + pl.col("s_hanzi")).alias("name_swapped"),
        pl.col("s_pinyin").alias("family_pinyin"),
        (pl.col("a_pinyin") + b("pinyin")).str.to_titlecase().alias("given_pinyin"),
        pl.when("is_male").then(pl.lit("male")).otherwise(pl.lit("female")).alias("gender"),
    )


def _given(draws: Draws, is_male: Bools) -> pl.DataFrame:
    characters = words("given_characters")
    men, women = characters.filter(pl.col("gender") == "male"), characters.filter(pl.col("gender") == "female")
    position = draws.uniform(len(is_male))
    chosen = np.where(is_male, position * len(men), len(men) + position * len(women)).astype(np.int64)
    return pl.concat([men, women])[chosen].drop("gender")


def foreign_people(draws: Draws, count: int) -> pl.DataFrame:
    """One row per person of another country, the columns of `world` that people have; no characters, no resident id."""
    head = heads(draws, count)
    countries = draws.rows(words("countries"), count, "weight")[head]
    is_male = draws.share(count, 0.5)
    names = _latin_names(draws, countries["language"], is_male, head)
    home = places.foreign_addresses(draws, countries["country"])[head]
    local = names.select(
        (pl.col("given_pinyin") + "." + pl.col("family_pinyin")).str.to_lowercase().str.normalize("NFKD")
        .str.replace_all("ß", "ss").str.replace_all(r"[^a-z.]", "")
    ).to_series()  # fmt: skip
    return _with_household(
        pl.DataFrame(
            [
                *names.get_columns(),
                birth_dates(draws, count),
                *places.foreign_phones(draws, countries["country"], home["dialling"]).get_columns(),
                addresses_of_mail(draws, local, "email"),
                addresses_of_mail(draws, local, "email_other"),
                *home.select(places.ADDRESS).get_columns(),
                countries["country"],
                pl.repeat(value=False, n=count, eager=True).alias("is_abroad"),
            ]
        ),
        head,
    )


def _latin_names(draws: Draws, language: pl.Series, is_male: Bools, head: Ints) -> pl.DataFrame:
    count = len(language)
    listed = words("latin_names").with_columns(
        (pl.col("language") + pl.col("part")).alias("list"),
    ).with_columns(pl.int_range(pl.len()).over("list").alias("place"))  # fmt: skip
    sizes = listed.group_by("list").agg(pl.len().alias("size"))
    gender = pl.Series(np.where(is_male, "male", "female"))
    own = draws.uniform(count)
    shared = np.where(draws.share(count, SAME_SURNAME), own[head], own)

    def names(part: pl.Series, position: np.typing.NDArray[np.float64]) -> pl.Series:
        asked = pl.DataFrame({"list": language + part, "u": position}).join(
            sizes, on="list", how="left", maintain_order="left"
        )
        asked = asked.with_columns((pl.col("u") * pl.col("size")).floor().cast(pl.Int64).alias("place"))
        return asked.join(listed, on=["list", "place"], how="left", maintain_order="left")["name"]

    family = names(pl.repeat("family", count, eager=True), shared)
    given = names(gender, draws.uniform(count))
    return pl.DataFrame(
        {
            "name": given + " " + family,
            "name_latin": given + " " + family,
            "name_swapped": family + " " + given,
            "family_pinyin": family,
            "given_pinyin": given,
            "gender": gender,
        }
    )


def birth_dates(draws: Draws, count: int) -> pl.Series:
    """Birth dates of grown-up customers, all equally often."""
    days = draws.whole(count, _OLDEST.toordinal(), _YOUNGEST.toordinal() + 1) - date(1970, 1, 1).toordinal()
    return pl.Series("birth_date", days).cast(pl.Int32).cast(pl.Date)


def addresses_of_mail(draws: Draws, local: pl.Series, name: str) -> pl.Series:
    """An address of a reserved domain: the name, a number of four digits."""
    count = len(local)
    return (local + draws.digits(count, 4) + "@" + draws.pick(_MAIL_DOMAINS, count)).alias(name)


def _with_household(people: pl.DataFrame, head: Ints) -> pl.DataFrame:
    """`people` with the number of the first of the household, and that one's phone; null for the first itself."""
    is_head = pl.Series(head == np.arange(len(head)))
    phones = people.select(places.PHONE)[head]
    hidden = [
        pl.select(pl.when(~is_head).then(phones[name])).to_series().alias(f"family_{name}") for name in places.PHONE
    ]
    return people.with_columns(pl.Series("head", head), *hidden, pl.lit("person").alias("kind"))


def people_later(draws: Draws, people: pl.DataFrame, head: Ints) -> pl.DataFrame:
    """The address, phone and e-mail address that each person would have after a change.

    Args:
        draws: chance.
        people: as `chinese_people` or `foreign_people` made them, of one of the two only.
        head: the person whose new address is one's own; oneself for those who move alone.
    """
    count = len(people)
    local = people["email"].str.extract(r"^([a-z.]*)", 1)
    if "name_traditional" in people.columns:
        home = places.chinese_addresses(draws, count, is_office=False)
        phones = places.chinese_mobiles(draws, count)
    else:
        home = places.foreign_addresses(draws, people["country"])
        phones = places.foreign_phones(draws, people["country"], home["dialling"])
    addresses = home.select(places.ADDRESS)[head]
    return pl.DataFrame([*addresses.get_columns(), *phones.get_columns(), addresses_of_mail(draws, local, "email")])
