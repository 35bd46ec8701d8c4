"""Claims on the instance's folder and on where Dagster keeps its records."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from crm_pipeline.errors import ConfigurationError, InstanceError
from crm_pipeline.orchestration.instance import prepare_home, project_instance, ui_environment
from crm_pipeline.orchestration.storage import database_url, require_database
from crm_pipeline.settings import Project
from crm_pipeline_tests.steps.building import PRODUCTS, project_of

VARIABLE = "CRM_PIPELINE_DAGSTER_POSTGRES_URL"
_OLD = "# Mine.\nconcurrency:\n  pools: {granularity: op, default_limit: 1}  # one at a time\nnux: {enabled: false}"
# Nobody listens there: a privileged port that no service has.
_NOWHERE = "postgresql://recorder:hush-hush@127.0.0.1:1/records"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose instance was never opened."""
    return project_of(tmp_path, PRODUCTS.replace("LOAD", "full"))


def test_a_dagster_yaml_without_storage_gets_it_once(project: Project) -> None:
    """What stands in an older `dagster.yaml` stays, comments included; the storage is added, and only once."""
    file = project.dagster_home / "dagster.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(_OLD)
    prepare_home(project)
    first = file.read_text()
    prepare_home(project)
    assert file.read_text() == first
    assert first.startswith(_OLD)
    assert yaml.safe_load(first)["storage"]["custom"]["class"] == "ProjectStorage"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"nux: {enabled: false\nstorage:\n", "on line 2"), (b"a: b: hush\n", "on line 1"),
        (b"- hush\n", "a list on top"), (b"[]\n", "a list on top"),
        (b"hush\n", "a str on top"), (b"false\n", "a bool on top"), (b"\xff\xfeh\n", "text"),
        (b"nux: \xff\n", "text"), (b"a: 2026-13-45\n", "text"), (b"a: \x07\n", "text"),
        (b"{nux: {enabled: false}}\n", "on line 2"), (b"nux: {enabled: false}\n...\n", ""),
    ],
)  # fmt: skip
def test_a_dagster_yaml_that_is_no_mapping_is_refused(project: Project, text: bytes, found: str) -> None:
    """A broken `dagster.yaml`, or one to which nothing can be appended, is refused by name and left as it is."""
    file = project.dagster_home / "dagster.yaml"
    file.parent.mkdir(parents=True)
    file.write_bytes(text)
    with pytest.raises(ConfigurationError) as refusal:
        prepare_home(project)
    assert refusal.value.where == str(file)
    assert found in refusal.value.found
    assert "hush" not in str(refusal.value)
    assert file.read_bytes() == text


def test_a_storage_of_ones_own_stays(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A storage that somebody chose in `dagster.yaml` is used; with the variable too it is refused, not guessed."""
    own = f"storage: {{sqlite: {{base_dir: {project.root / 'own'}}}}}\n"
    file = project.dagster_home / "dagster.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(own)
    with project_instance(project):
        assert (project.root / "own").exists()
    assert file.read_text() == own
    monkeypatch.setenv(VARIABLE, _NOWHERE)
    with pytest.raises(ConfigurationError, match="no storage of its own") as refusal:
        prepare_home(project)
    assert "hush" not in str(refusal.value)


def test_the_environment_is_left_as_it_was(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening an instance leaves no trace in the environment, which the next project of the process reads."""
    monkeypatch.setenv("CRM_PIPELINE_PROJECT", "elsewhere")
    before = dict(os.environ)
    with project_instance(project):
        assert dict(os.environ) == before
    assert (project.dagster_home / "history" / "runs.db").exists()


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg2", "postgresql+psycopg"])
def test_the_driver_is_the_one_installed(scheme: str) -> None:
    """Whatever people write before ://, Dagster gets the driver that comes with it, and a limit on waiting."""
    url = database_url(SecretStr(f"{scheme}://recorder@db.example/records?sslmode=require"))
    assert url.drivername == "postgresql+psycopg2"
    assert dict(url.query) == {"sslmode": "require", "connect_timeout": "5"}
    assert database_url(SecretStr(f"{scheme}://db/records?connect_timeout=9")).query["connect_timeout"] == "9"


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_password_arrives(password: str) -> None:
    """A password written as URLs want it is the password given to the driver, and no text of the URL shows it."""
    given_url = f"postgresql://recorder:{quote(password, safe='')}@db.example:5433/records"
    url = database_url(SecretStr(given_url))
    assert (url.username, url.password, url.host, url.port) == ("recorder", password, "db.example", 5433)
    assert str(url) == "postgresql+psycopg2://recorder:***@db.example:5433/records?connect_timeout=5"


@pytest.mark.parametrize(
    "given_url",
    [
        "hush-hush",
        "mysql://recorder:hush-hush@db/records",
        "postgresql:/recorder:hush-hush@db/records",
        "postgresql://recorder:hush-hush@db:port/records",
        "postgresql://recorder:p@hush-hush@db/records",
        "postgresql://recorder:p@s/hush-hush@db/records",
    ],
)
def test_what_is_no_url_is_not_quoted(given_url: str) -> None:
    """A value that is no URL of a PostgreSQL database is refused without a word of it."""
    with pytest.raises(ConfigurationError) as refusal:
        database_url(SecretStr(given_url))
    assert refusal.value.where == VARIABLE
    assert "hush" not in str(refusal.value)
    assert refusal.value.__cause__ is None
    assert refusal.value.__suppress_context__


@pytest.mark.parametrize("name", ["127.0.0.1:1", "nowhere.invalid"])
def test_an_unreachable_server_is_named(name: str) -> None:
    """Host and port of a server that does not answer are in the message, the password is not."""
    with pytest.raises(InstanceError) as refusal:
        require_database(database_url(SecretStr(f"postgres://recorder:hush-hush@{name}/records")))
    assert f"at {name}" in str(refusal.value)
    assert "hush" not in str(refusal.value)
    assert refusal.value.exit_code == 3


def test_the_ui_asks_the_database_first(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """`crm-pipeline ui` and every other user of the instance refuse before anything is started or written."""
    monkeypatch.setenv(VARIABLE, _NOWHERE)
    with pytest.raises(InstanceError, match="Connection refused"):
        ui_environment(project)
    with pytest.raises(InstanceError, match="Connection refused"), project_instance(project):
        pass
    assert not (project.dagster_home / "history").exists()
    assert not any("hush" in file.read_text() for file in project.dagster_home.iterdir())
