"""The command that judges published customers by labels: evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crm_pipeline.cli.options import JsonOption, ProjectOption
from crm_pipeline.cli.output import print_json, print_table, say
from crm_pipeline.settings import load_project

if TYPE_CHECKING:
    from crm_pipeline.linkage.evaluation import Agreement
    from crm_pipeline.steps.telling.evaluate import Evaluation

_UNDEFINED = "–"
_NEWER_PAIRS = (
    "Warning: the last run was stopped before it published. Customers are those published before it, but pairs are its "
    "own: the table by threshold, and the evidence of wrong pairs, do not belong to these customers. Complete a run "
    "(crm-pipeline status says what stopped it) and evaluate again."
)
_RATIOS = ("precision", "recall", "F1", "B-cubed precision", "B-cubed recall", "B-cubed F1")


def add_to(app: typer.Typer) -> None:
    """Adds this command."""
    app.command()(evaluate)


def evaluate(
    labels: Annotated[Path, typer.Argument(metavar="LABELS.csv", help="Columns source, extract, source_id, label.")],
    project: ProjectOption = None,
    errors: Annotated[
        Path | None, typer.Option("--errors", metavar="FILE.csv", help="Write the keys of the wrong pairs there.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare the published customers with labels: precision, recall, F1 and B-cubed, now and by threshold.

    Records with one label are one customer. Example: crm-pipeline evaluate labels.csv --errors wrong_pairs.csv
    """
    from crm_pipeline.steps.telling.evaluate import evaluate as run_evaluate

    found = run_evaluate(load_project(project), labels, errors)
    if as_json:
        print_json(found.as_dict())
        return
    _print_evaluation(found)
    if errors is not None:
        say(f"{errors}: {found.wrong_pairs_written:,} of {found.wrong_pairs:,} wrong pairs")


def _print_evaluation(found: Evaluation) -> None:
    """Records, measures, counts, and the measures by threshold."""
    told = found.published
    say(f"{found.labelled:,} records are labelled; {found.found:,} of them are published and alive.")
    if found.deleted or found.unknown:
        say(f"Not judged: {found.deleted:,} deleted, {found.unknown:,} that customer_records does not have.")
    if found.has_newer_pairs:
        say(_NEWER_PAIRS)
    say("")
    measures = [
        ("pairwise", *map(_shown, (told.precision, told.recall, told.f1))),
        ("B-cubed", *map(_shown, (told.b_cubed_precision, told.b_cubed_recall, told.b_cubed_f1))),
    ]
    print_table("As published", ("", "precision", "recall", "F1"), measures, right=("precision", "recall", "F1"))
    counts = (told.true_pairs, told.predicted_pairs, told.correct_pairs, found.wrong_pairs)
    names = ("true pairs", "predicted", "correct", "wrong")
    print_table("Pairs of labelled records", names, [counts], right=names)
    say(f"{told.labels:,} labels are {told.customers:,} customers; {told.exact_customers:,} are exactly one label.")
    say(f"{told.split_labels:,} labels are split over {told.parts_of_split_labels:,} customers.")
    say(f"{told.mixed_customers:,} customers mix {told.labels_in_mixed_customers:,} labels.\n")
    _print_thresholds(found)


def _print_thresholds(found: Evaluation) -> None:
    rows = [_threshold_row(found, threshold, told) for threshold, told in found.by_threshold.items()]
    columns = ("threshold", "predicted pairs", *_RATIOS, "")
    title = "By match threshold: pairs of the last run, stored from the review threshold on; identifiers link always"
    print_table(title, columns, rows, right=columns[:-1])


def _threshold_row(found: Evaluation, threshold: float, told: Agreement) -> tuple[object, ...]:
    ratios = (told.precision, told.recall, told.f1, told.b_cubed_precision, told.b_cubed_recall, told.b_cubed_f1)
    mark = "match_threshold" if threshold == found.match_threshold else ""
    return (f"{threshold:g}", told.predicted_pairs, *map(_shown, ratios), mark)


def _shown(ratio: float | None) -> str:
    return _UNDEFINED if ratio is None else f"{ratio:.4f}"
