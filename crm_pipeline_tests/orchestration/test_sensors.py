"""Claims on the sensor of inboxes: when it asks for a run, and when it waits."""

from __future__ import annotations

import os
import time
from pathlib import Path

import dagster as dg
import pytest

from crm_pipeline.errors import StoreError
from crm_pipeline.orchestration import sensors as module
from crm_pipeline.orchestration.build import build_definitions
from crm_pipeline.orchestration.jobs import INBOX
from crm_pipeline.settings import load_project
from crm_pipeline_tests.steps.building import PRODUCTS, project_of

TEXT = PRODUCTS.replace('{file: "in/products_{date}.csv"}', '{file: "inbox/*.csv", inbox: true}').replace(
    "LOAD", "incremental"
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with an inbox."""
    project_of(tmp_path, TEXT)
    return tmp_path


def drop(root: Path, name: str) -> Path:
    file = root / "inbox" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("id,code,cost\n1,A,1\n", encoding="utf-8")
    os.utime(file, (time.time() - 60,) * 2)
    return file


def look(root: Path, instance: dg.DagsterInstance, cursor: str | None = None) -> tuple[dg.SensorExecutionData, str]:
    """What the sensor asks for, and its cursor afterwards."""
    definitions = build_definitions(load_project(root))
    sensor = definitions.get_sensor_def("inbox_sensor")
    with dg.build_sensor_context(instance=instance, cursor=cursor, definitions=definitions) as context:
        data = sensor.evaluate_tick(context)
        return data, context.cursor or ""


def test_there_is_one_where_there_is_an_inbox(root: Path) -> None:
    """A project with an inbox has the sensor and its job, one without has neither."""
    definitions = build_definitions(load_project(root))
    assert definitions.resolve_job_def(INBOX)
    without = project_of(root / "other", PRODUCTS.replace("LOAD", "full"))
    assert not build_definitions(without).sensors


def test_it_asks_once_for_the_same_files(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits: no run. A file waits: one run of today, which takes it; after a failure another one, later."""
    with dg.DagsterInstance.ephemeral() as instance:
        nothing, cursor = look(root, instance)
        assert (nothing.run_requests, cursor) == ([], "")
        drop(root, "王小明.csv")
        first, cursor = look(root, instance)
        (request,) = first.run_requests or []
        assert request.partition_key
        assert "王小明" not in f"{request}{cursor}"
        again, cursor = look(root, instance, cursor)
        assert not again.run_requests
        later = time.time() + 61
        monkeypatch.setattr(module.time, "time", lambda: later)
        retried, cursor = look(root, instance, cursor)
        assert len(retried.run_requests or []) == 1
        drop(root, "another.csv")
        other, _ = look(root, instance, cursor)
        assert len(other.run_requests or []) == 1


def test_it_waits_for_the_run_under_way(root: Path) -> None:
    """While a run loads from the inboxes, no other one is asked for."""
    drop(root, "a.csv")
    with dg.DagsterInstance.ephemeral() as instance:
        instance.create_run_for_job(
            build_definitions(load_project(root)).resolve_job_def(INBOX), status=dg.DagsterRunStatus.STARTED
        )
        data, _ = look(root, instance)
        assert not data.run_requests


def test_files_that_come_back_are_taken(root: Path) -> None:
    """{A} fails, {A, B} comes, B is taken away again: each time a run is asked for, under no key that was used before.

    Dagster starts no second run for a key, and says nothing.
    """
    with dg.DagsterInstance.ephemeral() as instance:
        cursor, keys = None, []
        drop(root, "a.csv")
        for is_there in (False, True, False):
            if is_there:
                drop(root, "b.csv")
            else:
                (root / "inbox" / "b.csv").unlink(missing_ok=True)
            data, cursor = look(root, instance, cursor)
            (request,) = data.run_requests or []
            keys.append(request.run_key)
        used = [key for key in keys if key is not None]
        assert len(used) == len(set(used))


def test_one_dead_bucket_does_not_stop_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of a folder are taken though a bucket can't be reached; with nothing else to do the tick fails."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    products = TEXT[TEXT.index("      products:") :]
    dead = products.replace("products:", "orders:\n        entity: products", 1).replace(
        '"inbox/*.csv"', '"s3://bucket/*.csv", endpoint_url: "http://127.0.0.1:9"'
    )
    project_of(tmp_path, TEXT.replace(products, dead + products))
    with dg.DagsterInstance.ephemeral() as instance:
        with pytest.raises(StoreError, match=r"erp\.orders"):
            look(tmp_path, instance)
        drop(tmp_path, "a.csv")
        data, _ = look(tmp_path, instance)
        assert len(data.run_requests or []) == 1
