"""What every part of `pipeline.yaml` shares: being frozen, names and texts, and what each kind of `read:` says.

Belongs here: base classes and types of keys. Does not belong here: keys (`model`, `read` and one module per kind).
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", strict=True)]
Text = Annotated[str, Field(min_length=1, strict=True)]


class Frozen(BaseModel):
    """What every part of the configuration is: unchangeable, without unknown keys, its numbers finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def no_yes_or_no(value: Any) -> Any:
    """The value of a key that is a number; YAML's yes and no are none, and would count as 1 and 0."""
    if isinstance(value, bool):
        raise ValueError("expected a number, not yes or no,")  # noqa: TRY004 - pydantic tells of a ValueError only
    return value


class SourceRead(Frozen):
    """What each kind of `read:` says of itself.

    Attributes:
        kind: the key that tells it from the other kinds.
    """

    kind: ClassVar[str]

    @property
    def is_dated(self) -> bool:
        """Whether the source can answer for a past date."""
        return False

    @property
    def changes_asked_by(self) -> str:
        """The key that says that only what changed since the last delivery is asked for; empty when all is."""
        return ""

    @property
    def asks_for_changes(self) -> bool:
        """Whether it is written that only what changed since the last delivery is asked for."""
        return bool(self.changes_asked_by)

    @property
    def described(self) -> str:
        """What is read, in short: `csv`, `table users`; never a secret."""
        return self.kind

    @property
    def place(self) -> str:
        """Where it is read, for people: a path, a table; never a secret."""
        return self.kind
