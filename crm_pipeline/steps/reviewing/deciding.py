"""Decisions entered and taken back, one at a time or a file of them at once.

Belongs here: under which lock, in which order the stores are written. Does not belong here: what can be decided
(`judging`), reading files (`importing`), and what a decision does, which the next run shows.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings import Project
from crm_pipeline.state.decisions.links import LinkDecisions, LinkEntry, LinkEvent, LinkKind, Said, in_force
from crm_pipeline.state.history import History
from crm_pipeline.steps.reviewing.held import store_of
from crm_pipeline.steps.reviewing.judging import Answer, Judged, judge
from crm_pipeline.steps.reviewing.listing import reading
from crm_pipeline.steps.run import private_files, utc_now
from crm_pipeline.warehouse import writer_lock

_WHAT = "review"  # in the audit
_FEWEST_DIGITS = 4  # of a question's id
_NAMED = 3  # questions that begin alike, in a refusal
_QUESTIONS = """
    SELECT question_id, record_key_l, record_key_r FROM review_queue
    WHERE starts_with(question_id, ?) ORDER BY question_id
"""
_WAIT_SECONDS = 60.0  # for another decision, which takes a moment


@dataclass(frozen=True, slots=True)
class Entered:
    """What became of answers that were given at once.

    Attributes:
        events: those entered now; none where nothing is new, or anything was refused.
        known: answers that say what is in force, each with the decision that says so.
        refused: answers that can't be entered; where there are any, none was.
    """

    events: tuple[LinkEvent, ...]
    known: tuple[Judged, ...]
    refused: tuple[Judged, ...]


def record_keys(project: Project, words: Sequence[str]) -> tuple[str, str]:
    """The two records that somebody means.

    Args:
        project: whose records.
        words: two record keys, or the id of one question of the queue, or how it begins.

    Raises:
        ConfigurationError: it is neither, or there is no such question, or several begin so.
    """
    match list(words):
        case [left, right]:
            return left, right
        case [question]:
            return _keys_of_question(project, question.strip().upper())
    raise ConfigurationError(
        where="review decide",
        expected="LEFT RIGHT same, LEFT RIGHT different, or a question's id in the place of both",
        found=f"{len(words)} records",
        cure="A record key is source/extract/source_id.",
    )


def _keys_of_question(project: Project, wanted: str) -> tuple[str, str]:
    """The two records that the one question is about whose id is or begins with `wanted`."""
    is_id = len(wanted) >= len("Q") + _FEWEST_DIGITS
    with reading(project) as reader:
        found = reader.execute(_QUESTIONS, [wanted]) if is_id else []
    if len(found) == 1:
        return str(found[0][1]), str(found[0][2])
    if found:
        named = ", ".join(str(row[0]) for row in found[:_NAMED])
        raise ConfigurationError(
            where="review decide",
            expected="how the id of one question begins",
            found=f"{wanted}, as those of {len(found)} questions do: {named}",
            cure="Write more digits of it.",
        )
    raise ConfigurationError(
        where="review decide",
        expected=f"two record keys, or the id of a question that the last run asked, or {_FEWEST_DIGITS} digits of it",
        found=wanted,
        cure="See `crm-pipeline review list`.",
    )


def decide(
    project: Project, words: Sequence[str], *, is_same: bool, why: str, decided_by: str
) -> tuple[LinkEvent | None, str]:
    """The decision entered now, None where one in force says so already; and the id of the decision that holds.

    Args:
        project: whose records.
        words: as of `record_keys`.
        is_same: whether the two are one customer.
        why: the reason, not blank.
        decided_by: who says so.

    Raises:
        ConfigurationError: it can't be decided: unknown records, no reason, or a decision that says the contrary.
        BusyError: another decision has not ended.
    """
    left, right = record_keys(project, words)
    done = enter(project, [Answer("this decision", left, right, is_same, why)], decided_by=decided_by)
    for refusal in (each.refusal for each in done.refused if each.refusal):
        raise ConfigurationError(
            where="review decide",
            expected=refusal.expected,
            found=refusal.found,
            cure=f"{refusal.cure} Nothing was entered.",
        )
    return (done.events[0], done.events[0].decision_id) if done.events else (None, str(done.known[0].known_as))


def enter(
    project: Project, answers: Sequence[Answer], *, decided_by: str, file_name: str = "", is_refused: bool = False
) -> Entered:
    """What became of answers: all are entered that are new, unless any is refused; then none is.

    Args:
        project: whose records.
        answers: in order; each place once.
        decided_by: who gives them.
        file_name: the file they came with, if any.
        is_refused: whether others of the same file are refused already, so that these are only looked at.

    Raises:
        ConfigurationError: nothing has been published.
        BusyError: another decision has not ended.
    """
    with _writing(project) as store:
        judged = judge(project, answers, store.events())
        refused = tuple(each for each in judged if each.refusal)
        known = tuple(each for each in judged if each.known_as)
        said = [each.said for each in judged if each.said]
        if refused or is_refused or not said:
            return Entered((), known, refused)
        entry = store.append(said, decided_by=decided_by, now=utc_now(), file_name=file_name)
        _audit(project, entry)
        return Entered(entry.events, known, ())


def undo(project: Project, decision_id: str, *, why: str, decided_by: str) -> LinkEvent:
    """The event that takes a decision back.

    Args:
        project: whose decision.
        decision_id: of a decision in force.
        why: the reason, not blank.
        decided_by: who takes it back.

    Raises:
        ConfigurationError: there is no such decision, it was taken back already, or there is no reason.
        BusyError: another decision has not ended.
    """
    wanted = decision_id.strip().upper()
    with _writing(project) as store:
        events = store.events()
        held = next((event for event in in_force(events) if event.decision_id == wanted), None)
        if held is None or not why.strip():
            raise ConfigurationError(
                where="review undo",
                expected="a decision in force, and why it is taken back",
                found=_not_in_force(wanted, events) if held is None else "no reason",
                cure="See `crm-pipeline review list --decisions`." if held is None else "Write --why.",
            )
        said = Said(LinkKind.WITHDRAWN, held.record_key_l, held.record_key_r, why, withdraws=wanted)
        entry = store.append([said], decided_by=decided_by, now=utc_now())
        _audit(project, entry)
        return entry.events[0]


def _not_in_force(wanted: str, events: Sequence[LinkEvent]) -> str:
    by = next((event for event in events if event.withdraws == wanted), None)
    if by is not None:
        return f"{wanted}, which {by.decided_by} took back at {by.decided_at:%Y-%m-%d %H:%M} UTC ({by.decision_id})"
    taking_back = any(event.decision_id == wanted for event in events)
    return f"{wanted}, which takes another one back; decide anew instead" if taking_back else wanted


@contextlib.contextmanager
def _writing(project: Project) -> Iterator[LinkDecisions]:
    """The store, this process the only one that appends; also while a run goes on, which only reads it."""
    folder = project.var / "decisions"
    with private_files(), writer_lock(folder, run_id="review", wait_seconds=_WAIT_SECONDS):
        store = store_of(project)
        _audit_untold(project, store)
        yield store


def _audit_untold(project: Project, store: LinkDecisions) -> None:
    """Tells the audit of entries whose process died between decision and audit."""
    audit = History(project.state / "history").audit()
    known = {told.get("entry") for told in audit if told.get("what") == _WHAT}
    for entry in store.entries():
        if entry.number not in known:
            _audit(project, entry)


def _audit(project: Project, entry: LinkEntry) -> None:
    """Counts and ids; records and reasons stay in the store of decisions."""
    first = entry.events[0]
    told: dict[str, Any] = {
        "what": _WHAT,
        "entry": entry.number,
        "by": first.decided_by,
        "file_name": entry.file_name,
        "decisions": {kind.value: sum(event.kind is kind for event in entry.events) for kind in LinkKind},
        "first": first.decision_id,
        "last": entry.events[-1].decision_id,
    }
    History(project.state / "history").append_audit(f"review-{entry.number:06d}", first.decided_at, told)
