"""Claims on the samples in `examples/rest-*`: valid, and asking what the services' documentation says."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter

from crm_pipeline.settings import Project, RestRead, load_project
from crm_pipeline.settings.rest import REST_KINDS, Failure, Rest
from crm_pipeline.settings.rest_cursor import Cursor
from crm_pipeline.sources.mapping import check_columns, check_expressions
from crm_pipeline_tests.sources.rest_reading import read_all

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = sorted(path.name for path in EXAMPLES.glob("rest-*"))
BASES = {"SALESFORCE_URL": "https://example.my.salesforce.com"}
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def project(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The sample with made-up variables, each called as it is."""
    text = (EXAMPLES / name / "pipeline.yaml").read_text(encoding="utf-8")
    for variable in set(re.findall(r"\$\{(\w+)\}", text)):
        monkeypatch.setenv(variable, BASES.get(variable, f"made-up-{variable.lower()}"))
    shutil.copytree(EXAMPLES / name, folder / "project")
    return load_project(folder / "project")


@dataclass
class Asked:
    """A request that was sent: with the words that tell one from another."""

    method: str
    url: str
    params: dict[str, str]
    headers: Mapping[str, str]
    body: Any


@dataclass
class Wire:
    """What is sent, and the answers to it in their order."""

    answers: list[Any]
    asked: list[Asked] = field(default_factory=list)

    def send(self, request: PreparedRequest, **_: Any) -> Response:
        """The next answer."""
        parts = urlsplit(str(request.url))
        text = request.body.decode() if isinstance(request.body, bytes) else request.body or ""
        body = json.loads(text) if text.startswith("{") else dict(parse_qsl(text))
        url = f"{parts.scheme}://{parts.netloc}{parts.path}"
        self.asked.append(Asked(str(request.method), url, dict(parse_qsl(parts.query)), request.headers, body))
        response = Response()
        answer = self.answers.pop(0)
        response.status_code = answer if isinstance(answer, int) else 200
        response._content = b"" if isinstance(answer, int) else json.dumps(answer).encode()
        response._content_consumed = True
        response.url, response.request = str(request.url), request
        return response


def read(
    name: str, extract: str, answers: Sequence[Any], folder: Path, monkeypatch: pytest.MonkeyPatch,
    since: str | None = None,
) -> tuple[list[Asked], list[str], str | None]:  # fmt: skip
    """What an extract of a sample asks, the first column of its key, and how far it came; its mapping fits."""
    [(_, found)] = [(n, e) for _, n, e in project(name, folder, monkeypatch).config.extracts if n == extract]
    wire = Wire(list(answers))
    monkeypatch.setattr(HTTPAdapter, "send", staticmethod(wire.send))
    assert isinstance(found.read, RestRead)
    delivery = read_all(folder, found.read, since=since, day=date(2026, 1, 5))
    assert not wire.answers
    columns = [name for name in delivery.frame.columns if name != "_line"]
    check_columns(columns, found, where=extract)
    check_expressions(columns, found, where=extract)
    return wire.asked, delivery.ids(found.primary_key[0]), delivery.until


@pytest.mark.parametrize("name", NAMES)
def test_valid(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sample is valid, its page says that it was not tried, and names every variable that it needs."""
    loaded = project(name, tmp_path, monkeypatch)
    assert loaded.config.extracts
    page = (EXAMPLES / name / "README.md").read_text(encoding="utf-8")
    text = (EXAMPLES / name / "pipeline.yaml").read_text(encoding="utf-8")
    assert "**Not tested against the real service**" in page
    assert "NOT tested against the real service" in text
    for variable in set(re.findall(r"\$\{(\w+)\}", text)):
        assert f"    {variable}=" in page
    assert "made-up" not in repr(loaded.config)


def test_all_named_services() -> None:
    """There is a sample for each service that is promised."""
    assert NAMES == ["rest-fxiaoke", "rest-hubspot", "rest-jiandaoyun", "rest-salesforce", "rest-zoho-crm"]


ACCOUNT_FIELDS = (
    "Id", "IsDeleted", "Name", "Phone", "Website", "Industry", "BillingStreet", "BillingCity", "BillingState",
    "BillingPostalCode", "BillingCountry", "CreatedDate",
)  # fmt: skip


def test_salesforce(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Salesforce: a token by client credentials, SOQL in q, then nextRecordsUrl without parameters."""

    def account(number: int) -> dict[str, Any]:
        at = f"2026-01-05T01:00:0{number}.000+0000"
        kind = {"type": "Account", "url": f"/services/data/v63.0/sobjects/Account/00{number}"}
        return {"attributes": kind, **dict.fromkeys(ACCOUNT_FIELDS), "Id": f"00{number}", "SystemModstamp": at}

    following = "/services/data/v63.0/query/01gD0000002HU6KIAW-2000"
    asked, ids, until = read("rest-salesforce", "accounts", [
        {"access_token": "00D-token", "instance_url": "https://example.my.salesforce.com", "token_type": "Bearer"},
        {"totalSize": 2, "done": False, "nextRecordsUrl": following, "records": [account(1)]},
        {"totalSize": 2, "done": True, "records": [account(2)]},
    ], tmp_path, monkeypatch, since="2026-01-04T10:05:00.000+0000")  # fmt: skip
    token, first, second = asked
    assert (token.method, token.url) == ("POST", "https://example.my.salesforce.com/services/oauth2/token")
    assert token.body == {
        "grant_type": "client_credentials",
        "client_id": "made-up-salesforce_client_id",
        "client_secret": "made-up-salesforce_client_secret",
    }
    assert (first.method, first.url) == ("GET", "https://example.my.salesforce.com/services/data/v63.0/queryAll")
    assert first.headers["Authorization"] == "Bearer 00D-token"
    assert first.params.keys() == {"q"}
    assert first.params["q"].endswith("FROM Account WHERE SystemModstamp >= 2026-01-04T09:55:00Z")
    assert (second.url, second.params) == (f"https://example.my.salesforce.com{following}", {})
    assert second.headers["Authorization"] == "Bearer 00D-token"
    assert (ids, until) == (["001", "002"], "2026-01-05T01:00:02.000+0000")


HUBSPOT_PROPERTIES = (
    "firstname", "lastname", "email", "phone", "mobilephone", "company", "address", "city", "state", "zip", "country",
    "website",
)  # fmt: skip


def test_hubspot_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """HubSpot's list: limit, properties, and after from paging.next.after, which the last page lacks."""

    def contact(number: str) -> dict[str, Any]:
        times = {"createdAt": "2026-01-05T00:00:00Z", "updatedAt": "2026-01-05T00:00:00.001Z"}
        return {"id": number, "properties": dict.fromkeys(HUBSPOT_PROPERTIES), **times, "archived": False}

    asked, ids, _ = read("rest-hubspot", "contacts", [
        {"results": [contact("1")], "paging": {"next": {"after": "NTI1", "link": "?after=NTI1"}}},
        {"results": [contact("2")]},
    ], tmp_path, monkeypatch)  # fmt: skip
    assert {(a.method, a.url) for a in asked} == {("GET", "https://api.hubapi.com/crm/v3/objects/contacts")}
    assert asked[0].params == {"limit": "100", "properties": ",".join(HUBSPOT_PROPERTIES)}
    assert asked[1].params == {**asked[0].params, "after": "NTI1"}
    assert asked[0].headers["Authorization"] == "Bearer made-up-hubspot_token"
    assert ids == ["1", "2"]


def test_hubspot_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """HubSpot's search: a filter in milliseconds, a fixed order, and after in the body."""
    properties = [
        *("subject", "content", "hs_pipeline_stage", "hs_ticket_priority", "createdate", "closed_date"),
        "hs_lastmodifieddate",
    ]
    ticket = {"id": "1", "properties": dict.fromkeys(properties)}
    ticket["properties"]["hs_lastmodifieddate"] = "2026-01-05T00:00:00.5Z"
    asked, _, until = read("rest-hubspot", "tickets", [
        {"total": 2, "results": [ticket], "paging": {"next": {"after": "200"}}},
        {"total": 2, "results": [{**ticket, "id": "2"}]},
    ], tmp_path, monkeypatch, since="2026-01-04T00:10:00.5Z")  # fmt: skip
    body = {
        "filterGroups": [
            {"filters": [{"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": "1767484800500"}]}
        ],
        "sorts": [{"propertyName": "createdate", "direction": "ASCENDING"}],
        "properties": properties,
        "limit": 200,
    }
    assert {(a.method, a.url) for a in asked} == {("POST", "https://api.hubapi.com/crm/v3/objects/tickets/search")}
    assert [a.body for a in asked] == [body, {**body, "after": "200"}]
    assert asked[0].headers["Content-Type"] == "application/json"
    assert until == "2026-01-05T00:00:00.5Z"


def test_zoho(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Zoho: a token by client credentials with soid, its own word before it, page_token, If-Modified-Since."""
    contact = {
        **dict.fromkeys(("Mailing_Street", "Mailing_City", "Mailing_State", "Mailing_Zip", "Mailing_Country")),
        **{"id": "1", "Created_Time": "2026-01-05T09:00:00+08:00", "Modified_Time": "2026-01-05T09:00:00+08:00"},
        "Account_Name": {"name": "上海贝尔", "id": "7"},
    }
    info = {"per_page": 200, "count": 1, "next_page_token": "c8582xx", "more_records": True}
    asked, ids, until = read("rest-zoho-crm", "contacts", [
        {"access_token": "1000.token", "api_domain": "https://www.zohoapis.com.cn", "expires_in": 3600},
        {"data": [contact], "info": info},
        401,
        {"access_token": "1000.newer", "expires_in": 3600},
        {"data": [{**contact, "id": "2"}], "info": {**info, "next_page_token": None, "more_records": False}},
    ], tmp_path, monkeypatch, since="2026-01-04T09:00:00+08:00")  # fmt: skip
    token, first, _, _, second = asked
    assert (token.method, token.url) == ("POST", "https://accounts.zoho.com.cn/oauth/v2/token")
    assert token.params == {
        "grant_type": "client_credentials",
        "client_id": "made-up-zoho_client_id",
        "client_secret": "made-up-zoho_client_secret",
        "scope": "ZohoCRM.modules.contacts.READ",
        "soid": "ZohoCRM.made-up-zoho_organisation_id",
    }
    assert (first.method, first.url) == ("GET", "https://www.zohoapis.com.cn/crm/v8/Contacts")
    assert first.params.keys() == {"fields", "per_page", "sort_by", "sort_order"}
    assert first.headers["Authorization"] == "Zoho-oauthtoken 1000.token"
    assert first.headers["If-Modified-Since"] == "2026-01-04T08:50:00+08:00"
    assert second.params == {**first.params, "page_token": "c8582xx"}
    assert second.headers["Authorization"] == "Zoho-oauthtoken 1000.newer"
    assert (ids, until) == (["1", "2"], "2026-01-05T09:00:00+08:00")


@pytest.mark.parametrize("status", [204, 304])
def test_zoho_without_changes(status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Zoho says by a status alone that there is nothing, or nothing new; the cursor stays."""
    loaded = project("rest-zoho-crm", tmp_path, monkeypatch)
    [(_, _, extract)] = loaded.config.extracts
    wire = Wire([{"access_token": "1000.token"}, status])
    monkeypatch.setattr(HTTPAdapter, "send", staticmethod(wire.send))
    assert isinstance(extract.read, RestRead)
    delivery = read_all(tmp_path, extract.read, since="2026-01-04T09:00:00+08:00")
    assert (delivery.frame.height, delivery.until) == (0, "2026-01-04T09:00:00+08:00")


def test_fxiaoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """纷享销客: a login whose answer gives token and enterprise, another trace id each time, offset in the body."""
    granted = {"accessToken": "BC-token", "ea": "fktest", "expiresIn": 7084, "errorCode": 0}
    records = [{"_id": str(n), "name": "上海贝尔", "last_modified_time": 1767571200000 + n} for n in range(3)]
    asked, ids, until = read("rest-fxiaoke", "customers", [
        granted,
        {"errorCode": 0, "data": {"dataList": records[:2]}},
        {"errorCode": 20016, "errorMessage": "expired"},
        {**granted, "accessToken": "BC-newer"},
        {"errorCode": 0, "data": {"dataList": records[2:]}},
        {"errorCode": 0, "data": {"dataList": []}},
    ], tmp_path, monkeypatch, since="1767485400000")  # fmt: skip
    login, first, _, _, second, last = asked
    assert (login.method, login.url) == ("POST", "https://open.fxiaoke.com/oauth2.0/token")
    assert login.body == {
        "appId": "made-up-fxiaoke_app_id",
        "appSecret": "made-up-fxiaoke_app_secret",
        "permanentCode": "made-up-fxiaoke_permanent_code",
        "grantType": "app_secret",
    }
    assert (first.method, first.url) == ("POST", "https://open.fxiaoke.com/cgi/crm/v2/data/query")
    told = {name: first.headers[name] for name in ("Authorization", "x-fs-ea", "x-fs-userid", "Content-Type")}
    assert told == {
        "Authorization": "Bearer BC-token",
        "x-fs-ea": "fktest",
        "x-fs-userid": "made-up-fxiaoke_user_id",
        "Content-Type": "application/json",
    }
    query = {
        "filters": [{"field_name": "last_modified_time", "operator": "GTE", "field_values": ["1767484800000"]}],
        "orders": [{"fieldName": "create_time", "isAsc": True}],
        "limit": 100,
    }
    bodies = [
        {"data": {"dataObjectApiName": "AccountObj", "search_query_info": {**query, "offset": n}}} for n in (0, 2, 3)
    ]
    assert [first.body, second.body, last.body] == bodies
    assert second.headers["Authorization"] == "Bearer BC-newer"
    traces = [a.params["thirdTraceId"] for a in asked]
    assert all(UUID.fullmatch(trace) for trace in traces)
    assert len(set(traces)) == len(asked)
    assert (ids, until) == (["0", "1", "2"], "1767571200002")


def test_jiandaoyun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """简道云: POST with ids and limit, then data_id of the last row, until an answer without rows."""
    address = {"province": "上海市", "city": "上海市", "district": "浦东新区", "detail": "世纪大道1号"}
    row = {
        **dict.fromkeys(("customer_name", "customer_phone", "customer_email")),
        "customer_address": address,
        "createTime": "2026-01-05T01:00:00.000Z",
        "updateTime": "2026-01-05T01:00:00.000Z",
    }
    asked, ids, _ = read("rest-jiandaoyun", "customers", [
        {"data": [{**row, "_id": "6"}, {**row, "_id": "7"}]}, {"data": [{**row, "_id": "8"}]}, {"data": []},
    ], tmp_path, monkeypatch)  # fmt: skip
    assert {(a.method, a.url) for a in asked} == {("POST", "https://api.jiandaoyun.com/api/v5/app/entry/data/list")}
    body = {"app_id": "made-up-jiandaoyun_app_id", "entry_id": "made-up-jiandaoyun_entry_id", "limit": 100}
    assert [a.body for a in asked] == [body, {**body, "data_id": "7"}, {**body, "data_id": "8"}]
    assert asked[0].headers["Authorization"] == "Bearer made-up-jiandaoyun_api_key"
    assert asked[0].headers["Content-Type"] == "application/json"
    assert ids == ["6", "7", "8"]


def test_page_of_the_documentation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The definition that the documentation shows is accepted, and each kind and key that is named there exists."""
    page = (EXAMPLES.parent / "docs" / "sources-rest.md").read_text(encoding="utf-8")
    [block] = re.findall(r"```yaml\n(.*?)```", page, flags=re.DOTALL)
    indented = "".join(f"      {line}\n" for line in block.splitlines())
    monkeypatch.setenv("DESK_TOKEN", "made-up")
    text = f"version: 1\nstart_date: 2026-01-01\nsources:\n  desk:\n    extracts:\n{indented}"
    (tmp_path / "pipeline.yaml").write_text(text, encoding="utf-8")
    [(_, _, extract)] = load_project(tmp_path).config.extracts
    assert isinstance(extract.read, RestRead)
    for name in [*REST_KINDS, *Rest.model_fields, *Cursor.model_fields, *Failure.model_fields]:
        assert re.search(rf"\b{name}\b", page), name
