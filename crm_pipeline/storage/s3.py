"""Objects in a bucket of Amazon S3 or a service that speaks its protocol.

Belongs here: every use of boto3. Does not belong here: what botocore's errors mean for people (`s3_errors`).
"""

from __future__ import annotations

import builtins
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from crm_pipeline.errors import StoreError
from crm_pipeline.storage.interface import CHUNK_BYTES, ObjectInfo, check_key
from crm_pipeline.storage.s3_errors import translated

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

LARGEST_CONDITIONAL_BYTES = 5 << 30
"""Largest object of one PutObject request, 5 GiB (Amazon S3 quotas); a conditional put is one request."""

_OTHER_THAN_LISTED = {404, 412}
_NOT_IMPLEMENTED = 501

_TRANSFER = TransferConfig(
    multipart_threshold=64 << 20,
    multipart_chunksize=64 << 20,  # 10,000 parts at most: files up to 640 GB
    max_concurrency=4,
    preferred_transfer_client="classic",  # the same behaviour with and without the optional native client
)


class S3Store:
    """A store in a bucket, below a prefix. Credentials and region come from boto3's own chain.

    Args:
        bucket: must exist.
        prefix: put before each key with a `/`; empty for none.
        endpoint_url: of a compatible service, which is then addressed by path; null for Amazon.
    """

    def __init__(self, bucket: str, prefix: str, endpoint_url: str | None) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._endpoint_url = endpoint_url
        with self._translated():
            self._client: S3Client = boto3.session.Session().client(
                "s3", endpoint_url=endpoint_url, config=_client_config(by_path=endpoint_url is not None)
            )

    def put(self, key: str, content: Path | bytes, *, if_absent: bool = False) -> None:
        """The object under `key`, with a SHA-256 that the service checks. See `ObjectStore.put`."""
        check_key(self.describe(), key)
        with self._translated(key):
            if isinstance(content, bytes):
                self._put_object(key, content, if_absent=if_absent)
            elif if_absent:
                self._put_file_if_absent(key, content)
            else:
                self._client.upload_file(
                    str(content),
                    self._bucket,
                    self._prefix + key,
                    ExtraArgs={"ChecksumAlgorithm": "SHA256"},
                    Config=_TRANSFER,
                )

    def get(self, key: str) -> Iterator[bytes]:
        """The object's bytes in pieces. See `ObjectStore.get`."""
        check_key(self.describe(), key)
        with self._translated(key):
            body = self._client.get_object(Bucket=self._bucket, Key=self._prefix + key)["Body"]
            with contextlib.closing(body):
                yield from body.iter_chunks(CHUNK_BYTES)

    def read_bytes(self, key: str) -> bytes:
        """The whole object, in memory."""
        return b"".join(self.get(key))

    def list(self, prefix: str = "") -> builtins.list[ObjectInfo]:
        """All objects under `prefix`, ordered by key. See `ObjectStore.list`."""
        with self._translated(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix + prefix
            )
            found = [
                ObjectInfo(
                    item["Key"].removeprefix(self._prefix), item["Size"], item.get("ETag", ""), item.get("LastModified")
                )
                for page in pages
                for item in page.get("Contents", [])
            ]
        return sorted(found, key=lambda info: info.key)

    def delete(self, key: str) -> None:
        """No object under `key`; in a bucket with versioning, a delete marker over the older versions."""
        check_key(self.describe(), key)
        with self._translated(key):
            self._client.delete_object(Bucket=self._bucket, Key=self._prefix + key)

    def move(self, listed: ObjectInfo, to: str) -> bool:
        """Whether the object as listed was moved. See `ObjectStore.move`.

        The service itself compares while it copies, and where it can while it deletes.
        """
        check_key(self.describe(), listed.key)
        check_key(self.describe(), to)
        source = self._prefix + listed.key
        with self._translated(listed.key):
            try:
                self._client.copy(
                    {"Bucket": self._bucket, "Key": source},
                    self._bucket,
                    self._prefix + to,
                    ExtraArgs={"CopySourceIfMatch": listed.etag},
                    Config=_TRANSFER,
                )
                self._delete_if_same(listed)
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] in _OTHER_THAN_LISTED:
                    return False
                raise
        return True

    def _delete_if_same(self, listed: ObjectInfo) -> None:
        source = self._prefix + listed.key
        try:
            self._client.delete_object(Bucket=self._bucket, Key=source, IfMatch=listed.etag)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != _NOT_IMPLEMENTED:
                raise
            # A service without conditional deletes: compared just before, which is all that it can do.
            self._client.head_object(Bucket=self._bucket, Key=source, IfMatch=listed.etag)
            self._client.delete_object(Bucket=self._bucket, Key=source)

    def exists(self, key: str) -> bool:
        """Whether there is an object under `key`, by a listing: HEAD can't tell a missing bucket from a missing key."""
        check_key(self.describe(), key)
        with self._translated(key):
            page = self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix + key, MaxKeys=1)
        return any(item["Key"] == self._prefix + key for item in page.get("Contents", []))

    def describe(self) -> str:
        """`s3://bucket/prefix`, and the endpoint where one is set."""
        place = f"s3://{self._bucket}/{self._prefix}".rstrip("/")
        return f"{place} at {self._endpoint_url}" if self._endpoint_url else place

    def _put_object(self, key: str, content: bytes, *, if_absent: bool) -> None:
        if if_absent:
            self._client.put_object(
                Bucket=self._bucket, Key=self._prefix + key, Body=content, ChecksumAlgorithm="SHA256", IfNoneMatch="*"
            )
        else:
            self._client.put_object(
                Bucket=self._bucket, Key=self._prefix + key, Body=content, ChecksumAlgorithm="SHA256"
            )

    def _put_file_if_absent(self, key: str, file: Path) -> None:
        size_bytes = file.stat().st_size
        if size_bytes > LARGEST_CONDITIONAL_BYTES:
            raise StoreError(
                where=f"{self.describe()}/{key}",
                expected="at most 5 GiB in a conditional put",
                found=f"{size_bytes} bytes",
                cure="Put it under a new key without the condition.",
                transient=False,
            )
        with file.open("rb") as body:
            self._client.put_object(
                Bucket=self._bucket, Key=self._prefix + key, Body=body, ChecksumAlgorithm="SHA256", IfNoneMatch="*"
            )

    @contextlib.contextmanager
    def _translated(self, key: str = "") -> Iterator[None]:
        try:
            yield
        except (BotoCoreError, ClientError, Boto3Error) as error:
            raise translated(error, where=self.describe(), bucket=self._bucket, key=key) from None
        except OSError as error:
            raise StoreError(
                where=f"{self.describe()}/{key}",
                expected="a local file that can be read",
                found=error.strerror or type(error).__name__,
                cure="Check that the file is there and readable.",
                transient=False,
            ) from None


def _client_config(*, by_path: bool) -> Config:
    return Config(
        s3={"addressing_style": "path" if by_path else "auto"},
        retries={"mode": "standard", "total_max_attempts": 4},
        connect_timeout=10,
        read_timeout=60,
    )
