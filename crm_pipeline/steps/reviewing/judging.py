"""What can be decided: answers held against the records that exist and the decisions that are in force.

Belongs here: which answers are accepted, which say nothing new, which are refused and why. Does not belong here: where
answers come from (`importing`), keeping them (`deciding`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crm_pipeline.linkage import Decision, contradictions
from crm_pipeline.settings import Project
from crm_pipeline.state.decisions.links import LinkEvent, LinkKind, Said, in_force
from crm_pipeline.steps.reviewing.listing import reading
from crm_pipeline.warehouse import open_reader

_KNOWN_RECORDS = """
    SELECT DISTINCT key FROM (SELECT unnest(?) AS key) JOIN (
        SELECT concat_ws('/', source, extract, source_id) AS key FROM customer_records
    ) USING (key)
"""
_KNOWN_ASKED = "SELECT DISTINCT key FROM (SELECT unnest(?) AS key) JOIN review_records ON record_key = key"


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody says of two records.

    Attributes:
        place: what to call it in a refusal: `line 7`, `this decision`.
        record_key_l: one record key.
        record_key_r: the other one, in either order.
        is_same: whether the two are one customer.
        why: the reason given.
    """

    place: str
    record_key_l: str
    record_key_r: str
    is_same: bool
    why: str

    @property
    def pair(self) -> tuple[str, str]:
        """Both keys, the smaller one first."""
        low, high = sorted((self.record_key_l, self.record_key_r))
        return low, high


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an answer can't be entered.

    Attributes:
        reason: in a sentence, beside the line of a file.
        expected: what would have been entered.
        found: what was there instead.
        cure: what to do.
    """

    reason: str
    expected: str
    found: str
    cure: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one answer.

    Attributes:
        answer: the answer.
        known_as: the decision in force that says the same; None where it is new.
        refusal: why it can't be entered; None where it can.
    """

    answer: Answer
    known_as: str | None = None
    refusal: Refusal | None = None

    @property
    def said(self) -> Said | None:
        """What is to be entered; None where there is nothing to."""
        if self.known_as or self.refusal:
            return None
        kind = LinkKind.SAME if self.answer.is_same else LinkKind.DIFFERENT
        return Said(kind, *self.answer.pair, self.answer.why)


def judge(project: Project, answers: Sequence[Answer], events: Sequence[LinkEvent]) -> list[Judged]:
    """Each answer with what became of it, in their order; one that says what an earlier line says is not new either.

    Args:
        project: whose records.
        answers: in the order in which they would be entered.
        events: all that were entered so far.

    Raises:
        ConfigurationError: nothing has been published.
    """
    known = _known_keys(project, sorted({key for answer in answers for key in answer.pair}))
    said = {((e.record_key_l, e.record_key_r), e.kind is LinkKind.SAME): e.decision_id for e in in_force(events)}
    judged: list[Judged] = []
    for answer in answers:
        refusal = _unfit(answer, known)
        known_as = None if refusal else said.get((answer.pair, answer.is_same))
        if not refusal and not known_as:
            said[answer.pair, answer.is_same] = answer.place
        judged.append(Judged(answer, known_as, refusal))
    against = _contradicted(judged, events)
    return [
        Judged(each.answer, refusal=against[each.answer.place]) if each.said and each.answer.place in against else each
        for each in judged
    ]


def _unfit(answer: Answer, known: set[str]) -> Refusal | None:
    """Why an answer can't be entered whatever else was decided."""
    if not answer.why.strip():
        reason = "it has no reason; write why, for whoever asks later"
        return Refusal(reason, "a reason, for whoever asks later", "none", "Write --why.")
    if answer.record_key_l == answer.record_key_r:
        cure = "Name another record; a record needs no decision about itself."
        return Refusal("both are the same record", "two different records", f"{answer.record_key_l} twice", cure)
    unknown = [key for key in answer.pair if key not in known]
    if unknown:
        keys = " or ".join(unknown)
        reason = f"no record was ever published as {keys}; see source, extract and source_id in customer_records"
        cure = "Look the key up in customer_records: it is source/extract/source_id."
        return Refusal(reason, "keys of records that were published", keys, cure)
    return None


def _contradicted(judged: Sequence[Judged], events: Sequence[LinkEvent]) -> dict[str, Refusal]:
    """Place of each new answer that contradicts what was decided, or an answer before it, to the refusal."""
    entered = {event.decision_id: event for event in in_force(events)}
    before = [
        Decision(e.record_key_l, e.record_key_r, e.kind is LinkKind.SAME, e.decision_id) for e in entered.values()
    ]
    new = [Decision(*each.answer.pair, each.answer.is_same, each.answer.place) for each in judged if each.said]
    places = {decision.decision_id for decision in new}
    found = [each for each in contradictions([*before, *new]) if each.decision.decision_id in places]
    return {each.decision.decision_id: _refusal(each.earlier, entered) for each in found if each.earlier is not None}


def _refusal(earlier: Decision, entered: dict[str, LinkEvent]) -> Refusal:
    expected = "a decision that holds beside the earlier ones"
    event = entered.get(earlier.decision_id)
    if event is None:
        found = f"one against {earlier.decision_id}"
        return Refusal(
            f"it contradicts {earlier.decision_id}", expected, found, f"Correct it or {earlier.decision_id}."
        )
    told = (
        f"{event.decision_id}: {event.record_key_l} and {event.record_key_r} are {event.kind.value}, decided by "
        f"{event.decided_by} at {event.decided_at:%Y-%m-%d %H:%M} UTC"
    )
    cure = f"If that is wrong, `crm-pipeline review undo {event.decision_id}` first."
    return Refusal(f"it contradicts {told}; undo that first if it is wrong", expected, f"one against {told}", cure)


def _known_keys(project: Project, keys: list[str]) -> set[str]:
    """Those of the keys that records have or had: published ones, and those that are asked about."""
    with reading(project) as reader:
        found = {str(key) for (key,) in reader.execute(_KNOWN_ASKED, [keys])}
    if project.published_file.exists():
        with open_reader(project.published_file) as reader:
            found |= {str(key) for (key,) in reader.execute(_KNOWN_RECORDS, [keys])}
    return found
