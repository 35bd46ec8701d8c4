"""A customer's explanation as people read it, and that of two records or customers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm_pipeline.cli.output import print_table, say
from crm_pipeline.cli.waterfall import print_waterfall

if TYPE_CHECKING:
    import polars as pl

    from crm_pipeline.publish import Explanation
    from crm_pipeline.steps.telling.explaining import Reasons
    from crm_pipeline.steps.telling.explaining_pairs import PairReasons

_HISTORY_SHOWN = ("customer_id", "version", "valid_from", "valid_to")
_RELATIONS_SHOWN = 20  # a large company may employ thousands
_RELATES = {
    ("works_for", True): "works for {other}",
    ("works_for", False): "employs {other}",
    ("contact_of", True): "is a contact of {other}",
    ("contact_of", False): "has the contact {other}",
    ("household", True): "lives with {other}",
    ("branch_of", True): "is a branch of {other}",
    ("branch_of", False): "is the head office of {other}",
    ("member_of", True): "is a company of the group {other}",
    ("member_of", False): "is the group of {other}",
}
_KNOWN_BY = {
    "reference": "a record names the other",
    "name": "the name tells it",
    "domain": "the domain tells it",
    "address": "the address tells it",
}
_STANDINGS = {
    "link": "They are linked",
    "refused": "Their link does not hold",
    "review": "They wait for review",
    "below_review_threshold": "They were compared, and their weight is below the review threshold",
    "no_shared_key": "They were not compared: no shared blocking key. Had they been, this were their weight",
    "person_and_organisation": "They were not compared: one is a person, the other an organisation",
    "nothing_to_compare": "They were not compared: one has no name, birth date, telephone or e-mail address",
    "unknown": "They are not among the stored pairs: not compared, or below the review threshold",
}
_REFUSALS = {
    "cannot_link": "people decided that they are two ({by})",
    "duplicate_free": "one customer would have two records of {by}, which has no duplicates",
    "weak_bridge": "it is the one weak link between two groups whose own links are many and strong",
}


def print_explanation(found: Explanation, reasons: Reasons | None = None) -> None:
    """Who it is, its records and why they are one, its values and where they come from, its history."""
    if found.customer_id is None:
        say(f"{found.asked_id} is {found.reason}: no living record stands behind it.\n")
    elif found.asked_id != found.customer_id:
        say(f"{found.asked_id} was {found.reason}; it is {found.customer_id} now.\n")
    else:
        name = found.customer.get("name") or "without a name"
        say(f"{found.customer_id}: {name}, {found.records.height} records\n")
    _print("Records, and why they are one", found.records)
    if reasons is not None:
        print_reasons(reasons)
    _print("Values, and where each comes from", _with_alternatives(found.values))
    _print("Phones and e-mails", found.contacts)
    print_relations(found.relations)
    _print("Versions published", found.history.select(c for c in _HISTORY_SHOWN if c in found.history.columns))
    _print_events(found.events)


def print_relations(relations: pl.DataFrame) -> None:
    """Whom the customer belongs together with, a line each, in plain words; those beyond the first are counted."""
    if relations.is_empty():
        return
    say("Who belongs together with it")
    for row in relations.head(_RELATIONS_SHOWN).to_dicts():
        words = _RELATES.get((row["kind"], row["is_forward"]), f"{row['kind']} {{other}}")
        name = f", {' '.join(row['related_name'].split())}" if row["related_name"] else ""
        by = " and ".join(_KNOWN_BY.get(each, each) for each in row["known_by"])
        since = f" since {row['since']}" if row["since"] else ""
        say(f"  {words.format(other=row['related_customer_id'])}{name} ({by}; {', '.join(row['sources'])}{since})")
    if relations.height > _RELATIONS_SHOWN:
        say(f"  and {relations.height - _RELATIONS_SHOWN:,} more with --json")
    say("")


def _print_events(events: pl.DataFrame) -> None:
    """What happened to its id, and the pair and the decision behind it."""
    columns = ("occurred_at", "kind", "customer_ids", "record_keys", "cause", "behind it")
    rows = [(*(row[name] for name in columns[:-1]), _behind(row)) for row in events.to_dicts()]
    if rows:
        print_table("What happened to its id", columns, rows)


def _behind(event: dict[str, Any]) -> str:
    """The pair with what speaks for it, the decision, and what else had changed; a file of before has none of these."""
    parts = []
    if event.get("record_key_l"):
        by = event["rule"] or event["matched_by"]
        weight = "" if event["match_weight"] is None else f" {event['match_weight']:.1f}"
        parts.append(f"{event['record_key_l']} and {event['record_key_r']}: {by}{weight}")
    if event.get("decision_id"):
        parts.append(f"decision {event['decision_id']}")
    if changed := [change for change in event.get("changed") or () if change != event["cause"]]:
        parts.append(f"changed: {', '.join(changed)}")
    return "; ".join(parts)


def print_reasons(told: Reasons) -> None:
    """How each record is attached, and the weakest link that holds the customer together."""
    weakest = told.weakest
    if weakest is None:
        return
    columns = ("record", "by", "rule", "to", "weight")
    rows = [
        (row["record_key"], row["matched_by"] or "decision", row["rule"], row["attached_to"], row["match_weight"])
        for row in told.attachments.to_dicts()
    ]
    print_table("The strongest link of each record", columns, rows, right=("weight",))
    if told.is_joined_otherwise:
        say(
            "The stored links alone do not join all of them: decisions do, or a later run, which was stopped, has "
            "stored other pairs.\n"
        )
    say(
        f"Weakest link: {weakest['record_key_l']} and {weakest['record_key_r']}, {_by(weakest)}. Without it "
        f"{_records(weakest['left_count'])} and {_records(weakest['right_count'])} would fall apart.\n"
    )
    if told.waterfall:
        print_waterfall(told.waterfall)
    elif told.missing:
        say(f"Its weight can't be taken apart: {told.missing}.\n")


def print_pair(told: PairReasons) -> None:
    """Why two are one customer or not, and the waterfall of the strongest pair between them."""
    left, right = told.left.customer_id, told.right.customer_id
    say(f"Both are {left}." if told.is_one else f"They are two customers: {left} and {right}.")
    if told.pair_count > 1:
        found = "" if told.found_count is None else f", of which {told.found_count:,} share a blocking key"
        which = "The strongest" if told.waterfall or told.link else "One of them"
        say(f"Between them are {told.pair_count:,} pairs of records{found}. {which}:")
    say(f"{told.record_key_l} and {told.record_key_r}")
    say(f"{_STANDINGS[told.standing]}{_more(told)}.\n")
    if told.waterfall:
        if told.waterfall.rules:
            say(f"Found by: {', '.join(told.waterfall.rules)}\n")
        print_waterfall(told.waterfall)
    elif told.missing:
        say(f"The weight can't be taken apart: {told.missing}.\n")


def _more(told: PairReasons) -> str:
    if told.conflict:
        return ": " + _REFUSALS[told.conflict["reason"]].format(by=told.conflict["blocked_by"])
    return f", {_by(told.link)}" if told.link else ""


def _by(link: dict[str, Any]) -> str:
    """What found a link: the identifier, the rule and the weight, or a decision."""
    match link["matched_by"]:
        case "identifier":
            return f"by the identifier {link['rule']}"
        case "model":
            return f"found by the rule {link['rule']}, weight {link['match_weight']:.1f}"
        case _:
            return "by a decision"


def _records(count: int) -> str:
    return "1 record" if count == 1 else f"{count:,} records"


def _print(title: str, frame: pl.DataFrame) -> None:
    if not frame.is_empty():
        print_table(title, frame.columns, frame.rows())


def _with_alternatives(values: pl.DataFrame) -> pl.DataFrame:
    """The alternatives of each value as text: value (source)."""
    if "alternatives" not in values.columns or values.is_empty():
        return values
    texts = [
        ", ".join(f"{lost['value']} ({lost['source']})" for lost in alternatives or [])
        for alternatives in values["alternatives"].to_list()
    ]
    import polars

    return values.with_columns(polars.Series("alternatives", texts))
