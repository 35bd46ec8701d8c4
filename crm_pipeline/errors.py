"""One tree of errors, ordered by who must act.

Belongs here: exception classes that cross a module boundary. Does not belong here: a bad cell or a bad row; those are
recorded rejections, see `quality`. Messages carry counts, record keys and places, never personal data or secrets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar


class PipelineError(Exception):
    """Something that stopped the command, said in one line: where, what was expected, what was found, what to do.

    Args:
        where: the place a person can open: `pipeline.yaml:12`, a file, `crm.customers`.
        expected: what would have been right.
        found: what there was instead.
        cure: the next thing to do, as an instruction.
    """

    exit_code: ClassVar[int] = 3

    def __init__(self, *, where: str, expected: str, found: str, cure: str) -> None:
        self.where = where
        self.expected = expected
        self.found = found
        self.cure = cure
        super().__init__(f"{where}: expected {expected}; found {found}. {cure}")


def is_interruption(error: BaseException) -> bool:
    """Whether it is Ctrl+C during a query: DuckDB drops what the signal's handler raises and raises this instead."""
    return isinstance(error, RuntimeError) and str(error) == "Query interrupted"


class ConfigurationError(PipelineError):
    """The operator must correct `pipeline.yaml`, the environment or the call."""

    exit_code: ClassVar[int] = 2


class DeliveryError(PipelineError):
    """The supplier of the data must deliver again: a file is missing, empty, unreadable or lacks a column."""

    exit_code: ClassVar[int] = 2


class RefusedDeliveriesError(DeliveryError):
    """Several deliveries were refused in one run; what else could be landed was landed.

    Args:
        refused: why, each.
    """

    def __init__(self, refused: Sequence[DeliveryError]) -> None:
        self.refused = tuple(refused)
        super().__init__(
            where=f"{len(refused)} deliveries",
            expected="deliveries that can be landed",
            found="refusals",
            cure="See each of them.",
        )
        self.args = ("\n".join(map(str, refused)),)


class QualityError(PipelineError):
    """A gate stopped the run before publication; readers still see what was there."""

    exit_code: ClassVar[int] = 1


class ReconciliationError(PipelineError):
    """Counts before and after a hop differ: rows were lost or invented, which is a defect of ours."""


class LinkageError(PipelineError):
    """The model, the pairs or the identities are not fit for use."""


class BusyError(PipelineError):
    """Another run holds the warehouse."""


class InstanceError(PipelineError):
    """The database of Dagster's runs and events can't be reached, or refuses us."""


class StoreError(PipelineError):
    """An object store refused or failed.

    Args:
        transient: True when the same call may succeed later, so that it is worth a retry.
    """

    def __init__(self, *, where: str, expected: str, found: str, cure: str, transient: bool) -> None:
        super().__init__(where=where, expected=expected, found=found, cure=cure)
        self.transient = transient


class BackupError(PipelineError):
    """A backup can't be taken, verified or restored."""


class IntegrityError(BackupError):
    """Stored bytes are not what was written: damaged, cut short, exchanged. Never retried, nothing is released."""


class KeyMismatchError(BackupError):
    """The key given is not the key the backup was written with."""

    exit_code: ClassVar[int] = 2
