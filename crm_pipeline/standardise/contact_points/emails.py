"""E-mail addresses in lower case with a comparison key, by the library email-validator without asking any server.

Plain addresses are read as a column, with a pattern of which the library takes every text; it reads the distinct
others. International domains stay in Unicode, as people write them: xn--fiq228c.cn and 中文.cn are the same.

Belongs here: whole cells, reasons, the comparison key, marks. Does not belong here: taking a cell apart
(`email_cells`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import email_validator
import polars as pl

from crm_pipeline.standardise.contact_points import email_cells
from crm_pipeline.standardise.reasons import PLACEHOLDER, SHARED, Reason
from crm_pipeline.standardise.text.placeholders import PLACEHOLDER_EMAIL, is_placeholder

NO_AT_SIGN, NO_DOMAIN, SPECIAL_DOMAIN, TOO_LONG, BAD_SYNTAX, MASKED = (
    *("no_at_sign", "incomplete_domain", "special_domain", "too_long", "bad_syntax", "masked"),
)
REASONS: Mapping[str, Reason] = SHARED | {
    NO_AT_SIGN: Reason("an address without an @", "地址缺少 @"),
    NO_DOMAIN: Reason("an address whose domain is incomplete", "地址的域名不完整"),
    SPECIAL_DOMAIN: Reason("a domain that is reserved and has no mail", "保留域名，无法收信"),
    TOO_LONG: Reason("more characters than an address may have", "地址过长"),
    MASKED: Reason("masked: some of its characters are hidden", "已脱敏，部分字符被隐藏"),
    BAD_SYNTAX: Reason("not written as an address may be", "地址格式不正确"),
}
SCHEMA = {
    "position": pl.UInt32(), "value": pl.String(), "reason": pl.String(), "email_key": pl.String(),
    "is_role": pl.Boolean(), "is_example": pl.Boolean(),
}  # fmt: skip

# RFC 5321: up to 64 characters before the @ and 254 altogether, which `_plain` asks apart.
_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ADDRESS = rf"^{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+{_LABEL}$"
_LONGEST, _LONGEST_LOCAL = 254, 64
# Left to the library: Punycode and other double hyphens, domains of special use, a domain that ends with a digit.
_SPECIAL = "|".join(email_validator.SPECIAL_USE_DOMAIN_NAMES)
_UNSURE = rf"@.*--|\.(?:{_SPECIAL})$|[0-9]$|\.[a-z]$|^\*+@|\*\*|^[^@]{{{_LONGEST_LOCAL + 1},}}"
# The standard allows both, and nobody has such an address: z***n@qq.com, a domain of one letter at the top.
_MASKED_FORM, _ONE_LETTER = re.compile(r"^\*+@|[*●•]{2}"), re.compile(r"\.[a-z]$")

# RFC 2606 and RFC 6761: nobody can own an address there.
_EXAMPLE = r"[@.]example(?:\.(?:com|net|org))?$"
_ROLE = (
    r"^(?:info(?:rmation)?|sales?|admin(?:istrator)?|support|service[s]?|contact(?:us)?|hello|office|hr|jobs?|careers?|"
    r"recruit(?:ment|ing)?|marketing|market|webmaster|postmaster|hostmaster|abuse|noc|security|billing|accounts?|"
    r"accounting|finance|purchas(?:e|ing)|procurement|orders?|booking|reservations?|[ei]nquir(?:y|ies)|help(?:desk)?|"
    r"mail|press|media|pr|legal|privacy|reception|team|shop|store|customer[-_.]?(?:service|care|support)|cs|business|"
    r"export|import|trade|it|root|kefu|caiwu|renshi|zhaopin|xiaoshou|caigou|bangong|客服|销售|财务|人事|招聘|采购|办公室)"
    r"[-_.]?[0-9]{0,4}@"
)
# Providers at which dots of the local part make no difference. Behind a plus stands a tag, almost everywhere.
_WITHOUT_DOTS = ("gmail.com", "googlemail.com", "protonmail.com", "proton.me", "pm.me")
_SAME = {"googlemail.com": "gmail.com"}
_KEYED = r"^[^\"].*\+|@(?:" + "|".join(domain.replace(".", r"\.") for domain in _WITHOUT_DOTS) + ")$"


def read(values: pl.Series) -> pl.DataFrame:
    """The addresses of each cell: `position` (index of the cell), `value`, `reason` and marks; cells in order.

    A cell may give several rows or, where it is blank, none. `value` is in lower case, null where `reason` says why.
    `email_key` is the same for addresses of one mailbox: without its tag, without dots where the provider has none.
    `is_role` marks addresses of a function such as info@, `is_example` those at a domain that RFC 2606 keeps for
    examples.
    """
    cells = pl.DataFrame({"text": values}).with_row_index("position").drop_nulls("text")
    lower = cells["text"].str.to_lowercase()
    plain = lower.to_frame("v").select(_plain(pl.col("v")).alias("value")).to_series()
    quick = cells.select("position", plain, pl.lit(None, dtype=pl.String).alias("reason"))
    if plain.null_count():
        others = cells.filter(plain.is_null())
        taken_apart = _each_once(others["text"].unique())
        slow = others.join(taken_apart, on="text", maintain_order="left_right").select("position", "value", "reason")
        quick = pl.concat([quick.drop_nulls("value"), slow]).sort("position", maintain_order=True)
    return _marked(quick)


def clean(value: pl.Expr) -> pl.Expr:
    """The address of each cell; null when it is none, and when the cell holds several."""
    return value.map_batches(lambda batch: _only(read(batch), batch), return_dtype=pl.String(), is_elementwise=True)


def key(address: pl.Expr) -> pl.Expr:
    """The comparison key of addresses as `read` gives them."""
    return address.map_batches(_keys, return_dtype=pl.String(), is_elementwise=True)


def _only(found: pl.DataFrame, batch: pl.Series) -> pl.Series:
    """The value of each cell that holds one address and nothing else."""
    single = found.filter(pl.len().over("position") == 1)
    positions = pl.DataFrame({"position": pl.int_range(batch.len(), dtype=pl.UInt32, eager=True)})
    return positions.join(single, on="position", how="left", maintain_order="left")["value"].alias(batch.name)


def _plain(lower: pl.Expr) -> pl.Expr:
    """Addresses of which it is certain that the library takes them as they are; null for all others."""
    is_plain = lower.str.contains(_ADDRESS) & ~lower.str.contains(_UNSURE) & (lower.str.len_bytes() <= _LONGEST)
    return pl.when(is_plain).then(lower)


def _each_once(texts: pl.Series) -> pl.DataFrame:
    """`text`, `value` and `reason` of distinct cells, in order; one with an address in quotes is read as a whole."""
    plain = texts.to_frame("text").select(email_cells.plain(pl.col("text"))).to_series()
    quoted = {text: _by_library(text)[0] for text in plain.drop_nulls() if '"' in text}
    whole = plain.replace_strict(
        {text: value for text, value in quoted.items() if value}, default=None, return_dtype=pl.String
    )
    pieces = email_cells.split(plain.set(whole.is_not_null(), None))
    found = pl.DataFrame({"row": pl.int_range(texts.len(), dtype=pl.UInt32, eager=True), "piece": whole}).drop_nulls()
    pieces = pl.concat([pieces, found]).sort("row", maintain_order=True)
    distinct = pieces.select("piece").unique().with_columns(_plain(pl.col("piece")).alias("value"))
    rest = distinct.filter(pl.col("value").is_null())["piece"]
    read = [(text, *_by_library(text)) for text in rest]
    by_library = pl.DataFrame(read, schema=dict.fromkeys(("piece", "value", "reason"), pl.String()), orient="row")
    known = distinct.drop_nulls("value").with_columns(pl.lit(None, dtype=pl.String).alias("reason"))
    is_one = is_placeholder(pl.col("piece"), "email")
    addresses = pl.concat([known, by_library]).with_columns(
        pl.when(is_one).then(pl.lit(PLACEHOLDER)).otherwise("reason").alias("reason")
    )
    named = texts.to_frame("text").with_row_index("row")
    return pieces.join(addresses, on="piece", how="left", maintain_order="left").join(
        named, on="row", how="left", maintain_order="left"
    )


def _by_library(text: str) -> tuple[str | None, str | None]:
    """The address and null, or null and the reason; an address that would be read otherwise the next time is none."""
    if _MASKED_FORM.search(text) and '"' not in text:
        return None, MASKED
    if _ONE_LETTER.search(text):
        return None, NO_DOMAIN if "@" in text else NO_AT_SIGN
    try:
        value = _normalised(text)
        is_stable = _normalised(value) == value
    except email_validator.EmailNotValidError:
        return None, _reason(text)
    return (value, None) if is_stable else (None, BAD_SYNTAX)


def _normalised(text: str) -> str:
    read = email_validator.validate_email(
        text, check_deliverability=False, allow_quoted_local=True, allow_display_name=True, strict=True
    )
    return read.normalized.lower()


def _reason(text: str) -> str:
    """Which of `REASONS` a text has that the library refuses."""
    local, at_sign, domain = text.rpartition("@")
    if not at_sign:
        return NO_AT_SIGN
    if len(local) > _LONGEST_LOCAL or len(text.encode()) > _LONGEST:
        return TOO_LONG
    if "." not in domain.strip("."):
        return NO_DOMAIN
    return (
        SPECIAL_DOMAIN
        if domain.endswith(tuple(f".{n}" for n in email_validator.SPECIAL_USE_DOMAIN_NAMES))
        else BAD_SYNTAX
    )


def _marked(found: pl.DataFrame) -> pl.DataFrame:
    """`found` with placeholders taken out, key and marks."""
    value = pl.col("value")
    found = found.with_columns(value.str.contains(f"^{PLACEHOLDER_EMAIL}$").alias("is_one"))
    is_one = pl.col("is_one").fill_null(value=False)
    found = found.with_columns(
        pl.when(~is_one).then(value).alias("value"),
        pl.when(is_one).then(pl.lit(PLACEHOLDER)).otherwise("reason").alias("reason"),
    )
    return found.with_columns(
        key(value).alias("email_key"),
        value.str.contains(_ROLE).alias("is_role"),
        value.str.contains(_EXAMPLE).alias("is_example"),
    ).select(*SCHEMA)


def _keys(addresses: pl.Series) -> pl.Series:
    """The keys; most addresses are their own."""
    keyed = addresses.str.contains(_KEYED).fill_null(value=False).arg_true()
    if keyed.is_empty():
        return addresses
    parts = addresses.gather(keyed).to_frame("v").select(
        pl.col("v").str.extract(r"^(.*)@").alias("local"), pl.col("v").str.extract(r"@([^@]*)$").alias("domain")
    )  # fmt: skip
    local, domain = pl.col("local"), pl.col("domain")
    untagged = parts.with_columns(local.str.replace(r"^([^+]+)\+.*$", "$1"))
    bare = untagged.with_columns(
        pl.when(domain.is_in(_WITHOUT_DOTS))
        .then(local.str.replace_all(".", "", literal=True))
        .otherwise(local)
        .alias("local")
    )
    return addresses.scatter(keyed, bare.select(pl.concat_str(local, pl.lit("@"), domain.replace(_SAME))).to_series())
