"""The command that judges published customers by labels: evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crm_pipeline.cli.options import JsonOption, ProjectOption
from crm_pipeline.cli.output import print_json, print_table, say
from crm_pipeline.settings import load_project

if TYPE_CHECKING:
    from crm_pipeline.linkage.evaluation import Agreement, PairCounts
    from crm_pipeline.steps.telling.evaluate import Evaluation

_UNDEFINED = "–"
_NEWER_PAIRS = (
    "Warning: the last run was stopped before it published. Customers are those published before it, but pairs are its "
    "own: the table by threshold, and the reasons of wrong pairs, do not belong to these customers. Complete a run "
    "(crm-pipeline status says what stopped it) and evaluate again."
)
_NOT_AS_PUBLISHED = (
    "Warning: at the match_threshold the table by threshold differs from what is published: linkage or duplicate_free "
    "of pipeline.yaml, or a decision, changed after the last run. Complete a run and evaluate again."
)
_NO_NEGATIVES = "No pair is labelled 0, so that no link can be found wrong: there is no precision."
_WORDS = {
    "other_kind": "one is compared with people, the other with organisations",
    "not_comparable": "one has nothing to be found by",
    "not_blocked": "not blocked: no key in common",
    "scored_too_low": "scored too low: compared, below the review threshold",
    "waits_for_review": "waits for review",
    "refused": "refused: linked, but against a constraint or a weak bridge",
    "not_published": "linked by a run that did not publish",
    "not_known": "not blocked or scored too low: published/matching.duckdb would say",
    "direct": "linked",
    "by_way_of_others": "not linked itself, joined by other links",
}
_VERDICTS = {"missed": "missed", "false_link": "false link"}


def add_to(app: typer.Typer) -> None:
    """Adds this command."""
    app.command()(evaluate)


def evaluate(
    labels: Annotated[
        Path,
        typer.Argument(
            metavar="LABELS.csv",
            help="Columns source, extract, source_id, label; or those three with _l and with _r, and is_match (0, 1).",
        ),
    ],
    project: ProjectOption = None,
    errors: Annotated[
        Path | None, typer.Option("--errors", metavar="FILE.csv", help="Write the keys of the wrong pairs there.")
    ] = None,
    examples: Annotated[
        int, typer.Option("--examples", min=0, metavar="N", help="Show the keys of N wrong pairs of each reason.")
    ] = 0,
    as_json: JsonOption = False,
) -> None:
    """Compare the published customers with labels: precision, recall, F1 and B-cubed, now and by threshold.

    Records with one label are one customer. Example: crm-pipeline evaluate labels.csv --errors wrong_pairs.csv
    """
    from crm_pipeline.steps.telling.evaluate import evaluate as run_evaluate

    found = run_evaluate(load_project(project), labels, errors, examples=examples)
    if as_json:
        print_json(found.as_dict())
        return
    _print_evaluation(found)
    if errors is not None:
        say(f"{errors}: {found.wrong_pairs_written:,} of {found.published.wrong_pairs:,} wrong pairs")


def _print_evaluation(found: Evaluation) -> None:
    """What was judged, measures, counts, by threshold, by source, and the wrong pairs by reason."""
    say(f"{found.labelled:,} {found.unit} are labelled; {found.found:,} of them are published and alive.")
    if found.deleted or found.unknown:
        say(f"Not judged: {found.deleted:,} deleted, {found.unknown:,} that customer_records does not have.")
    if found.has_newer_pairs:
        say(_NEWER_PAIRS)
    elif not found.is_as_published:
        say(_NOT_AS_PUBLISHED)
    say("")
    _print_published(found)
    _print_thresholds(found)
    if len(found.by_sources) > 1:
        _print_sources(found)
    if found.published.wrong_pairs:
        _print_reasons(found)


def _print_published(found: Evaluation) -> None:
    from crm_pipeline.linkage.evaluation import Agreement

    told = found.published
    measures = [("pairwise", *_pairwise(told))]
    counts = {"true pairs": told.true_pairs, "predicted": told.predicted_pairs, "correct": told.correct_pairs}
    if isinstance(told, Agreement):
        measures.append(("B-cubed", *_b_cubed(told)))
        title = "Pairs of labelled records"
    else:
        title = "Labelled pairs"
        counts = {"labelled 0": told.negative_pairs} | counts
    counts["wrong"] = told.wrong_pairs
    print_table("As published", ("", "precision", "recall", "F1"), measures, right=("precision", "recall", "F1"))
    print_table(title, tuple(counts), [tuple(counts.values())], right=tuple(counts))
    if isinstance(told, Agreement):
        say(f"{told.labels:,} labels are {told.customers:,} customers; {told.exact_customers:,} are exactly one label.")
        say(f"{told.split_labels:,} labels are split over {told.parts_of_split_labels:,} customers.")
        say(f"{told.mixed_customers:,} customers mix {told.labels_in_mixed_customers:,} labels.\n")
    elif not told.negative_pairs:
        say(f"{_NO_NEGATIVES}\n")


def _print_thresholds(found: Evaluation) -> None:
    from crm_pipeline.linkage.evaluation import Agreement

    columns: tuple[str, ...] = ("threshold", "predicted pairs", "precision", "recall", "F1")
    if isinstance(found.published, Agreement):
        columns += ("B-cubed precision", "B-cubed recall", "B-cubed F1")
    rows = []
    for threshold, told in found.by_threshold.items():
        ratios = (*_pairwise(told), *(_b_cubed(told) if isinstance(told, Agreement) else ()))
        mark = "match_threshold" if threshold == found.match_threshold else ""
        rows.append((f"{threshold:g}", told.predicted_pairs, *ratios, mark))
    title = "By match threshold: pairs of the last run, stored from the review threshold on; identifiers link always"
    print_table(title, (*columns, ""), rows, right=columns)


def _print_sources(found: Evaluation) -> None:
    columns = ("true pairs", "predicted", "correct", "precision", "recall", "F1")
    rows = [
        (
            f"within {left}" if left == right else f"{left} – {right}",
            *(told.true_pairs, told.predicted_pairs, told.correct_pairs, *_pairwise(told)),
        )
        for (left, right), told in found.by_sources.items()
    ]
    print_table("By pair of sources", ("", *columns), rows, right=columns)


def _print_reasons(found: Evaluation) -> None:
    rows = [(_VERDICTS[verdict], _WORDS[reason], pairs) for (verdict, reason), pairs in found.reasons.items()]
    if found.not_looked_at:
        rows.append(("either", "not looked at: of customers and labels with most of them", found.not_looked_at))
    print_table("Wrong pairs and why", ("", "reason", "pairs"), rows, right=("pairs",))
    shown = [
        (_VERDICTS[row["verdict"]], row["reason"], row["record_key_l"], row["record_key_r"], row["rule"],
         row["match_probability"])
        for row in found.examples.to_dicts()
    ]  # fmt: skip
    if shown:
        print_table("Examples", ("", "reason", "record", "record", "rule", "probability"), shown)


def _pairwise(told: PairCounts) -> tuple[str, ...]:
    return tuple(map(_shown, (told.precision, told.recall, told.f1)))


def _b_cubed(told: Agreement) -> tuple[str, ...]:
    return tuple(map(_shown, (told.b_cubed_precision, told.b_cubed_recall, told.b_cubed_f1)))


def _shown(ratio: float | None) -> str:
    return _UNDEFINED if ratio is None else f"{ratio:.4f}"
