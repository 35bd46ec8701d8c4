"""Claims on the shape of pipeline.yaml: secrets, frozenness, and the JSON Schema for editors."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
import yaml
from pydantic import BaseModel, ValidationError

from crm_pipeline.bundled import template
from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings import Config, FileRead, json_schema
from crm_pipeline.settings.model import mappable_columns, reserved_columns, survivorship_columns
from crm_pipeline.tables import ENTITIES, customers, std
from crm_pipeline_tests.settings.conftest import SOUND, Load

SECRET = "correct-horse-battery-staple"
WITH_KEY = SOUND + 'backup: {to: backup, key: "${CRM_BACKUP_KEY}"}\n'


def test_secret_is_never_shown(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """The backup key shows in no repr, no str and no dump; only who asks for it by name gets it."""
    monkeypatch.setenv("CRM_BACKUP_KEY", SECRET)
    project = load(WITH_KEY)
    key = project.config.backup.key
    assert key is not None
    assert key.get_secret_value() == SECRET
    config = project.config
    shown = (repr(project), str(project), f"{config}", config.model_dump_json(), str(config.model_dump()), repr(key))
    for text in (*shown, json.dumps(config.model_dump(mode="json"))):
        assert SECRET not in text


@pytest.mark.parametrize(
    "text",
    [
        SOUND + 'backup: "${CRM_BACKUP_KEY}"\n',
        SOUND + 'backup: {key: ["${CRM_BACKUP_KEY}"]}\n',
        SOUND + 'backup: {kye: "${CRM_BACKUP_KEY}"}\n',
        SOUND + 'backup: {to: {a: "${CRM_BACKUP_KEY}"}}\n',
        SOUND + 'linkage: "${CRM_BACKUP_KEY}"\n',
        SOUND.replace("trust: 90", 'trust: "${CRM_BACKUP_KEY}"'),
        SOUND.replace("sources:", 'default_country: "${CRM_BACKUP_KEY}"\nsources:'),
        SOUND.replace("sources:", 'timezone: "${CRM_BACKUP_KEY}"\nsources:'),
        SOUND.replace("name: 客户名称", 'name: {column: a, constant: "${CRM_BACKUP_KEY}"}'),
        SOUND.replace('read: {file: "customers_{date}.csv"}', 'read: "${CRM_BACKUP_KEY}"'),
        SOUND + f"backup: [{SECRET}]\n",
        SOUND + f"backup: {{key: [{SECRET}]}}\n",
    ],
)
def test_secret_is_not_in_a_refusal(load: Load, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """A refusal shows a value as it was written, so never what `${NAME}` stands for, wherever it was put."""
    monkeypatch.setenv("CRM_BACKUP_KEY", SECRET)
    with pytest.raises(ConfigurationError) as caught:
        load(text)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None or SECRET not in str(caught.value.__cause__)


def test_configuration_is_frozen(load: Load) -> None:
    """No part of a configuration can be changed after it was read."""
    config = load(WITH_KEY.replace("${CRM_BACKUP_KEY}", "x")).config
    parts: list[tuple[BaseModel, str]] = [
        (config, "timezone"),
        (config.sources["crm"], "trust"),
        (config.sources["crm"].extracts["customers"], "load"),
        (config.sources["crm"].extracts["customers"].read, "file"),
        (config.linkage, "match_threshold"),
        (config.backup, "key"),
    ]
    for part, name in parts:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(part, name, "other")


def schema_errors(value: Any) -> list[str]:
    validator = jsonschema.Draft202012Validator(json_schema())
    return [error.message for error in validator.iter_errors(json.loads(json.dumps(value, default=str)))]


def test_schema_accepts_names_by_number() -> None:
    """The JSON Schema accepts names of columns by their number, and refuses what is no name."""
    read = {"file": "x.csv", "header_row": 0, "header": {4: "phone_2"}}
    text = {"version": 1, "start_date": "2026-01-01",
            "sources": {"s": {"extracts": {"customers": {"read": read, "primary_key": "id"}}}}}  # fmt: skip
    assert schema_errors(text) == []
    read["header"] = {4: 2}
    assert schema_errors(text) != []


@pytest.mark.parametrize("name", ["demo", "init"])
def test_schema_accepts_templates(name: str) -> None:
    """The JSON Schema is a sound one and accepts the configurations that come with the package."""
    jsonschema.Draft202012Validator.check_schema(json_schema())
    value = yaml.safe_load((template(name) / "pipeline.yaml").read_text(encoding="utf-8"))
    assert schema_errors(value) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version: 1", "version: 1\ntimezon: UTC"),
        ("trust: 90", "trsut: 90"),
        ("name: 客户名称", "nmae: 客户名称"),
        ("name: 客户名称", "name: {colum: a}"),
        ("{erp_number: ERP编号}", "ERP编号"),
        ("primary_key: id", "primary_key: []"),
        ("primary_key: id", "primary_key: id\n        entity: custmers"),
        ("trust: 90", "trust: 101"),
    ],
)
def test_schema_refuses_what_the_program_refuses(load: Load, old: str, new: str) -> None:
    """What the program refuses for its keys and types, the editor marks too."""
    assert schema_errors(yaml.safe_load(SOUND)) == []
    text = SOUND.replace(old, new, 1)
    assert schema_errors(yaml.safe_load(text)) != []
    with pytest.raises(ConfigurationError):
        load(text)


def test_demo_is_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program accepts the demo's own configuration."""
    text = (template("demo") / "pipeline.yaml").read_text(encoding="utf-8")
    config = Config.model_validate(yaml.safe_load(text))
    assert [(s, x) for s, x, _ in config.extracts] == [
        ("crm", "customers"), ("crm", "orders"), ("crm", "products"), ("erp", "customers"), ("erp", "locations"),
    ]  # fmt: skip


WITH_ORDERS = """\
      leads: {entity: customers, read: {file: "leads.csv"}, primary_key: id, columns: {name: n}}
      people: {entity: contacts, read: {file: "people.csv"}, primary_key: id, columns: {name: n}}
      orders: {read: {file: "orders.csv"}, primary_key: id, columns: {customer: c}}
"""


@pytest.mark.parametrize(
    ("at_source", "at_leads", "expected"),
    [
        ("", "", set()),
        ("true", "", {"crm.customers", "crm.leads", "crm.people"}),
        ("true", "false", {"crm.customers", "crm.people"}),
        ("", "true", {"crm.leads"}),
        ("false", "true", {"crm.leads"}),
    ],
)
def test_extracts_without_duplicates(load: Load, at_source: str, at_leads: str, expected: set[str]) -> None:
    """What is written at an extract stands above its source; it is said of customers and contacts only."""
    text = SOUND + WITH_ORDERS
    if at_source:
        text = text.replace("trust: 90", f"trust: 90\n    duplicate_free: {at_source}")
    if at_leads:
        text = text.replace("leads: {", f"leads: {{duplicate_free: {at_leads}, ")
    project = load(text.replace("extra_columns:", "contact: {name: 联系人}\n        extra_columns:"))
    assert project.config.duplicate_free == expected
    assert schema_errors(yaml.safe_load(text)) == []


def test_duplicate_free_is_of_customers(load: Load) -> None:
    """At an extract of orders it is refused, with the line."""
    with pytest.raises(
        ConfigurationError, match=r"pipeline.yaml:17: expected duplicate_free at .*; found it at one of"
    ):
        load(SOUND + WITH_ORDERS.replace("orders: {", "orders: {duplicate_free: true, "))


def test_duplicate_free_is_no_part_of_the_recipe(load: Load) -> None:
    """What std makes of a row does not depend on it, so no delivery is applied again when it changes."""
    plain, declared = (
        load(text).config.sources["crm"].extracts["customers"].model_dump(mode="json")
        for text in (SOUND, SOUND.replace("primary_key: id", "primary_key: id\n        duplicate_free: true"))
    )
    assert plain == declared


@pytest.mark.parametrize("entity", ENTITIES)
def test_names_one_may_write(entity: str) -> None:
    """One writes `customer` for the reference to a customer and every other standard column by its own name."""
    names = mappable_columns(entity)
    assert "customer_record_key" not in names
    assert ("customer" in names) == (entity not in {"products", "campaigns"})
    assert len(names) == len(ENTITIES[entity]) + (entity == "customers")  # of whom a contact belongs to another
    assert set(std(entity).column_names) <= reserved_columns(entity) | {"customer"}


def test_survivorship_names(load: Load) -> None:
    """Survivorship may name each golden column but counts and dates, the lists, own columns, groups and the default."""
    names = survivorship_columns(load(SOUND).config)
    assert {"default", "phone", "phones", "email", "emails", "name", "address", "vip_level"} <= set(names)
    computed = {"customer_id", "record_count", "source_count", "first_seen_on", "changed_on"}
    assert set(customers().column_names) - computed <= set(names)
    assert not computed & set(names)


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        ({"file": "x_{date}.csv"}, "csv"),
        ({"file": "x.txt"}, "csv"),
        ({"file": "x.tsv", "delimiter": "\t"}, "csv"),
        ({"file": "x"}, "csv"),
        ({"file": "x.jsonl/{date:%Y.%m}"}, "csv"),
        ({"file": "x_{date}.jsonl", "encoding": "gb18030"}, "json_lines"),
        ({"file": "x.NDJSON"}, "json_lines"),
        ({"file": "{date:%Y/%m}.xlsx", "sheet": "客户"}, "excel"),
        ({"file": "x.csv", "format": "excel", "sheet": "客户"}, "excel"),
        ({"file": "x.xlsx", "format": "csv", "delimiter": ";"}, "csv"),
        ({"file": "x.json", "format": "json_lines"}, "json_lines"),
    ],
)
def test_format_of_a_file(read: dict[str, str], expected: str) -> None:
    """The format is the one that is written, else the one of the suffix, else CSV; the editor accepts each."""
    assert FileRead.model_validate(read).file_format == expected
    value = yaml.safe_load(SOUND)
    value["sources"]["crm"]["extracts"]["customers"]["read"] = read
    assert schema_errors(value) == []
