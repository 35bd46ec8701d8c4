"""Commands for golden values that stewards give: override set, list, withdraw."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import typer

from crm_pipeline.cli.options import JsonOption, ProjectOption, system_user
from crm_pipeline.cli.output import counted, print_json, print_table, say
from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings import load_project

_override = typer.Typer(
    help="Golden values that a person gives: above all rules, until withdrawn or due for review.", no_args_is_help=True
)
_SHOWN = ("override_id", "status", "customer_id", "record_key", "column_name", "value", "decided_by", "decided_at",
          "why", "review_on")  # fmt: skip

ByOption = Annotated[str | None, typer.Option(metavar="NAME", help="Who decides; default: the system's user.")]
WhyOption = Annotated[str, typer.Option(metavar="TEXT", help="The reason, for whoever asks later.")]


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    _override.command("set")(override_set)
    _override.command("list")(override_list)
    _override.command("withdraw")(override_withdraw)
    app.add_typer(_override, name="override")


def override_set(
    record_key: Annotated[
        str, typer.Argument(metavar="RECORD", help="Any record of the customer: source/extract/source_id.")
    ],
    values: Annotated[list[str], typer.Argument(metavar="COLUMN=VALUE...", help="Columns of crm.customers.")],
    why: WhyOption,
    project: ProjectOption = None,
    by: ByOption = None,
    review_on: Annotated[
        datetime | None,
        typer.Option("--review-on", formats=["%Y-%m-%d"], metavar="DATE", help="From then on it no longer holds."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Give a customer a value that beats all rules; the next run applies it.

    Values are read as those of a delivery. Linked columns, such as those of an address, are given together: what is
    neither given nor told by what is becomes empty.

    Example: crm-pipeline override set crm/customers/17 phone=13800138000 --why "customer called" --review-on 2027-01-01
    """
    from crm_pipeline.steps.reviewing.overriding import set_override

    given: dict[str, str] = {}
    for told in values:
        name, sign, value = told.partition("=")
        if not sign or name in given:
            raise ConfigurationError(
                where="override set", expected="COLUMN=VALUE, each column once", found=f"{name!r}",
                cure='Such as phone=13800138000, or "city=上海市".',
            )  # fmt: skip
        given[name.strip()] = value
    due: date | None = review_on.date() if review_on else None
    made = set_override(
        load_project(project), record_key, given, why=why, decided_by=by or system_user(), review_on=due
    )
    event = made.event
    if as_json:
        print_json({"override_id": event.override_id, "values": dict(event.values), "emptied": list(made.emptied)})
        return
    print_table(event.override_id, ("column", "value"), [(n, v) for n, v in event.values.items() if v is not None])
    if made.emptied:
        say(f"Linked with them, and empty from then on: {', '.join(made.emptied)}")
    say(f"The next run applies it{f'; it holds until {due}' if due else ''}.")


def override_list(
    project: ProjectOption = None,
    withdrawn: Annotated[bool, typer.Option("--withdrawn", help="Also those that were withdrawn.")] = False,
    due: Annotated[bool, typer.Option("--due", help="Only those that are due for review.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the values that people gave, the newest first: in force, superseded, due for review or without a customer.

    It shows values of people.

    Example: crm-pipeline override list --due
    """
    from crm_pipeline.steps.reviewing.overriding import list_overrides

    rows = list_overrides(load_project(project), withdrawn=withdrawn).to_dicts()
    rows = [row for row in rows if not due or row["status"] == "due for review"]
    if as_json:
        print_json({"overrides": rows})
        return
    names = (*_SHOWN, "withdrawn_by") if withdrawn else _SHOWN
    title = counted(len({row["override_id"] for row in rows}), "override")
    print_table(title, names, [[row[name] for name in names] for row in rows])


def override_withdraw(
    override_id: Annotated[str, typer.Argument(metavar="OVERRIDE", help="Such as O000012.")],
    why: WhyOption,
    project: ProjectOption = None,
    by: ByOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take an override back; the next run chooses by the rules again. It stays in the list of those withdrawn.

    Example: crm-pipeline override withdraw O000012 --why "the customer moved again"
    """
    from crm_pipeline.steps.reviewing.overriding import withdraw_override

    event = withdraw_override(load_project(project), override_id, why=why, decided_by=by or system_user())
    if as_json:
        print_json({"override_id": event.override_id, "withdraws": event.withdraws})
    else:
        say(f"{event.withdraws} is withdrawn; the next run applies it.")
