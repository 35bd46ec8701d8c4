"""Columns and comparisons that people and organisations have in common: contacts and places.

Belongs here: SQL that folds what is delivered, and how contacts are compared. Does not belong here: what only one
population has (`people`, `organisations`).
"""

from __future__ import annotations

from crm_pipeline.linkage.model.comparison import ELSE, Comparison, Level, Region, equal, missing, shared, similar
from crm_pipeline.linkage.model.population import LARGEST_WEAK_BLOCK, BlockingRule

# Letters that are no other letter with an accent, as passports write them (ICAO Doc 9303, part 3, section 6).
_WITHOUT_ACCENT = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}


def fold(column: str) -> str:
    """SQL: the text so that case, accents and outer blanks do not count; null where nothing is left."""
    text = f"lower({column})"
    for letter, written in _WITHOUT_ACCENT.items():
        text = f"replace({text}, '{letter}', '{written}')"
    return f"nullif(trim(strip_accents({text})), '')"


def _list(values: str) -> str:
    return f"nullif(list_sort(list_distinct({values})), [])"


def _phones(kinds: str) -> str:
    return f"list_transform(list_filter(phone_details, lambda d: {kinds}), lambda d: d.phone)"


# A fixed line is a household's or an office's, a mobile mostly one person's. An address is compared without its tag.
_IS_LINE = "coalesce(d.kind IN ('fixed_line', 'toll_free', 'shared_cost', 'uan'), false)"
CONTACT_COLUMNS = {
    "mobiles": _list(f"CASE WHEN phone_details IS NULL THEN phones ELSE {_phones(f'NOT {_IS_LINE}')} END"),
    "phones": _list("phones"),
    "emails": _list("coalesce(list_transform(email_details, lambda d: coalesce(d.email_key, d.email)), emails)"),
}


def mailbox(*names: str) -> str:
    """SQL: what stands before the @ of an address, where it says more than the name and is no function's.

    Whoever is called Jay Jones may be jjones at any domain, and info@ is everybody's: neither tells people apart.
    Jones45 does.

    Args:
        names: SQL of names that may stand in it.
    """
    own = "list_filter(email_details, lambda d: NOT coalesce(d.is_role, false))"
    addresses = f"coalesce(list_transform({own}, lambda d: coalesce(d.email_key, d.email)), emails)"
    rest = "split_part(address, '@', 1)"
    for name in names:
        rest = f"replace({rest}, coalesce(nullif({name}, ''), '@'), '')"
    says_more = f"length(regexp_replace({rest}, '[^\\p{{L}}\\p{{N}}]', '', 'g')) >= {_LEAST_BESIDE_THE_NAME}"
    found = f"list_filter({addresses}, lambda address: length(split_part(address, '@', 1)) >= 5 AND {says_more})"
    return f"split_part(list_sort({found})[1], '@', 1)"


# An initial says nothing more than the name.
_LEAST_BESIDE_THE_NAME = 2

# Each as `namespace=value`, and beside them who gives such numbers: the namespace, and the country or state behind the
# value where it has one (C01X00T47/DE).
_NUMBERS = """list_filter(list_concat(
    coalesce(list_transform(external_ids, lambda i: {'namespace': i.namespace, 'value': trim(i.value)}), []),
    [{'namespace': 'national_id', 'value': trim(national_id)}, {'namespace': 'tax_id', 'value': trim(tax_id)},
     {'namespace': 'organisation_id', 'value': trim(organisation_id)}]
), lambda i: i.namespace IS NOT NULL AND i.value <> '')"""
IDENTIFIER_COLUMNS = {
    "identifiers": _list(f"list_transform({_NUMBERS}, lambda i: i.namespace || '=' || i.value)"),
    "issuers": _list(
        f"list_transform({_NUMBERS}, lambda i: i.namespace || regexp_extract(i.value, '/[A-Za-z]{{2,3}}$'))"
    ),
}
_STREET = "CASE WHEN street_name IS NOT NULL THEN concat_ws(' ', street_number, street_name) ELSE street END"
PLACE_COLUMNS = {
    # Without blanks and signs, because they come and go.
    "street": f"nullif(regexp_replace({fold(_STREET)}, '[^\\p{{L}}\\p{{N}}]+', '', 'g'), '')",
    "postcode": fold("postcode"),
    "city": fold("city"),
}


# The name of a building, or a flat, before the same number and street: Adventura Apartments 638 Downey St.
_IN_A_BUILDING = " OR ".join(
    f"(ends_with(street_{long}, street_{short}) AND regexp_matches(street_{short}, '^[0-9]+[^0-9]{{4}}') AND "
    f"NOT regexp_matches(left(right(street_{long}, length(street_{short}) + 1), 1), '[0-9]'))"
    for long, short in ("lr", "rl")
)


def address_comparison(
    reason: str, *, related: tuple[float, float, float, float, float, float, float], most_different: float = 1.0
) -> Comparison:
    """How addresses are compared: as one, because street, postcode and city are not independent.

    Args:
        reason: why.
        related: shares of the levels among pairs who belong together; see `Level`.
        most_different: see `Comparison`.
    """
    implies, shows = Region.IMPLIES, Region.SHOWS
    same_place = "(postcode_l = postcode_r OR jaro_winkler_similarity(city_l, city_r) >= 0.9)"
    conditions = (
        ("the same street and number", equal("street"), 0.48, 0.0001, "street", True, implies),
        (
            "nearly the same street",
            f"({similar('street', 0.92)} OR {_IN_A_BUILDING}) AND {same_place}",
            0.1,
            0.0001,
            None,
            True,
            Region.IMPLIES,
        ),
        (
            "the same postcode and city",
            f"{equal('postcode')} AND {similar('city', 0.9)}",
            0.1,
            0.001,
            None,
            True,
            Region.SHOWS,
        ),
        ("nearly the same street, elsewhere", similar("street", 0.92), 0.03, 0.0009, None, False, None),
        ("the same postcode", equal("postcode"), 0.06, 0.002, "postcode", True, implies),
        ("the same city", similar("city", 0.9), 0.08, 0.04, None, False, shows),
        ("different", ELSE, 0.15, 0.9559, None, False, None),
    )
    levels = tuple(
        Level(label, condition, m, u, share, frequency, agrees, region=region)
        for (label, condition, m, u, frequency, agrees, region), share in zip(conditions, related, strict=True)
    )
    return Comparison(
        "address", "address", reason, ("street", "postcode", "city"), "", levels, most_different, needed=()
    )


# Mistyped in one or two letters. Figures tell namesakes apart: zhang.wei85 and zhang.wei86 are two people more often
# than one with a slip.
_NEARLY_EQUAL_ADDRESS = (
    "damerau_levenshtein(emails_l[1], emails_r[1]) <= 2 AND "
    "regexp_replace(emails_l[1], '[^0-9]', '', 'g') = regexp_replace(emails_r[1], '[^0-9]', '', 'g')"
)


_THE_SAME_NAME = "split_part(emails_l[1], '@', 1) = split_part(emails_r[1], '@', 1)"
# One of the two is mistyped.
_ONE_DOMAIN = "jaro_winkler_similarity(split_part(emails_l[1], '@', 2), split_part(emails_r[1], '@', 2)) >= 0.9"
# Two addresses that say no more than that the names are alike, see `mailbox`.
_THE_SAME_BUT_SILENT = (
    f"{_THE_SAME_NAME} AND NOT {_ONE_DOMAIN} AND NOT {shared('emails')} AND coalesce(mailbox_l <> mailbox_r, true)"
)


def contact_comparisons(*, shared_phone: float, shared_line: float, shared_email: float) -> tuple[Comparison, ...]:
    """How telephones and e-mail addresses are compared.

    Args:
        shared_phone: share of pairs who belong together that have a mobile in common.
        shared_line: the same of fixed lines.
        shared_email: the same of e-mail addresses.
    """
    phone_columns = ("phones", "mobiles")
    return (
        Comparison(
            "phones",
            "phone",
            "a number in common; another number says little, people have several and change them",
            phone_columns,
            missing("phones"),
            (
                Level("a mobile in common", shared("mobiles"), 0.6, 0.00001, shared_phone, agrees=True),
                Level("another number in common", shared("phones"), 0.1, 0.00002, (1 - shared_phone) * shared_line,
                      agrees=True),
                Level("none in common", ELSE, 0.3, 0.99997, (1 - shared_phone) * (1 - shared_line)),
            ),
            needed=("phones",),
        ),
        Comparison(
            "emails",
            "email",
            "an address in common; another one says little",
            ("emails", "mailbox"),
            f"{missing('emails')} OR coalesce({_THE_SAME_BUT_SILENT}, false)",
            (
                Level("one in common", shared("emails"), 0.65, 0.00001, shared_email, agrees=True),
                Level("the same name at another domain", f"{equal('mailbox')} OR ({_THE_SAME_NAME} AND {_ONE_DOMAIN})",
                      0.08, 0.0005, 0.01, agrees=True),
                Level("nearly equal", _NEARLY_EQUAL_ADDRESS, 0.05, 0.00002, 0.01),
                Level("none in common", ELSE, 0.22, 0.99947, 0.98 - shared_email),
            ),
            needed=("emails",),
        ),
    )  # fmt: skip


def identifier_comparison() -> Comparison:
    """How identifiers are compared that two records have of one issuer.

    Equal ones link by themselves; they stand here so that the share of customers with two numbers is learnt among all
    who have numbers. A number that each duplicate has of its own, such as the key of a system, teaches that another
    number says nothing.
    """
    return Comparison(
        "identifiers",
        None,
        "one office gives one customer one number: two numbers speak for two, as far as the project's data bear it out",
        ("identifiers", "issuers"),
        "identifiers_l IS NULL OR identifiers_r IS NULL OR NOT (list_has_any(issuers_l, issuers_r) "
        "OR list_has_any(identifiers_l, identifiers_r))",
        (
            Level("equal", shared("identifiers"), 0.9, 0.0001, 0.02),
            Level("one character wrong, or two exchanged",
                  "damerau_levenshtein(identifiers_l[1], identifiers_r[1]) <= 1", 0.03, 0.0009, 0.02),
            Level("different", ELSE, 0.07, 0.999, 0.96),
        ),
        needed=("identifiers",),  # where there is one issuer, it needs no column
    )  # fmt: skip


ADDRESS_RULES = (
    BlockingRule(
        "street_and_number",
        "CASE WHEN regexp_matches(street, '[0-9]') THEN street END",
        ("street",),
        "a name under another spelling, or mistyped throughout",
    ),
    BlockingRule("street_and_postcode", "street || '|' || postcode", ("street", "postcode"), "no number in the street"),
    BlockingRule(
        "beginning_of_the_street_and_postcode",
        "left(regexp_replace(street, '[0-9]', '', 'g'), 6) || '|' || postcode",
        ("street", "postcode"),
        "the street or its number mistyped",
        LARGEST_WEAK_BLOCK,
    ),
    BlockingRule("street_and_city", "street || '|' || city", ("street", "city"), "no number and no postcode"),
)
