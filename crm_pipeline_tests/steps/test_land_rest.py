"""Claims on landing what services give: the cursor is that of what was landed, and a failure leaves all as it was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import Project
from crm_pipeline.steps.applying.standardise import apply_entity
from crm_pipeline.steps.landing import land
from crm_pipeline.steps.landing.land import Landed, business_today, land_extract
from crm_pipeline.steps.looking.check import check_project
from crm_pipeline_tests.sources.rest_service import Reply, Request, Service, people, serving
from crm_pipeline_tests.steps.building import project_of, running

PIPELINE = """\
version: 1
start_date: 2026-01-01
timezone: UTC
sources:
  desk:
    extracts:
      customers:
        read:
          rest:
            base_url: {url}
            path: /items
            records: items
            params: {{key: "${{DESK_KEY}}"}}
            paginator: {{type: cursor, next: next, param: after}}
            cursor: {{column: updated_at, param: since}}
            fields: [id, name, phone, updated_at]
            retries: 0
        load: incremental
        primary_key: id
        updated_at: updated_at
        columns: {{name: name, phones: phone}}
"""


class Desk:
    """A service that gives what changed, three records at a time."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows
        self.failing_at = 0

    def __call__(self, request: Request) -> Reply:
        """A page of what changed."""
        assert request.params["key"] == "s3cret-key"
        changed = [row for row in self.rows if row["updated_at"] > request.params.get("since", "")]
        start = int(request.params.get("after", "0"))
        if self.failing_at and start >= self.failing_at:
            return Reply(status=503)
        following = {"next": str(start + 3)} if start + 3 < len(changed) else {}
        return Reply({"items": changed[start : start + 3], **following})


@pytest.fixture
def desk() -> Iterator[tuple[Desk, Service]]:
    answering = Desk(people(8))
    with serving(answering) as service:
        yield answering, service


def build(folder: Path, service: Service, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("DESK_KEY", "s3cret-key")
    return project_of(folder, PIPELINE.format(url=service.url))


def land_today(project: Project) -> Landed:
    with running(project) as run:
        [landed] = land_extract(run, "desk", "customers", [business_today(project)])
    return landed


def everything_written(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


def test_cursor_advances(tmp_path: Path, desk: tuple[Desk, Service], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each delivery asks for what changed since the one before, and one without records is landed too."""
    answering, service = desk
    project = build(tmp_path, service, monkeypatch)
    first = land_today(project).delivery
    assert first is not None
    assert (first.row_count, first.since, first.until) == (8, None, "2026-01-05T00:08:00Z")
    answering.rows = people(10)
    second = land_today(project).delivery
    assert second is not None
    assert (second.row_count, second.since, second.until) == (2, first.until, "2026-01-05T00:10:00Z")
    assert second.read()["id"].to_list() == ["9", "10"]
    third = land_today(project).delivery
    assert third is not None
    assert (third.row_count, third.since, third.until) == (0, second.until, second.until)
    assert third.columns == ("id", "name", "phone", "updated_at")
    assert not land_today(project).is_new
    with running(project) as run:
        apply_entity(run, "customers")
        loads = run.warehouse.execute("SELECT delivered_count, loaded_count, format FROM ops.loads ORDER BY sequence")
        assert loads == [(8, 8, "rest"), (2, 2, "rest"), (0, 0, "rest")]
        assert run.warehouse.value("SELECT count(*) FROM std.customers WHERE valid_to IS NULL") == 10


def test_failure_lands_nothing(tmp_path: Path, desk: tuple[Desk, Service], monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that fails in the middle leaves landing as it was; the next run goes on and lands all."""
    answering, service = desk
    project = build(tmp_path, service, monkeypatch)
    answering.failing_at = 6
    with pytest.raises(DeliveryError, match="status 503"):
        land_today(project)
    assert not list(project.state.rglob("*.parquet"))
    answering.failing_at = 0
    service.requests.clear()
    delivery = land_today(project).delivery
    assert delivery is not None
    assert delivery.row_count == 8
    assert [request.params.get("after") for request in service.requests] == ["6"]
    assert b"s3cret" not in everything_written(project.root)


def test_cursor_stays_when_the_commit_fails(
    tmp_path: Path, desk: tuple[Desk, Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash between the last page and the commit leaves the cursor where it was: the records come again."""
    _, service = desk
    project = build(tmp_path, service, monkeypatch)

    class Killed(BaseException):
        pass

    def killed(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as context:
        context.setattr(land.Draft, "move_rows", killed)
        with pytest.raises(Killed):
            land_today(project)
    delivery = land_today(project).delivery
    assert delivery is not None
    assert (delivery.row_count, delivery.since) == (8, None)


def test_check(tmp_path: Path, desk: tuple[Desk, Service], monkeypatch: pytest.MonkeyPatch) -> None:
    """`check` asks for one page, says what is read, and what fails."""
    _, service = desk
    project = build(tmp_path, service, monkeypatch)
    [found] = [part for part in check_project(project, business_today(project)) if part.subject == "desk.customers"]
    assert found.error is None
    assert "rest, cursor" in found.detail
    assert len(service.requests) == 1
    service.answer = lambda _: Reply(status=401)
    [failed] = [part for part in check_project(project, business_today(project)) if part.subject == "desk.customers"]
    assert failed.error is not None
    assert "status 401" in str(failed.error)
    assert "s3cret" not in str(failed.error)
