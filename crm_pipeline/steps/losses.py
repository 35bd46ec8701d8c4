"""Suspicious losses: a full delivery that lacks more of the living records than `delete_limit` allows.

Belongs here: comparing the keys of two full deliveries before the later one is landed, so that whatever is landed may
be replayed. Does not belong here: deleting what is missing (`steps.versions`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
    """How many of the living records of the delivery before a full delivery lacks.

    Attributes:
        missing: exact.
        living: estimated where the loss is far from the limit.
    """

    missing: int
    living: int

    def is_above(self, limit: float) -> bool:
        """Whether it is more than a share of them; of fewer than `SMALLEST_JUDGED` no share is too much."""
        return self.living >= SMALLEST_JUDGED and self.missing > limit * self.living

    def __str__(self) -> str:
        return f"{self.missing:,} of {self.living:,} records missing ({self.missing / max(self.living, 1):.1%})"


def loss(
    warehouse: Warehouse, before: Delivery, rows: Sequence[Path], extract: Extract, *, unreadable_count: int
) -> Loss:
    """The loss that a full delivery would bring.

    Distinct keys are compared by their 64-bit hashes. A row with a deletion mark is no living record of the delivery
    before, and no loss of the new one. As many records may be behind the lines held back, so these are no loss either.

    Args:
        warehouse: any connection; nothing is written.
        before: the delivery that counts for the date before.
        rows: Parquet files of the new one; columns may differ.
        extract: its key and its deletion mark.
        unreadable_count: lines of the new one that were held back.
    """
    living = _keys(warehouse, [before.file], extract, only_living=True)
    present = _keys(warehouse, rows, extract, only_living=False)
    absent = warehouse.value(f"SELECT count(DISTINCT key) FROM ({living}) ANTI JOIN ({present}) USING (key)")
    missing = max(0, int(absent) - unreadable_count)
    estimate = int(warehouse.value(f"SELECT approx_count_distinct(key) FROM ({living})"))
    if missing <= extract.delete_limit * estimate / 2:  # counting exactly takes as long as all the rest
        return Loss(missing, estimate)
    return Loss(missing, int(warehouse.value(f"SELECT count(DISTINCT key) FROM ({living})")))


def require_bearable(found: Loss, extract: Extract, where: str, *, of: Delivery) -> None:
    """Nothing, when the loss is within `delete_limit`.

    Raises:
        DeliveryError: it is not; nothing was landed.
    """
    if found.is_above(extract.delete_limit):
        name = f"{of.source}.{of.extract}"
        raise DeliveryError(
            where=where,
            expected=f"at most {extract.delete_limit:.1%} of the records of {of.business_date} missing (delete_limit)",
            found=str(found),
            cure=f"Ask for the whole delivery again; if they are gone, run with --accept-loss {name}, or raise "
            f"delete_limit. Nothing was landed.",
        )


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
