"""What runs came to, as tables and as JSON.

Belongs here: printing a finished run and the newest deliveries. Does not belong here: commands (`run_commands`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from crm_pipeline.cli.output import print_json, print_table, say, shown_path
from crm_pipeline.settings import Project

if TYPE_CHECKING:
    from crm_pipeline.orchestration.execute import Executed
    from crm_pipeline.steps.telling.overview import Overview
    from crm_pipeline.steps.telling.pending import Pending


def report_run(
    project: Project, executed: Executed, *, as_json: bool, more: Mapping[str, object] | None = None
) -> None:
    """Prints what a finished run came to; with `as_json` also what `more` there is to tell."""
    from crm_pipeline.steps.telling.overview import overview

    published = overview(project)
    findings = [
        {"table": check.table, "check": check.name, "is_warning": check.is_warning} for check in executed.failed_checks
    ]
    changed = bool(executed.metadata.get("published.crm", {}).get("is_changed"))
    snapshot = str(executed.metadata.get("backup.snapshot", {}).get("result", ""))
    report = executed.metadata.get("reports.run", {}).get("file")
    quality = executed.metadata.get("reports.run", {}).get("quality file")
    if as_json:
        print_json(
            {
                **(more or {}),
                "run_id": executed.run_id,
                "is_changed": changed,
                "failed_checks": findings,
                "backup": snapshot,
                "report": report,
                "quality_report": quality,
                **published.as_dict(),
            }
        )
        return
    print_overview(published)
    if findings:
        rows = [(f["table"], f["check"], "warning" if f["is_warning"] else "finding") for f in findings]
        print_table("Checks that did not pass", ("table", "check", "weight"), rows)
    words = "published" if changed else "nothing new, what was published stays"
    say(f"{shown_path(project.published_file)}: {words}")
    say(f"Backup: {snapshot}")
    say(f"Report: {shown_path(Path(str(report)))}")
    say(f"Quality report: {shown_path(Path(str(quality)))}")
    say(f"Run {executed.run_id}\n")


def print_newest(published: Overview) -> None:
    """The newest delivery of each extract, and how it was read."""
    rows = [
        (f"{row['source']}.{row['extract']}", f"{row['business_date']} {row['sequence']}", row["file_name"],
         row["file_bytes"], row["read_as"], row["delivered"], row["loaded"], row["quarantined"], row["deleted"],
         "; ".join(row["schema_changes"]))
        for row in published.newest.to_dicts()
    ]  # fmt: skip
    columns = ("extract", "delivery", "file", "bytes", "read as", "delivered", "loaded", "quarantined", "deleted",
               "changed columns")  # fmt: skip
    print_table("Newest deliveries", columns, rows, right=("bytes", "delivered", "loaded", "quarantined", "deleted"))


def print_pending(found: Pending) -> None:
    """What waits for a person, a line each, with the command that shows or ends it."""
    if found.is_nothing:
        say("Nothing waits for a person.")
    if found.stopped_by:
        guards = ", ".join(found.stopped_by)
        say(f"Linking stopped publication: {guards}. See crm-pipeline linkage list; what is right from now on: "
            "crm-pipeline linkage accept GUARD --why TEXT")  # fmt: skip
    if found.model is not None:
        share = found.model_changed / found.model_kept if found.model_kept else 0.0
        verdicts = f"{found.model_changed:,} of {found.model_kept:,} verdicts, {share:.1%}"
        say(f"A retrained model waits; it would change {verdicts}. See crm-pipeline linkage list, then "
            "crm-pipeline linkage accept model --why TEXT")  # fmt: skip
    if found.questions:
        what = "1 question is" if found.questions == 1 else f"{found.questions:,} questions are"
        say(f"{what} open about who is one customer: crm-pipeline review list")
    if found.disagreements:
        many = f"{found.disagreements:,} decisions have something against them"
        what = "1 decision has something against it" if found.disagreements == 1 else many
        say(f"{what}: crm-pipeline review list --disagreements")
    if found.due_overrides:
        what = "1 override is" if found.due_overrides == 1 else f"{found.due_overrides:,} overrides are"
        say(f"{what} due for review and no longer in force: crm-pipeline override list --due")


def print_overview(published: Overview) -> None:
    """What was delivered, what was wrong with it, and how many customers it is."""
    outcomes = ("delivered", "loaded", "unchanged", "quarantined", "duplicates", "erased")
    print_table(
        "Rows by outcome: delivered = loaded + unchanged + quarantined + duplicates + erased",
        ("extract", "entity", "deliveries", *outcomes),
        [
            (f"{row['source']}.{row['extract']}", row["entity"], row["deliveries"], *(row[name] for name in outcomes))
            for row in published.loads.to_dicts()
        ],
        right=("deliveries", *outcomes),
    )
    rejected = [
        (f"{row['source']}.{row['extract']}", row["rule"], row["severity"], row["rows"], row["keys"])
        for row in published.rejections.to_dicts()
    ]
    if rejected:
        columns = ("extract", "rule", "severity", "rows", "keys")
        print_table("What was wrong with them", columns, rejected, right=("rows", "keys"))
    say(f"{published.records_in:,} customer records are {published.customers:,} customers.")
    lines, orphans = published.order_lines, published.orphans
    say(f"{lines - orphans:,} of {lines:,} order lines have their customer; {orphans:,} orphans.")
