"""The command that shows what would become of a delivery; personal values appear on the terminal only.

Belongs here: arguments and printing. Does not belong here: what is shown (`steps.looking.preview`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crm_pipeline.cli.options import DateOption, JsonOption, ProjectOption, parse_date
from crm_pipeline.cli.output import print_json, print_table, say
from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings import Project, load_project

if TYPE_CHECKING:
    from crm_pipeline.state.delivery import Unreadable
    from crm_pipeline.steps.looking.preview import Preview

_LINES_SHOWN = 5
_LONGEST = 60  # characters of a line that can't be read, of a reason


def preview(
    extract: Annotated[str, typer.Argument(metavar="SOURCE[.EXTRACT]", help="As named in pipeline.yaml.")],
    project: ProjectOption = None,
    date: DateOption = None,
    rows: Annotated[int, typer.Option("--rows", min=1, help="How many rows to look at, from the first on.")] = 100_000,
    as_json: JsonOption = False,
) -> None:
    """Show what would become of a delivery: how it is read, columns before and after, what would be rejected.

    Shows delivered values, personal ones too. Ends with 1 when a delivery would be refused as a whole.
    Example: crm-pipeline preview crm.customers --date 2026-01-28
    """
    from crm_pipeline.steps.looking.check import default_day
    from crm_pipeline.steps.looking.preview import preview_extract

    opened = load_project(project)
    day = parse_date(date, "--date") if date else default_day(opened)
    previews = [preview_extract(opened, source, name, day, most=rows) for source, name in _named(opened, extract)]
    if as_json:
        print_json([_as_json(each) for each in previews])
    else:
        for each in previews:
            _print(each)
    raise typer.Exit(1 if any(each.foretold.refusals for each in previews) else 0)


def _print(p: Preview) -> None:
    origin = p.origin
    looked_at = "all" if p.is_whole else "the first"
    say(f"{p.where}, {p.business_date}: {origin.file_name}, {origin.file_bytes:,} bytes; "
        f"looked at {looked_at} {p.row_count:,} rows")  # fmt: skip
    read = {"format": origin.format, "encoding": origin.encoding, "delimiter": _shown(origin.delimiter)}
    how = [
        (key, read.get(key) or origin.details[key], origin.details.get(key, "") if read.get(key) else "")
        for key in dict.fromkeys([*(key for key, value in read.items() if value), *origin.details])
    ]
    print_table("How it was read", ("what", "found", "why"), how)
    delivered = [
        (c.name, origin.types.get(c.name, c.type), f"{c.filled:.0%}", c.values, "yes" if c.is_mapped else "")
        for c in p.delivered
    ]
    print_table(
        "Delivered columns", ("column", "holds", "filled", "values", "mapped"), delivered, right=("filled", "values")
    )
    samples = [
        (c.name if i == 0 else "", c.origin if i == 0 else "", before, _NOTHING if after is None else after)
        for c in p.columns
        for i, (before, after) in enumerate(
            zip(c.delivered or ("",), c.standardised or ("nothing could be read",), strict=True)
        )
    ]
    print_table("Columns", ("standard column", "from", "as delivered", "standardised"), samples)
    _print_unmapped(p)
    rejected = [(*row, _first(lines)) for *row, lines in p.rejected.select(*_REJECTED, "lines").rows()]
    print_table("Would be rejected or flagged", ("rule", "severity", "rows", "why", "lines"), rejected, right=("rows",))
    _print_held_back(p.held_back, p.origin.encoding)
    _print_foretold(p)
    _print_date_orders(p)


_NOTHING = "(nothing)"
_REJECTED = ("rule_id", "severity", "rows", "reason")


def _print_unmapped(p: Preview) -> None:
    if not p.unmapped:
        return
    known = {each.delivered: each for each in p.suggestions}
    samples = {column.name: column.samples for column in p.delivered}
    rows = []
    for name in p.unmapped:
        each = known.get(name)
        may_be = (each.standard, f"{each.score:.2f}", each.reason) if each else ("", "", "")
        rows.append((name, " | ".join(samples[name][:3])[:_LONGEST], *may_be))
    print_table("Not mapped by name", ("delivered column", "samples", "may be", "score", "why"), rows)


def _print_held_back(held_back: tuple[Unreadable, ...], encoding: str | None) -> None:
    if not held_back:
        return
    rows = [(each.line, each.reason, _content(each, encoding)) for each in held_back[:_LINES_SHOWN]]
    title = f"Held back: {len(held_back):,} lines that can't be read"
    print_table(title, ("line", "reason", "content"), rows)


def _print_date_orders(p: Preview) -> None:
    for found in p.date_orders:
        told = f"read as {found.order}, as set" if found.told_by == "pipeline.yaml" else found.evidence.text
        typer.echo(f"{found.column}: {told}")


def _print_foretold(p: Preview) -> None:
    if p.foretold.schema_changes:
        print_table("Columns that differ from the delivery before", ("change",), zip(p.foretold.schema_changes))
    for error in p.foretold.refusals:
        say(f"Would be refused as a whole: {error}")
    if not p.is_whole:
        say(f"Only the first {p.row_count:,} rows were looked at: whether reject_limit or delete_limit refuses the "
            f"delivery as a whole is told when --rows covers all.")  # fmt: skip


def _as_json(p: Preview) -> dict[str, Any]:
    return {
        "extract": p.where,
        "business_date": p.business_date,
        "file": p.origin.file_name,
        "bytes": p.origin.file_bytes,
        "format": p.origin.format,
        "encoding": p.origin.encoding,
        "delimiter": p.origin.delimiter,
        "details": dict(p.origin.details),
        "rows": p.row_count,
        "is_whole": p.is_whole,
        "delivered": [
            {
                "name": c.name,
                "holds": c.type,
                "type": p.origin.types.get(c.name),
                "filled": round(c.filled, 4),
                "values": c.values,
                "is_mapped": c.is_mapped,
                "samples": c.samples,
            }
            for c in p.delivered
        ],
        "columns": [
            {"name": c.name, "from": c.origin, "before": c.delivered, "after": c.standardised} for c in p.columns
        ],
        "rejected": p.rejected.to_dicts(),
        "held_back": {
            "lines": len(p.held_back),
            "first": [
                {"line": each.line, "reason": each.reason, "content": _content(each, p.origin.encoding)}
                for each in p.held_back[:_LINES_SHOWN]
            ],
        },
        "schema_changes": p.foretold.schema_changes,
        "would_be_refused": [
            {"where": each.where, "expected": each.expected, "found": each.found, "what_to_do": each.cure}
            for each in p.foretold.refusals
        ],
        "date_orders": [{"column": o.column, "date_order": o.order, "told_by": o.told_by} for o in p.date_orders],
        "unmapped": p.unmapped,
        "suggestions": [
            {"delivered": s.delivered, "standard": s.standard, "score": s.score, "reason": s.reason}
            for s in p.suggestions
        ],
    }


def _content(held_back: Unreadable, encoding: str | None) -> str:
    return held_back.content.decode(encoding or "utf-8", "backslashreplace").rstrip("\r\n")[:_LONGEST]


def _shown(delimiter: str | None) -> str | None:
    return {"\t": "tab", " ": "space"}.get(delimiter or "", delimiter)


def _first(lines: Iterable[int]) -> str:
    return ", ".join(str(line) for line in lines)


def _named(project: Project, name: str) -> list[tuple[str, str]]:
    """The extracts that SOURCE or SOURCE.EXTRACT names."""
    known = [(source, extract) for source, extract, _ in project.config.extracts]
    found = [pair for pair in known if name in {pair[0], ".".join(pair)}]
    if not found:
        raise ConfigurationError(
            where="SOURCE[.EXTRACT]",
            expected=f"one of {', '.join('.'.join(pair) for pair in known)}",
            found=repr(name),
            cure="Name a source or an extract of pipeline.yaml.",
        )
    return found
