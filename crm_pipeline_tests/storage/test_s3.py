"""What only a service can get wrong: refusals, absence, silence. No secret shows in any of it."""

from __future__ import annotations

import base64
import hashlib
import socket
import traceback
from collections.abc import Callable
from pathlib import Path

import botocore.exceptions as boto
import pytest

from crm_pipeline.errors import StoreError
from crm_pipeline.storage import ObjectStore, open_store
from crm_pipeline.storage.s3_errors import translated
from crm_pipeline_tests.storage.servers import S3Server

CALLS: list[Callable[[ObjectStore, Path], object]] = [
    lambda store, _: store.put("key", b"x"),
    lambda store, _: store.put("key", b"x", if_absent=True),
    lambda store, file: store.put("key", file),
    lambda store, _: store.read_bytes("key"),
    lambda store, _: store.list(),
    lambda store, _: store.delete("key"),
    lambda store, _: store.exists("key"),
]


@pytest.fixture(params=range(len(CALLS)))
def call(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[ObjectStore], object]:
    (tmp_path / "file").write_bytes(b"x")
    return lambda store: CALLS[request.param](store, tmp_path / "file")


def test_a_missing_bucket_is_named(call, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:  # noqa: ANN001
    """Every call on a bucket that does not exist says so, with its name, and is not worth a retry."""
    s3_server.use_credentials(monkeypatch)
    with pytest.raises(StoreError, match="a bucket named no-such-bucket") as caught:
        call(open_store("s3://no-such-bucket/x", endpoint_url=s3_server.url, base=tmp_path))
    assert not caught.value.transient


@pytest.mark.parametrize("wrong", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_refused_credentials(
    call: Callable[[ObjectStore], object],
    wrong: str,
    bucket: str,
    s3_server: S3Server,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Every call with an unknown key id or a wrong secret is a lasting error that shows neither, in no traceback."""
    marker = "MARKERqzx81"
    monkeypatch.setenv(wrong, marker)
    store = open_store(f"s3://{bucket}", endpoint_url=s3_server.url, base=tmp_path)
    with pytest.raises(StoreError, match="a refusal") as caught:
        call(store)
    assert not caught.value.transient
    shown = "".join(traceback.format_exception(caught.value)) + store.describe() + repr(store)
    assert marker not in shown
    assert s3_server.secret_access_key not in shown
    assert s3_server.access_key_id not in shown


def test_no_credentials(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without credentials the message says which variables to set."""
    s3_server.use_credentials(monkeypatch)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(StoreError, match="AWS_ACCESS_KEY_ID"):
        open_store("s3://some-bucket", endpoint_url=s3_server.url, base=tmp_path).list()


def test_an_unreachable_endpoint_is_transient(
    s3_server: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An endpoint where nobody listens is a transient error that names the endpoint."""
    s3_server.use_credentials(monkeypatch)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: refuses
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(StoreError, match="an answer from the store") as caught:
            open_store("s3://some-bucket", endpoint_url=url, base=tmp_path).list()
    assert caught.value.transient
    assert url in str(caught.value)


@pytest.mark.parametrize(
    ("code", "status", "transient"),
    [
        ("SlowDown", 503, True),
        ("InternalError", 500, True),
        ("RequestTimeout", 400, True),
        ("SomethingNew", 502, True),
        ("EntityTooLarge", 400, False),
        ("ExpiredToken", 400, False),
        ("ConditionalRequestConflict", 409, False),
    ],
)
def test_answers_say_whether_to_retry(code: str, status: int, transient: bool) -> None:
    """Overload and server faults are transient, wrong requests are not; the answer's text is never repeated."""
    answer = {"Error": {"Code": code, "Message": "MARKER"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    error = translated(boto.ClientError(answer, "PutObject"), where="s3://b", bucket="b", key="k")  # type: ignore[arg-type]
    assert error.transient is transient
    assert "MARKER" not in str(error)


def test_the_service_keeps_a_sha256(bucket: str, s3_server: S3Server, tmp_path: Path) -> None:
    """Objects are put with a SHA-256 checksum, which the service keeps."""
    store = open_store(f"s3://{bucket}", endpoint_url=s3_server.url, base=tmp_path)
    (tmp_path / "file").write_bytes(b"x")
    store.put("bytes", b"x")
    store.put("file", tmp_path / "file")
    for key in ("bytes", "file"):
        head = s3_server.client.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
        assert head["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(b"x").digest()).decode()


def test_a_long_listing_is_complete(bucket: str, s3_server: S3Server, tmp_path: Path) -> None:
    """A listing that the service answers in several pages is complete."""
    store = open_store(f"s3://{bucket}/many", endpoint_url=s3_server.url, base=tmp_path)
    for number in range(10):
        store.put(f"{number:02d}", b"")
    assert s3_server.client.list_objects_v2(Bucket=bucket)["IsTruncated"]
    assert [each.key for each in store.list()] == [f"{number:02d}" for number in range(10)]
