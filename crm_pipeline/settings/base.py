"""What every part of `pipeline.yaml` shares: being frozen, names and texts, and what each kind of `read:` says.

Belongs here: base classes and types of keys. Does not belong here: keys (`model`, `read` and one module per kind).
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", strict=True)]
Text = Annotated[str, Field(min_length=1, strict=True)]


class Frozen(BaseModel):
    """What every part of the configuration is: unchangeable, and without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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
