"""Suspicious losses: a full delivery that lacks more of the living records than `delete_limit` allows.

Belongs here: comparing the keys of two full deliveries before the later one is landed, so that whatever is landed may
be replayed. Does not belong here: deleting what is missing (`steps.applying.versions`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import Extract
from crm_pipeline.sources.mapping import is_deleted_sql, source_id_sql
from crm_pipeline.state.delivery import Delivery
from crm_pipeline.warehouse import Warehouse
from crm_pipeline.warehouse.connection import literal, quoted

# Below so many living records a share says little: of five, one is 20 %.
SMALLEST_JUDGED = 20


@dataclass(frozen=True, slots=True)
class Loss:
    """How many of the living records of one full delivery the next one lacks.

    Attributes:
        missing: exact.
        living: estimated where the loss is far from the limit.
        of: whose records they are, and for a late delivery where they are missing; for messages.
    """

    missing: int
    living: int
    of: str = ""

    @property
    def share(self) -> float:
        """Missing ones among the living ones; 0 of fewer than `SMALLEST_JUDGED`, of which no share is too much."""
        return self.missing / self.living if self.living >= SMALLEST_JUDGED else 0.0

    def is_above(self, limit: float) -> bool:
        """Whether it is more than a share of them."""
        return self.share > limit

    def __str__(self) -> str:
        return f"{self.missing:,} of {self.living:,} records missing ({self.missing / max(self.living, 1):.1%})"


def worst_loss(
    warehouse: Warehouse,
    deliveries: Sequence[Delivery],
    day: date,
    rows: Sequence[Path],
    extract: Extract,
    *,
    unreadable_count: int,
) -> Loss:
    """The greatest loss that a full delivery for `day` would bring; nothing lost where it has no neighbours.

    It is compared with the delivery that counts for the date before and, where there is one, with that which it takes
    the place of; the delivery that counts for the date after it, with it.

    Args:
        warehouse: any connection; nothing is written.
        deliveries: all that were landed of the extract, in order.
        day: its business date.
        rows: Parquet files of it; columns may differ.
        extract: its key and its deletion mark.
        unreadable_count: lines of it that were held back.
    """
    before = [delivery for delivery in deliveries if delivery.business_date < day][-1:]
    replaced = [delivery for delivery in deliveries if delivery.business_date == day][-1:]
    next_day = min((delivery.business_date for delivery in deliveries if delivery.business_date > day), default=None)
    after = [delivery for delivery in deliveries if delivery.business_date == next_day][-1:]
    losses = [
        _loss(warehouse, [each.file], rows, extract, unreadable_count, f"of {each.business_date} missing")
        for each in (*before, *replaced)
    ]
    losses += [
        _loss(warehouse, rows, [each.file], extract, each.unreadable_count, f"missing from {each.business_date}")
        for each in after
    ]
    return max(losses, key=lambda each: each.share, default=Loss(0, 0))


def _loss(
    warehouse: Warehouse, first: Sequence[Path], then: Sequence[Path], extract: Extract, unreadable_count: int, of: str
) -> Loss:
    """What the second of two full deliveries lacks.

    Distinct keys are compared by their 64-bit hashes. A row with a deletion mark is no living record of the first one,
    and no loss of the second. As many records may be behind the lines held back, so these are no loss either.
    """
    living = _keys(warehouse, first, extract, only_living=True)
    present = _keys(warehouse, then, extract, only_living=False)
    absent = warehouse.value(f"SELECT count(DISTINCT key) FROM ({living}) ANTI JOIN ({present}) USING (key)")
    missing = max(0, int(absent) - unreadable_count)
    estimate = int(warehouse.value(f"SELECT approx_count_distinct(key) FROM ({living})"))
    if missing <= extract.delete_limit * estimate / 2:  # counting exactly takes as long as all the rest
        return Loss(missing, estimate, of)
    return Loss(missing, int(warehouse.value(f"SELECT count(DISTINCT key) FROM ({living})")), of)


def require_bearable(found: Loss, extract: Extract, where: str, *, name: str) -> None:
    """Nothing, when the loss is within `delete_limit`; `name` is the extract as `--accept-loss` takes it.

    Raises:
        DeliveryError: it is not; nothing was landed.
    """
    if found.is_above(extract.delete_limit):
        raise DeliveryError(
            where=where,
            expected=f"at most {extract.delete_limit:.1%} of the records {found.of} (delete_limit)",
            found=str(found),
            cure=f"Ask for the whole delivery again; if they are gone, run with --accept-loss {name}, or raise "
            f"delete_limit. Nothing was landed.",
        )


def has_keys(warehouse: Warehouse, rows: Sequence[Path], extract: Extract) -> bool:
    """Whether any row of a delivery has a key."""
    return bool(warehouse.value(f"SELECT count(key) > 0 FROM ({_keys(warehouse, rows, extract, only_living=False)})"))


def _keys(warehouse: Warehouse, files: Sequence[Path], extract: Extract, *, only_living: bool) -> str:
    """A select of the hashed keys in the files, one for each row that has one."""
    listed = ", ".join(literal(str(file)) for file in files)
    origin = f"read_parquet([{listed}], union_by_name = true)"
    present = {row[0] for row in warehouse.execute(f"DESCRIBE FROM {origin}")}
    needed = [*extract.primary_key, *([extract.deleted.column] if extract.deleted else [])]
    absent = "".join(f", '' AS {quoted(name)}" for name in dict.fromkeys(needed) if name not in present)
    key = source_id_sql(extract.primary_key)
    is_living = f"NOT {is_deleted_sql(extract.deleted)}" if only_living and extract.deleted else "true"
    return f"""
        SELECT hash(source_id) AS key
        FROM (SELECT {key} AS source_id, {is_living} AS is_living FROM (SELECT *{absent} FROM {origin}))
        WHERE source_id IS NOT NULL AND is_living
    """
