"""Commands of clerical review: review list, decide, import, undo."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crm_pipeline.cli.options import JsonOption, ProjectOption, system_user
from crm_pipeline.cli.output import counted, print_json, print_table, say
from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings import Project, load_project

if TYPE_CHECKING:
    import polars as pl

    from crm_pipeline.steps.reviewing.importing import Imported

_review = typer.Typer(
    help="Which records are one customer: questions, decisions, and taking them back.", no_args_is_help=True
)
_LISTED = 20  # refused lines shown; all of them with --json
_QUESTIONS = ("question_id", "priority", "name_l", "name_r", "match_probability", "reason", "rule", "stake",
              "record_key_l", "record_key_r")  # fmt: skip
_DISPUTED = ("decision_id", "kind", "record_key_l", "record_key_r", "status", "contradicts", "disagreement",
             "matched_by", "rule", "match_weight", "match_probability", "decided_by", "why")  # fmt: skip
_DECISIONS = ("decision_id", "kind", "record_key_l", "record_key_r", "decided_by", "decided_at", "why",
              "withdrawn_by")  # fmt: skip

ByOption = Annotated[str | None, typer.Option(metavar="NAME", help="Who decides; default: the system's user.")]
WhyOption = Annotated[str, typer.Option(metavar="TEXT", help="The reason, for whoever asks later.")]


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    _review.command("list")(review_list)
    _review.command("decide")(review_decide)
    _review.command("import")(review_import)
    _review.command("undo")(review_undo)
    app.add_typer(_review, name="review")


def review_list(
    project: ProjectOption = None,
    most: Annotated[int, typer.Option("--most", min=1, metavar="N", help="Show so many questions.")] = 20,
    export: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write all open questions to FILE.csv or .xlsx, both records side by side."),
    ] = None,
    disagreements: Annotated[
        bool, typer.Option("--disagreements", help="Instead, decisions that something says the contrary of.")
    ] = False,
    decisions: Annotated[bool, typer.Option("--decisions", help="Instead, all decisions.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what is asked about links, those questions first whose answer would teach most.

    It shows names of people. A question that was decided is gone at once.

    Example: crm-pipeline review list --most 5
    """
    opened = load_project(project)
    if decisions or disagreements:
        _list_decisions(opened, is_disputed=disagreements, as_json=as_json)
    elif export:
        _export(opened, export, as_json=as_json)
    else:
        _list_questions(opened, most, as_json=as_json)


def _list_questions(project: Project, most: int, *, as_json: bool) -> None:
    from crm_pipeline.steps.reviewing.listing import open_questions

    listed = open_questions(project, most=most)
    if as_json:
        told = {"questions_in_all": listed.total, "answered_since_the_last_run": listed.answered}
        print_json(told | {"questions": listed.questions.to_dicts()})
        return
    _print_frame(counted(listed.total, "open question"), listed.questions, _QUESTIONS)
    if listed.answered:
        say(f"{listed.answered:,} more were answered since the last run; the next one applies it.")
    if listed.total > listed.questions.height:
        say(f"{listed.total - listed.questions.height:,} more with --most, or all of them with --export review.xlsx.")


def _export(project: Project, file: Path, *, as_json: bool) -> None:
    from crm_pipeline.steps.reviewing.handing_out import DECISION, WHY, export_questions

    listed = export_questions(project, file)
    if as_json:
        print_json({"file": str(file), "questions": listed.questions.height})
        return
    say(counted(listed.questions.height, "question"))
    say(f"{file}: write same or different into {DECISION} and the reason into {WHY}, leave the rest, then "
        f"crm-pipeline review import {file}")  # fmt: skip


def _list_decisions(project: Project, *, is_disputed: bool, as_json: bool) -> None:
    from crm_pipeline.steps.reviewing.listing import disputed_decisions, every_decision

    found = disputed_decisions(project) if is_disputed else every_decision(project)
    if as_json:
        print_json({"decisions": found.to_dicts()})
        return
    against = " that something says the contrary of" if is_disputed else ""
    _print_frame(counted(found.height, "decision") + against, found, _DISPUTED if is_disputed else _DECISIONS)


def _print_frame(title: str, frame: pl.DataFrame, columns: tuple[str, ...]) -> None:
    right = ("priority", "match_probability", "match_weight", "stake")
    print_table(title, columns, frame.select(columns).rows(), right=right)


def review_decide(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="LEFT RIGHT same|different",
            help="Two record keys, or one question's id for both, or how it begins; 相同, 不同 do too.",
        ),
    ],
    why: WhyOption,
    project: ProjectOption = None,
    by: ByOption = None,
    as_json: JsonOption = False,
) -> None:
    """Decide whether two records are one customer; the next run applies it.

    A record key is source/extract/source_id. A decision that contradicts earlier ones is refused.

    Example: crm-pipeline review decide Q5B2C0F9A1D different --why "father and son"
    """
    from crm_pipeline.steps.reviewing.deciding import decide
    from crm_pipeline.steps.reviewing.importing import WORDS

    *meant, said = words
    is_same = WORDS.get(said.strip().lower())
    if is_same is None:
        raise ConfigurationError(
            where="review decide", expected=f"{', '.join(WORDS)} at the end", found=said, cure="Write it last."
        )
    opened, who = load_project(project), by or system_user()
    event, decision_id = decide(opened, meant, is_same=is_same, why=why, decided_by=who)
    if as_json:
        print_json({"decision_id": decision_id, "is_new": event is not None})
    elif event is None:
        say(f"{decision_id} says so already; nothing is changed.")
    else:
        say(f"{decision_id}: {event.record_key_l} and {event.record_key_r} are {event.kind}; the next run applies it.")


def review_import(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file of review list --export with decisions.")],
    project: ProjectOption = None,
    by: ByOption = None,
    why: WhyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Take the decisions of an exported file over, all of them or none; the next run applies them.

    Lines without a decision stay open. Exit code 1: lines were refused, and nothing was taken over. The same file again
    changes nothing.

    Example: crm-pipeline review import review.xlsx --why "looked up in the register"
    """
    from crm_pipeline.steps.reviewing.importing import import_answers

    done = import_answers(load_project(project), file, decided_by=by or system_user(), why=why)
    if as_json:
        print_json(
            {
                "decisions": [asdict(event) for event in done.events],
                "unchanged": done.unchanged,
                "open": done.still_open,
                "refused": [{"place": place, "reason": reason} for place, reason in done.refused],
            }
        )
    else:
        _print_imported(done)
    raise typer.Exit(1 if done.refused else 0)


def _print_imported(done: Imported) -> None:
    entered = len(done.events)
    rest = f"{done.unchanged:,} unchanged, {done.still_open:,} open, {len(done.refused):,} refused."
    say(f"{counted(entered, 'decision')} entered, {rest}")
    if done.events:
        say(f"{done.events[0].decision_id} to {done.events[-1].decision_id}; the next run applies them.")
    if done.refused:
        print_table("Refused lines; nothing was taken over", ("line", "reason"), done.refused[:_LISTED])
        if len(done.refused) > _LISTED:
            say(f"{len(done.refused) - _LISTED:,} more with --json.")


def review_undo(
    decision_id: Annotated[str, typer.Argument(metavar="DECISION", help="Such as D000012.")],
    why: WhyOption,
    project: ProjectOption = None,
    by: ByOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a decision back; the next run links as if it had not been taken. It stays in the list of decisions.

    Example: crm-pipeline review undo D000012 --why "wrong branch"
    """
    from crm_pipeline.steps.reviewing.deciding import undo

    event = undo(load_project(project), decision_id, why=why, decided_by=by or system_user())
    if as_json:
        print_json({"decision_id": event.decision_id, "withdraws": event.withdraws})
    else:
        say(f"{event.decision_id}: {event.withdraws} is taken back; the next run applies it.")
