"""Commands around backups: full, list, verify, restore, key."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crm_pipeline.cli.options import JsonOption, ProjectOption
from crm_pipeline.cli.output import print_json, print_table, progress_reported, say
from crm_pipeline.settings import backup_elsewhere, load_project

if TYPE_CHECKING:
    from crm_pipeline.storage import ObjectStore

_backup = typer.Typer(
    help="Encrypted snapshots of what can't be derived, and of what was published.", no_args_is_help=True
)
_Snapshot = Annotated[str | None, typer.Argument(metavar="SNAPSHOT", help="Default: the newest complete one.")]
_From = Annotated[
    str | None,
    typer.Option(
        "--from", metavar="STORE", help="A folder or s3://bucket/prefix instead of the project's; key: CRM_BACKUP_KEY."
    ),
]
_Endpoint = Annotated[str | None, typer.Option(help="With --from: endpoint of an S3-compatible service.")]


def _place(project: Path | None, elsewhere: str | None, endpoint_url: str | None) -> tuple[ObjectStore, str]:
    """The store and the key: those of the project, or those named on the command line."""
    from crm_pipeline.steps.publishing.back_up import key_of, store_of

    if elsewhere:
        settings, base = backup_elsewhere(elsewhere, endpoint_url), Path.cwd()
    else:
        opened = load_project(project)
        settings, base = opened.config.backup, opened.root
    return store_of(settings, base), key_of(settings)


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    _backup.command("full")(full)
    _backup.command("list")(list_snapshots)
    _backup.command("verify")(verify)
    _backup.command("restore")(restore)
    _backup.command("key")(key)
    app.add_typer(_backup, name="backup")


def full(project: ProjectOption = None, as_json: JsonOption = False) -> None:
    """Take a full backup and read it back; waits for no run, refuses while one is going on.

    Example: crm-pipeline backup full
    """
    from crm_pipeline.orchestration.execute import execute
    from crm_pipeline.orchestration.jobs import BACKUP
    from crm_pipeline.steps.publishing.back_up import key_of

    opened = load_project(project)
    key_of(opened.config.backup)
    with progress_reported("backup") as progress:
        executed = execute(opened, BACKUP, progress=progress)
    result = executed.metadata["backup.snapshot"]
    print_json({"run_id": executed.run_id, **result}) if as_json else say(f"Backup: {result['result']}")


def list_snapshots(
    project: ProjectOption = None,
    elsewhere: _From = None,
    endpoint_url: _Endpoint = None,
    as_json: JsonOption = False,
) -> None:
    """List snapshots, oldest first; incomplete ones are left-overs of an interrupted backup, unreadable ones say why.

    Example: crm-pipeline backup list
    """
    from crm_pipeline import backup

    store, secret = _place(project, elsewhere, endpoint_url)
    columns = ("snapshot_id", "kind", "files", "bytes", "reason")
    rows: list[dict[str, object]] = []
    row: tuple[object, ...]
    for snapshot in backup.list_snapshots(store, secret):
        if isinstance(snapshot, backup.Incomplete):
            kind, reason = ("unreadable", snapshot.problem.found) if snapshot.problem else ("incomplete", None)
            row = (snapshot.snapshot_id, kind, None, None, reason)
        else:
            row = (snapshot.snapshot_id, snapshot.kind, len(snapshot.files), snapshot.totals.plain_bytes, None)
        rows.append(dict(zip(columns, row, strict=True)))
    if as_json:
        print_json(rows)
        return
    print_table(store.describe(), columns, [list(row.values()) for row in rows], right=("files", "bytes"))


def verify(
    snapshot: _Snapshot = None,
    project: ProjectOption = None,
    elsewhere: _From = None,
    endpoint_url: _Endpoint = None,
    as_json: JsonOption = False,
) -> None:
    """Decrypt every file of a snapshot and compare it with what was backed up.

    Example: crm-pipeline backup verify
    """
    from crm_pipeline import backup

    store, secret = _place(project, elsewhere, endpoint_url)
    with progress_reported("verify") as progress:
        report = backup.verify(store, secret, snapshot, progress=lambda done, total: progress("bytes", done, total))
    problems = [str(problem) for problem in report.problems]
    if as_json:
        print_json({"snapshot_id": report.snapshot_id, "is_good": report.is_good, "problems": problems})
    else:
        say(f"{report.snapshot_id}: {'every file is there, decrypts and is equal' if report.is_good else 'damaged'}")
        for problem in problems:
            say(f"  {problem}")
    raise typer.Exit(0 if report.is_good else 1)


def restore(
    into: Annotated[Path, typer.Option("--into", help="A new or empty folder.")],
    snapshot: _Snapshot = None,
    project: ProjectOption = None,
    elsewhere: _From = None,
    endpoint_url: _Endpoint = None,
    as_json: JsonOption = False,
) -> None:
    """Restore a snapshot into a new folder; it appears there whole or not at all.

    Examples: crm-pipeline backup restore --into restored
              crm-pipeline backup restore --from s3://bucket/prefix --into restored   (no project needed)
    """
    from crm_pipeline import backup

    store, secret = _place(project, elsewhere, endpoint_url)
    with progress_reported("restore") as progress:
        report = backup.restore(
            store,
            secret,
            snapshot,
            into,
            progress=lambda done, total: progress("bytes", done, total),
        )
    if as_json:
        print_json({"snapshot_id": report.snapshot_id, "into": str(into), "files": report.file_count})
    else:
        say(f"{into}: snapshot {report.snapshot_id} restored. The key is not in a backup; put it into {into / '.env'}.")
        say(f"Next: crm-pipeline rebuild --project {into}")


def key(as_json: JsonOption = False) -> None:
    """Print a new backup key; keep it where the backups are not.

    Example: export CRM_BACKUP_KEY=$(crm-pipeline backup key)
    """
    from crm_pipeline.backup import generate_key

    made = generate_key()
    print_json({"key": made}) if as_json else typer.echo(made)
