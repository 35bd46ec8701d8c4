"""Countries as ISO 3166-1 alpha-2, from codes and from English and Chinese names."""

from __future__ import annotations

import gettext
from functools import cache

import polars as pl
import pycountry

from crm_pipeline.standardise.text import texts

# What people write that ISO 3166 does not know.
_ALIASES = {
    "uk": "GB", "great britain": "GB", "england": "GB", "britain": "GB", "america": "US", "u.s.": "US", "u.s.a.": "US",
    "prc": "CN", "p.r. china": "CN", "p.r.china": "CN", "mainland china": "CN", "hong kong sar": "HK", "macau": "MO",
    "russia": "RU", "south korea": "KR", "holland": "NL", "uae": "AE", "中华人民共和国": "CN", "中国大陆": "CN",
    "台湾": "TW", "臺灣": "TW", "香港": "HK", "澳门": "MO", "韩国": "KR", "朝鲜": "KP", "英国": "GB", "美国": "US",
}  # fmt: skip


@cache
def _codes() -> dict[str, str]:
    """Lower-case code or name to alpha-2."""
    chinese = gettext.translation("iso3166-1", pycountry.LOCALES_DIR, languages=["zh_CN"])
    codes: dict[str, str] = {}
    for country in pycountry.countries:
        names = [country.alpha_2, country.alpha_3, country.name, getattr(country, "common_name", None)]
        names.append(getattr(country, "official_name", None))
        names += [chinese.gettext(name) for name in names[2:] if name]
        codes |= {name.lower(): country.alpha_2 for name in names if name}
    return codes | _ALIASES


def clean(value: pl.Expr) -> pl.Expr:
    """The alpha-2 code; null for what is no country. Namibia's code NA is not taken for a placeholder."""
    return texts.trim(value).str.to_lowercase().replace_strict(_codes(), default=None)
