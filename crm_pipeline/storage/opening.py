"""The store that a line of configuration names.

Belongs here: the choice of the kind of store. Does not belong here: the kinds. boto3 is imported only when a bucket is
named, as that takes a moment.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.storage.folder import FolderStore
from crm_pipeline.storage.interface import ObjectStore, check_key

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
"""Names of buckets: Amazon S3, bucket naming rules."""


def open_store(to: str, *, endpoint_url: str | None = None, base: Path) -> ObjectStore:
    """The store named by `to`; nothing is asked of it yet.

    Args:
        to: a folder, relative to `base` or absolute, or `s3://bucket/prefix`.
        endpoint_url: of an S3-compatible service; null for Amazon. Not for folders.
        base: the project folder.

    Raises:
        ConfigurationError: `to` or `endpoint_url` can't be understood or holds credentials.
    """
    if to.startswith("s3://"):
        return _open_bucket(to.removeprefix("s3://"), endpoint_url)
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", to)
    if scheme or not to.strip():
        raise _wrong("a folder or s3://bucket/prefix", f"{scheme[1]}://" if scheme else "nothing")
    if endpoint_url is not None:
        raise _wrong("an endpoint only together with s3://bucket/prefix", "an endpoint and a folder")
    return FolderStore(base / Path(to).expanduser())


def _open_bucket(place: str, endpoint_url: str | None) -> ObjectStore:
    from crm_pipeline.storage.s3 import S3Store  # noqa: PLC0415  boto3 costs time and memory that a folder does not need

    bucket, _, prefix = place.partition("/")
    if not _BUCKET.fullmatch(bucket) or any(character in prefix for character in "?#@"):
        raise _wrong("s3://bucket/prefix with a valid bucket name and no credentials", "another form")
    if prefix.strip("/"):
        check_key("prefix of the store", prefix.strip("/"))
    if endpoint_url is not None:
        _check_endpoint(endpoint_url)
    return S3Store(bucket, prefix, endpoint_url)


def _check_endpoint(endpoint_url: str) -> None:
    try:
        parts = urlsplit(endpoint_url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise _wrong("http(s)://host:port", "an address that can't be read") from None
    if not usable or parts.username or parts.password or parts.query or parts.fragment:
        raise _wrong("http(s)://host:port without credentials", "another form")


def _wrong(expected: str, found: str) -> ConfigurationError:
    return ConfigurationError(
        where="object store", expected=expected, found=found, cure="Correct `to` or `endpoint_url`."
    )
