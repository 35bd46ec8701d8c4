"""Columns and comparisons that people and organisations have in common: contacts and places.

Belongs here: SQL that folds what is delivered, and how contacts are compared. Does not belong here: what only one
population has (`people`, `organisations`).
"""

from __future__ import annotations

from crm_pipeline.linkage.comparison import ELSE, Comparison, Level, missing, shared


def fold(column: str) -> str:
    """SQL: the text so that case, accents and outer blanks do not count; null where nothing is left."""
    return f"nullif(trim(strip_accents(lower({column}))), '')"


def _list(values: str) -> str:
    return f"nullif(list_sort(list_distinct({values})), [])"


def _phones(kinds: str) -> str:
    return f"list_transform(list_filter(phone_details, d -> {kinds}), d -> d.phone)"


# A fixed line is a household's or an office's, a mobile mostly one person's. An address is compared without its tag.
_IS_LINE = "coalesce(d.kind IN ('fixed_line', 'toll_free', 'shared_cost', 'uan'), false)"
CONTACT_COLUMNS = {
    "mobiles": _list(f"CASE WHEN phone_details IS NULL THEN phones ELSE {_phones(f'NOT {_IS_LINE}')} END"),
    "lines": _list(_phones(_IS_LINE)),
    "phones": _list("phones"),
    "emails": _list("coalesce(list_transform(email_details, d -> coalesce(d.email_key, d.email)), emails)"),
}
_STREET = "CASE WHEN street_name IS NOT NULL THEN concat_ws(' ', street_number, street_name) ELSE street END"
PLACE_COLUMNS = {
    "street": f"nullif(trim(regexp_replace({fold(_STREET)}, '[\\s.,#-]+', ' ', 'g')), '')",
    "postcode": fold("postcode"),
    "city": fold("city"),
}


def contact_comparisons(*, shared_phone: float, shared_line: float, shared_email: float) -> tuple[Comparison, ...]:
    """How telephones and e-mail addresses are compared.

    Args:
        shared_phone: share of pairs who belong together that have a mobile in common.
        shared_line: the same of fixed lines.
        shared_email: the same of e-mail addresses.
    """
    phone_columns = ("phones", "mobiles", "lines")
    return (
        Comparison(
            "phones",
            "phone",
            "a number in common; another number says little, people have several and change them",
            phone_columns,
            missing("phones"),
            (
                Level("a mobile in common", shared("mobiles"), 0.6, 0.00001, shared_phone, agrees=True),
                Level("a fixed line in common", shared("lines"), 0.1, 0.00002, (1 - shared_phone) * shared_line,
                      agrees=True),
                Level("none in common", ELSE, 0.3, 0.99997, (1 - shared_phone) * (1 - shared_line)),
            ),
            needed=("phones",),
        ),
        Comparison(
            "emails",
            "email",
            "an address in common; another one says little",
            ("emails",),
            missing("emails"),
            (
                Level("one in common", shared("emails"), 0.65, 0.00001, shared_email, agrees=True),
                Level("the same name at another domain", "length(split_part(emails_l[1], '@', 1)) >= 5 AND "
                      "split_part(emails_l[1], '@', 1) = split_part(emails_r[1], '@', 1)", 0.08, 0.0005, 0.01,
                      agrees=True),
                Level("nearly equal", "jaro_winkler_similarity(emails_l[1], emails_r[1]) >= 0.92", 0.07, 0.001, 0.02),
                Level("none in common", ELSE, 0.2, 0.99849, 0.97 - shared_email),
            ),
        ),
    )  # fmt: skip
