"""Amounts of money as decimals with four places, and the currency that is written beside them.

Belongs here: signs, currencies, separators and Chinese units of an amount. Does not belong here: numbers without a
currency's column (`numbers`), amounts in characters (`chinese_amounts`), exchange. Rounding as in `numbers`.
"""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from crm_pipeline.standardise.amounts import chinese_amounts, currencies, numbers
from crm_pipeline.standardise.reasons import PLACEHOLDER, Reason
from crm_pipeline.standardise.text import placeholders, texts

REASONS = dict(numbers.REASONS) | {
    "percent": Reason("a percentage, which is not money", "百分比，不是金额"),
    "currency": Reason("an amount with two different currencies", "同时写有两种货币的金额"),
    "form": Reason("not an amount of money", "不是金额"),
}
_UNITS = {
    **{"百": 10**2, "千": 10**3, "万": 10**4, "萬": 10**4, "十万": 10**5, "百万": 10**6, "千万": 10**7, "亿": 10**8},
    **{"億": 10**8, "十亿": 10**9, "百亿": 10**10, "千亿": 10**11, "万亿": 10**12},
    # M is a thousand to bankers and a million to others.
    **{"W": 10**4, "K": 10**3, "THOUSAND": 10**3, "MN": 10**6, "MILLION": 10**6, "BN": 10**9, "BILLION": 10**9},
}
# The usual ways, read without taking the cell apart.
_PLAIN = (
    r"^(?P<sign>[¥￥$€£])?(?P<digits>-?(?:[0-9]{1,14}|[0-9]{1,3}(?:,[0-9]{3}){1,3})(?:\.[0-9]{1,4})?)(?P<yuan>元)?$"
)
_MINUS = ("−", "–", "﹣")
_NUMBER = r"[0-9](?:[0-9.,' ]*[0-9])?|\.[0-9]+"
_SHAPE = (
    rf"^(?P<sign1>[+-])?\s*(?P<before>[^0-9+\-.]*?)\s*(?P<sign2>[+-])?\s*(?P<number>{_NUMBER})\s*"
    r"(?P<unit>[十百千万萬亿億]+|(?:W|K|THOUSAND|MN|MILLION|BN|BILLION)(?-u:\b))?\s*(?P<sign3>-)?\s*(?P<after>[^0-9+\-]*?)\s*(?:整|正)?(?P<sign4>-)?$"
)
# Ways to group thousands that tell by themselves what the comma and the point are; the number with a point alone.
_SURE = (
    (r"^[0-9]+(?:\.[0-9]+)?$", ()),
    (r"^\.[0-9]+$", ()),
    (r"^[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?$", (",",)),
    (r"^[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}(?:\.[0-9]+)?$", (",",)),  # lakhs and crores
    (r"^[0-9]{1,4}(?:,[0-9]{4}){2,}(?:\.[0-9]+)?$", (",",)),  # by 万 and 亿
    (r"^[0-9]{1,3}(?:[' ][0-9]{3})+(?:\.[0-9]+)?$", ("'", " ")),
    (r"^[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+$", (".",)),
    (r"^[0-9]{1,3}(?:\.[0-9]{3}){2,}$", (".",)),
    (r"^[0-9]{1,3}(?:[' ][0-9]{3})+,[0-9]+$", ("'", " ")),
    (r"^(?:0|[0-9]{4,}),[0-9]+$", ()),  # neither 0,5 nor 1234,56 can be grouped
)


def read(values: pl.Series, currency: str | None) -> pl.DataFrame:
    """The amount of each cell, or why there is none: `value` (Decimal(18, 4)), `reason` and `currency`, row for row.

    `currency` is the ISO 4217 code that the cell names, null where it names none or one of several (`$12`). A minus may
    stand before or behind the number or the currency; brackets mean minus.

    Args:
        values: text as delivered.
        currency: the ISO 4217 code that the source is known to use, which tells what `$`, `¥` or 元 means; None if not
            known: 元 is then CNY, the others nothing.
    """
    frame = values.alias("cell").to_frame()
    plain = frame.select(_plain(pl.col("cell"), currency))
    is_rest = plain["plain"].is_null() & values.is_not_null()
    rest = frame.filter(is_rest).unique(maintain_order=True)
    if rest.is_empty():
        reason = pl.lit(None, pl.String).alias("reason")
        return plain.select(pl.col("plain").alias("value"), reason, pl.col("code").alias("currency"))
    apart = pl.concat([rest, _read_rest(rest["cell"], currency)], how="horizontal")
    both = pl.concat([frame, plain], how="horizontal").join(apart, on="cell", how="left", maintain_order="left")
    return both.select(
        pl.coalesce("plain", "value").alias("value"), "reason", pl.coalesce("code", "currency").alias("currency")
    )


def _plain(cell: pl.Expr, currency: str | None) -> list[pl.Expr]:
    """`plain`, the amount of a cell written in a usual way, and `code`, the currency of its sign."""
    parts = cell.str.extract_groups(_PLAIN)
    digits, sign, yuan = (parts.struct.field(name) for name in ("digits", "sign", "yuan"))
    is_one = sign.is_null() | yuan.is_null()
    amount = pl.when(is_one).then(digits.str.replace_all(",", "", literal=True)).cast(pl.Decimal(18, 4))
    signs = {"¥": "¥", "￥": "¥", "$": "$", "€": "€", "£": "£", "元": "元"}
    own = {sign: currency for sign, codes in currencies.SHARED_SIGNS.items() if currency in codes}
    codes = {written: (currencies.known() | own).get(plain) for written, plain in signs.items()}
    code = pl.when(is_one).then(pl.coalesce(sign, yuan)).replace_strict(codes, default=None, return_dtype=pl.String)
    return [amount.alias("plain"), code.alias("code")]


def _read_rest(cells: pl.Series, currency: str | None) -> pl.DataFrame:
    text, cell = pl.col("text"), pl.col("cell")
    frame = cells.alias("cell").to_frame().with_columns(_upper(cell).alias("text"))
    frame = frame.with_columns(
        text.str.contains(r"^\(.*\)$").alias("in_brackets"), text.str.replace(r"^\((.*)\)$", "$1").alias("text")
    )
    parts = frame.with_columns(text.str.extract_groups(_SHAPE).alias("part")).unnest("part")
    parts = parts.with_columns(_in_characters(parts["text"]).alias("characters")).with_columns(
        pl.col("before", "after").str.replace(r"^\((.*)\)$", "$1")
    )
    known = parts.with_columns(
        _code("before", currency).alias("first"), _code("after", currency).alias("second"),
        _is_known("before").alias("knows_first"), _is_known("after").alias("knows_second"),
    )  # fmt: skip
    signs = pl.sum_horizontal(pl.col(f"sign{n}").is_not_null() for n in range(1, 5)) + pl.col("in_brackets")
    return known.with_columns(_amount().alias("amount"), signs.alias("signs")).select(*_verdicts())


def _verdicts() -> list[pl.Expr]:
    text, first, second = pl.col("text"), pl.col("first"), pl.col("second")
    # 港币100元 and ¥100日元 name one currency: the sign is that of several.
    is_first = _shares("after", first)
    is_twofold = first.is_not_null() & second.is_not_null() & (first != second)
    is_twofold &= ~is_first & ~_shares("before", second)
    is_amount = pl.col("knows_first") & pl.col("knows_second") & (pl.col("signs") <= 1)
    characters = pl.col("characters")
    value = pl.coalesce(pl.when(is_amount & ~is_twofold).then(numbers.rounded(pl.col("amount"))), characters)
    is_number = is_amount & pl.col("number").is_not_null()
    reason = (
        pl.when(value.is_not_null() | text.is_null()).then(None)
        .when(placeholders.is_placeholder(pl.col("cell"))).then(pl.lit(PLACEHOLDER))
        .when(text.str.contains(r"[0-9]\s*[%‰]")).then(pl.lit("percent"))
        .when(is_twofold).then(pl.lit("currency"))
        .when(is_number & pl.col("amount").is_null() & ~_is_sure()).then(pl.lit("separators"))
        .when(is_number).then(pl.lit("too_large"))
        .otherwise(pl.lit("form"))
    )  # fmt: skip
    in_characters = pl.when(characters.is_not_null() & text.str.contains("[元圆圓]|人民")).then(pl.lit("CNY"))
    code = pl.when(value.is_not_null()).then(
        pl.coalesce(
            pl.when(is_first).then(first), pl.when(_shares("before", second)).then(second), first, second, in_characters
        )
    )
    return [value.alias("value"), reason.alias("reason"), code.alias("currency")]


def _upper(cell: pl.Expr) -> pl.Expr:
    upper = texts.trim(cell.str.normalize("NFKC").str.to_uppercase())
    return upper.str.replace_many(list(_MINUS), ["-"] * len(_MINUS)).str.replace_many(["’", "‘"], ["'", "'"])


def _is_sure() -> pl.Expr:
    return pl.any_horizontal(pl.col("number").str.contains(pattern) for pattern, _ in _SURE)


def _amount() -> pl.Expr:
    """The number with its sign and unit as an exact decimal; null where the separators are not sure."""
    number = pl.col("number")
    plain = pl.coalesce(
        pl.when(number.str.contains(pattern)).then(_without(number, grouping)) for pattern, grouping in _SURE
    )
    digits = plain.str.replace(",", ".", literal=True).str.replace(r"^\.", "0.")
    unit = pl.col("unit").fill_null("").replace_strict(_UNITS | {"": 1}, default=None, return_dtype=pl.Int64)
    signs = ("sign1", "sign2", "sign3", "sign4")
    is_minus = pl.col("in_brackets") | pl.any_horizontal((pl.col(name) == "-").fill_null(value=False) for name in signs)
    amount = numbers.exact(digits) * unit.cast(pl.Decimal(38, 0))
    return pl.when(is_minus).then(-amount).otherwise(amount)


def _without(number: pl.Expr, grouping: tuple[str, ...]) -> pl.Expr:
    for sign in grouping:
        number = number.str.replace_all(sign, "", literal=True)
    return number


def _code(column: str, currency: str | None) -> pl.Expr:
    """The currency that stands there, null for none and for one of several."""
    own = {sign: currency for sign, codes in currencies.SHARED_SIGNS.items() if currency in codes}
    return pl.col(column).replace_strict(currencies.known() | own, default=None, return_dtype=pl.String)


def _shares(column: str, code: pl.Expr) -> pl.Expr:
    """Whether a sign stands there that the currency has together with others."""
    signs = currencies.SHARED_SIGNS.items()
    return pl.any_horizontal((pl.col(column) == sign) & code.is_in(list(codes)) for sign, codes in signs).fill_null(
        value=False
    )


def _is_known(column: str) -> pl.Expr:
    """Whether nothing stands there, or a currency."""
    return pl.col(column).fill_null("").is_in(["", *currencies.known(), *currencies.SHARED_SIGNS])


def _in_characters(cells: pl.Series) -> pl.Series:
    """Amounts in Chinese characters or with several units as decimals, null for all else; by value: few are such."""
    bare = cells.str.replace("^(?:人民币|人民幣|RMB|CNY|¥):? ?", "")
    out = pl.Series([None] * cells.len(), dtype=pl.Decimal(18, 4))
    for pattern, amount in (
        (chinese_amounts.AMOUNT, chinese_amounts.decimal_of),
        (chinese_amounts.MIXED, chinese_amounts.mixed),
    ):
        is_such = bare.str.contains(pattern).fill_null(value=False)
        amounts = [_in_range(amount(text)) for text in bare.filter(is_such)]
        out = out.scatter(is_such.arg_true(), pl.Series(amounts, dtype=pl.Decimal(18, 4)))
    return out


def _in_range(amount: Decimal | None) -> Decimal | None:
    return None if amount is None or amount >= numbers.LIMIT else round(amount, numbers.PLACES)
