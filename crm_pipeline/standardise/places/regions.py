"""States, provinces and other first divisions of countries, and countries as they close an address.

Belongs here: names to the official one, by ISO 3166. Does not belong here: China's divisions (`divisions`), countries
as a column of their own (`countries`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

import polars as pl
import pycountry

# Countries whose regions are written by the letters of ISO 3166-2 in addresses.
ABBREVIATING = ("US", "CA", "AU", "BR")
# What stands at the end of addresses beside the names of ISO 3166: in the country's language, and short.
_LOCAL = {
    "usa": "US", "u.s.a.": "US", "united states of america": "US", "uk": "GB", "u.k.": "GB", "great britain": "GB",
    "england": "GB", "scotland": "GB", "wales": "GB", "northern ireland": "GB", "deutschland": "DE", "österreich": "AT",
    "oesterreich": "AT", "osterreich": "AT", "schweiz": "CH", "suisse": "CH", "svizzera": "CH", "españa": "ES",
    "espana": "ES", "italia": "IT", "nederland": "NL", "holland": "NL", "the netherlands": "NL", "belgië": "BE",
    "belgie": "BE", "belgique": "BE", "danmark": "DK", "sverige": "SE", "norge": "NO", "suomi": "FI", "polska": "PL",
    "česko": "CZ", "czech republic": "CZ", "slovensko": "SK", "magyarország": "HU", "românia": "RO", "hrvatska": "HR",
    "slovenija": "SI", "türkiye": "TR", "turkey": "TR", "brasil": "BR", "méxico": "MX", "россия": "RU", "russia": "RU",
    "україна": "UA", "日本": "JP", "대한민국": "KR", "south korea": "KR", "korea": "KR", "hong kong": "HK",
    "macau": "MO", "macao": "MO", "taiwan": "TW", "vietnam": "VN", "uae": "AE", "p.r. china": "CN", "p.r.china": "CN",
    "pr china": "CN",
}  # fmt: skip
# Countries that are places elsewhere too (New Mexico, New Jersey, Lebanon PA): they count after a comma only.
_ALSO_PLACES = frozenset({
    "jersey", "mexico", "lebanon", "jordan", "cuba", "peru", "panama", "poland", "norway", "denmark", "china", "turkey",
    "mali", "guinea", "holland", "wales", "england", "scotland", "jamaica", "chad", "malta", "korea",
})  # fmt: skip
_NEVER = frozenset({"georgia"})  # a state of the US as often


@cache
def countries() -> Mapping[str, str]:
    """Lower-case names that may close an address, to alpha-2."""
    names: dict[str, str] = {}
    for country in pycountry.countries:
        for name in (country.name, getattr(country, "common_name", None), getattr(country, "official_name", None)):
            if name and name.lower() not in _NEVER:
                names[name.lower()] = country.alpha_2
    return names | _LOCAL


@cache
def country_pattern() -> str:
    """For the end of an address: the country's name in group 1 or 2."""
    ordered = sorted(countries(), key=len, reverse=True)
    after_comma = "|".join(map(re.escape, ordered))
    after_blank = "|".join(re.escape(name) for name in ordered if name not in _ALSO_PLACES)
    return rf"(?i)(?:(?:, *|^)({after_comma})| ({after_blank}))[ .]*$"


@cache
def regions(country: str) -> Mapping[str, str]:
    """Lower-case names and customary letters of the country's first divisions, to their names in ISO 3166-2."""
    found: dict[str, str] = {}
    found_here = pycountry.subdivisions.get(country_code=country)  # type: ignore[no-untyped-call]
    for one in found_here or ():
        if one.parent_code is not None:
            continue
        for name in (one.name, one.name.replace("-", " ")):
            found[name.lower()] = one.name
        if country in ABBREVIATING:
            found[one.code[3:].lower()] = one.name
    if country == "US":
        found |= {"d.c.": "District of Columbia", "washington d.c.": "District of Columbia"}
    return found


@cache
def region_pattern(country: str) -> str | None:
    """For the end of a text: a region's name or letters in group 1; None for countries without any."""
    names = [name for name in regions(country) if len(name) > 3]
    letters = [r"\.?".join(name) for name in regions(country) if len(name) <= 3 and name.isalpha()]
    if not names + letters:
        return None
    written = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    either = f"(?i:{written})" + (f"|(?i:{'|'.join(letters)})" if letters else "")
    return rf"(?:^|[ ,])({either})\.?[ ,]*$"


def official(name: str, country: str) -> pl.Expr:
    """The official name of what the column `name` holds, by the column `country`; as delivered where it is unknown."""
    text = pl.col(name).str.strip_chars().replace("", None)
    return pl.struct(text.alias("text"), pl.col(country).alias("country")).map_batches(
        lambda batch: _official(batch.struct.unnest()), return_dtype=pl.String, is_elementwise=True
    )


def _official(rows: pl.DataFrame) -> pl.Series:
    distinct = rows.unique().drop_nulls("text")
    names = [
        regions(code).get(text.lower().replace(".", ""), text) if code else text
        for text, code in distinct.select("text", "country").iter_rows()
    ]
    known = distinct.with_columns(pl.Series("name", names, dtype=pl.String))
    return rows.join(known, on=["text", "country"], how="left", maintain_order="left", nulls_equal=True)["name"]
