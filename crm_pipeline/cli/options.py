"""Options that commands share, and who calls them."""

from __future__ import annotations

import getpass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from crm_pipeline.errors import ConfigurationError

ProjectOption = Annotated[
    Path | None,
    typer.Option("--project", help="Project folder; default: CRM_PIPELINE_PROJECT, then the current folder."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON for programs.")]
DateOption = Annotated[str | None, typer.Option("--date", metavar="YYYY-MM-DD", help="Business date; default: today.")]
FromOption = Annotated[str | None, typer.Option("--from", metavar="YYYY-MM-DD", help="First business date of several.")]
ToOption = Annotated[str | None, typer.Option("--to", metavar="YYYY-MM-DD", help="Last business date; default: today.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", help="Say what each step does.")]


def parse_date(text: str, option: str) -> date:
    """The date.

    Raises:
        ConfigurationError: it is not written YYYY-MM-DD.
    """
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a date has no zone
    except ValueError:
        raise ConfigurationError(
            where=option, expected="a date written YYYY-MM-DD", found=repr(text), cure="Write it like 2026-01-28."
        ) from None


def system_user() -> str:
    """The user of the system.

    Raises:
        ConfigurationError: it has no name.
    """
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        raise ConfigurationError(
            where="--by", expected="who you are", found="no user of the system", cure="Write --by NAME."
        ) from None
