"""Claims on backups in an object store: the same commands, another line in pipeline.yaml."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crm_pipeline_tests import projects
from crm_pipeline_tests.e2e.crash import CommandLine
from crm_pipeline_tests.e2e.days import contents
from crm_pipeline_tests.e2e.forgetful import forget_runs
from crm_pipeline_tests.storage.servers import S3Server, bucket, s3_server

__all__ = ["bucket", "s3_server"]


@pytest.fixture
def remote(small: projects.Finished, tmp_path: Path, bucket: str, s3_server: S3Server) -> tuple[Path, dict[str, str]]:
    """The small project with its backups in a bucket of their own, and the credentials as environment."""
    project = forget_runs(projects.copy(small.folder, tmp_path / "remote"))
    file = project / "pipeline.yaml"
    text = file.read_text()
    place = f"{{to: s3://{bucket}/crm/backup, endpoint_url: '{s3_server.url}', "
    assert "{to: backup, " in text
    file.write_text(text.replace("{to: backup, ", place))
    return project, {
        "AWS_ACCESS_KEY_ID": s3_server.access_key_id,
        "AWS_SECRET_ACCESS_KEY": s3_server.secret_access_key,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
    }


@pytest.mark.slow
def test_run_list_verify_and_restore_with_s3(
    remote: tuple[Path, dict[str, str]],
    command: CommandLine,
    tmp_path: Path,
    bucket: str,
    s3_server: S3Server,
) -> None:
    """A run backs up to the bucket, encrypted; list, verify and restore read it from there, equal to the originals."""
    project, env = remote
    local = contents(project, "backup")

    done = command("run", "--date", projects.DATE, "--json", "--project", project, env=env)
    assert done.returncode == 0, done.stderr
    assert "read back and equal" in json.loads(done.stdout)["backup"]
    assert contents(project, "backup") == local
    keys = [each["Key"] for page in _pages(s3_server, bucket) for each in page.get("Contents", ())]
    assert len(keys) > 20
    assert all(key.startswith("crm/backup/snapshots/") for key in keys)

    listed = command("backup", "list", "--json", "--project", project, env=env)
    [snapshot] = json.loads(listed.stdout)
    assert snapshot["kind"] == "full"
    verified = command("backup", "verify", "--json", "--project", project, env=env)
    assert json.loads(verified.stdout) == {"snapshot_id": snapshot["snapshot_id"], "is_good": True, "problems": []}

    restored = tmp_path / "restored"
    done = command("backup", "restore", "--into", restored, "--project", project, env=env)
    assert done.returncode == 0, done.stderr
    files = contents(restored, ".")
    assert files == {path: content for path, content in contents(project, ".").items() if path in files}
    assert set(contents(project, "state/landing", "state/ledger", "state/models", "published/crm.duckdb")) <= set(files)


def test_wrong_credentials_are_one_line(remote: tuple[Path, dict[str, str]], command: CommandLine) -> None:
    """With a wrong secret a backup is refused in one line that names the store and shows no secret."""
    project, env = remote
    done = command("backup", "list", "--project", project, env={**env, "AWS_SECRET_ACCESS_KEY": "not-the-secret"})
    assert done.returncode in {2, 3}
    assert done.stderr.startswith("error: s3://")
    assert done.stderr.count("\n") == 1
    assert "not-the-secret" not in done.stderr


def _pages(server: S3Server, name: str) -> list[dict[str, list[dict[str, str]]]]:
    return list(server.client.get_paginator("list_objects_v2").paginate(Bucket=name))  # type: ignore[arg-type]
