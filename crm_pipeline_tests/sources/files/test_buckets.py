"""Claims on files in a bucket, over a real server: read as local ones are, compared before and after, never half."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from crm_pipeline.errors import DeliveryError, StoreError
from crm_pipeline.settings import FileRead
from crm_pipeline.sources.files import dates_available, is_delivered
from crm_pipeline.storage.s3 import S3Store
from crm_pipeline_tests.sources.reading import DAY, read_all
from crm_pipeline_tests.storage.servers import S3Server, bucket, s3_server

__all__ = ["bucket", "s3_server"]

CSV = "姓名,市\n王,京\n".encode("gb18030")


@pytest.fixture
def put(bucket: str, s3_server: S3Server) -> dict[str, bytes]:
    """What the bucket holds: two dated files, three parts of one delivery, and something else."""
    objects = {
        "crm/c_20260105.csv": CSV,
        "crm/c_20260104.csv": CSV,
        "crm/2026-01-05/part-1.csv": b"a,b\n1,2\n",
        "crm/2026-01-05/part-2.csv": b"a,b\n3,4\n",
        "crm/2026-01-05/deep/part-3.csv": b"x\n",
        "crm/c_20260105.csv.old": b"x\n",
    }
    for key, content in objects.items():
        s3_server.client.put_object(Bucket=bucket, Key=key, Body=content)
    return objects


def reading(bucket: str, server: S3Server, path: str) -> FileRead:
    return FileRead(file=f"s3://{bucket}/{path}", endpoint_url=server.url)


@pytest.mark.usefixtures("put")
def test_dated_object(tmp_path: Path, bucket: str, s3_server: S3Server) -> None:
    """The object of a date is read as a local file is, its dates are known, and no copy of it stays."""
    read = reading(bucket, s3_server, "crm/c_{date:%Y%m%d}.csv")
    found = read_all(tmp_path, read)
    assert found.frame.rows() == [("王", "京", 2)]
    assert (found.origin.file_name, found.origin.encoding) == ("c_20260105.csv", "gb18030")
    assert dates_available(read, tmp_path) == [date(2026, 1, 4), DAY]
    assert is_delivered(read, tmp_path, DAY)
    assert not is_delivered(read, tmp_path, date(2026, 1, 6))
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.usefixtures("put")
def test_objects_that_match_are_one_delivery(tmp_path: Path, bucket: str, s3_server: S3Server) -> None:
    """A pattern takes the objects of one level that match, sorted, as one delivery."""
    read = reading(bucket, s3_server, "crm/{date}/part-*.csv")
    found = read_all(tmp_path, read)
    assert [row[:2] for row in found.frame.rows()] == [("1", "2"), ("3", "4")]
    assert [part.file_name for part in found.origin.parts] == ["part-1.csv", "part-2.csv"]
    assert dates_available(read, tmp_path) == [DAY]


@pytest.mark.usefixtures("put")
def test_missing_object(tmp_path: Path, bucket: str, s3_server: S3Server) -> None:
    """A missing object is answered with the newest day that is there, or with what lies beside it."""
    with pytest.raises(DeliveryError, match=r"--date 2026-01-05\.") as caught:
        read_all(tmp_path, reading(bucket, s3_server, "crm/c_{date:%Y%m%d}.csv"), day=date(2026, 1, 9))
    assert caught.value.where == "crm.customers"
    with pytest.raises(DeliveryError, match=r"crm/ holds .*c_20260105\.csv"):
        read_all(tmp_path, reading(bucket, s3_server, "crm/orders.csv"))


@pytest.mark.usefixtures("put")
def test_object_replaced_while_it_is_copied(
    tmp_path: Path, bucket: str, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An object that is replaced while it is copied, even by one of the same size, is refused."""
    get = S3Store.get

    def replacing(store: S3Store, key: str) -> Iterator[bytes]:
        yield from get(store, key)
        s3_server.client.put_object(Bucket=bucket, Key=key, Body=CSV.replace("京".encode("gb18030"), b"12"))

    monkeypatch.setattr(S3Store, "get", replacing)
    with pytest.raises(DeliveryError, match="changed, replaced or removed") as caught:
        read_all(tmp_path, reading(bucket, s3_server, "crm/c_{date:%Y%m%d}.csv"))
    assert caught.value.where == f"crm.customers, s3://{bucket}/crm/c_20260105.csv"


def test_refused_credentials(tmp_path: Path, bucket: str, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that are refused are said with source and extract, and without the secret."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong-secret")
    with pytest.raises(StoreError) as caught:
        read_all(tmp_path, reading(bucket, s3_server, "crm/c.csv"))
    assert caught.value.where.startswith(f"crm.customers, s3://{bucket}")
    assert "credentials" in caught.value.expected
    assert "wrong-secret" not in str(caught.value)
