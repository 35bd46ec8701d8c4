"""Commands around what linking came to: linkage list, accept."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crm_pipeline.cli.options import JsonOption, ProjectOption, system_user
from crm_pipeline.cli.output import print_json, print_table, say
from crm_pipeline.settings import load_project

if TYPE_CHECKING:
    from crm_pipeline.steps.publishing.link_accepting import Waiting

_linkage = typer.Typer(help="What linking came to: figures that stopped a run, models that wait.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    _linkage.command("list")(linkage_list)
    _linkage.command("accept")(linkage_accept)
    app.add_typer(_linkage, name="linkage")


def linkage_list(project: ProjectOption = None, as_json: JsonOption = False) -> None:
    """Show the last run's figures beside those before it, and what the newest model changes.

    Example: crm-pipeline linkage list
    """
    from crm_pipeline.steps.publishing.link_accepting import waiting

    found = waiting(load_project(project))
    if as_json:
        print_json(_as_dict(found))
        return
    if found.figures is None:
        say("No run has linked records yet: crm-pipeline run.")
        return
    judged = {each.figure: each for each in found.figures.judged}
    names = ("figure", "found", "median", "low", "high", "runs", "verdict")
    figures = {**found.figures.figures, **{name: each.found for name, each in judged.items()}}
    rows = [
        (name, value, *((each.median, each.low, each.high, each.runs) if each else (None,) * 4), _verdict(each, found))
        for name, value in figures.items()
        for each in [judged.get(name)]
    ]
    print_table("What linking came to last", names, rows, right=names[1:6])
    if not judged:
        say("Nothing is judged yet: there are too few runs with these sources and thresholds before this one.")
    _print_change(found)
    for guard in found.broken:
        say(f"What is right from now on: crm-pipeline linkage accept {guard} --why TEXT")
    if found.model:
        say("The retrained model waits: crm-pipeline linkage accept model --why TEXT")


def _verdict(judged: Any, found: Waiting) -> str:
    if judged is None:
        return ""
    if not judged.is_broken:
        return "as usual"
    return "stopped the run" if judged.guard in found.broken else "accepted"


def _print_change(found: Waiting) -> None:
    if not found.change:
        return
    names = ("population", "old verdict", "new: link", "new: review", "new: none")
    rows = [
        (population, verdict, *to.values())
        for population, told in found.change.items()
        for verdict, to in told["verdicts"].items()
    ]
    title = "that waits" if found.model else "in use"
    print_table(f"What the model {title} changed, on a fixed sample of pairs", names, rows, right=names[2:])
    for population, told in found.change.items():
        say(f"{population}: {told['changed']:,} of {told['kept']:,} verdicts changed, {told['changed_share']:.1%}.")


def _as_dict(found: Waiting) -> dict[str, Any]:
    """All of it but the keys of records, which are in the model card."""
    change = {
        population: {name: value for name, value in told.items() if name != "largest_changes"}
        for population, told in found.change.items()
    }
    return {
        "figures": asdict(found.figures) if found.figures else None,
        "waiting": [*found.broken, *(["model"] if found.model else [])],
        "refused_model": found.model.version if found.model else None,
        "model_change": change,
    }


def linkage_accept(
    name: Annotated[str, typer.Argument(metavar="GUARD|model", help="As `linkage list` shows it.")],
    why: Annotated[str, typer.Option("--why", help="Why it is right; kept with the decision.")],
    project: ProjectOption = None,
    by: Annotated[str | None, typer.Option("--by", help="Who decides; default: who is logged in.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Accept what stopped the last run as usual from now on, or let a retrained model take over.

    Example: crm-pipeline linkage accept match_rate --why "the shop delivers all its customers since May"
    """
    from crm_pipeline.steps.publishing.link_accepting import accept

    accepted = accept(load_project(project), name, decided_by=by or system_user(), why=why)
    if as_json:
        print_json(asdict(accepted))
        return
    what = "the retrained model takes over" if accepted.refused_version else f"{name} counts anew from that run on"
    say(f"Accepted: {what}; the next run applies it.")
