"""The command that brings what is published to the other places of the project, and sets up roles: publish."""

from __future__ import annotations

from typing import Annotated

import typer

from crm_pipeline.cli.options import JsonOption, ProjectOption
from crm_pipeline.cli.output import counted, print_json, say
from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings import Project, load_project


def add_to(app: typer.Typer) -> None:
    """Adds this command."""
    app.command()(publish)


def publish(
    project: ProjectOption = None,
    setup_roles: Annotated[
        bool,
        typer.Option(
            "--setup-roles",
            help="First make the roles and schemas in PostgreSQL, as the user of CRM_PIPELINE_POSTGRES_ADMIN_URL.",
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --setup-roles: print the SQL for an administrator; run nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Publish what was published last again: the masked file, PostgreSQL and Parquet files where configured.

    Examples: crm-pipeline publish   crm-pipeline publish --setup-roles --dry-run | psql
    """
    from crm_pipeline.steps.publishing.elsewhere import publish_again, set_up, setup_statements

    if dry_run and not setup_roles:
        raise ConfigurationError(
            where="--dry-run", expected="it with --setup-roles", found="it alone", cure="Add --setup-roles."
        )
    opened = load_project(project)
    if dry_run:
        statements = setup_statements(opened)
        print_json(statements) if as_json else _print_sql(statements)
        return
    if setup_roles:
        set_up(opened)
        say("Roles and schemas are set up.", error=as_json)
    if setup_roles and not opened.published_file.exists():
        _report_nothing(opened, as_json=as_json)
        return
    done = publish_again(opened)
    changed = None if done.postgres is None else dict(done.postgres.changed_rows)
    if as_json:
        written = None if done.parquet is None else list(done.parquet.written)
        told = {"is_masked_changed": done.is_masked_changed, "postgres_changed_rows": changed}
        print_json(told | {"parquet_tables_written": written})
        return
    say(f"{opened.masked_file.name}: {'published' if done.is_masked_changed else 'as it was'}")
    if done.postgres is not None:
        rows = counted(sum(done.postgres.changed_rows.values()), "row")
        say(f"PostgreSQL: {f'published, {rows} changed' if done.postgres.is_changed else 'as it was'}")
    if done.parquet is not None:
        tables = counted(len(done.parquet.written), "table")
        say(f"Parquet files: {f'published, {tables} written' if done.parquet.is_changed else 'as they were'}")


def _print_sql(statements: list[str]) -> None:
    """One transaction, as psql takes it."""
    typer.echo("BEGIN;")
    for statement in statements:
        typer.echo(f"{statement};")
    typer.echo("COMMIT;")


def _report_nothing(project: Project, *, as_json: bool) -> None:
    if as_json:
        print_json({"is_masked_changed": False, "postgres_changed_rows": None, "parquet_tables_written": None})
    else:
        say(f"Nothing is published yet in {project.root.name}; the next run publishes.")
