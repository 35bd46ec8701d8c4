"""How two organisations are compared, and which are.

Belongs here: comparisons and blocking rules of organisations, each with its reason. Does not belong here: taking a name
apart (`standardise.organisations`).
"""

from __future__ import annotations

from crm_pipeline.linkage.model.comparison import ELSE, Comparison, Level, equal, missing, shared, similar
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
from crm_pipeline.linkage.model.spellings import sound

# Providers of mailboxes say nothing about who has one.
_PROVIDERS = [
    "gmail.com",
    "hotmail.com",
    "outlook.com",
    "yahoo.com",
    "qq.com",
    "163.com",
    "126.com",
    "sina.com",
    "foxmail.com",
    "icloud.com",
    "aol.com",
    "live.com",
    "msn.com",
    "sohu.com",
    "139.com",
    "189.cn",
    "yeah.net",
    "example.com",
]
_FREE = f"coalesce(list_contains({_PROVIDERS}, domain), false)"
_DOMAINS = (
    "list_filter(list_distinct(list_concat("
    "coalesce(list_transform(emails, lambda e: lower(split_part(e, '@', 2))), []), "
    "[nullif(regexp_extract(lower(website), '^(?:https?://)?(?:www\\.)?([^/:?#\\s]+)', 1), '')])), "
    f"lambda domain: domain IS NOT NULL AND domain LIKE '%.%' AND NOT {_FREE})"
)
_NAME = "coalesce(nullif(organisation_key, ''), lower(name))"
# Without blanks and signs, because they come and go: inter-tech, Inter Tech, intertech.
_LETTERS = f"nullif(regexp_replace({fold(_NAME)}, '[^\\p{{L}}\\p{{N}}]', '', 'g'), '')"
_CORE = fold("coalesce(nullif(organisation_core, ''), name)")
_COLUMNS = {
    "organisation_name": fold(_NAME),
    "name_letters": _LETTERS,
    "core": _CORE,
    "region": fold("coalesce(organisation_region_code, organisation_region)"),
    "trade": fold("organisation_trade"),
    "legal_form": fold("organisation_legal_form"),
    "branch": fold("organisation_branch"),
    **CONTACT_COLUMNS,
    "mailbox": mailbox(_LETTERS, _CORE),
    **IDENTIFIER_COLUMNS,
    "domains": f"nullif(list_sort({_DOMAINS}), [])",
    **PLACE_COLUMNS,
}

_COMPARISONS = (
    Comparison(
        "organisation_name",
        "name",
        "core and trade together; names in one trade and city are alike, so only near equality says something",
        ("organisation_name", "name_letters", "core"),
        missing("organisation_name"),
        (
            Level("equal", equal("organisation_name"), 0.7, 0.0001, 0.45, "organisation_name", agrees=True),
            Level("equal but for signs and blanks", equal("name_letters"), 0.03, 0.00005, 0.02, agrees=True),
            Level("the same core", equal("core"), 0.08, 0.0005, 0.25, "core", agrees=True),
            Level("nearly equal", similar("name_letters", 0.95), 0.07, 0.0006, 0.04, agrees=True),
            Level(
                "one begins with the other",
                "least(length(name_letters_l), length(name_letters_r)) >= 4 AND "
                "(starts_with(name_letters_l, name_letters_r) OR starts_with(name_letters_r, name_letters_l))",
                0.04,
                0.0006,
                0.1,
                agrees=True,
            ),
            Level("similar", similar("name_letters", 0.88), 0.04, 0.006, 0.05),
            Level("different", ELSE, 0.04, 0.99215, 0.09),
        ),
        most_different=0.15,
        needed=("organisation_name",),
    ),
    Comparison(
        "region",
        None,
        "the place in the name: 上海贝尔 is not 北京贝尔, though both may be of one group",
        ("region",),
        missing("region"),
        (Level("equal", equal("region"), 0.95, 0.1, 0.25), Level("different", ELSE, 0.05, 0.9, 0.75)),
    ),
    Comparison(
        "trade",
        None,
        "companies of one group differ in it",
        ("trade",),
        missing("trade"),
        (Level("equal", equal("trade"), 0.93, 0.1, 0.3), Level("different", ELSE, 0.07, 0.9, 0.7)),
    ),
    Comparison(
        "branch",
        None,
        "two branches are two customers who belong together",
        ("branch",),
        missing("branch"),
        (Level("equal", equal("branch"), 0.95, 0.05, 0.05), Level("different", ELSE, 0.05, 0.95, 0.95)),
    ),
    Comparison(
        "legal_form",
        None,
        "left out or shortened at will: a hint",
        ("legal_form",),
        missing("legal_form"),
        (Level("equal", equal("legal_form"), 0.85, 0.4, 0.5), Level("different", ELSE, 0.15, 0.6, 0.5)),
    ),
    *contact_comparisons(shared_phone=0.05, shared_line=0.1, shared_email=0.05),
    Comparison(
        "domains",
        "domain",
        "an own domain is a company's or its group's",
        ("domains", "emails"),
        # An address in common says it already.
        missing("domains") + " OR coalesce(list_has_any(emails_l, emails_r), false)",
        (
            Level("one in common", shared("domains"), 0.85, 0.0003, 0.8, agrees=True),
            Level("none in common", ELSE, 0.15, 0.9997, 0.2),
        ),
        needed=("domains",),
    ),
    address_comparison(
        "several companies share a building, and they move",
        related=(0.1, 0.03, 0.05, 0.02, 0.05, 0.2, 0.55),
        most_different=0.2,
    ),
    identifier_comparison(),
)

_RULES = (
    BlockingRule("email", "unnest(emails)", ("emails",), "nearly unique to an office", LARGEST_CONTACT_BLOCK),
    BlockingRule("phone", "unnest(phones)", ("phones",), "nearly unique to an office", LARGEST_CONTACT_BLOCK),
    BlockingRule("domain", "unnest(domains)", ("domains",), "one company's or one group's"),
    BlockingRule("name", "name_letters", ("name_letters",), "the same name but for its legal form, signs and blanks"),
    BlockingRule("core", "core", ("core",), "the same core, the trade left out or in other words"),
    BlockingRule(
        "beginning_of_the_name",
        "CASE WHEN length(name_letters) >= 5 THEN left(name_letters, 5) END",
        ("name_letters",),
        "a typo behind the beginning, or words left out at the end",
    ),
    BlockingRule("sound_of_the_core", "core_sound", ("core_sound",), "a typo in the first letters of the core"),
    BlockingRule(
        "end_of_the_name_and_city",
        "right(name_letters, 4) || '|' || coalesce(city, region)",
        ("name_letters", "city"),
        "a typo in the first letters",
        LARGEST_WEAK_BLOCK,
    ),
    *ADDRESS_RULES,
)

ORGANISATIONS = Population(
    name="organisations",
    kind="kind = 'organisation'",
    columns=_COLUMNS,
    spelt={"core_sound": ("core", sound)},
    names=("organisation_name",),
    comparisons=_COMPARISONS,
    blocking_rules=_RULES,
    composed={},
    # Without this, groups are learnt as companies that often move: their names and domains agree.
    fewest_related=0.1,
)
