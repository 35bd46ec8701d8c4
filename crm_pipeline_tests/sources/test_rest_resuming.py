"""Claims on going on: pages of a reading that ended early are used once, for the same question, for a day."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import RestRead
from crm_pipeline.sources.opening import open_delivery
from crm_pipeline.sources.rest import keeping
from crm_pipeline_tests.sources.rest_reading import asked, definition, kept_files, read_all, require_rows
from crm_pipeline_tests.sources.rest_service import (
    Answering,
    Reply,
    Request,
    Service,
    by_last_record,
    by_link,
    by_offset,
    by_token,
    numbered,
    people,
    serving,
)
from crm_pipeline_tests.sources.test_rest_auth import client

ROWS = people(40)
TOKENS = {"paginator": {"type": "cursor", "next": "paging.next.after", "param": "after"}}
KINDS: dict[str, tuple[Answering, dict[str, Any]]] = {
    "numbers": (numbered(ROWS, 5, total=40), {"total": "total"}),
    "offsets": (by_offset(ROWS), {"paginator": {"type": "offset", "limit": 5}}),
    "tokens": (by_token(ROWS, 5), TOKENS),
    "links": (by_link(ROWS, 5), {"records": "records", "paginator": {"type": "next_link", "next": "nextRecordsUrl"}}),
    "last record": (by_last_record(ROWS, 5), {
        "records": "data", "method": "POST", "paginator": {"type": "last_record", "key": "id", "body": "data_id"}}),
}  # fmt: skip


def fail_at(service: Service, number: int, status: int = 500) -> None:
    """Lets the service fail from its request of that number on."""
    healthy = service.answer
    service.answer = lambda r: healthy(r) if len(service.requests) < number else Reply(status=status)


def interrupted(folder: Path, service: Service, read: RestRead, *, at: int = 5, status: int = 500) -> None:
    """A reading that failed at the page of that number; the service is well again, and its requests forgotten."""
    healthy = service.answer
    fail_at(service, at, status)
    with pytest.raises(DeliveryError, match=f"status {status}"):
        read_all(folder, read)
    service.answer = healthy
    service.requests.clear()


@pytest.mark.parametrize("name", KINDS)
def test_goes_on(name: str, tmp_path: Path) -> None:
    """The next run of the same day begins at the page that failed, and the delivery is whole and the same."""
    answering, keys = KINDS[name]
    with serving(answering) as service:
        read = definition(service.url, **keys)
        whole = read_all(tmp_path / "other", read)
        everything = len(service.requests)
        service.requests.clear()
        interrupted(tmp_path, service, read)
        found = read_all(tmp_path, read)
        assert len(service.requests) == everything - 4
    require_rows(found, ROWS)
    assert (found.origin, found.until) == (whole.origin, whole.until)
    assert kept_files(tmp_path) == []


def test_kept_privately(tmp_path: Path) -> None:
    """What is kept is readable by its owner only, and holds neither credentials nor what is asked."""
    with serving(numbered(ROWS, 5)) as service:
        keys = {"auth": {"type": "bearer", "token": "s3cret-token"}, "params": {"key": "s3cret-param"}}
        interrupted(tmp_path, service, definition(service.url, **keys))
    files = kept_files(tmp_path)
    assert len(files) == 5
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert {stat.S_IMODE(file.parent.stat().st_mode) for file in files} == {0o700}
    [state] = [file for file in files if file.name == "state.json"]
    assert "s3cret" not in state.read_text(encoding="utf-8")


def test_secret_in_a_page_is_not_kept(tmp_path: Path) -> None:
    """Where answers repeat the token, in a link for instance, nothing is kept and the next run begins anew."""
    plain = by_link(ROWS, 5)

    def answer(request: Request) -> Reply:
        body = plain(request).body
        if "nextRecordsUrl" in body:
            body["nextRecordsUrl"] = f"/s3cret-token{body['nextRecordsUrl']}"
        return Reply(body)

    with serving(answer) as service:
        keys = {**KINDS["links"][1], "auth": {"type": "bearer", "token": "s3cret-token"}}
        interrupted(tmp_path, service, definition(service.url, **keys))
        assert kept_files(tmp_path) == []
        require_rows(read_all(tmp_path, definition(service.url, **keys)), ROWS)
        assert len(service.requests) == 8


OTHER: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "day": ({}, {"day": date(2026, 1, 6)}),
    "cursor": ({}, {"since": "2026-01-05T00:00:00Z"}),
    "parameters": ({"params": {"q": "other"}}, {}),
    "path of records": ({"fields": ["id"]}, {}),
}


@pytest.mark.parametrize("name", OTHER)
def test_other_question(name: str, tmp_path: Path) -> None:
    """Pages that answer another question are not used."""
    keys, question = OTHER[name]
    usual = {"params": {"q": "this"}, "cursor": {"column": "updated_at", "param": "since"}}
    with serving(numbered(ROWS, 5)) as service:
        interrupted(tmp_path, service, definition(service.url, **usual))
        require_rows(read_all(tmp_path, definition(service.url, **{**usual, **keys}), **question), ROWS)
        assert len(service.requests) == 9
    assert kept_files(tmp_path) == []


def test_other_credentials_and_manners(tmp_path: Path) -> None:
    """A corrected password or more patience goes on with what there is: that is what they were corrected for."""
    with serving(numbered(ROWS, 5)) as service:
        auth = {"type": "bearer", "token": "old-token"}
        interrupted(tmp_path, service, definition(service.url, auth=auth), status=403)
        read = definition(service.url, auth={**auth, "token": "new-token"}, timeout_seconds=5)
        require_rows(read_all(tmp_path, read), ROWS)
        assert len(service.requests) == 5


def test_not_longer_than_a_day(tmp_path: Path) -> None:
    """Pages older than a day, or from the future, are not used."""
    with serving(numbered(ROWS, 5)) as service:
        read = definition(service.url)
        for age in (keeping.LONGEST + timedelta(minutes=1), timedelta(minutes=-5)):
            interrupted(tmp_path, service, read)
            [state] = tmp_path.rglob("state.json")
            told = {**json.loads(state.read_text()), "began": (datetime.now(UTC) - age).isoformat()}
            state.write_text(json.dumps(told))
            require_rows(read_all(tmp_path, read), ROWS)
            assert len(service.requests) == 9
            service.requests.clear()


def test_swept(tmp_path: Path) -> None:
    """What an extract left that is not read any more is gone after a day, with the next reading of any other."""
    abandoned, recent = (tmp_path / "temporary" / "rest" / name for name in ("crm.old", "crm.new"))
    for folder in (abandoned, recent):
        folder.mkdir(parents=True)
        (folder / "000001.page.gz").write_bytes(b"records")
    before = (datetime.now(UTC) - keeping.LONGEST).timestamp() - 60
    os.utime(abandoned, (before, before))
    with serving(numbered(ROWS, 5)) as service:
        require_rows(read_all(tmp_path, definition(service.url)), ROWS)
    assert kept_files(tmp_path) == [recent / "000001.page.gz"]


@pytest.mark.parametrize("damage", [b"", b"{", b"\x1f\x8b\x08\x00broken", b"null"])
@pytest.mark.parametrize("name", ["state.json", "000002.page.gz"])
def test_damaged(name: str, damage: bytes, tmp_path: Path) -> None:
    """What a crash or a full disk left damaged is not used, and is no error."""
    with serving(numbered(ROWS, 5)) as service:
        read = definition(service.url)
        interrupted(tmp_path, service, read)
        [file] = tmp_path.rglob(name)
        file.write_bytes(damage)
        require_rows(read_all(tmp_path, read), ROWS)
        assert len(service.requests) == 9


@pytest.mark.parametrize("status", [400, 404, 410])
def test_token_no_longer_valid(status: int, tmp_path: Path) -> None:
    """Where the service no longer knows where to go on, everything is asked anew, by the same run."""
    with serving(by_token(ROWS, 5)) as service:
        read = definition(service.url, **TOKENS)
        interrupted(tmp_path, service, read)
        healthy, stale = service.answer, "t20"

        def answer(request: Request) -> Reply:
            is_stale = request.params.get("after") == stale and len(service.requests) == 1
            return Reply(status=status) if is_stale else healthy(request)

        service.answer = answer
        require_rows(read_all(tmp_path, read), ROWS)
        assert len(service.requests) == 9
    assert kept_files(tmp_path) == []


def test_still_in_trouble(tmp_path: Path) -> None:
    """A run that fails at the same page again loses nothing of what is there."""
    with serving(by_token(ROWS, 5)) as service:
        read = definition(service.url, **TOKENS)
        interrupted(tmp_path, service, read)
        interrupted(tmp_path, service, read, at=1)
        interrupted(tmp_path, service, read, at=3)
        require_rows(read_all(tmp_path, read), ROWS)
        assert len(service.requests) == 2


def test_a_look_at_the_first_page_takes_nothing_away(tmp_path: Path) -> None:
    """Opening without reading, as `check` does, keeps nothing and takes nothing away, whatever it asks."""
    with serving(numbered(ROWS, 5)) as service:
        read = definition(service.url, cursor={"column": "updated_at", "param": "since"})
        interrupted(tmp_path, service, read)
        before = kept_files(tmp_path)
        for since in (None, "2026-01-05T00:00:00Z"):
            with open_delivery(read, asked(tmp_path, since=since)):
                pass
        assert kept_files(tmp_path) == before
        service.requests.clear()
        require_rows(read_all(tmp_path, read), ROWS)
        assert len(service.requests) == 5


def test_refused_delivery_is_asked_for_again(tmp_path: Path) -> None:
    """Pages of a delivery that landing refused are not used again: the next one may be right."""
    with serving(numbered(ROWS, 5)) as service:
        read = definition(service.url)
        with pytest.raises(DeliveryError, match="columns"), open_delivery(read, asked(tmp_path)) as reading:
            for _ in reading.batches:
                pass
            raise DeliveryError(where="desk.tickets", expected="columns", found="others", cure="Look.")
    assert kept_files(tmp_path) == []


def test_complete_but_not_landed(tmp_path: Path) -> None:
    """A run that was killed behind the last page asks for nothing again."""
    with serving(numbered(ROWS, 5, total=40)) as service:
        read = definition(service.url, total="total")

        class Killed(BaseException):
            pass

        with pytest.raises(Killed), open_delivery(read, asked(tmp_path)) as reading:
            for _ in reading.batches:
                pass
            raise Killed
        service.requests.clear()
        require_rows(read_all(tmp_path, read), ROWS)
        assert service.requests == []


def test_token_renewed_on_the_way(tmp_path: Path) -> None:
    """A run that goes on asks for a token of its own."""
    pages = by_token(ROWS, 5)

    def answer(request: Request) -> Reply:
        if request.path == "/token":
            return Reply({"access_token": "access-token"})
        return pages(request)

    with serving(answer) as service:
        read = definition(service.url, **TOKENS, auth=client(service.url))
        interrupted(tmp_path, service, read)
        require_rows(read_all(tmp_path, read), ROWS)
        assert [request.path for request in service.requests] == ["/token", *["/items"] * 5]


_READ = """
import sys
from pathlib import Path
from crm_pipeline_tests.sources.rest_reading import definition, read_all
keys = {"paginator": {"type": "cursor", "next": "paging.next.after", "param": "after"}}
print(*read_all(Path(sys.argv[1]), definition(sys.argv[2], **keys)).ids())
"""


def test_killed(tmp_path: Path) -> None:
    """A process killed while it waits for a page leaves those before it, and the next one goes on there."""
    command = [sys.executable, "-c", _READ, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with serving(by_token(ROWS, 5)) as service:
        healthy = service.answer
        service.answer = lambda r: Reply(wait=20) if len(service.requests) == 6 else healthy(r)
        process = subprocess.Popen([*command, service.url], env=environment)
        deadline = time.monotonic() + 60
        while len(service.requests) < 6 and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        assert len(kept_files(tmp_path)) == 6
        service.answer = healthy
        done = subprocess.run([*command, service.url], env=environment, capture_output=True, text=True, check=True)
        assert done.stdout.split() == [str(row["id"]) for row in ROWS]
        assert [r.params.get("after") for r in service.requests[6:]] == ["t25", "t30", "t35"]
    assert kept_files(tmp_path) == []
