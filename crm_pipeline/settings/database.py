"""The shape of `read: {database: …}`: a table or a query of a database.

Belongs here: its keys, defaults and rules. Does not belong here: asking a database (`sources.databases`).
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, ClassVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, SecretStr, ValidationInfo, model_validator
from pydantic import field_validator as check

from crm_pipeline.settings.base import SourceRead, Text
from crm_pipeline.settings.sql_text import Dialect, one_select, placeholders

# By the scheme of the URL. Those of the last row are read as connectorx gives them, and were not tried.
DIALECTS: dict[str, Dialect] = {
    **dict.fromkeys(("postgresql", "postgres"), "postgresql"),
    **dict.fromkeys(("mysql", "mariadb"), "mysql"),
    "sqlite": "sqlite",
    **dict.fromkeys(("mssql", "oracle", "clickhouse", "trino", "redshift"), "other"),
}
_SPAN = r"^[0-9]+( (second|minute|hour|day)s?)?$"
_TABLE = re.compile(r'(?:"((?:[^"]|"")+)"|([^".]+))(?:\.(?:"((?:[^"]|"")+)"|([^".]+)))?')


class DatabaseRead(SourceRead):
    """Deliveries that are the rows of a table or a query."""

    kind: ClassVar[str] = "database"

    database: SecretStr = Field(description='URL such as "${ERP_URL}", with a user who may only read')
    table: Text | None = Field(None, description='table or view, or schema.table; "…" around a name that has a dot')
    query: Text | None = Field(None, description="one select; :since, :until and :date stand for values")
    cursor: Text | None = Field(
        None, description="column whose greatest value is the next :since; by default updated_at of the extract"
    )
    initial: Annotated[str, Field(pattern=r"^[\w .:+/-]+$", strict=True)] | None = Field(
        None, description=":since of the first delivery"
    )
    overlap: Annotated[str, Field(pattern=_SPAN, strict=True)] | None = Field(
        None, description="so much is asked for again: 10 minutes (the default), or a number where the cursor is one"
    )
    timezone: Text | None = Field(
        None, description="of times without one in this database; by default that of the project"
    )
    connect_timeout_seconds: int = Field(10, ge=1, le=300, description="an attempt to connect; there are four")
    timeout_seconds: int = Field(3600, ge=1, le=86_400, description="the query, until its last row is read")

    @check("database")
    @classmethod
    def _known_url(cls, value: SecretStr) -> SecretStr:
        try:
            parts = urlsplit(value.get_secret_value())
            is_known = _scheme(value) in DIALECTS and parts.port != 0 and "#" not in value.get_secret_value()
            is_whole = bool(parts.path.strip("/")) if _scheme(value) == "sqlite" else bool(parts.netloc or parts.query)
        except ValueError:  # a port that is no number: mostly a password with / or # in it
            is_known = is_whole = False
        if not is_known or not is_whole or "@" in parts.netloc.rpartition("@")[0]:
            raise ValueError(
                "expected a URL such as postgresql://user:password@host:port/database or sqlite:///path (or "
                f"{', '.join(sorted(set(DIALECTS) - {'postgresql', 'sqlite'}))}) with %-encoding in the password"
            )
        return value

    @check("table")
    @classmethod
    def _one_or_two_names(cls, value: str | None) -> str | None:
        if value is not None and not _TABLE.fullmatch(value):
            raise ValueError("expected table or schema.table")
        return value

    @check("query")
    @classmethod
    def _one_select(cls, value: str | None, known: ValidationInfo) -> str | None:
        if value is not None and "database" in known.data:  # else the URL is refused, which says the dialect
            one_select(value, DIALECTS[_scheme(known.data["database"])])
        return value

    @check("timezone")
    @classmethod
    def _known_timezone(cls, value: str | None) -> str | None:
        if value is not None and value not in available_timezones():
            raise ValueError("expected an IANA time zone such as UTC or Asia/Shanghai")
        return value

    @model_validator(mode="after")
    def _table_or_query(self) -> DatabaseRead:
        if (self.table is None) == (self.query is None):
            raise ValueError("expected exactly one of table and query")
        if "since" in self.placeholders and self.initial is None:
            raise ValueError("expected initial, what :since stands for the first time,")
        if self.initial is not None and not self.asks_for_changes:
            raise ValueError("expected initial with cursor, or with :since in the query, only")
        return self

    @property
    def dialect(self) -> Dialect:
        """How this database writes SQL."""
        return DIALECTS[_scheme(self.database)]

    @property
    def placeholders(self) -> frozenset[str]:
        """Those that stand in the query."""
        return placeholders(self.query, self.dialect) if self.query else frozenset()

    @property
    def is_dated(self) -> bool:
        """Whether the query can answer for a past date."""
        return bool(self.placeholders & {"date", "until"})

    @property
    def changes_asked_by(self) -> str:
        """The key that says that only what changed since the last delivery is asked for; empty when all is."""
        if "since" in self.placeholders:
            return ":since in read.query"
        return "read.cursor" if self.table is not None and self.cursor is not None else ""

    @property
    def table_names(self) -> tuple[str, ...]:
        """The schema, if it is given, and the table, exactly as the database has them."""
        match = _TABLE.fullmatch(self.table or "")
        groups = match.groups() if match else ()
        return tuple(name.replace('""', '"') for name in groups if name)

    @property
    def overlap_time(self) -> timedelta | None:
        """The overlap of times; None where none is written, or a number."""
        amount, _, unit = (self.overlap or "").partition(" ")
        return timedelta(**{f"{unit.rstrip('s')}s": int(amount)}) if unit else None

    @property
    def overlap_number(self) -> int | None:
        """The overlap of numbers; None where none is written, or a span of time."""
        return int(self.overlap) if self.overlap and " " not in self.overlap else None

    @property
    def zone(self) -> ZoneInfo | None:
        """What times without a zone mean; None: as in the project."""
        return ZoneInfo(self.timezone) if self.timezone else None

    @property
    def described(self) -> str:
        """What is read, in short."""
        return f"{_scheme(self.database)} {'query' if self.table is None else 'table'}"

    @property
    def place(self) -> str:
        """The table, or that it is a query."""
        return self.table or "query"


def _scheme(url: SecretStr) -> str:
    """`postgresql` of `postgresql+psycopg2://…`."""
    return url.get_secret_value().partition(":")[0].partition("+")[0].lower()
