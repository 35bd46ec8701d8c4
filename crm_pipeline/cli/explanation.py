"""A customer's explanation as people read it; that of two records or customers is in `pair_explanation`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm_pipeline.cli.output import counted, print_table, say
from crm_pipeline.cli.pair_explanation import found_by, print_decisions
from crm_pipeline.cli.waterfall import print_waterfall

if TYPE_CHECKING:
    import polars as pl

    from crm_pipeline.publish import Explanation
    from crm_pipeline.steps.telling.explaining import Reasons

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


def print_explanation(found: Explanation, reasons: Reasons | None = None) -> None:
    """Who it is, its records and why they are one, its values and where they come from, its history."""
    if found.customer_id is None:
        say(f"{found.asked_id} is {found.reason}: no living record stands behind it.\n")
    elif found.asked_id != found.customer_id:
        say(f"{found.asked_id} was {found.reason}; it is {found.customer_id} now.\n")
    else:
        name = found.customer.get("name") or "without a name"
        say(f"{found.customer_id}: {name}, {counted(found.records.height, 'record')}\n")
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
    columns = ("record", "by", "rule or decision", "to", "by way of", "weight")
    rows = [_attachment(told, row) for row in told.attachments.to_dicts()]
    print_table("The strongest link of each record", columns, rows, right=("weight",))
    print_decisions("Decisions that join them", told.decisions)
    if told.is_joined_otherwise:
        say(
            "The stored links and decisions do not join all of them: a later run, which was stopped, has stored other "
            "pairs.\n"
        )
    left, right = weakest["record_key_l"], weakest["record_key_r"]
    by = found_by(weakest, told.decision_ids(left, right))
    say(
        f"Weakest link: {left} and {right}, {by}. Without it {counted(weakest['left_count'], 'record')} and "
        f"{counted(weakest['right_count'], 'record')} would fall apart.\n"
    )
    if told.waterfall:
        print_waterfall(told.waterfall)
    elif told.missing:
        say(f"Its weight can't be taken apart: {told.missing}.\n")


def _attachment(told: Reasons, row: dict[str, Any]) -> tuple[Any, ...]:
    """A line of the strongest links: of a decision its id, and the deleted records that it leads over."""
    own, other = row["record_key"], row["attached_to"]
    rule, over = row["rule"], ""
    if row["matched_by"] == "decision":
        way = told.way(own, other)
        rule = ", ".join(told.decision_ids(own, other))
        over = ", ".join(f"{joint.record_key_r} (deleted)" for joint in way[:-1])
    return own, row["matched_by"] or "", rule, other, over, row["match_weight"]


def _print(title: str, frame: pl.DataFrame) -> None:
    if not frame.is_empty():
        print_table(title, frame.columns, frame.rows())


def _with_alternatives(values: pl.DataFrame) -> pl.DataFrame:
    """The alternatives of each value as text: value (source: the rule by which it lost)."""
    if "alternatives" not in values.columns or values.is_empty():
        return values
    texts = [
        ", ".join(f"{lost['value']} ({_lost_by(lost)})" for lost in alternatives or [])
        for alternatives in values["alternatives"].to_list()
    ]
    import polars

    return values.with_columns(polars.Series("alternatives", texts))


def _lost_by(lost: dict[str, Any]) -> str:
    """The source and the rule; a part of a union lost by none, and a file of before has none."""
    return f"{lost['source']}: {lost['lost_by']}" if lost.get("lost_by") else str(lost["source"])
