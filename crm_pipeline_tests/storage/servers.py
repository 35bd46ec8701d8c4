"""Stores to test with, a folder and a real S3 server on this machine, which other test folders use too."""

from __future__ import annotations

import atexit
import functools
import os
import secrets
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from crm_pipeline.storage import ObjectStore, open_store

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_POLICY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'
_SETTINGS = {
    "INITIAL_NO_AUTH_ACTION_COUNT": "3",  # the calls that make the user; all later ones must be signed by it
    "MOTO_S3_DEFAULT_MAX_KEYS": "3",  # so that every listing is answered in pages
    "NO_PROXY": "127.0.0.1",
}
_SERVER = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print("http://%s:%s" % server.get_host_and_port(), flush=True)
sys.stdin.read()
server.stop()
"""


@dataclass(frozen=True)
class S3Server:
    """A running server that refuses unknown keys and wrong secrets."""

    url: str
    access_key_id: str
    secret_access_key: str

    def use_credentials(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Make boto3's chain find this server's credentials and nothing else."""
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", self.access_key_id)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", self.secret_access_key)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            monkeypatch.delenv(name, raising=False)

    @functools.cached_property
    def client(self) -> S3Client:
        """A client of boto3 for looking behind the store."""
        return self.connect("s3")

    def connect(self, service: str) -> Any:
        """A client of boto3 for a service of this server."""
        return boto3.session.Session().client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.url,
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
            region_name="us-east-1",
        )


@pytest.fixture(scope="session")
def s3_server() -> S3Server:
    """The server of this test process."""
    return _running_server()


@pytest.fixture
def bucket(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """A new empty bucket; its credentials are in the environment."""
    s3_server.use_credentials(monkeypatch)
    name = f"bucket-{secrets.token_hex(6)}"
    s3_server.client.create_bucket(Bucket=name)
    return name


@pytest.fixture(params=["folder", "s3"])
def open_place(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], ObjectStore]:
    """Opens a store of each kind by the name of a place in it; two names are two stores that must not mix."""
    if request.param == "folder":
        return lambda name: open_store(f"stores/{name}", base=tmp_path)
    server: S3Server = request.getfixturevalue("s3_server")
    name_of_bucket: str = request.getfixturevalue("bucket")
    return lambda name: open_store(f"s3://{name_of_bucket}/{name}", endpoint_url=server.url, base=tmp_path)


@pytest.fixture
def store(open_place: Callable[[str], ObjectStore]) -> ObjectStore:
    """An empty store, once as a folder, once as a bucket."""
    return open_place("place")


@functools.cache
def _running_server() -> S3Server:
    """One server for all test folders of this process; it ends when its standard input does, whatever happens to us."""
    server = subprocess.Popen(
        [sys.executable, "-c", _SERVER],
        env=os.environ | _SETTINGS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    atexit.register(server.communicate)
    assert server.stdout is not None
    url = server.stdout.readline().strip()
    iam = S3Server(url, "setup", "setup").connect("iam")
    iam.create_user(UserName="backup")
    iam.put_user_policy(UserName="backup", PolicyName="s3", PolicyDocument=_POLICY)
    made = iam.create_access_key(UserName="backup")["AccessKey"]
    return S3Server(url, made["AccessKeyId"], made["SecretAccessKey"])
