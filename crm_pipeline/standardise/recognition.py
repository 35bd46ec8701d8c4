"""What kind of values a column holds, told by the cleaners that can read them.

Belongs here: shares of values of each kind. Does not belong here: what a column is to be mapped to (`sources`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import polars as pl

from crm_pipeline.standardise import choices
from crm_pipeline.standardise.amounts import numbers
from crm_pipeline.standardise.calendar import dates
from crm_pipeline.standardise.contact_points import emails, phones
from crm_pipeline.standardise.places import countries
from crm_pipeline.standardise.text import texts

Shares = Mapping[str, float]

_MOST_VALUES = 2_000  # distinct values looked at; shares are then within some two hundredths
_MOST_PHONES = 300  # the telephone library is slow

_CREDIT_CODE = r"^[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}$"  # GB 32100-2015
# GB 11643-1999
_RESIDENT_ID = r"^[1-9][0-9]{5}(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9X]$"
_URL = r"^(?:https?://)?(?:www\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}(?:/\S*)?$"
_POSTCODE = (
    r"^(?:[0-9]{4,6}|[0-9]{5}-[0-9]{4}|[0-9]{3}-[0-9]{4}|[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2}|"
    r"[A-Z][0-9][A-Z] ?[0-9][A-Z][0-9])$"
)
_COMPANY = (
    r"(?i)公司|集团|銀行|银行|医院|大学|学院|事务所|研究院|厂$|店$|中心$|株式会社|"
    r"\b(?:co\.?,? ?ltd|ltd|limited|inc|llc|gmbh|corp|corporation|plc|pty|s\.?a\.?|b\.?v\.?|ag|kg|oy|ab)\b\.?"
)
_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏"
    "钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文欧阳張劉陳楊趙黃吳孫羅鄭謝馬"
)
_PERSON = rf"^[{_SURNAMES}]\p{{Han}}{{1,3}}$"
_PROVINCE = (
    "^(?:北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|"
    "云南|陕西|甘肃|青海|台湾|内蒙古|广西|西藏|宁夏|新疆|香港|澳门)(?:省|市|(?:壮族|回族|维吾尔)?自治区|特别行政区)?$"
)
_STREET = r"(?i)(?:路|街|道|巷|弄).*[0-9].*|[0-9]+号|\b[0-9]+\b.*\b(?:st|street|road|rd|ave|avenue|lane|blvd|drive)\b"
_ID = r"^[A-Za-z]{0,6}[-_]?[0-9]{3,}(?:[-_|][A-Za-z0-9]+)*$|^[0-9a-f]{8}-[0-9a-f]{4}-"


def recognise(cells: pl.Series, country: str) -> Shares:
    """One column as `recognise_each` tells it."""
    return recognise_each([cells], country)[0]


def recognise_each(columns: Sequence[pl.Series], country: str) -> list[Shares]:
    """Shares of each column by kind, 0 to 1, of its distinct values that are not blank.

    Besides: `filled`, the share of rows with a value; `distinct`, different values for each row with one; `values`,
    how many different ones there are; `year`, the middle year of dates. A column without values has the first three.
    Columns do not influence each other. All are read in one pass, since the cleaners' patterns, some three hundred,
    are made ready in each pass.

    Args:
        columns: each text, of any length.
        country: ISO 3166-1 alpha-2, for telephone numbers without a calling code.
    """
    meant = _meant(columns)
    counts = meant.group_by("column").agg(pl.col("rows").sum(), pl.len().alias("values"))
    sizes = {number: (rows, values) for number, rows, values in counts.iter_rows()}
    found: list[dict[str, float]] = []
    for number, cells in enumerate(columns):
        rows, values = sizes.get(number, (0, 0))
        filled, distinct = rows / max(cells.len(), 1), values / max(rows, 1)
        found.append({"filled": filled, "distinct": distinct, "values": float(values)})
    if meant.height:
        for row in _shares(meant, country).iter_rows(named=True):
            kinds = {kind: share for kind, share in row.items() if share is not None}
            found[int(kinds.pop("column"))] |= kinds
    return list(found)


def _meant(columns: Sequence[pl.Series]) -> pl.DataFrame:
    """Distinct values of each column in their order, blanks and placeholders left out: `column`, `value`, `rows`."""
    schema = {"column": pl.UInt32(), "value": pl.String(), "rows": pl.UInt32()}
    parts = [pl.DataFrame(schema=schema)]
    for number, cells in enumerate(columns):
        named = cells.alias("value").to_frame().group_by("value", maintain_order=True).agg(pl.len().alias("rows"))
        parts.append(named.select(pl.lit(number).alias("column"), "value", "rows").cast(schema))  # type: ignore[arg-type]  # names to types
    cleaned = pl.concat(parts).with_columns(texts.clean(pl.col("value"))).drop_nulls("value")
    return cleaned.group_by("column", "value", maintain_order=True).agg(pl.col("rows").sum())


def _shares(meant: pl.DataFrame, country: str) -> pl.DataFrame:
    """`column`, the share of each kind, `phone` and `year` (null without dates), of the first values of each column."""
    first = meant.select("column", pl.col("value").str.normalize("NFKC"))
    first = first.filter(pl.int_range(pl.len()).over("column") < _MOST_VALUES)
    once = first.select(pl.col("value").unique(maintain_order=True))
    once = once.with_columns(dates.clean_date(pl.col("value")).alias("day"))
    once = once.select(
        "value",
        pl.col("day").dt.year().alias("year"),
        *(rule(pl.col("value")).alias(kind) for kind, rule in _RULES.items()),
    )
    read = first.join(once, on="value", how="left", maintain_order="left")
    shares = read.group_by("column").agg(pl.col(*_RULES).fill_null(value=False).mean(), pl.col("year").median())
    return shares.join(_phones(first, country), on="column")


def _phones(first: pl.DataFrame, country: str) -> pl.DataFrame:
    """`column` and `phone`, the share of telephone numbers among the very first values of each column."""
    looked_at = first.filter(pl.int_range(pl.len()).over("column") < _MOST_PHONES)
    once = looked_at.select(pl.col("value").unique(maintain_order=True))
    is_number = once.with_columns(phones.clean(pl.col("value"), country).is_not_null().alias("phone"))
    read = looked_at.join(is_number, on="value", how="left")
    return read.group_by("column").agg(pl.col("phone").mean())


def _matches(pattern: str) -> Callable[[pl.Expr], pl.Expr]:
    return lambda value: value.str.contains(pattern)


# Of the value, and of the `day` that is read of it.
_RULES: Mapping[str, Callable[[pl.Expr], pl.Expr]] = {
    "email": lambda value: emails.clean(value).is_not_null(),
    "date": lambda _: pl.col("day").is_not_null(),
    "time": lambda value: pl.col("day").is_not_null() & value.str.contains(r"[T ][0-9]{1,2}:"),
    "number": lambda value: numbers.clean(value).is_not_null(),
    "country": lambda value: countries.clean(value).is_not_null(),
    "gender": lambda value: choices.clean_gender(value).is_not_null(),
    "kind": lambda value: choices.clean_kind(value).is_not_null(),
    "boolean": lambda value: choices.clean_boolean(value).is_not_null(),
    "currency": _matches(r"^(?:CNY|RMB|USD|EUR|GBP|JPY|HKD|TWD|SGD|AUD|CAD|CHF|KRW|INR|MYR|THB)$"),
    "organisation_id": lambda value: (
        value.str.to_uppercase().str.contains(_CREDIT_CODE) & ~value.str.to_uppercase().str.contains(_RESIDENT_ID)
    ),
    "national_id": lambda value: value.str.to_uppercase().str.contains(_RESIDENT_ID),
    "url": lambda value: value.str.to_lowercase().str.contains(_URL),
    "postcode": lambda value: value.str.to_uppercase().str.contains(_POSTCODE),
    "company": _matches(_COMPANY),
    "person": _matches(_PERSON),
    "province": _matches(_PROVINCE),
    "street": _matches(_STREET),
    "id": _matches(_ID),
    "han": _matches(r"\p{Han}"),
}

# What a column is called when most of its values are of one kind; the first that fits.
_NAMES = (
    ("email", "e-mail"), ("national_id", "resident id"), ("organisation_id", "credit code"), ("gender", "gender"),
    ("kind", "kind"), ("time", "time"), ("phone", "phone"), ("date", "date"), ("currency", "currency"),
    ("country", "country"), ("province", "province"), ("number", "number"), ("company", "organisation name"),
    ("person", "person name"), ("street", "street"), ("url", "web address"),
)  # fmt: skip
_MOSTLY, _UNIQUE, _FEW = 0.8, 0.98, 20


def type_of(shares: Mapping[str, float]) -> str:
    """A column's kind in a word or two: `phone`, `date`, `id`, `few values`, `text`, `empty`."""
    if not shares["values"]:
        return "empty"
    kind = next((name for key, name in _NAMES if shares[key] >= _MOSTLY), "")
    if shares["id"] >= _MOSTLY and shares["distinct"] >= _UNIQUE and kind in {"", "number"}:
        return "id"
    if not kind and shares["values"] <= _FEW and shares["distinct"] < 1:
        return "few values"
    return kind or "text"
