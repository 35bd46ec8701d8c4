"""Claims on `publish:` in pipeline.yaml: which servers are taken, verified TLS, and a URL that nobody sees."""

from __future__ import annotations

import json

import jsonschema
import pytest
import yaml
from pydantic import ValidationError

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings import Postgres, json_schema
from crm_pipeline_tests.settings.conftest import SOUND, Load

SECRET = "correct-horse"
URL = f"postgresql://publisher:{SECRET}@db.example:5432/crm"
CONFIGURED = SOUND + 'publish: {postgres: {url: "${CRM_POSTGRES_URL}", schema: crm, ca: ca.pem}}\n'


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGHOST", "PGHOSTADDR", "PGSERVICE"):
        monkeypatch.delenv(name, raising=False)


def test_configured(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """The URL comes from the environment; without `publish:` there is no server."""
    monkeypatch.setenv("CRM_POSTGRES_URL", URL)
    postgres = load(CONFIGURED).config.publish.postgres
    assert postgres is not None
    assert (postgres.url.get_secret_value(), postgres.schema_name, postgres.ca) == (URL, "crm", "ca.pem")
    assert (postgres.user, postgres.is_local) == ("publisher", False)
    assert load(SOUND).config.publish.postgres is None


def test_url_is_never_shown(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a repr nor a dump of the settings, nor a refusal of the URL, shows the password."""
    monkeypatch.setenv("CRM_POSTGRES_URL", URL)
    config = load(CONFIGURED).config
    assert SECRET not in f"{config!r} {config} {config.model_dump()} {config.model_dump_json()}"
    for wrong in (URL + "?sslmode=require", URL.replace("postgresql", "mysql"), URL.replace(SECRET, f"{SECRET}#1")):
        monkeypatch.setenv("CRM_POSTGRES_URL", wrong)
        with pytest.raises(ConfigurationError) as caught:
            load(CONFIGURED)
        assert SECRET not in f"{caught.value} {caught.value.__cause__}"


@pytest.mark.parametrize(
    ("url", "is_local"),
    [
        ("postgresql://u@localhost/d", True),
        ("postgres://u:p%40s@127.0.0.1:5432/d", True),
        ("postgresql://u@[::1]:5432/d", True),
        ("postgresql://u@/d?host=/run/postgresql", True),
        ("postgresql://u@%2Frun%2Fpostgresql/d", True),
        ("postgresql://u@localhost,127.0.0.1/d", True),
        ("postgresql://u@db.example/d", False),
        ("postgresql://u@127.0.0.2/d", False),
        ("postgresql://u@localhost.example/d", False),
        ("postgresql://u@localhost,db.example/d", False),
        ("postgresql://u@localhost/d?host=db.example", False),
        ("postgresql://u@db.example/d?sslmode=verify-full", False),
    ],
)
def test_only_this_machine_is_local(url: str, is_local: bool) -> None:
    """A server counts as local by a socket or a loopback name of this machine, and by nothing that looks like it."""
    assert Postgres(url=url).is_local is is_local


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "require", "verify-ca", ""])
def test_less_than_verified_is_refused(mode: str) -> None:
    """Outside localhost no weaker sslmode can be asked for, nor a way around the host of the URL."""
    with pytest.raises(ValidationError, match="sslmode=verify-full"):
        Postgres(url=f"postgresql://u@db.example/d?sslmode={mode}")
    Postgres(url=f"postgresql://u@localhost/d?sslmode={mode}")


@pytest.mark.parametrize("parameter", ["hostaddr=10.0.0.1", "service=x", "servicefile=x", "sslnegotiation=direct"])
def test_parameters_that_lead_elsewhere_are_refused(parameter: str) -> None:
    """What sends libpq to another server than the one of the URL is refused."""
    with pytest.raises(ValidationError, match="expected a URL without"):
        Postgres(url=f"postgresql://u@localhost/d?{parameter}")


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("PGHOSTADDR", "postgresql://u@localhost/d"),
        ("PGSERVICE", "postgresql://u@localhost/d"),
        ("PGHOST", "postgresql://u@/d?user=u"),
    ],
)
def test_environment_that_leads_elsewhere(name: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable of libpq that may name another server takes away the exception for localhost."""
    assert Postgres(url=url).is_local
    monkeypatch.setenv(name, "db.example")
    assert not Postgres(url=url).is_local


def test_ca_once() -> None:
    """The certificate authority is named at one place."""
    with pytest.raises(ValidationError, match="not both"):
        Postgres(url="postgresql://u@db.example/d?sslrootcert=a.pem", ca="b.pem")


@pytest.mark.parametrize(
    ("text", "is_valid"),
    [
        ('{postgres: {url: "${CRM_POSTGRES_URL}"}}', True),
        ('{postgres: {url: "${CRM_POSTGRES_URL}", schema: crm, ca: ca.pem, connect_timeout_seconds: 5}}', True),
        ("{postgres: {schema: crm}}", False),
        ('{postgres: {url: "${CRM_POSTGRES_URL}", schema_name: crm}}', False),
        ('{postgres: {url: "${CRM_POSTGRES_URL}", connect_timeout_seconds: 0}}', False),
        ('{mysql: {url: "${CRM_POSTGRES_URL}"}}', False),
    ],
)
def test_schema(text: str, is_valid: bool, load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """The JSON Schema for editors and the reader of pipeline.yaml take and refuse the same."""
    monkeypatch.setenv("CRM_POSTGRES_URL", URL)
    written = f"{SOUND}publish: {text}\n"
    value = json.loads(json.dumps(yaml.safe_load(written), default=str))
    assert jsonschema.Draft202012Validator(json_schema()).is_valid(value) is is_valid
    if is_valid:
        load(written)
    else:
        with pytest.raises(ConfigurationError):
            load(written)


def test_parquet_files(load: Load) -> None:
    """A place of Parquet files is a folder or a bucket; without it there is none."""
    text = SOUND + 'publish: {parquet: {to: "s3://bucket/crm", endpoint_url: "https://s3.example"}}\n'
    parquet = load(text).config.publish.parquet
    assert parquet
    assert (parquet.to, parquet.endpoint_url) == ("s3://bucket/crm", "https://s3.example")
    assert load(SOUND).config.publish.parquet is None
    with pytest.raises(ConfigurationError, match="publish"):
        load(SOUND + "publish: {parquet: {}}\n")
