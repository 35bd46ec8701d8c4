"""How two people are compared, and which people are.

Belongs here: comparisons and blocking rules of people, each with its reason. Does not belong here: learning.
"""

from __future__ import annotations

from crm_pipeline.linkage.model.comparison import ELSE, Comparison, Level, Region, equal, missing, shared, similar
from crm_pipeline.linkage.model.population import LARGEST_CONTACT_BLOCK, LARGEST_WEAK_BLOCK, BlockingRule, Population
from crm_pipeline.linkage.model.preparing import (
    ADDRESS_RULES,
    CONTACT_COLUMNS,
    IDENTIFIER_COLUMNS,
    PLACE_COLUMNS,
    address_comparison,
    contact_comparisons,
    fold,
    identifier_comparison,
    mailbox,
)
from crm_pipeline.linkage.model.spellings import forms, sound

_IS_PINYIN = "(latin_name IS NOT NULL AND regexp_matches(native_name, '\\p{Han}'))"
# Whoever has one field for it writes the generation behind a name: Smith Sr, Dobbins Senior, Morris II.
_GENERATION = "(jr|sr|junior|senior|ii|iii|iv)"
_FAMILY, _GIVEN = (
    f"nullif(rtrim(regexp_replace({fold(name)}, '[\\s,]+{_GENERATION}\\.?$', ''), '.'), '')"
    for name in ("family_name", "given_name")
)
# A Chinese name in pinyin has its surname first; whoever writes it in Latin letters wrote the pinyin.
_FAMILY_LATIN = f"CASE WHEN {_IS_PINYIN} THEN lower(split_part(latin_name, ' ', 1)) ELSE {_FAMILY} END"
_GIVEN_LATIN = f"""CASE WHEN {_IS_PINYIN} THEN nullif(lower(regexp_replace(latin_name, '^\\S+\\s*', '')), '')
                   ELSE {_GIVEN} END"""
_COLUMNS = {
    "family_name": _FAMILY,
    "given_name": _GIVEN,
    "family_latin": _FAMILY_LATIN,
    "given_latin": _GIVEN_LATIN,
    # A name in one piece that is read as no person's is compared as it is, its words in any order.
    "full_name": f"""coalesce(name_key, CASE WHEN family_name IS NULL AND given_name IS NULL THEN nullif(
        array_to_string(list_sort(regexp_extract_all({fold("name")}, '[^\\s,.]+')), ' '), '') END)""",
    "middle_name": f"rtrim({fold('middle_name')}, '.')",
    "generation": f"""replace(replace(nullif(regexp_extract(
        lower(' ' || concat_ws(' | ', given_name, family_name, name_suffix)), '[\\s,]{_GENERATION}\\.?(?: \\||$)', 1
    ), ''), 'junior', 'jr'), 'senior', 'sr')""",
    "birth_date": "CAST(birth_date AS VARCHAR)",
    **CONTACT_COLUMNS,
    "mailbox": mailbox(_FAMILY_LATIN, _GIVEN_LATIN),
    **IDENTIFIER_COLUMNS,
    **PLACE_COLUMNS,
    "employer": f"coalesce(nullif(organisation_key, ''), {fold('organisation')})",
    "gender": fold("gender"),
}
_EXCHANGED = (
    "jaro_winkler_similarity(family_latin_l, given_latin_r) >= 0.9 AND "
    "jaro_winkler_similarity(given_latin_l, family_latin_r) >= 0.9"
)
_INITIAL = (
    "(length(given_name_l) = 1 OR length(given_name_r) = 1) AND left(given_latin_l, 1) = left(given_latin_r, 1) "
    "OR (length(given_name_l) > 3 AND starts_with(given_name_r, given_name_l)) "
    "OR (length(given_name_r) > 3 AND starts_with(given_name_l, given_name_r))"
)
_PARTS = " AND ".join(f"{name}_{side} IS NOT NULL" for name in ("family_name", "given_name") for side in "lr")

_COMPARISONS = (
    Comparison(
        "family_name",
        "name",
        "what families share and marriages change; rare ones say more than common ones",
        ("family_name", "family_latin", "given_latin", "family_sound"),
        missing("family_name"),
        (
            Level("equal", equal("family_name"), 0.85, 0.002, 0.7, "family_name", agrees=True),
            Level("equal in Latin letters", equal("family_latin"), 0.02, 0.001, 0.02, agrees=True),
            Level("nearly equal", similar("family_latin", 0.92), 0.05, 0.002, 0.02, agrees=True),
            Level("exchanged with the given name", _EXCHANGED, 0.01, 0.0001, 0.001, agrees=True),
            Level("the same sound", equal("family_sound"), 0.015, 0.002, 0.009, resembles=True),
            Level("similar", similar("family_latin", 0.8), 0.015, 0.013, 0.01, resembles=True),
            Level("different", ELSE, 0.04, 0.98, 0.24),
        ),
        needed=("family_name",),
    ),
    Comparison(
        "given_name",
        "name",
        "what tells the members of a family apart; short forms and initials are the same name",
        ("given_name", "given_latin", "family_latin", "given_sound", "given_forms"),
        # An exchange is one event, and the family name has told it.
        f"{missing('given_name')} OR coalesce({_EXCHANGED}, false)",
        (
            Level("equal", equal("given_name"), 0.79, 0.005, 0.012, "given_name", agrees=True),
            Level("equal in Latin letters", equal("given_latin"), 0.02, 0.002, 0.004, agrees=True),
            Level("short for the other", shared("given_forms"), 0.03, 0.003, 0.004, agrees=True),
            Level("nearly equal", similar("given_latin", 0.92), 0.05, 0.003, 0.005, agrees=True),
            Level("an initial, or the beginning of the other", _INITIAL, 0.03, 0.01, 0.02),
            Level("the same sound", equal("given_sound"), 0.01, 0.004, 0.0045, resembles=True),
            Level("similar", similar("given_latin", 0.8), 0.02, 0.023, 0.03, resembles=True),
            Level("different", ELSE, 0.05, 0.9501, 0.9205),
        ),
        needed=("given_name",),
    ),
    Comparison(
        "full_name",
        "name",
        "where one side came in one piece, or the other has no parts; otherwise the parts say it",
        ("full_name", "family_name", "given_name"),
        f"full_name_l IS NULL OR full_name_r IS NULL OR ({_PARTS})",
        (
            Level("equal, in any order and script", equal("full_name"), 0.8, 0.0001, 0.01, "full_name", agrees=True),
            Level("nearly equal", similar("full_name", 0.94), 0.08, 0.0009, 0.02, agrees=True),
            Level("similar", similar("full_name", 0.85), 0.05, 0.009, 0.17, resembles=True),
            Level("different", ELSE, 0.07, 0.99, 0.8),
        ),
        needed=("full_name",),
    ),
    Comparison(
        "middle_name",
        "middle_name",
        "left out more often than wrong, and often an initial: it tells namesakes apart",
        ("middle_name",),
        missing("middle_name"),
        (
            Level(
                "equal",
                "length(middle_name_l) > 1 AND middle_name_l = middle_name_r",
                0.4,
                0.01,
                0.02,
                agrees=True,
            ),
            Level(
                "the same initial",
                "(length(middle_name_l) = 1 OR length(middle_name_r) = 1) AND "
                "left(middle_name_l, 1) = left(middle_name_r, 1)",
                0.5,
                0.06,
                0.07,
                agrees=True,
            ),
            Level("nearly equal", similar("middle_name", 0.9), 0.05, 0.01, 0.01, agrees=True),
            Level("different", ELSE, 0.05, 0.92, 0.9),
        ),
    ),
    Comparison(
        "generation",
        None,
        "father and son of one name",
        ("generation",),
        missing("generation"),
        (Level("equal", equal("generation"), 0.97, 0.4, 0.1), Level("different", ELSE, 0.03, 0.6, 0.9)),
    ),
    Comparison(
        "birth_date",
        "birth_date",
        "hardly ever shared by chance, never changed; keyed wrong now and then",
        ("birth_date",),
        missing("birth_date"),
        (
            Level("equal", equal("birth_date"), 0.92, 0.00005, 0.004, "birth_date", agrees=True),
            Level(
                "one digit wrong, or two exchanged, or day and month",
                "damerau_levenshtein(birth_date_l, birth_date_r) <= 1 OR birth_date_l = concat("
                "left(birth_date_r, 5), right(birth_date_r, 2), '-', substr(birth_date_r, 6, 2))",
                0.04,
                0.002,
                0.006,
                agrees=True,
            ),
            Level("two digits wrong", "damerau_levenshtein(birth_date_l, birth_date_r) <= 2", 0.01, 0.018, 0.04),
            Level("different", ELSE, 0.03, 0.97995, 0.95),
        ),
    ),
    *contact_comparisons(shared_phone=0.35, shared_line=0.8, shared_email=0.1),
    address_comparison("families share it, and people move", related=(0.72, 0.1, 0.06, 0.01, 0.04, 0.04, 0.03)),
    Comparison(
        "employer",
        None,
        "colleagues share it, jobs change: a hint",
        ("employer",),
        missing("employer"),
        (
            Level("equal", equal("employer"), 0.6, 0.002, 0.1, "employer"),
            Level("nearly equal", similar("employer", 0.92), 0.1, 0.004, 0.02),
            Level("different", ELSE, 0.3, 0.994, 0.88),
        ),
    ),
    Comparison(
        "gender",
        None,
        "said by few words and often guessed at the counter: a hint, not evidence",
        ("gender",),
        missing("gender"),
        (
            Level("equal", equal("gender"), 0.97, 0.5, 0.4, region=Region.SHOWS),
            Level("different", ELSE, 0.03, 0.5, 0.6),
        ),
    ),
    identifier_comparison(),
)

_RULES = (
    BlockingRule(
        "email", "unnest(emails)", ("emails",), "nearly unique to a person or a family", LARGEST_CONTACT_BLOCK
    ),
    BlockingRule(
        "phone", "unnest(phones)", ("phones",), "nearly unique to a person or a household", LARGEST_CONTACT_BLOCK
    ),
    BlockingRule(
        "name", "full_name", ("full_name",), "the same name in any order or script, whatever else has changed"
    ),
    BlockingRule(
        "birth_date_and_an_initial",
        "unnest(list_distinct([birth_date || '|' || left(family_latin, 1), "
        "birth_date || '|' || left(given_latin, 1)]))",
        ("birth_date", "family_latin", "given_latin"),
        "a typo in either name, a nickname, a name changed by marriage, names exchanged",
    ),
    BlockingRule(
        "birth_date_and_full_name",
        "CASE WHEN family_name IS NULL THEN birth_date || '|' || left(full_name, 1) END",
        ("birth_date", "full_name"),
        "names that came in one piece",
    ),
    BlockingRule(
        "birth_date_and_postcode",
        "birth_date || '|' || postcode",
        ("birth_date", "postcode"),
        "both names missing or wrong",
    ),
    BlockingRule(
        "birth_date_and_city",
        "birth_date || '|' || city",
        ("birth_date", "city"),
        "both names missing or wrong, and no postcode",
    ),
    BlockingRule(
        "sound_of_the_name",
        "family_sound || '|' || given_sound",
        ("family_sound", "given_sound"),
        "a name heard on the telephone; a typo in a vowel",
        LARGEST_WEAK_BLOCK,
    ),
    BlockingRule(
        "short_form_of_the_name",
        "unnest(list_transform(given_forms, lambda form: family_latin || '|' || form))",
        ("family_latin", "given_forms"),
        "Bob and Robert",
        LARGEST_WEAK_BLOCK,
    ),
    BlockingRule(
        "postcode_and_a_name",
        "unnest(list_distinct([postcode || '|' || family_sound, postcode || '|' || given_sound]))",
        ("postcode", "family_sound", "given_sound"),
        "the other name mistyped or changed, names exchanged, no birth date or a wrong one",
        LARGEST_WEAK_BLOCK,
    ),
    BlockingRule(
        "city_and_a_name",
        "unnest(list_distinct([city || '|' || family_sound || '|' || coalesce(left(given_latin, 1), ''), "
        "city || '|' || given_sound || '|' || coalesce(left(family_latin, 1), '')]))",
        ("city", "family_sound", "given_sound"),
        "the same, and no postcode or a wrong one",
        LARGEST_WEAK_BLOCK,
    ),
    BlockingRule(
        "birth_month_and_names",
        "left(birth_date, 7) || '|' || left(family_latin, 2) || '|' || left(given_latin, 2)",
        ("birth_date", "family_latin", "given_latin"),
        "a wrong day, and an ending of a name",
    ),
    *ADDRESS_RULES,
)

PEOPLE = Population(
    name="people",
    kind="kind IS DISTINCT FROM 'organisation'",
    columns=_COLUMNS,
    spelt={
        "family_sound": ("family_latin", sound),
        "given_sound": ("given_latin", sound),
        "given_forms": ("given_latin", forms),
    },
    names=("family_name", "given_name", "full_name"),
    comparisons=_COMPARISONS,
    blocking_rules=_RULES,
    composed={"full_name": ("family_name", "given_name")},
    told_apart_by=("given_sound", "full_name"),
    name_rule="name",
)
