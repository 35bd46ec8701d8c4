"""A session of the publishing user: TLS that is verified, the role that owns what is published, errors without values.

Belongs here: connecting and asking. Does not belong here: what is asked.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg2
from pydantic import SecretStr

from crm_pipeline.errors import ConfigurationError, PipelineError
from crm_pipeline.settings import Postgres

WHERE = "pipeline.yaml: publish.postgres"
WRITER = "crm_pipeline"
OLDEST = 150000  # views with the rights of who asks, and unique keys in which nulls are equal
_SESSION = {
    "search_path": "pg_catalog, pg_temp",  # nothing that somebody else made is found by its bare name
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "standard_conforming_strings": "on",
    "client_encoding": "UTF8",
    "maintenance_work_mem": "256MB",
    "application_name": "crm_pipeline",
}
# Roles are the server's, schemas the database's: in this one they may not be set up.
_IS_WRITER = f"""
    SELECT 1 FROM pg_catalog.pg_namespace AS n JOIN pg_catalog.pg_roles AS r ON r.oid = n.nspowner
    WHERE n.nspname = %s AND r.rolname = '{WRITER}' AND pg_catalog.pg_has_role(r.oid, 'MEMBER')
"""
# A connection that went dead is noticed after a minute.
_ALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 60_000}
_SHARED_KEY = "Two rows of this table share a key; correct the SQL model or the extract."
_CURES = {
    "23505": _SHARED_KEY,
    "21000": _SHARED_KEY,  # as ON CONFLICT says it
    "2BP01": "Somebody's own view depends on a column whose type changes; drop that view, publish, make it again.",
    "42501": "Give the user of the URL the role crm_pipeline, or let crm-pipeline publish --setup-roles do so.",
    "28": "Correct user, password or database of the URL.",
    "3D": "Correct the database of the URL.",
    "53": "Give the server room, then publish again: crm-pipeline publish.",
}
_LATER = "See that the server answers, then publish again: crm-pipeline publish. Readers see what was there."


class Session:
    """One connection within one transaction; statements are ours, names in them quoted."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Number of rows that a statement, or several of them, concerned."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values or None)
            return int(cursor.rowcount)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a select."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values or None)
            return list(cursor.fetchall())

    def value(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """The first column of the first row."""
        return self.rows(sql, values)[0][0]


@contextlib.contextmanager
def session(
    settings: Postgres, *, root: Path, url: SecretStr | None = None, as_writer: bool = True
) -> Iterator[Session]:
    """A session whose transaction is committed when the block ends without error, and rolled back otherwise.

    Args:
        settings: `publish.postgres`.
        root: what a relative path of `ca` is relative to.
        url: another user of the same server.
        as_writer: whether the role crm_pipeline is taken, if it is there and the user has it.

    Raises:
        ConfigurationError: the server refuses us, is too old, or can't prove who it is.
        PipelineError: the server can't be reached, or fails.
    """
    with told():
        connection = psycopg2.connect((url or settings.url).get_secret_value(), **_parameters(settings, root, url))
    try:
        with told():
            _require_version(connection)
            opened = Session(connection)
            for name, value in _SESSION.items():
                opened.run("SELECT set_config(%s, %s, false)", (name, value))
            if as_writer and opened.rows(_IS_WRITER, (f"{settings.schema_name}_base",)):
                opened.run(f"SET ROLE {WRITER}")
            yield opened
            connection.commit()
    finally:
        connection.close()  # which rolls back what was not committed


def _parameters(settings: Postgres, root: Path, url: SecretStr | None) -> Mapping[str, Any]:
    """What is told to libpq beside the URL: verification of the server wherever a network lies between."""
    known = settings if url is None else Postgres(url=url, schema=settings.schema_name, ca=settings.ca)
    parameters: dict[str, Any] = {"connect_timeout": settings.connect_timeout_seconds, **_ALIVE}
    if known.ca:
        parameters["sslrootcert"] = str(root / known.ca)
    if known.is_local and not known.ca:
        return parameters
    given = parse_qs(urlsplit((url or settings.url).get_secret_value()).query)
    if not known.ca and "sslrootcert" not in given:
        parameters["sslrootcert"] = ssl.get_default_verify_paths().cafile or "system"
    return {**parameters, "sslmode": "verify-full", "gssencmode": "disable"}


def _require_version(connection: Any) -> None:
    if connection.server_version < OLDEST:
        raise ConfigurationError(
            where=WHERE,
            expected=f"PostgreSQL {OLDEST // 10000} or later",
            found=f"version {connection.server_version // 10000}",
            cure="Upgrade the server, or name another one.",
        )


@contextlib.contextmanager
def told(doing: str = "a server that takes what is published") -> Iterator[None]:
    """Errors of the server as errors of ours: their code and kind, never their text, which may quote values."""
    try:
        yield
    except psycopg2.OperationalError as error:
        raise _unreachable(error, doing) from None
    except psycopg2.Error as error:
        code = str(error.pgcode or "")
        cure = next((cure for start, cure in _CURES.items() if code.startswith(start)), _LATER)
        kind = PipelineError if not code.startswith("42501") else ConfigurationError
        raise kind(
            where=WHERE, expected=doing, found=f"{type(error).__name__} {code} {_object(error)}".strip(), cure=cure
        ) from None


def _object(error: Any) -> str:
    """Schema, table and constraint that an error names."""
    names = (error.diag.schema_name, error.diag.table_name, error.diag.column_name, error.diag.constraint_name)
    return ".".join(name for name in names if name)


def _unreachable(error: psycopg2.OperationalError, doing: str) -> PipelineError:
    text, code = str(error), str(error.pgcode or "")
    if "certificate" in text or "SSL" in text or "root.crt" in text:
        return ConfigurationError(
            where=WHERE,
            expected="a server that proves by its certificate that it is the one of the URL (sslmode=verify-full)",
            found=_tls_problem(text),
            cure="Name the certificate authority with ca: FILE, and the server by the name in its certificate; or let "
            "whoever runs the server switch on TLS.",
        )
    if "authentication failed" in text or ("database" in text and "does not exist" in text) or "pg_hba" in text:
        return ConfigurationError(
            where=WHERE, expected=doing, found="a refusal of user, password or database", cure=_CURES["28"]
        )
    cure = next((cure for start, cure in _CURES.items() if code and code.startswith(start)), _LATER)
    found = f"{type(error).__name__} {code}".strip() if code else "no answer, or a connection that broke"
    return PipelineError(where=WHERE, expected=doing, found=found, cure=cure)


def _tls_problem(text: str) -> str:
    if "does not support SSL" in text:
        return "a server without TLS"
    if "does not match host name" in text or "host name" in text:
        return "a certificate for another name"
    if "root.crt" in text or "does not exist" in text or "could not read root" in text:
        return "no file of a certificate authority that can be read"
    return "a certificate that is not trusted"
