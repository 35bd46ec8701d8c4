"""The application: its commands in the order of the documentation, and the one place where errors become exit codes."""

from __future__ import annotations

import os
import sys
import traceback
from typing import NoReturn

import typer

from crm_pipeline.cli import (
    backup_commands,
    evaluate_command,
    linkage_commands,
    override_commands,
    project_commands,
    publish_command,
    quality_commands,
    quarantine_commands,
    read_commands,
    review_commands,
    run_commands,
    score_command,
    sql_commands,
    undo_command,
)
from crm_pipeline.cli.output import console
from crm_pipeline.errors import PipelineError, is_interruption

app = typer.Typer(
    name="crm-pipeline",
    help="From messy CRM extracts to one trusted golden customer table.",
    epilog="Exit codes: 0 done, 1 done with findings, 2 wrong call or configuration, 3 failed.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
_TYPER_INTERRUPTED = 130  # the code with which Typer exits on Ctrl+C; no command of ours does
project_commands.add_to(app)
run_commands.add_to(app)
read_commands.add_to(app)
publish_command.add_to(app)
quarantine_commands.add_to(app)
review_commands.add_to(app)
override_commands.add_to(app)
quality_commands.add_to(app)
linkage_commands.add_to(app)
evaluate_command.add_to(app)
score_command.add_to(app)
sql_commands.add_to(app)
undo_command.add_to(app)
backup_commands.add_to(app)


def main() -> None:
    """Runs the command line; an error of ours, and an interruption, is one line on standard error and an exit code."""
    try:
        app()
    except SystemExit as end:
        if _is_pipe_closed(end):
            _end_unread()
        if end.code != _TYPER_INTERRUPTED:
            raise
        _end_interrupted()
    except BrokenPipeError:
        _end_unread()
    except PipelineError as error:
        for line in str(error).splitlines():  # several where several deliveries were refused
            console(error=True).print(f"error: {line}", markup=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except Exception as error:  # noqa: BLE001 - the last place: anything else is a defect of ours, and exits with 3
        if is_interruption(error):
            _end_interrupted()
        _say_defect(error)
        sys.exit(3)
    except KeyboardInterrupt:
        _end_interrupted()


def _is_pipe_closed(end: BaseException | None) -> bool:
    """Whether it ended because whoever read what it prints has gone, as `head` does after its lines.

    Rich and Typer end with exit code 1 then, and leave the error as the context of their own.
    """
    while end:
        if isinstance(end, BrokenPipeError):
            return True
        end = end.__context__
    return False


def _end_unread() -> NoReturn:
    """Ends with 0: what was asked for is done, and the reader has seen what it wanted."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(0)


def _end_interrupted() -> NoReturn:
    line = "interrupted; a run that was interrupted is completed by the next one"
    console(error=True).print(line, markup=False, soft_wrap=True)
    sys.exit(3)


def _say_defect(error: Exception) -> None:
    """The kind and the place of an error that is not ours; its message is left out, since it may quote data."""
    printer = console(error=True)
    for frame in traceback.extract_tb(error.__traceback__):
        printer.print(f"  {frame.filename}:{frame.lineno} {frame.name}", markup=False, soft_wrap=True)
    line = f"error: {type(error).__name__} at the place above. This is a defect; please report these lines."
    printer.print(line, markup=False, soft_wrap=True)
