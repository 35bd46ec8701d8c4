"""The package as it is installed elsewhere: a wheel that needs no checkout."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from crm_pipeline_tests import projects

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The content of the wheel built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--quiet",
        "--wheel-dir",
        str(folder),
        str(ROOT),
    ]
    subprocess.run([sys.executable, *build], check=True, capture_output=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(folder / "site")
    return folder / "site"


def test_wheel_is_complete(unpacked: Path) -> None:
    """The wheel has every suite, SQL model and template of the checkout, and no test."""
    for source, target in (
        ("expectations", "crm_pipeline/_bundled/expectations"),
        ("dbt_like_sql", "crm_pipeline/_bundled/dbt_like_sql"),
        ("crm_pipeline/templates", "crm_pipeline/templates"),
    ):
        files = [path.relative_to(ROOT / source) for path in (ROOT / source).rglob("*") if path.is_file()]
        assert files
        assert [file for file in files if not (unpacked / target / file).is_file()] == []
    assert not (unpacked / "crm_pipeline_tests").exists()


def test_wheel_works(unpacked: Path, small: projects.Finished, tmp_path: Path) -> None:
    """A command of the installed package runs away from the checkout, on its own suites and models."""
    command = [sys.executable, "-P", "-c", "import crm_pipeline.cli as c; print(c.__file__); c.main()"]
    result = subprocess.run(
        [*command, "check", "--project", str(small.folder)],
        cwd=tmp_path,
        env=projects.environment({"PYTHONPATH": str(unpacked)}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert str(unpacked) in result.stdout
    assert "models" in result.stdout
