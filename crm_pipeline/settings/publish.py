"""The shape of `publish:`: where tables are published beside the project's own files.

Belongs here: its keys, defaults and rules, verified TLS among them. Does not belong here: publishing (`publish`).
"""

from __future__ import annotations

import os
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import Field, SecretStr, ValidationInfo
from pydantic import field_validator as check

from crm_pipeline.settings.base import Frozen, Name, Text

VERIFIED = "verify-full"
_SCHEMES = frozenset({"postgresql", "postgres"})
_LOCAL = frozenset({"", "localhost", "127.0.0.1", "::1"})  # the empty one is a socket
_LONGEST_SCHEMA = 40  # characters: names of ours are made from it, and PostgreSQL cuts them off at 63
# What would lead to another server than the URL says, or past the verification of its certificate.
_REFUSED = frozenset({"service", "servicefile", "sslnegotiation", "requiressl", "hostaddr"})
# Variables of libpq that lead to another server than the URL says; PGHOST does where the URL names no host.
_LEADING_ELSEWHERE = frozenset({"PGHOSTADDR", "PGSERVICE"})


class Postgres(Frozen):
    """A PostgreSQL server on which readers find the published tables."""

    url: SecretStr = Field(description='"${CRM_POSTGRES_URL}": postgresql://user:password@host:port/database')
    schema_name: Name = Field(
        "crm",
        alias="schema",
        max_length=_LONGEST_SCHEMA,
        description="of the views; schema_base, schema_masked and schema_access are made beside it",
    )
    ca: Text | None = Field(
        None, description="file of the certificate authority of the server; by default those that the system trusts"
    )
    connect_timeout_seconds: int = Field(10, ge=1, le=300, description="an attempt to connect")

    @check("url")
    @classmethod
    def _known_url(cls, value: SecretStr) -> SecretStr:
        text = value.get_secret_value()
        try:
            parts = urlsplit(text)
            is_known = parts.scheme in _SCHEMES and bool(parts.netloc or parts.query) and parts.port != 0
        except ValueError:  # a port that is no number: mostly a password with / or # in it
            is_known = False
        if not is_known or "#" in text or "@" in parts.netloc.rpartition("@")[0]:
            raise ValueError(
                "expected a URL such as postgresql://user:password@host:5432/database with %-encoding in the password"
            )
        given = _parameters(text)
        if refused := sorted(_REFUSED & given.keys()):
            raise ValueError(f"expected a URL without {', '.join(refused)}")
        mode = given.get("sslmode", [VERIFIED])
        if not is_local(text) and mode != [VERIFIED]:
            raise ValueError(f"expected sslmode={VERIFIED}, or none, in the URL of a server elsewhere than localhost")
        return value

    @check("ca")
    @classmethod
    def _one_ca(cls, value: str | None, known: ValidationInfo) -> str | None:
        if value and "url" in known.data and "sslrootcert" in _parameters(known.data["url"].get_secret_value()):
            raise ValueError("expected ca here or sslrootcert in the URL, not both")
        return value

    @property
    def is_local(self) -> bool:
        """Whether the server is reached by a socket or on this machine, so that no network lies between."""
        return is_local(self.url.get_secret_value())

    @property
    def user(self) -> str:
        """Name of the user who publishes; empty where the URL does not say it."""
        text = self.url.get_secret_value()
        return unquote(urlsplit(text).username or "") or next(iter(_parameters(text).get("user", [])), "")


class ParquetFiles(Frozen):
    """A folder or bucket in which readers find the published tables as Parquet files."""

    to: Text = Field(description="a folder, or s3://bucket/prefix, that nothing else writes to")
    endpoint_url: Text | None = Field(None, description="of an S3-compatible service")


class Publish(Frozen):
    """Where tables are published beside the project's own files."""

    postgres: Postgres | None = Field(None, description="a PostgreSQL server")
    parquet: ParquetFiles | None = Field(None, description="a folder or bucket of Parquet files")


def is_local(url: str) -> bool:
    """Whether all hosts that a URL names are this machine; a host in its parameters wins, as in libpq."""
    if any(os.environ.get(name) for name in _LEADING_ELSEWHERE):
        return False
    hosts = [named or os.environ.get("PGHOST", "") for named in _parameters(url).get("host") or [_netloc_hosts(url)]]
    return all(_is_local_host(host) for listed in hosts for host in listed.split(","))


def _netloc_hosts(url: str) -> str:
    """The hosts before the path, without their ports."""
    listed = unquote(urlsplit(url).netloc.rpartition("@")[2])
    return ",".join(_without_port(host) for host in listed.split(","))


def _without_port(host: str) -> str:
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def _is_local_host(host: str) -> bool:
    return host.lower() in _LOCAL or host.startswith(("/", "@"))


def _parameters(url: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(url).query, keep_blank_values=True)
