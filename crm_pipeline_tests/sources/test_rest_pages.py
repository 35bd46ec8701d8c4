"""Claims on pages: all of them in order whatever the service calls them, and none missing without an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_pipeline.errors import DeliveryError
from crm_pipeline_tests.sources.rest_reading import definition, kept_files, read_all, require_rows
from crm_pipeline_tests.sources.rest_service import (
    Answering,
    Reply,
    Request,
    by_last_record,
    by_link,
    by_offset,
    by_token,
    numbered,
    page_of,
    people,
    serving,
)

Keys = Mapping[str, Any]
TOKENS: Keys = {"paginator": {"type": "cursor", "next": "paging.next.after", "param": "after"}}
LINKS: Keys = {"records": "records", "paginator": {"type": "next_link", "next": "nextRecordsUrl", "done": "done"}}


def in_body(rows: list[Any], size: int) -> Answering:
    """Pages by number in the body, with the number of all pages, and a flag as a number."""

    def answer(request: Request) -> Reply:
        number = request.body["paging"]["page"]
        count = -(-len(rows) // size)
        found = {"pages": count, "more": int(number + 1 < count)}
        return Reply({"data": {"items": page_of(rows, size, number)}, "meta": found})

    return answer


def by_header(rows: list[Any], size: int) -> Answering:
    """Pages by the header Link, as GitHub has it."""

    def answer(request: Request) -> Reply:
        number = int(request.params.get("page", "0"))
        is_last = (number + 1) * size >= len(rows)
        link = f'</items?page={number + 1}>; rel="next", </items>; rel="first"'
        return Reply(page_of(rows, size, number), headers={} if is_last else {"Link": link})

    return answer


KINDS: dict[str, tuple[Callable[[list[Any], int], Answering], Keys]] = {
    "numbers until an empty page": (numbered, {}),
    "numbers until the total": (lambda rows, size: numbered(rows, size, total=len(rows)), {"total": "total"}),
    "numbers in the body": (in_body, {
        "records": "data.items", "method": "POST", "body": {"paging": {"size": 5}},
        "paginator": {"type": "page_number", "page_body": "paging.page", "first_page": 0, "pages": "meta.pages"}}),
    "numbers until no more": (in_body, {
        "records": "data.items", "method": "POST", "body": {},
        "paginator": {"type": "page_number", "page_body": "paging.page", "first_page": 0, "has_more": "meta.more"}}),
    "offsets": (lambda rows, _: by_offset(rows), {"paginator": {"type": "offset", "limit": 4}}),
    "offsets with fewer than asked for": (by_offset, {"paginator": {"type": "offset", "limit": 100}}),
    "offsets until the total": (
        lambda rows, size: by_offset(rows, size, total=str(len(rows))),
        {"paginator": {"type": "offset", "limit": 100}, "total": "total"}),
    "tokens": (by_token, TOKENS),
    "links": (by_link, {**LINKS, "total": "totalSize"}),
    "links in the header": (by_header, {"records": None, "paginator": "header_link"}),
    "last record": (by_last_record, {
        "records": "data", "method": "POST", "paginator": {"type": "last_record", "key": "id", "body": "data_id"}}),
    "a single answer": (lambda rows, _: lambda _: Reply({"items": rows}), {"paginator": "single"}),
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_all_pages(name: str, tmp_path: Path) -> None:
    """Every record that the service holds comes once, in its order, as it is, however pages are told apart."""
    answering, keys = KINDS[name]
    rows = people(23)
    with serving(answering(rows, 5)) as service:
        require_rows(read_all(tmp_path, definition(service.url, **keys)), rows)
    assert kept_files(tmp_path) == []


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(sorted(KINDS)), count=st.integers(1, 30), size=st.integers(1, 12))
def test_any_sizes(tmp_path: Path, name: str, count: int, size: int) -> None:
    """Whatever the number of records and the size of pages, none is lost at the edge of a page."""
    answering, keys = KINDS[name]
    rows = people(count)
    with serving(answering(rows, size)) as service:
        require_rows(read_all(tmp_path, definition(service.url, **keys)), rows)


@pytest.mark.parametrize("name", [name for name in KINDS if name != "links in the header"])
def test_no_records(name: str, tmp_path: Path) -> None:
    """A service without records gives a delivery without rows, which has the columns that are promised."""
    answering, keys = KINDS[name]
    with serving(answering([], 5)) as service:
        found = read_all(tmp_path, definition(service.url, **keys, fields=["id", "name"]))
    assert found.columns == ("id", "name")
    assert found.frame.is_empty()


@pytest.mark.parametrize("status", [204, 304])
def test_no_content(status: int, tmp_path: Path) -> None:
    """Nothing, or nothing new, may be said by a status alone."""
    with serving(lambda _: Reply(status=status)) as service:
        found = read_all(tmp_path, definition(service.url, **TOKENS, fields=["id"]))
    assert found.columns == ("id",)
    assert found.frame.is_empty()


ROWS = people(20)


def overwritten(answering: Answering, changes: Mapping[int, Mapping[str, Any]]) -> Answering:
    """The same with parts of some answers, by their number from 1, replaced; None takes a part away."""
    count = 0

    def answer(request: Request) -> Reply:
        nonlocal count
        count += 1
        body = {**answering(request).body, **changes.get(count, {})}
        return Reply({key: value for key, value in body.items() if value is not None})

    return answer


MORE: Keys = {"paginator": {**TOKENS["paginator"], "has_more": "more"}}
UNFIT: dict[str, tuple[Answering, Keys, str]] = {
    "the parameter of the page is passed over": (
        lambda _: Reply({"items": ROWS[:5]}), {}, "the records of an earlier page again as page 2"),
    "the parameter of the offset is passed over": (
        lambda _: Reply({"items": ROWS[:5]}), {"paginator": {"type": "offset", "limit": 5}}, "again as page 2"),
    "a numbered page twice": (
        overwritten(numbered(ROWS, 5), {3: {"items": ROWS[5:10]}}), {}, "again as page 3"),
    "the same token again": (
        overwritten(by_token(ROWS, 5), {3: {"paging": {"next": {"after": "t10"}}}}), TOKENS,
        "a page that was read before"),
    "the same link again": (
        overwritten(by_link(ROWS, 5), {2: {"nextRecordsUrl": "/query/x-5"}}), LINKS, "a page that was read before"),
    "fewer than the total": (
        overwritten(numbered(ROWS, 5, total=20), {4: {"items": []}}), {"total": "total"}, "after 15 of 20 records"),
    "fewer than the total by token": (
        overwritten(by_token(ROWS, 5, total=20), {3: {"paging": {}}}), {**TOKENS, "total": "total"},
        "15 of 20 records"),
    "fewer pages than announced": (
        overwritten(numbered(ROWS, 5, pages=4), {3: {"items": []}}),
        {"paginator": {"type": "page_number", "pages": "pages"}}, "an end after 3 of 4 pages"),
    "an empty page before the last": (
        overwritten(by_token(ROWS, 5), {2: {"items": []}}), TOKENS, "an empty page before the last one"),
    "more without a token": (
        overwritten(by_token(ROWS, 5, more=True), {2: {"paging": {}}}), MORE, "no way to the page"),
    "an empty page with more behind it": (
        overwritten(numbered(ROWS, 5, more=True), {2: {"items": []}}),
        {"paginator": {"type": "page_number", "has_more": "more"}}, "no way to the page"),
    "not done without a link": (
        overwritten(by_link(ROWS, 5), {2: {"nextRecordsUrl": None}}), LINKS, "no way to the page"),
    "no flag": (overwritten(by_token(ROWS, 5, more=True), {2: {"more": None}}), MORE, "found nothing"),
    "a flag that is none": (overwritten(by_token(ROWS, 5, more=True), {2: {"more": "客户"}}), MORE, "another value"),
    "no total": (numbered(ROWS, 5), {"total": "total"}, "found nothing"),
    "no records": (numbered(ROWS, 5), {"records": "data.list"}, "an array of records at data.list; found nothing"),
    "records that are none": (
        overwritten(numbered(ROWS, 5), {2: {"items": "客户"}}), {}, "another value"),
    "a link to another host": (
        overwritten(by_link(ROWS, 5), {1: {"nextRecordsUrl": "http://example.invalid/?key=s3cret"}}), LINKS,
        "found one to http://example.invalid."),
    "a link to another port": (
        overwritten(by_link(ROWS, 5), {1: {"nextRecordsUrl": "http://127.0.0.1:9/"}}), LINKS, "one to http://127.0.0.1:9."),
    "a link to a file": (
        overwritten(by_link(ROWS, 5), {1: {"nextRecordsUrl": "file:///etc/passwd"}}), LINKS, "one to file://."),
}  # fmt: skip


@pytest.mark.parametrize("name", UNFIT)
def test_refused(name: str, tmp_path: Path) -> None:
    """Pages that don't fit together are refused as a whole, and nothing of them stays or is quoted."""
    answering, keys, found = UNFIT[name]
    with serving(answering) as service, pytest.raises(DeliveryError) as error:
        read_all(tmp_path, definition(service.url, **keys))
    message = str(error.value)
    assert found in message
    assert message.startswith("desk.tickets")
    assert "客户" not in message
    assert "s3cret" not in message
    assert kept_files(tmp_path) == []


def test_repeated_page_behind_a_token(tmp_path: Path) -> None:
    """A page that comes twice under two tokens is harmless: its records come twice, with the same keys."""
    with serving(overwritten(by_token(ROWS, 5, total=20), {})) as service:
        answering = service.answer

        def answer(request: Request) -> Reply:  # t5 leads to t5b, and this to what t5 should have led to
            after = request.params.get("after")
            plain = Request(
                request.method, request.path, {"after": "t5"} if after == "t5b" else request.params, {}, b""
            )
            reply = answering(plain)
            return Reply({**reply.body, "paging": {"next": {"after": "t5b"}}}) if after == "t5" else reply

        service.answer = answer
        found = read_all(tmp_path, definition(service.url, **TOKENS, total="total"))
    assert found.ids() == [str(n) for n in [*range(1, 11), *range(6, 21)]]


def test_repeated_page_does_not_count(tmp_path: Path) -> None:
    """A repeated page does not make up for one that is missing."""
    answering = overwritten(by_token(ROWS, 5, total=20), {3: {"items": ROWS[5:10]}})
    with serving(answering) as service, pytest.raises(DeliveryError, match="15 of 20 records"):
        read_all(tmp_path, definition(service.url, **TOKENS, total="total"))


def test_empty_pages_allowed(tmp_path: Path) -> None:
    """Where it is said that pages may be empty, they are passed over."""
    keys = {"paginator": {**TOKENS["paginator"], "may_be_empty": True}}
    with serving(overwritten(by_token(ROWS, 5), {2: {"items": []}})) as service:
        assert read_all(tmp_path, definition(service.url, **keys)).ids() == [
            str(n) for n in (*range(1, 6), *range(11, 21))
        ]


def test_link_to_an_allowed_host(tmp_path: Path) -> None:
    """A link to a host that is named is followed."""
    with serving(by_link(ROWS, 5)) as service:
        plain = service.answer

        def answer(request: Request) -> Reply:
            body = plain(request).body
            if "nextRecordsUrl" in body:
                body["nextRecordsUrl"] = f"http://localhost:{service.port}{body['nextRecordsUrl']}"
            return Reply(body)

        service.answer = answer
        with pytest.raises(DeliveryError, match="one to http://localhost"):
            read_all(tmp_path, definition(service.url, **LINKS))
        require_rows(read_all(tmp_path, definition(service.url, **LINKS, allowed_hosts=["localhost"])), ROWS)


def test_opening_asks_once(tmp_path: Path) -> None:
    """Opening a delivery asks for one page, whose columns are known then."""
    from crm_pipeline.sources.opening import open_delivery
    from crm_pipeline_tests.sources.rest_reading import asked

    with serving(numbered(ROWS, 5)) as service:
        with open_delivery(definition(service.url), asked(tmp_path)) as reading:
            assert reading.columns == ("id", "name", "address.city", "updated_at")
        assert len(service.requests) == 1
    assert kept_files(tmp_path) == []
