"""Claims on inboxes: every complete file is loaded once, put away, and reported on."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crm_pipeline.errors import StoreError
from crm_pipeline.settings import Project
from crm_pipeline.sources import inbox as places
from crm_pipeline.steps.applying.standardise import apply_entity
from crm_pipeline.steps.days import business_today
from crm_pipeline.steps.landing import inbox as module
from crm_pipeline.steps.landing.inbox import FromInbox, land_inbox, waiting_of
from crm_pipeline.steps.looking.check import check_project, require_deliveries
from crm_pipeline.storage import ObjectStore, open_store
from crm_pipeline_tests.steps.building import PRODUCTS, day, project_of, running
from crm_pipeline_tests.storage.servers import S3Server, bucket, s3_server

__all__ = ["bucket", "s3_server"]

TEXT = PRODUCTS.replace('{file: "in/products_{date}.csv"}', '{file: "inbox/*.csv", inbox: true}').replace(
    "LOAD", "incremental"
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose only extract has an inbox."""
    return project_of(tmp_path, TEXT)


def drop(project: Project, name: str, content: str | bytes, *, seconds_ago: float = 60) -> Path:
    """A file dropped into the inbox so long ago."""
    file = project.root / "inbox" / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    then = time.time() - seconds_ago
    os.utime(file, (then, then))
    return file


def load(project: Project) -> FromInbox:
    with running(project) as run:
        return land_inbox(run, "erp", "products", [business_today(project)])


def below(project: Project, place: str) -> list[str]:
    return sorted(file.name for file in (project.root / "inbox" / place).glob("*"))


def test_each_file_is_a_delivery_and_put_away(project: Project) -> None:
    """Files are landed oldest first, each as a delivery of today, and lie in done/ with a report beside them."""
    drop(project, "b.csv", "id,code,cost\n1,A,1\n", seconds_ago=90)
    drop(project, "a.csv", "id,code,cost\n1,B,2\n2,C,3\n", seconds_ago=60)
    taken = load(project)
    assert [x.delivery.origin.file_name for x in taken.landed if x.delivery] == ["b.csv", "a.csv"]
    today = f"{business_today(project):%Y%m%d}"
    names = [f"{today}-0001-b.csv", f"{today}-0002-a.csv"]
    assert below(project, "done") == sorted([*names, *(f"{name}.report.json" for name in names)])
    report = json.loads((project.root / "inbox" / "done" / f"{names[1]}.report.json").read_text())
    assert (report["outcome"], report["rows"], report["read_as"]) == ("landed", 2, "csv, utf-8")
    with running(project) as run:
        apply_entity(run, "products")
        codes = "SELECT source_id, product_code FROM std.products WHERE valid_to IS NULL ORDER BY 1"
        assert run.warehouse.execute(codes) == [("1", "B"), ("2", "C")]
    assert waiting_of(project, "erp", "products") == []


def test_only_complete_files_wait(project: Project) -> None:
    """A file that was written to just now, a hidden one and a marker do not wait; the first does after its rest."""
    fresh = drop(project, "now.csv", "id,code,cost\n", seconds_ago=0)
    drop(project, ".part.csv", "id")
    drop(project, "~$lock.csv", "id")
    assert waiting_of(project, "erp", "products") == []
    os.utime(fresh, (time.time() - 11,) * 2)
    assert [file.file.name for file in waiting_of(project, "erp", "products")] == ["now.csv"]


def test_marker(tmp_path: Path) -> None:
    """With `marker: true` a file waits once <name>.done lies beside it, and takes it along."""
    project = project_of(tmp_path, TEXT.replace("inbox: true", "inbox: true, marker: true"))
    drop(project, "a.csv", "id,code,cost\n1,A,1\n")
    assert waiting_of(project, "erp", "products") == []
    drop(project, "a.csv.done", "", seconds_ago=0)
    assert len(load(project).landed) == 1
    assert [file for file in (tmp_path / "inbox").iterdir() if file.is_file()] == []


def test_the_same_bytes_are_loaded_once(project: Project) -> None:
    """A file that was loaded under whatever name is not landed again; it is put away with a word on it."""
    drop(project, "a.csv", "id,code,cost\n1,A,1\n")
    load(project)
    drop(project, "again.csv", "id,code,cost\n1,A,1\n")
    (again,) = load(project).landed
    assert not again.is_new
    reports = [json.loads(file.read_text()) for file in (project.root / "inbox" / "done").glob("*again*.json")]
    assert [report["outcome"] for report in reports] == ["landed before"]
    with running(project) as run:
        assert len(run.landing.deliveries("erp", "products")) == 1


def test_one_bad_file_does_not_stop_the_others(project: Project) -> None:
    """A file that can't be loaded lies in failed/ with what was expected and found; the others are loaded."""
    drop(project, "bad.csv", "wrong,header\n王小明,2\n", seconds_ago=90)
    drop(project, "empty.csv", "", seconds_ago=80)
    drop(project, "good.csv", "id,code,cost\n1,A,1\n")
    taken = load(project)
    assert (len(taken.landed), len(taken.failed)) == (1, 2)
    names = below(project, "failed")
    assert [name.partition("-")[2].partition("-")[2] for name in names] == [
        "bad.csv", "bad.csv.report.json", "empty.csv", "empty.csv.report.json",
    ]  # fmt: skip
    report = json.loads((project.root / "inbox" / "failed" / names[1]).read_text())
    assert "the column" in report["expected"]
    assert "drop the file into the inbox again" in report["what_to_do"]
    assert "王小明" not in json.dumps(report, ensure_ascii=False)


def test_a_crash_between_landing_and_putting_away(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was landed and not yet put away is put away by the next run, and counts once."""
    drop(project, "a.csv", "id,code,cost\n1,A,1\n")
    with monkeypatch.context() as patch:
        patch.setattr(places._FolderInbox, "put_away", interrupt)
        with pytest.raises(KeyboardInterrupt):
            load(project)
    assert len(waiting_of(project, "erp", "products")) == 1
    load(project)
    assert waiting_of(project, "erp", "products") == []
    with running(project) as run:
        assert len(run.landing.deliveries("erp", "products")) == 1


def test_a_name_that_looks_like_a_pattern(project: Project) -> None:
    """Names with brackets, braces and Chinese are no patterns."""
    drop(project, "客户[1]{date}*.csv", "id,code,cost\n1,A,1\n")
    drop(project, "客户1.csv", "id,code,cost\n2,B,1\n")
    assert sorted(x.delivery.row_count for x in load(project).landed if x.delivery) == [1, 1]
    assert waiting_of(project, "erp", "products") == []


def test_an_inbox_without_files_is_no_error(project: Project) -> None:
    """An empty or missing inbox is fine for `check` and for a run, of today and of the past."""
    assert [part.error for part in check_project(project, day(5))] == [None] * 7
    with running(project) as run:
        require_deliveries(project, run.landing, [day(5)])
        assert land_inbox(run, "erp", "products", [day(5)]) == FromInbox((), ())
    assert load(project) == FromInbox((), ())
    assert module.has_inbox(project.config.sources["erp"].extracts["products"])


@pytest.mark.parametrize("load_as", ["full", "incremental"])
def test_a_change_back_is_a_change(tmp_path: Path, load_as: str) -> None:
    """A, B and A again are three deliveries, of wholes as of changes: the last one is the state."""
    project = project_of(tmp_path, TEXT.replace("incremental", load_as))
    for number, code in enumerate("ABA"):
        drop(project, f"{number}.csv", f"id,code,cost\n1,{code},1\n")
        assert [x.is_new for x in load(project).landed] == [True]
    with running(project) as run:
        apply_entity(run, "products")
        assert run.warehouse.value("SELECT product_code FROM std.products WHERE valid_to IS NULL") == "A"


def test_a_crash_is_remembered_over_other_files(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A landed file that a crash left in the inbox is known again after an older one was landed before it."""
    drop(project, "a.csv", "id,code,cost\n1,A,1\n")
    with monkeypatch.context() as patch:
        patch.setattr(places._FolderInbox, "put_away", interrupt)
        with pytest.raises(KeyboardInterrupt):
            load(project)
    drop(project, "older.csv", "id,code,cost\n1,B,1\n", seconds_ago=600)
    assert [x.is_new for x in load(project).landed] == [True, False]
    assert waiting_of(project, "erp", "products") == []


def test_a_link_is_not_followed(project: Project, tmp_path: Path) -> None:
    """A symbolic link in the inbox stays where it is, and what it leads to is not read."""
    (tmp_path / "elsewhere.csv").write_text("id,code,cost\n1,A,1\n")
    drop(project, "a.csv", "id,code,cost\n2,B,1\n")
    (project.root / "inbox" / "link.csv").symlink_to(tmp_path / "elsewhere.csv")
    assert [file.file.name for file in waiting_of(project, "erp", "products")] == ["a.csv"]


def test_a_file_taken_back(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that its owner takes away after it was listed stops nothing; the others are loaded."""
    drop(project, "a.csv", "id,code,cost\n1,A,1\n", seconds_ago=90)
    drop(project, "b.csv", "id,code,cost\n2,B,1\n")
    landed = module._land_file

    def take_back_and_land(run: Any, source: str, name: str, file: Any, **options: Any) -> Any:
        if file.name == "a.csv":
            Path(file.path).unlink()
        return landed(run, source, name, file, **options)

    monkeypatch.setattr(module, "_land_file", take_back_and_land)
    taken = load(project)
    assert (len(taken.landed), len(taken.failed)) == (1, 1)


@pytest.mark.parametrize("name", ["客户" * 40 + ".csv", "x" * 251 + ".csv"])
def test_a_long_name(project: Project, name: str) -> None:
    """A file whose name is as long as a folder takes is put away under a shorter one of its own."""
    drop(project, name, "id,code,cost\n1,A,1\n")
    assert [x.is_new for x in load(project).landed] == [True]
    done = below(project, "done")
    assert len(done) == 2
    assert done[0].endswith(".csv")
    assert waiting_of(project, "erp", "products") == []


def test_a_project_whose_path_looks_like_a_pattern(tmp_path: Path) -> None:
    """An inbox is found in a folder with brackets in its name."""
    project = project_of(tmp_path / "sales [1]*", TEXT)
    drop(project, "a.csv", "id,code,cost\n1,A,1\n")
    assert [x.is_new for x in load(project).landed] == [True]


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_file_replaced_while_it_is_landed_waits_on(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is dropped under the same name after the file was landed is not put away with it, and is loaded next."""
    drop(project, "a.csv", "id,code,cost\n1,A,1\n")
    landed = module._land_file

    def land_and_replace(*arguments: Any, **options: Any) -> Any:
        one = landed(*arguments, **options)
        drop(project, "a.csv", "id,code,cost\n1,REPLACED,1\n")
        return one

    with monkeypatch.context() as patch:
        patch.setattr(module, "_land_file", land_and_replace)
        load(project)
    assert [file.file.name for file in waiting_of(project, "erp", "products")] == ["a.csv"]
    assert [x.is_new for x in load(project).landed] == [True]


def test_a_loss_that_a_person_accepts(tmp_path: Path) -> None:
    """With load full a file that lacks records fails; dropped again with the loss accepted it is landed."""
    project = project_of(tmp_path, TEXT.replace("incremental", "full"))
    rows = [f"{n},C{n},1\n" for n in range(40)]
    drop(project, "all.csv", "id,code,cost\n" + "".join(rows))
    load(project)
    drop(project, "few.csv", "id,code,cost\n" + "".join(rows[:30]))
    (refused,) = load(project).failed
    assert "delete_limit" in str(refused)
    drop(project, "few.csv", "id,code,cost\n" + "".join(rows[:30]))
    with running(project) as run:
        (landed,) = land_inbox(run, "erp", "products", [business_today(project)], accept_loss=True).landed
    assert landed.delivery is not None
    assert (landed.delivery.row_count, bool(landed.delivery.accepted_loss)) == (30, True)


@dataclass
class Bucket:
    """A project whose inbox is a prefix of a bucket on a real server."""

    project: Project
    store: ObjectStore

    def listed(self, prefix: str = "") -> list[str]:
        return [info.key for info in self.store.list(prefix)]


@pytest.fixture
def in_bucket(tmp_path: Path, bucket: str, s3_server: S3Server) -> Callable[[str], Bucket]:
    """Makes the project, with further keys of `read:`."""

    def made(keys: str = "") -> Bucket:
        read = f'{{file: "s3://{bucket}/crm/in/*.csv", endpoint_url: "{s3_server.url}", inbox: true{keys}}}'
        project = project_of(tmp_path, TEXT.replace('{file: "inbox/*.csv", inbox: true}', read))
        return Bucket(project, open_store(f"s3://{bucket}/crm/in", endpoint_url=s3_server.url, base=tmp_path))

    return made


def test_a_bucket(in_bucket: Callable[[str], Bucket]) -> None:
    """Objects below the prefix are landed once and put away with reports; hidden ones and other folders stay."""
    place = in_bucket("")
    place.store.put("客户[1]{x}.csv", "id,code,cost\n1,甲,1\n".encode())
    place.store.put("bad.csv", b"wrong,header\n1,2\n")
    for other in (".part.csv", "notes.txt", "later/c.csv"):
        place.store.put(other, b"id,code,cost\n9,Z,1\n")
    assert sorted(file.file.name for file in waiting_of(place.project, "erp", "products")) == [
        "bad.csv",
        "客户[1]{x}.csv",
    ]
    taken = load(place.project)
    assert [x.delivery.row_count for x in taken.landed if x.delivery] == [1]
    (failed,) = taken.failed
    assert failed.where.startswith("erp.products, s3://")
    assert failed.where.endswith("/crm/in/bad.csv")
    done = f"done/{business_today(place.project):%Y%m%d}-0001-客户[1]{{x}}.csv"
    assert place.listed("done/") == [done, f"{done}.report.json"]
    assert json.loads(place.store.read_bytes(f"{done}.report.json"))["rows"] == 1
    assert len(place.listed("failed/")) == 2
    assert waiting_of(place.project, "erp", "products") == []
    assert {".part.csv", "notes.txt", "later/c.csv"} < set(place.listed())


def test_a_bucket_with_markers(in_bucket: Callable[[str], Bucket]) -> None:
    """With `marker: true` an object waits once <name>.done lies beside it, which goes when it does."""
    place = in_bucket(", marker: true")
    place.store.put("a.csv", b"id,code,cost\n1,A,1\n")
    assert waiting_of(place.project, "erp", "products") == []
    place.store.put("a.csv.done", b"")
    assert len(load(place.project).landed) == 1
    assert [key for key in place.listed() if "/" not in key] == []


def test_an_object_replaced_while_it_is_landed(
    in_bucket: Callable[[str], Bucket], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is put under the same key after it was landed stays, and is loaded next."""
    place = in_bucket("")
    place.store.put("a.csv", b"id,code,cost\n1,A,1\n")
    landed = module._land_file

    def land_and_replace(*arguments: Any, **options: Any) -> Any:
        one = landed(*arguments, **options)
        place.store.put("a.csv", b"id,code,cost\n1,REPLACED,1\n")
        return one

    with monkeypatch.context() as patch:
        patch.setattr(module, "_land_file", land_and_replace)
        load(place.project)
    assert [file.file.name for file in waiting_of(place.project, "erp", "products")] == ["a.csv"]
    assert [x.is_new for x in load(place.project).landed] == [True]
    assert waiting_of(place.project, "erp", "products") == []


def test_a_bucket_that_is_not_there(in_bucket: Callable[[str], Bucket], s3_server: S3Server) -> None:
    """The refusal names source, extract and bucket."""
    place = in_bucket("")
    place.store.put("a.csv", b"")
    (key,) = place.listed()
    name = place.store.describe().removeprefix("s3://").split("/")[0]
    s3_server.client.delete_object(Bucket=name, Key=f"crm/in/{key}")
    s3_server.client.delete_bucket(Bucket=name)
    with pytest.raises(StoreError, match=f"erp.products, .*{name}.*Create the bucket"):
        load(place.project)
