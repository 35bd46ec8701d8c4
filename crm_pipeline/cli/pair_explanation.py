"""Why two records or customers are one or not, as people read it.

Belongs here: form. Does not belong here: what is told (`steps.telling.explaining_pairs`), a customer's explanation
(`explanation`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm_pipeline.cli.output import print_table, say
from crm_pipeline.cli.waterfall import print_waterfall

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crm_pipeline.steps.telling.explaining_pairs import PairReasons
    from crm_pipeline.steps.telling.told_decisions import ToldDecision
    from crm_pipeline.steps.telling.ways import Joint

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
_WITHOUT = {
    "link": "Without decisions they would be linked",
    "review": "Without decisions they would wait for review",
    "below_review_threshold": "Without decisions they would be two: their weight is below the review threshold",
    "no_shared_key": "Without decisions they would not be compared: no shared blocking key. The weight they would have",
    "person_and_organisation": "Without decisions they would not be compared: a person and an organisation",
    "nothing_to_compare": "Without decisions they would not be compared: one has nothing to compare",
}
_ITSELF = {
    "review": "The pair itself waits for review",
    "below_review_threshold": "The pair itself was compared, and its weight is below the review threshold",
    "no_shared_key": "The pair itself was not compared: no shared blocking key. Had it been, this were its weight",
    "person_and_organisation": "The pair itself was not compared: one is a person, the other an organisation",
    "nothing_to_compare": "The pair itself was not compared: one has nothing to compare",
}
_NOT_APPLIED = {"next_run": "; the next run applies it", "taken_back": "; taken back since, which the next run applies"}
_REFUSALS = {
    "cannot_link": "people decided that they are two ({by})",
    "duplicate_free": "one customer would have two records of {by}, which has no duplicates",
    "weak_bridge": "it is the one weak link between two groups whose own links are many and strong",
}
_MINUTES = "%Y-%m-%d %H:%M UTC"


def print_pair(told: PairReasons) -> None:
    """Why two are one customer or not, and the waterfall of the strongest pair between them."""
    left, right = told.left.customer_id, told.right.customer_id
    say(f"Both are {left}." if told.is_one else f"They are two customers: {left} and {right}.")
    if told.pair_count > 1:
        found = "" if told.found_count is None else f", of which {told.found_count:,} share a blocking key"
        is_strongest = told.waterfall or told.link or told.above.decisions
        which = "The strongest" if is_strongest else "One of them"
        say(f"Between them are {told.pair_count:,} pairs of records{found}. {which}:")
    say(f"{told.record_key_l} and {told.record_key_r}")
    _say_standing(told)
    if told.waterfall:
        if told.waterfall.rules:
            say(f"Found by: {', '.join(told.waterfall.rules)}\n")
        print_waterfall(told.waterfall)
    elif told.missing:
        say(f"The weight can't be taken apart: {told.missing}.\n")


def print_decisions(title: str, decisions: Sequence[ToldDecision]) -> None:
    """Decisions with who, when and why; none, nothing."""
    columns = ("decision", "kind", "left record", "right record", "by", "at", "why", "")
    rows = [
        (each.decision_id, "same" if each.is_same else "different", *each.pair, each.decided_by,
         each.decided_at.strftime(_MINUTES), each.why, _NOT_APPLIED.get(each.applied, "").removeprefix("; "))
        for each in decisions
    ]  # fmt: skip
    if rows:
        print_table(title, columns, rows)


def found_by(link: dict[str, Any], decision_ids: Sequence[str] = ()) -> str:
    """What found a link: the identifier, the rule and the weight, or decisions."""
    match link["matched_by"]:
        case "identifier":
            return f"by the identifier {link['rule']}"
        case "model":
            return f"found by the rule {link['rule']}, weight {link['match_weight']:.1f}"
        case _:
            many = "decisions" if len(decision_ids) > 1 else "decision"
            return f"by the {many} {', '.join(decision_ids)}" if decision_ids else "by a decision"


def _say_standing(told: PairReasons) -> None:
    """What stands above the stored pair first, then what is stored of it."""
    above = told.above
    match above.kind:
        case None:
            say(f"{_STANDINGS[told.standing]}{_more(told)}.")
            for decision in above.decisions:
                say(_decided(decision))
        case "decided_same" | "decided_different":
            for decision in above.decisions:
                say(_decided(decision))
            _say_stored(_WITHOUT, told)
        case "joined_by_others":
            _say_way("They are joined by others", above.way)
            _say_stored(_ITSELF, told)
        case _:
            _say_way("Their customers are kept apart", above.way)
            _say_stored(_ITSELF, told)
    say("")


def _say_stored(words: dict[str, str], told: PairReasons) -> None:
    if told.conflict and told.conflict["reason"] == "cannot_link":
        say(f"{words.get('link', 'The pair itself is a link that does not hold')}, {found_by(told.conflict)}.")
    elif told.conflict:
        say(f"{_STANDINGS['refused']}{_more(told)}.")
    elif told.standing in words:
        say(f"{words[told.standing]}{_more(told)}.")


def _say_way(what: str, way: Sequence[Joint]) -> None:
    """The way, a line per joint."""
    if not way:
        say(f"{what}; the stored links do not tell how: a later run, which was stopped, has stored others.")
        return
    say(f"{what}:")
    for joint in way:
        if joint.decision:
            verdict = "" if joint.decision.is_same else "not "
            say(f"  {joint.record_key_l} is {verdict}{joint.record_key_r}: {_entered(joint.decision)}")
        else:
            link = {"matched_by": joint.matched_by, "rule": joint.rule, "match_weight": joint.match_weight}
            say(f"  {joint.record_key_l} is {joint.record_key_r}: {found_by(link)}")
    weakest = max(way, key=lambda joint: joint.order)
    if len(way) > 1 and weakest.decision is None:
        say(f"The weakest link of this way is {' and '.join(weakest.ends)}; no other way between them is stronger.")


def _decided(decision: ToldDecision) -> str:
    said = "one customer" if decision.is_same else "two customers"
    keys = " and ".join(decision.pair)
    return f"Decided that {keys} are {said}: {_entered(decision)}"


def _entered(decision: ToldDecision) -> str:
    """Which decision, who, when, why, and whether the published tables hold it."""
    who = f"{decision.decision_id}, by {decision.decided_by} at {decision.decided_at.strftime(_MINUTES)}"
    return f"{who}{_NOT_APPLIED.get(decision.applied, '')}: {decision.why}"


def _more(told: PairReasons) -> str:
    if told.conflict:
        return ": " + _REFUSALS[told.conflict["reason"]].format(by=told.conflict["blocked_by"])
    return f", {found_by(told.link)}" if told.link else ""
