"""Whether a drafted delivery may be landed as a whole: its columns, its unreadable lines, the records that it lacks.

Belongs here: the order of these gates, and what is remembered of them. Does not belong here: comparing columns
(`steps.contracts`) and keys (`steps.losses`), or single rows, which are judged when they are applied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import Extract
from crm_pipeline.sources.rows import refuse_header_alone
from crm_pipeline.state.delivery import Delivery, Origin
from crm_pipeline.state.drafts import Draft
from crm_pipeline.steps import contracts, losses
from crm_pipeline.steps.run import Run


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
    earlier = [d for d in run.landing.deliveries(source, name) if d.business_date <= day]
    if earlier and earlier[-1].business_date == day and earlier[-1].origin.reads_like(origin):
        return Accepted()
    changes: tuple[contracts.SchemaChange, ...] = ()
    if columns or draft.row_count or extract.load == "full":  # a service with nothing new may name no columns
        changes = contracts.Contract(extract, earlier, where).accepted(columns, origin.types)
    require_readable(draft, extract, where, origin)
    loss = _accepted_loss(run, draft, extract, earlier, day, where, accept_loss=accept_loss)
    warned = tuple(str(change) for change in changes if change.handling == "warn")
    return Accepted(tuple(map(str, changes)), warned, loss)


def _accepted_loss(
    run: Run,
    draft: Draft,
    extract: Extract,
    earlier: Sequence[Delivery],
    day: date,
    where: str,
    *,
    accept_loss: bool,
) -> str:
    """The loss that a person accepted; empty where there is none beyond `delete_limit`."""
    if extract.load != "full" or not earlier:
        return ""
    # A correction is compared with what counted before its day; the first day knows nothing else than that day.
    before = next((each for each in reversed(earlier) if each.business_date < day), earlier[-1])
    found = losses.loss(run.warehouse, before, draft.files, extract, unreadable_count=len(draft.unreadable))
    if not accept_loss:
        losses.require_bearable(found, extract, where, of=before)
    return str(found) if found.is_above(extract.delete_limit) else ""


def require_readable(draft: Draft, extract: Extract, where: str, origin: Origin) -> None:
    """Nothing, when a draft has rows and no more lines that can't be read than `reject_limit` allows.

    Raises:
        DeliveryError: it has not; the message names the first line, not its content.
    """
    held_back = draft.unreadable
    delivered = draft.row_count + len(held_back)
    if held_back and len(held_back) > extract.reject_limit * delivered:
        first = min(held_back, key=lambda each: each.line)
        file, line = origin.place_of(first.line)
        raise DeliveryError(
            where=f"{where}, {file}:{line}" if origin.parts else f"{where}:{line}",
            expected=f"at most {extract.reject_limit:.1%} of the lines unreadable (reject_limit)",
            found=f"{len(held_back):,} of {delivered:,}, the first with {first.reason}",
            cure="Ask for the delivery again, correct read.encoding or read.delimiter, or raise reject_limit.",
        )
    if not draft.row_count and extract.load == "full":
        refuse_header_alone(where)
