"""The application: its commands in the order of the documentation, and the one place where errors become exit codes."""

from __future__ import annotations

import sys

import typer

from crm_pipeline.cli import backup_commands, project_commands, read_commands, run_commands
from crm_pipeline.cli.output import console
from crm_pipeline.errors import PipelineError

app = typer.Typer(
    name="crm-pipeline",
    help="From messy CRM extracts to one trusted golden customer table.",
    epilog="Exit codes: 0 done, 1 done with findings, 2 wrong call or configuration, 3 failed.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
project_commands.add_to(app)
run_commands.add_to(app)
read_commands.add_to(app)
backup_commands.add_to(app)


def main() -> None:
    """Runs the command line; an error of ours is one line on standard error and its exit code."""
    try:
        app()
    except PipelineError as error:
        console(error=True).print(f"error: {error}", markup=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        console(error=True).print("interrupted; nothing was published", markup=False)
        sys.exit(3)
