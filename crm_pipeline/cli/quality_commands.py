"""Commands around what deliveries usually look like: quality list, accept."""

from __future__ import annotations

from typing import Annotated

import typer

from crm_pipeline.cli.options import JsonOption, ProjectOption, system_user
from crm_pipeline.cli.output import print_json, print_table, say
from crm_pipeline.settings import load_project

_quality = typer.Typer(
    help="Anomalies: what is not as it usually is, and what is the new normal.", no_args_is_help=True
)

_FEW = 1000  # from here on a figure has no decimals


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    _quality.command("list")(quality_list)
    _quality.command("accept")(quality_accept)
    app.add_typer(_quality, name="quality")


def quality_list(project: ProjectOption = None, as_json: JsonOption = False) -> None:
    """Show what the newest deliveries have that is not as usual.

    Example: crm-pipeline quality list
    """
    from crm_pipeline.steps.watching.accepting import anomalies, place_of

    found = anomalies(load_project(project)).to_dicts()
    if as_json:
        print_json(found)
        return
    if not found:
        say("No anomaly: the newest deliveries are as usual, or have no history yet.")
        return
    names = ("anomaly", "metric", "business date", "measured", "median", "low", "high", "history")
    figures = ("measured", "median", "low", "high")
    rows = [
        (place_of(row), row["metric"], row["business_date"], *map(_rounded, map(row.get, figures)),
         row["history_count"])
        for row in found
    ]  # fmt: skip
    print_table("Not as usual", names, rows, right=names[3:])
    accepted = sum(bool(row["is_accepted"]) for row in found)
    if accepted:
        say(f"{accepted:,} of them accepted since; the next run takes them out.")
    if accepted < len(found):
        say("What is right from now on: crm-pipeline quality accept NAME --metric METRIC --why TEXT")


def _rounded(figure: float | None) -> float | None:
    """A figure as people read it; all digits are in --json."""
    return None if figure is None else float(f"{figure:.4g}") if abs(figure) < _FEW else round(figure)


def quality_accept(
    name: Annotated[str, typer.Argument(metavar="SOURCE.EXTRACT[.COLUMN]", help="As `quality list` shows it.")],
    why: Annotated[str, typer.Option("--why", help="Why it is right; kept with the decision.")],
    project: ProjectOption = None,
    metric: Annotated[
        str | None, typer.Option("--metric", help="Only this figure; default: all that are shown.")
    ] = None,
    by: Annotated[str | None, typer.Option("--by", help="Who decides; default: who is logged in.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Accept an anomaly as the new normal: from that delivery on the figure counts anew.

    Example: crm-pipeline quality accept crm.customers.phones --metric null_share --why "phones moved to contacts"
    """
    from crm_pipeline.steps.watching.accepting import accept

    accepted = accept(load_project(project), name, metric=metric, decided_by=by or system_user(), why=why)
    if as_json:
        print_json([{"name": name, "metric": each.metric, "from": each.business_date} for each in accepted])
        return
    for each in accepted:
        say(f"{name} {each.metric}: counts anew from the delivery of {each.business_date} on; the next run applies it.")
