"""What a line of configuration opens, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from crm_pipeline.errors import ConfigurationError, StoreError
from crm_pipeline.storage import open_store


def test_folders_are_relative_to_the_project(tmp_path: Path) -> None:
    """A relative folder lies in the project, an absolute one where it says, and opening makes nothing."""
    assert open_store("backup", base=tmp_path).describe() == str(tmp_path / "backup")
    assert open_store(str(tmp_path / "x"), base=Path("/elsewhere")).describe() == str(tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("to", "endpoint_url"),
    [
        ("", None),
        ("ftp://host/x", None),
        ("s3://", None),
        ("s3://Bad_Bucket/x", None),
        ("s3://user:MARKER@bucket/x", None),
        ("s3://bucket/x?secret=MARKER", None),
        ("backup", "http://127.0.0.1:9000"),
        ("s3://bucket", "127.0.0.1:9000"),
        ("s3://bucket", "http://user:MARKER@127.0.0.1:9000"),
        ("s3://bucket", "http://127.0.0.1:99999"),
        ("s3://bucket", "ftp://127.0.0.1"),
    ],
)
def test_wrong_places_are_refused(to: str, endpoint_url: str | None, tmp_path: Path) -> None:
    """A place that is not understood or holds credentials is an error of configuration that does not repeat it."""
    with pytest.raises(ConfigurationError) as caught:
        open_store(to, endpoint_url=endpoint_url, base=tmp_path)
    assert caught.value.exit_code == 2
    assert "MARKER" not in str(caught.value)


def test_a_prefix_can_not_climb(tmp_path: Path) -> None:
    """A prefix with `..` is refused."""
    with pytest.raises(StoreError):
        open_store("s3://bucket/a/../b", base=tmp_path)


def test_a_folder_needs_no_boto3() -> None:
    """Opening a folder does not import boto3."""
    code = (
        "import sys; from pathlib import Path; from crm_pipeline.storage import open_store; "
        "open_store('x', base=Path('/tmp')); sys.exit('boto3' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
