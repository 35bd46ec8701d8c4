"""Claims on records: rows exactly as lines of JSON are, and on the cursor that says how far they go."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_pipeline.errors import DeliveryError
from crm_pipeline.state.delivery import LINE
from crm_pipeline_tests.sources.reading import read_bytes
from crm_pipeline_tests.sources.rest_reading import Read, definition, read_all
from crm_pipeline_tests.sources.rest_service import Reply, Request, numbered, people, serving

SINGLE = {"paginator": "single"}


def read_text(folder: Path, text: str, **keys: Any) -> Read:
    """What an answer with this text gives."""
    with serving(lambda _: Reply(text.encode("utf-8", "surrogatepass"))) as service:
        return read_all(folder, definition(service.url, **{**SINGLE, **keys}))


def scalar() -> st.SearchStrategy[str]:
    texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6).map(json.dumps)
    numbers = st.sampled_from(["1.10", "-0", "1E+05", "12345678901234567890", "13800138010", "0.1"])
    return st.one_of(texts, numbers, st.sampled_from(["null", "true", "false", "[1, 1.0, null]", '{"x": 1e5}', "{}"]))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.dictionaries(st.sampled_from(["a", "b", "c", "客户"]), scalar()), min_size=1, max_size=6))
def test_as_lines_of_json(tmp_path: Path, records: list[dict[str, str]]) -> None:
    """Records become the very rows that the same objects in a file of JSON Lines become."""
    lines = ["{" + ", ".join(f'"{key}": {value}' for key, value in record.items()) + "}" for record in records]
    if not any(value != "{}" for record in records for value in record.values()):  # no column at all
        return
    found = read_text(tmp_path, f'{{"items": [{",".join(lines)}]}}')
    oracle = read_bytes(tmp_path, "\n".join(lines).encode(), "x.jsonl")
    assert found.frame.columns == oracle.frame.columns
    assert found.frame.to_dicts() == oracle.frame.to_dicts()


HELD_BACK: dict[str, tuple[str, str]] = {
    "a number": ("5", "another value than an object"),
    "a text": ('"客户"', "another value than an object"),
    "null": ("null", "another value than an object"),
    "an array": ('[{"id": 7}]', "another value than an object"),
    "a key twice": ('{"id": 7, "id": 8}', "twice in one object"),
    "a key twice by its dotted name": ('{"a": {"b": 1}, "a.b": 2}', "twice in one object"),
    "a number that JSON does not know": ('{"id": NaN}', "a number that JSON does not know"),
    "letter case": ('{"ID": 7}', "by letter case only"),
    "key of the line number": ('{"_line": 7}', "kept for the line number"),
    "blank key": ('{" ": 7}', "no name for a column"),
    "half a surrogate pair": ('{"id": "\\ud840"}', "half of a surrogate pair"),
}


@pytest.mark.parametrize("name", HELD_BACK)
def test_held_back(name: str, tmp_path: Path) -> None:
    """A record that can't be a row is held back with its number and its text as it was written; the rest loads."""
    written, reason = HELD_BACK[name]
    text = f'{{"items": [ {{"id": 1}} , {written}\n,{{"id":1.10}}], "items2": [], "meta": {{"items": [0]}}}}'
    found = read_text(tmp_path, text)
    assert found.frame.to_dicts() == [{"id": "1", LINE: 1}, {"id": "1.10", LINE: 3}]
    [one] = found.unreadable
    assert (one.line, one.content) == (2, written.encode())
    assert reason in one.reason


def test_held_back_in_an_array_alone(tmp_path: Path) -> None:
    """The same where the answer is the array."""
    found = read_text(tmp_path, '[{"id":1},2]', records=None)
    assert found.frame.to_dicts() == [{"id": "1", LINE: 1}]
    assert [(each.line, each.content) for each in found.unreadable] == [(2, b"2")]


def test_numbered_over_pages(tmp_path: Path) -> None:
    """Records are numbered over all pages, those held back among them."""
    records: list[Any] = [*people(4), 5, *people(4, first=6)]
    with serving(numbered(records, 3)) as service:
        found = read_all(tmp_path, definition(service.url))
    assert found.ids() == [str(n) for n in (1, 2, 3, 4, 6, 7, 8, 9)]
    assert found.frame[LINE].to_list() == [1, 2, 3, 4, 6, 7, 8, 9]
    assert [each.line for each in found.unreadable] == [5]


def test_objects_that_stay_json(tmp_path: Path) -> None:
    """An object named in `as_json` is one column with its JSON; that is part of how the delivery was read."""
    text = (
        '{"items": [{"id": 1, "logins": {"d1": 1.10, "d2": {"x": null}}}, {"id": 2, "logins": {"d3": 5}}, {"id": 3}]}'
    )
    found = read_text(tmp_path, text, as_json=["logins"])
    assert found.frame["logins"].to_list() == ['{"d1":1.10,"d2":{"x":null}}', '{"d3":5}', ""]
    assert found.columns == ("id", "logins")
    assert not found.origin.reads_like(read_text(tmp_path, text).origin)


def test_keys_that_are_data(tmp_path: Path) -> None:
    """More columns than a table has are refused with the object that they come from and the cure; no key is shown."""
    rows = ", ".join(f'{{"id": {n}, "logins": {{"王{n}": 1}}}}' for n in range(5_001))
    with pytest.raises(DeliveryError, match="most of them keys of logins, which look like data") as caught:
        read_text(tmp_path, f'{{"items": [{rows}]}}')
    assert caught.value.cure.startswith("Add logins to as_json")
    assert "王" not in str(caught.value)


def test_keys_with_dots_and_fields(tmp_path: Path) -> None:
    """A key with a dot is named in quotes; a promised column is there though no record has it, and is empty."""
    found = read_text(tmp_path, '{"a.b": {"客户": [{"id": 1}]}}', records='"a.b".客户', fields=["id", "phone"])
    assert found.frame.to_dicts() == [{"phone": "", "id": "1", LINE: 1}]


def test_hash_is_over_records(tmp_path: Path) -> None:
    """The same records in other pages, with other words around them, are the same delivery; others are not."""
    hashes = []
    for rows, size, more in ((people(9), 2, {}), (people(9), 5, {"at": "now"}), (people(9, first=2), 5, {})):
        with serving(numbered(rows, size, **more)) as service:
            hashes.append(read_all(tmp_path, definition(service.url)).origin.file_sha256)
    assert hashes[0] == hashes[1] != hashes[2]


def changed_since(rows: list[dict[str, Any]]) -> Any:
    """Records changed at `since` or later, those that the service holds."""
    return lambda r: Reply({"items": [row for row in rows if row["updated_at"] >= r.params.get("since", "")]})


def test_cursor(tmp_path: Path) -> None:
    """First everything is asked for, then what changed from the greatest value seen on, and it never goes back."""
    cursor = {"column": "updated_at", "param": "since"}
    rows = [*people(3, first=5), *people(2)]
    with serving(changed_since(rows)) as service:
        read = definition(service.url, **SINGLE, cursor=cursor)
        first = read_all(tmp_path, read)
        assert "since" not in service.requests[-1].params
        assert first.until == "2026-01-05T00:07:00Z"
        again = read_all(tmp_path, read, since=first.until)
        assert again.ids() == ["7"]
        rows.clear()
        assert read_all(tmp_path, read, since=first.until).until == first.until


WRITTEN: dict[str, tuple[dict[str, Any], str, str]] = {
    "as the service wrote it": ({}, "2026-01-05T10:00:00.1230+0800", "2026-01-05T10:00:00.1230+0800"),
    "earlier by the overlap": ({"overlap": "10 minutes"}, "2026-01-05T00:05:00+08:00", "2026-01-04T23:55:00+08:00"),
    "without a zone": ({"overlap": "1 day"}, "2026-01-05 00:05:00", "2026-01-04T00:05:00"),
    "a form, in UTC": (
        {"format": "%Y-%m-%dT%H:%M:%SZ"}, "2026-01-05T00:05:00.999+08:00", "2026-01-04T16:05:00Z"),
    "a form without a zone": ({"format": "%Y/%m/%d %H:%M"}, "2026-01-05 00:05:00", "2026/01/05 00:05"),
    "milliseconds": ({"format": "epoch_milliseconds"}, "2026-01-05T00:00:00.123Z", "1767571200123"),
    "seconds": ({"format": "epoch_seconds"}, "2026-01-05T00:00:00.999Z", "1767571200"),
    "milliseconds as delivered": ({"overlap": "1 second"}, "1767571200123", "1767571199123"),
    "seconds to a form": ({"format": "%Y-%m-%d"}, "1767571200", "2026-01-05"),
    "a number": ({"type": "number"}, "00123", "00123"),
    "a text": ({"type": "text"}, "ab", "ab"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRITTEN)
def test_cursor_written(name: str, tmp_path: Path) -> None:
    """The cursor goes into the request in the form that it is told to have, and never later than it was."""
    keys, since, sent = WRITTEN[name]
    with serving(lambda _: Reply({"items": []})) as service:
        for place, of in (("param", "params"), ("header", "headers")):
            cursor = {"column": "updated_at", place: "X-Since", **keys}
            read_all(tmp_path, definition(service.url, **SINGLE, cursor=cursor), since=since)
            assert getattr(service.requests[-1], of)["X-Since"] == sent
        cursor = {"column": "updated_at", "body": "filter.since", **keys}
        read_all(tmp_path, definition(service.url, **SINGLE, method="POST", cursor=cursor), since=since)
        assert service.requests[-1].body == {"filter": {"since": sent}}


GREATEST: dict[str, tuple[str, list[str], str]] = {
    "times of several zones": ("time", ["2026-01-05T01:00:00+08:00", "2026-01-04T18:00:00Z"], "2026-01-04T18:00:00Z"),
    "fractions": ("time", ["2026-01-05T01:00:00.5Z", "2026-01-05T01:00:00Z"], "2026-01-05T01:00:00.5Z"),
    "milliseconds": ("time", ["999999999999", "1767571200123"], "1767571200123"),
    "numbers": ("number", ["9", "10", "9.5"], "10"),
    "texts": ("text", ["9", "10"], "9"),
    "blanks": ("time", ["", "2026-01-05"], "2026-01-05"),
}


@pytest.mark.parametrize("name", GREATEST)
def test_cursor_compared(name: str, tmp_path: Path) -> None:
    """The greatest value is that of its type, and stays as it was written."""
    kind, values, greatest = GREATEST[name]
    with serving(lambda _: Reply({"items": [{"at": value} for value in values]})) as service:
        cursor = {"column": "at", "param": "since", "type": kind}
        assert read_all(tmp_path, definition(service.url, **SINGLE, cursor=cursor)).until == greatest


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (["王小明"], "others"),
        (["2026-01-05T01:00:00", "2026-01-05T01:00:00Z"], "others"),
        (["", None], "none in any record"),
    ],
)
def test_cursor_unfit(values: list[str], found: str, tmp_path: Path) -> None:
    """A cursor that can't be compared, or never has a value, is refused rather than left where it was."""
    with serving(lambda _: Reply({"items": [{"at": value} for value in values]})) as service:
        read = definition(service.url, **SINGLE, cursor={"column": "at", "param": "since"})
        with pytest.raises(DeliveryError, match=found) as error:
            read_all(tmp_path, read)
    assert "王小明" not in str(error.value)


def test_placeholders(tmp_path: Path) -> None:
    """Placeholders stand for the business date, the end of its day in the project's zone, and the cursor."""
    keys = {
        "path": "/{date:%Y/%m}/items",
        "method": "POST",
        "params": {"day": "{date}", "n": 5, "flag": True},
        "headers": {"X-Until": "{until:%Y-%m-%dT%H:%M:%S%z}"},
        "body": {"q": ["at >= {since} and at < {until}", "{{}}"], "limit": 5},
        "cursor": {"column": "at", "initial": "2020-01-01T00:00:00Z", "format": "%Y-%m-%d"},
    }
    with serving(lambda _: Reply({"items": []})) as service:
        read_all(tmp_path, definition(service.url, **SINGLE, **keys), day=date(2026, 1, 5))
        [request] = service.requests
    assert request.path == "/2026/01/items"
    assert request.params == {"day": "2026-01-05", "n": "5", "flag": "true"}
    assert request.headers["X-Until"] == "2026-01-06T00:00:00+0800"
    assert request.body == {"q": ["at >= 2020-01-01 and at < 2026-01-06T00:00:00+08:00", "{}"], "limit": 5}


def test_until_is_not_in_the_future(tmp_path: Path) -> None:
    """For a day that is not over, its end is now."""
    seen: list[Request] = []

    def answer(request: Request) -> Reply:
        seen.append(request)
        return Reply({"items": []})

    with serving(answer) as service:
        far = date(2999, 1, 1)
        read_all(tmp_path, definition(service.url, **SINGLE, params={"to": "{until:%Y}"}), day=far)
    assert int(seen[0].params["to"]) < 2999
