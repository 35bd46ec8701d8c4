"""Schema contracts: how the columns of a delivery differ from the delivery before, and whether that stops it.

Belongs here: comparing names and types of columns, `on_change`. Does not belong here: rows (`steps.landing.losses`
has those that a full delivery lacks).
"""

from __future__ import annotations

import difflib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import Extract
from crm_pipeline.settings.changes import Handling
from crm_pipeline.sources.mapped_columns import absent_columns, mapped_columns
from crm_pipeline.sources.mapping import check_columns
from crm_pipeline.state.delivery import LINE, Delivery

_log = logging.getLogger(__name__)
_SIMILAR = 0.5  # of difflib's ratio: 手机 and 手机号 have 0.8


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """One column that differs from the delivery before.

    Attributes:
        detail: a new name that it may have now, or the types.
        handling: what `on_change` says about it.
    """

    kind: Literal["removed", "added", "type"]
    column: str
    detail: str
    handling: Handling

    def __str__(self) -> str:
        """`removed 手机, did you mean 手机号?`, `added 手机号`, or `type of amount: INTEGER, was VARCHAR`."""
        match self.kind:
            case "removed":
                return f"removed {self.column}" + (f", did you mean {self.detail}?" if self.detail else "")
            case "added":
                return f"added {self.column}"
            case "type":
                return f"type of {self.column}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Contract:
    """What the columns of a delivery are held against.

    Attributes:
        extract: its mapping and its `on_change`.
        earlier: deliveries of the extract for the same or an earlier date, in order.
        where: source, extract and file, for messages.
    """

    extract: Extract
    earlier: Sequence[Delivery]
    where: str

    def accepted(self, columns: Sequence[str], types: Mapping[str, str]) -> tuple[SchemaChange, ...]:
        """The changes since the newest earlier delivery, all of which `on_change` lets pass.

        Raises:
            DeliveryError: a mapped column was never delivered, one that was is missing, or a change is to stop it.
        """
        self.require_mapped(columns)
        before = next((d for d in reversed(self.earlier) if d.columns), None)
        changes = schema_changes(before, columns, types, self.extract) if before else ()
        for change in changes:
            if change.handling == "stop":
                raise self._refused(change, before)
            if change.handling == "warn":
                _log.warning("%s: %s", self.where, change)
        return changes

    def require_mapped(self, columns: Sequence[str]) -> tuple[str, ...]:
        """The mapped columns that are missing, all of them ones that `on_change` lets disappear.

        Raises:
            DeliveryError: a mapped column was never delivered, or one that was may not be missing.
        """
        known = {name for delivery in self.earlier for name in delivery.columns}
        missing = absent_columns(columns, self.extract, known)
        if set(missing) - known:
            check_columns(columns, self.extract, where=self.where)
        stops = self.extract.on_change.of_removed(is_mapped=True) == "stop"
        for name in missing:
            if stops or name in self.extract.primary_key:
                raise self._disappeared(name, columns)
        return missing

    def _disappeared(self, name: str, columns: Sequence[str]) -> DeliveryError:
        last = next(d for d in reversed(self.earlier) if name in d.columns)
        close = _similar(name, [column for column in columns if column not in last.columns])
        is_key = name in self.extract.primary_key
        cure = "Ask for the delivery again, or correct the mapping in pipeline.yaml"
        allow = "" if is_key else "; with on_change: {removed: keep} the column is empty from now on"
        return DeliveryError(
            where=self.where,
            expected=f"the {'key ' if is_key else ''}column {name}, which the delivery of {last.business_date} had",
            found=f"none of that name among {len(columns)}",
            cure=f"{f'Did you mean {close}? ' if close else ''}{cure}{allow}.",
        )

    def _refused(self, change: SchemaChange, before: Delivery | None) -> DeliveryError:
        day = before.business_date if before else "before"
        return DeliveryError(
            where=self.where,
            expected=f"the columns of the delivery of {day} (on_change: stop)",
            found=str(change),
            cure="Ask for the delivery again, or write keep or warn in on_change and correct the mapping.",
        )


def schema_changes(
    before: Delivery, columns: Sequence[str], types: Mapping[str, str], extract: Extract
) -> tuple[SchemaChange, ...]:
    """What differs in columns and types: removed ones, added ones, other types; each in the order of its delivery."""
    mapped = {name.casefold() for name in mapped_columns(extract)}
    removed = [name for name in before.columns if name not in columns]
    added = [name for name in columns if name not in before.columns and name != LINE]
    rules = extract.on_change
    changes = [
        SchemaChange("removed", name, _similar(name, added), rules.of_removed(is_mapped=name.casefold() in mapped))
        for name in removed
    ]
    changes += [SchemaChange("added", name, "", rules.added) for name in added]
    changes += [
        SchemaChange("type", name, f"{types[name]}, was {was}", rules.type)
        for name, was in before.origin.types.items()
        if types.get(name, was) != was
    ]
    return tuple(changes)


def _similar(name: str, others: Sequence[str]) -> str:
    """The most similar of other names; empty when none is."""
    return next(iter(difflib.get_close_matches(name, others, n=1, cutoff=_SIMILAR)), "")
