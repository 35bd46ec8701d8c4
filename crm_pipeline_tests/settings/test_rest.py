"""Claims on `read: {rest: …}`: what is written is checked when the project is loaded, and secrets are never shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings import RestRead, json_schema, load_project

REST = {"base_url": "https://api.example.com", "path": "/items", "paginator": "single"}


def load(folder: Path, rest: dict[str, Any], **extract: Any) -> RestRead:
    usual = {"read": {"rest": rest}, "primary_key": "id", "columns": {"name": "name"}, **extract}
    project = {"version": 1, "start_date": "2026-01-01", "sources": {"desk": {"extracts": {"customers": usual}}}}
    folder.mkdir(exist_ok=True)
    (folder / "pipeline.yaml").write_text(yaml.safe_dump(project, allow_unicode=True), encoding="utf-8")
    read = load_project(folder).config.sources["desk"].extracts["customers"].read
    assert isinstance(read, RestRead)
    return read


CURSOR = {"column": "at", "param": "since"}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown key": ({"pth": "/items"}, "Did you mean path?"),
    "an unknown key of the paginator": (
        {"paginator": {"type": "offset", "limit": 5, "ofset_param": "x"}}, "Did you mean offset_param?"),
    "an unknown key of auth": ({"auth": {"type": "bearer", "tokn": "x"}}, "Did you mean token?"),
    "an unknown key of the cursor": ({"cursor": {"column": "at", "parm": "x"}}, "Did you mean param?"),
    "an unknown paginator": ({"paginator": {"type": "pages"}}, "page_number, offset, cursor, last_record, next_link"),
    "an unknown auth": ({"auth": {"type": "oauth"}}, "oauth2_client_credentials"),
    "no paginator": ({"paginator": None}, "a type that is one of single"),
    "a path in place of an address": ({"base_url": "api.example.com"}, "base_url"),
    "a password in the address": ({"base_url": "https://u:p4ss@example.com"}, "base_url"),
    "an address as path": ({"path": "https://example.com/x"}, "the host in base_url"),
    "an unknown placeholder": ({"params": {"from": "{sinc}"}}, "{since} instead of {sinc}"),
    "an open brace": ({"path": "/{date"}, "{{ or }} for a brace itself"),
    "a form of the cursor": ({"params": {"from": "{since:%Y}"}}, "with date and until only"),
    "since without a cursor": ({"params": {"from": "{since}"}}, "cursor with initial"),
    "since without initial": ({"params": {"from": "{since}"}, "cursor": {"column": "at"}}, "cursor with initial"),
    "a cursor that goes nowhere": ({"cursor": {"column": "at"}}, "either param, header or body of cursor"),
    "a cursor in two places": ({"cursor": {**CURSOR, "header": "X"}}, "at most one of param, header and body"),
    "a cursor in the body of GET": ({"cursor": {"column": "at", "body": "since"}}, "method: POST"),
    "initial that is no time": ({"cursor": {**CURSOR, "initial": "yesterday"}}, "a time as ISO 8601 has it"),
    "a format that is none": ({"cursor": {**CURSOR, "format": "ISO"}}, "epoch_seconds"),
    "an overlap of a text": ({"cursor": {**CURSOR, "type": "text", "overlap": "1 day"}}, "with type: time only"),
    "an overlap without unit": ({"cursor": {**CURSOR, "overlap": "10"}}, "overlap"),
    "a body with GET": ({"body": {"a": 1}}, "method: POST with a body"),
    "a token in the body of GET": (
        {"paginator": {"type": "cursor", "next": "n", "body": "after"}}, "method: POST with a body"),
    "a token without a place": ({"paginator": {"type": "cursor", "next": "n"}}, "exactly one of param and body"),
    "has_more and done": (
        {"paginator": {"type": "next_link", "next": "n", "done": "d", "has_more": "m"}}, "one of has_more and done"),
    "no limit": ({"paginator": {"type": "offset"}}, "Add limit."),
    "a path with an empty key": ({"records": "data..items"}, "records"),
    "a login with values that nobody knows": (
        {"auth": {"type": "login", "url": "https://x.example/t", "values": {"token": "t"}},
         "headers": {"X": "{tokn}"}}, "{token} instead of {tokn}"),
    "a login that takes the place of a date": (
        {"auth": {"type": "login", "url": "https://x.example/t", "values": {"date": "t"}}}, "another name than date"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str, tmp_path: Path) -> None:
    """What is wrong is refused in one line that says where it stands and what would be right."""
    keys, told = REFUSED[name]
    with pytest.raises(ConfigurationError) as error:
        load(tmp_path, {**REST, **keys}, load="incremental")
    assert told in str(error.value)
    assert str(error.value).startswith("pipeline.yaml:")
    assert "p4ss" not in str(error.value)


def test_cursor_needs_incremental(tmp_path: Path) -> None:
    """Changes alone can't be a full delivery: what did not change would be taken for deleted."""
    with pytest.raises(ConfigurationError, match="incremental"):
        load(tmp_path, {**REST, "cursor": CURSOR})


def test_dated(tmp_path: Path) -> None:
    """A service is asked for past dates only where the date or its end stands in the request."""
    assert not load(tmp_path, REST).is_dated
    assert load(tmp_path, {**REST, "path": "/{date:%Y%m%d}"}).is_dated
    assert load(tmp_path, {**REST, "params": {"to": "{until}"}}).is_dated


SECRETS: dict[str, dict[str, Any]] = {
    "bearer": {"auth": {"type": "bearer", "token": "${DESK_SECRET}"}},
    "key": {"auth": {"type": "api_key", "key": "${DESK_SECRET}"}},
    "password": {"auth": {"type": "basic", "username": "u", "password": "${DESK_SECRET}"}},
    "client": {"auth": {"type": "oauth2_client_credentials", "token_url": "https://x.example/t",
                        "client_id": "i", "client_secret": "${DESK_SECRET}"}},
    "login": {"auth": {"type": "login", "url": "https://x.example/t", "body": {"a": ["${DESK_SECRET}"]},
                       "values": {"token": "t"}}},
    "params": {"params": {"key": "${DESK_SECRET}"}},
    "headers": {"headers": {"X-Key": "${DESK_SECRET}"}},
    "body": {"method": "POST", "body": {"a": {"b": ["${DESK_SECRET}"]}}},
}  # fmt: skip


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_are_not_shown(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A value of the environment is in no representation of the configuration, and in no refusal."""
    monkeypatch.setenv("DESK_SECRET", "s3cret")
    read = load(tmp_path, {**REST, **SECRETS[name]})
    assert "s3cret" not in f"{read!r} {read} {read.model_dump()} {read.model_dump_json()} {read.described} {read.place}"
    with pytest.raises(ConfigurationError) as error:
        load(tmp_path / "wrong", {**REST, **SECRETS[name], "retries": "x"})
    assert "s3cret" not in str(error.value)
    monkeypatch.setenv("DESK_SECRET", "s3cret{")
    if name in {"params", "headers", "body"}:
        with pytest.raises(ConfigurationError) as error:
            load(tmp_path / "wrong", {**REST, **SECRETS[name]})
        assert "s3cret" not in str(error.value)


def test_schema(tmp_path: Path) -> None:
    """The schema for editors accepts a definition with every part, and refuses an unknown key."""
    rest: dict[str, Any] = {
        **REST, "method": "POST", "params": {"n": 5}, "body": {"a": [1]}, "fields": ["id"], "total": "total",
        "paginator": {"type": "cursor", "next": "n", "body": "after", "has_more": "more"},
        "auth": {"type": "login", "url": "https://x.example/t", "form": {"k": "v"}, "values": {"token": "t"}},
        "cursor": {"column": "at", "body": "since", "initial": 0, "type": "number"},
        "failure": {"code": "c", "ok": [0, "OK"], "retry": 5},
    }  # fmt: skip
    load(tmp_path, rest, load="incremental")
    value = yaml.safe_load((tmp_path / "pipeline.yaml").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(json.loads(json.dumps(json_schema())))
    assert not list(validator.iter_errors(value))
    value["sources"]["desk"]["extracts"]["customers"]["read"]["rest"]["pth"] = "/x"
    assert list(validator.iter_errors(value))
