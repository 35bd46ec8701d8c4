"""Whether a drafted delivery may be landed as a whole: its columns, its unreadable lines, the records that it lacks.

Belongs here: the order of these gates, and what is remembered of them. Does not belong here: comparing columns
(`steps.landing.contracts`) and keys (`steps.landing.losses`), or single rows, which are judged when they are applied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import Extract
from crm_pipeline.sources.rows import refuse_header_alone
from crm_pipeline.state.delivery import Origin
from crm_pipeline.state.drafts import Draft
from crm_pipeline.steps.landing import contracts, losses
from crm_pipeline.steps.run import Run

_VERY_MANY = 100_000  # lines that can't be read, from which on a delivery may be given up before its end


@dataclass(frozen=True, slots=True)
class Accepted:
    """What is remarkable about a delivery that may be landed; see the attributes of `Delivery`."""

    schema_changes: tuple[str, ...] = ()
    schema_warnings: tuple[str, ...] = ()
    loss: str = ""


def accept(
    run: Run,
    draft: Draft,
    columns: Sequence[str],
    origin: Origin,
    source: str,
    name: str,
    day: date,
    shown: str,
    *,
    accept_loss: bool,
) -> Accepted:
    """What is remarkable about a draft that may be landed for `day`; nothing of one that was landed already.

    Args:
        run: the open run.
        draft: the delivery's rows.
        columns: delivered columns in their order.
        origin: where it came from.
        source: name in pipeline.yaml.
        name: of the extract.
        day: its business date.
        shown: the path of its file for messages; empty where it is no file.
        accept_loss: land it though it lacks more records than `delete_limit` allows.

    Raises:
        DeliveryError: it may not be landed.
    """
    extract = run.project.config.sources[source].extracts[name]
    where = f"{source}.{name}, {shown or origin.file_name}"
    deliveries = run.landing.standing(source, name)
    earlier = [d for d in deliveries if d.business_date <= day]
    if earlier and earlier[-1].business_date == day and earlier[-1].origin.reads_like(origin):
        return Accepted()
    changes: tuple[contracts.SchemaChange, ...] = ()
    if columns or draft.row_count or extract.load == "full":  # a service with nothing new may name no columns
        changes = contracts.Contract(extract, earlier, where).accepted(columns, origin.types)
    require_readable(draft, extract, where, origin)
    loss = losses.Loss(0, 0)
    if extract.load == "full":
        _require_keys(run, draft, extract, where)
        unreadable_count = draft.held_back.count
        loss = losses.worst_loss(
            run.warehouse, deliveries, day, draft.files, extract, unreadable_count=unreadable_count
        )
        if not accept_loss:
            losses.require_bearable(loss, extract, where, name=f"{source}.{name}")
    warned = tuple(str(change) for change in changes if change.handling == "warn")
    accepted_loss = str(loss) if loss.is_above(extract.delete_limit) else ""
    return Accepted(tuple(map(str, changes)), warned, accepted_loss)


def _require_keys(run: Run, draft: Draft, extract: Extract, where: str) -> None:
    """Refuses a full delivery in which no row has a key: every record would be taken for deleted."""
    if not losses.has_keys(run.warehouse, draft.files, extract):
        raise DeliveryError(
            where=where,
            expected=f"values in the primary key {', '.join(extract.primary_key)}",
            found=f"none in {draft.row_count:,} rows",
            cure="Ask for the delivery again, or correct primary_key; nothing was landed, nothing taken for deleted.",
        )


def require_readable(draft: Draft, extract: Extract, where: str, origin: Origin) -> None:
    """Nothing, when a draft has rows and no more lines that can't be read than `reject_limit` allows.

    Raises:
        DeliveryError: it has not; the message names the first line, not its content.
    """
    count = draft.held_back.count
    if count > extract.reject_limit * (draft.row_count + count):
        raise _unreadable(draft, extract, where, origin)
    if not draft.row_count and extract.load == "full":
        refuse_header_alone(where)


def require_hope(draft: Draft, extract: Extract, where: str, origin: Origin | None) -> None:
    """Nothing, unless reading on is of no use: most lines can't be read, and there are very many of them.

    Args:
        draft: what was read so far.
        extract: with its `reject_limit`.
        where: source, extract and file, for messages.
        origin: where it came from; None where that is not known before the end.

    Raises:
        DeliveryError: it is of no use; the message names the first line, not its content.
    """
    count = draft.held_back.count
    if count > _VERY_MANY and count > max(extract.reject_limit, 0.5) * (draft.row_count + count):
        raise _unreadable(draft, extract, where, origin)


def _unreadable(draft: Draft, extract: Extract, where: str, origin: Origin | None) -> DeliveryError:
    count, first = draft.held_back.count, draft.held_back.first
    line, reason = (first.line, first.reason) if first else (0, "")
    if origin and origin.parts:
        file, line = origin.place_of(line)
        where = f"{where}, {file}"
    return DeliveryError(
        where=f"{where}:{line}" if origin else where,
        expected=f"at most {extract.reject_limit:.1%} of the lines unreadable (reject_limit)",
        found=f"{count:,} of {draft.row_count + count:,}, the first with {reason}",
        cure="Ask for the delivery again, correct read.encoding or read.delimiter, or raise reject_limit.",
    )
