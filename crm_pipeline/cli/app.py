"""The application: its commands in the order of the documentation, and the one place where errors become exit codes."""

from __future__ import annotations

import sys
import traceback

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
    except Exception as error:  # noqa: BLE001 - the last place: anything else is a defect of ours, and exits with 3
        _say_defect(error)
        sys.exit(3)
    except KeyboardInterrupt:
        console(error=True).print("interrupted; nothing was published", markup=False)
        sys.exit(3)


def _say_defect(error: Exception) -> None:
    """The kind and the place of an error that is not ours; its message is left out, since it may quote data."""
    printer = console(error=True)
    for frame in traceback.extract_tb(error.__traceback__):
        printer.print(f"  {frame.filename}:{frame.lineno} {frame.name}", markup=False, soft_wrap=True)
    line = f"error: {type(error).__name__} at the place above. This is a defect; please report these lines."
    printer.print(line, markup=False, soft_wrap=True)
