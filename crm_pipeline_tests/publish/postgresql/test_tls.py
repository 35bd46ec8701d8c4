"""Claims on a server beyond this machine: nothing is sent to one that does not prove who it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crm_pipeline.errors import ConfigurationError, PipelineError
from crm_pipeline.publish.postgresql import publish_postgresql
from crm_pipeline.settings import Postgres
from crm_pipeline.warehouse import Warehouse
from crm_pipeline_tests.publish.postgresql.databases import SALT, Database, edition, publications
from crm_pipeline_tests.publish.postgresql.tls import ADDRESS, Authority, Front

PASSWORD = "hush-hush"
Started = Callable[[Path | None], Front]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.made(tmp_path, "ours")


@pytest.fixture
def start(database: Database) -> Iterator[Started]:
    """Starts a front before the database's server."""
    fronts: list[Front] = []

    def started(certificate: Path | None) -> Front:
        fronts.append(Front(database.socket, certificate))
        return fronts[-1]

    yield started
    for front in fronts:
        front.stop()


def settings(front: Front, database: Database, ca: Path | None, host: str = ADDRESS) -> Postgres:
    url = f"postgresql://postgres:{PASSWORD}@{host}:{front.port}/{database.name}"
    return Postgres(url=url, ca=str(ca) if ca else None, connect_timeout_seconds=10)


def send(warehouse: Warehouse, to: Postgres) -> None:
    publish_postgresql(warehouse, to, publications(), root=Path("/"), salt=SALT, changes=None, edition=edition())


def test_verified_server(warehouse: Warehouse, database: Database, authority: Authority, start: Started) -> None:
    """A server whose certificate is for its address, by the named authority, gets the publication, over TLS."""
    front = start(authority.certify(authority.file.parent, ADDRESS))
    send(warehouse, settings(front, database, authority.file))
    assert front.handed_on > 10_000
    assert database.ask("SELECT count(*) FROM crm.customers") == [(4,)]


def test_unproven_servers(
    warehouse: Warehouse, database: Database, authority: Authority, start: Started, tmp_path: Path
) -> None:
    """Wrong authority, host or time, an authority nobody trusts, no TLS: refused by what is wrong, nothing is sent."""
    other = Authority.made(tmp_path, "other")
    right = authority.certify(tmp_path, ADDRESS)
    cases = {
        "wrong authority": (right, other.file, "a certificate that is not trusted"),
        "no authority named": (right, None, "a certificate that is not trusted"),
        "wrong address": (authority.certify(tmp_path, "127.0.0.3"), authority.file, "a certificate for another name"),
        "wrong host": (authority.certify(tmp_path, "db.example"), authority.file, "a certificate for another name"),
        "expired": (authority.certify(tmp_path, ADDRESS, days=-1), authority.file, "a certificate that is not trusted"),
        "no TLS": (None, authority.file, "a server without TLS"),
        "no file": (right, tmp_path / "missing.pem", "no file of a certificate authority that can be read"),
    }
    for case, (certificate, ca, found) in cases.items():
        front = start(certificate)
        with pytest.raises(ConfigurationError) as caught:
            send(warehouse, settings(front, database, ca))
        assert (caught.value.found, front.handed_on) == (found, 0), case
        assert PASSWORD not in f"{caught.value}{caught.value.__cause__}", case
    assert database.ask("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'crm%'") == [(0,)]


def test_server_that_is_not_there(warehouse: Warehouse, database: Database) -> None:
    """Nobody at the address is not taken for a wrong certificate, and the password is in no message."""
    front = Front(database.socket, None)
    front.stop()
    with pytest.raises(PipelineError) as caught:
        send(warehouse, settings(front, database, None))
    assert not isinstance(caught.value, ConfigurationError)
    assert PASSWORD not in f"{caught.value}{caught.value.__cause__}"
