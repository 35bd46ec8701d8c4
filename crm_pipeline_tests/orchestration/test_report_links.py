"""Claims on the address to which links to reports lead."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest

from crm_pipeline.orchestration.report_links import (
    project_name,
    remember_reports_address,
    report_link,
    reports_address,
    reports_port,
)
from crm_pipeline.report.server import serve
from crm_pipeline.settings import Project, load_project
from crm_pipeline_tests.steps.building import PRODUCTS, project_of

NAME = "20260305T000000Z-0a1b2c3d.html"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project that was never run."""
    return project_of(tmp_path / "My CRM", PRODUCTS.replace("LOAD", "full"))


def test_the_address_stays(project: Project) -> None:
    """Before any start of the UI the address is one that the project's path decides; once served, it is remembered."""
    first = reports_address(project)
    assert first == reports_address(load_project(project.root))
    assert 20_000 <= reports_port(project) < 30_000
    remember_reports_address(project, "http://[::1]:4567")
    assert (reports_address(project), reports_port(project)) == ("http://[::1]:4567", 4567)
    assert report_link(project, NAME) == f"http://[::1]:4567/{project_name(project)}/{NAME}"


@pytest.mark.parametrize("text", ["", "\n", "nonsense", "http://127.0.0.1", "http://127.0.0.1:99999"])
def test_a_damaged_memory_is_none(project: Project, text: str) -> None:
    """What is no address with a port counts as nothing remembered."""
    usual = reports_address(project)
    project.var.mkdir()
    (project.var / "reports_url").write_text(text)
    assert reports_address(project) == usual


def test_two_projects_of_one_name_differ(project: Project, tmp_path: Path) -> None:
    """Two folders of one name have different names in links; the name is readable, also where nothing in it is."""
    other = project_of(tmp_path / "elsewhere" / "My CRM", PRODUCTS.replace("LOAD", "full"))
    assert project_name(project) != project_name(other)
    assert project_name(project).startswith("my-crm-")
    assert project_name(project_of(tmp_path / "客户", PRODUCTS.replace("LOAD", "full"))).startswith("project-")


@pytest.mark.parametrize("place", ["environment", ".env"])
def test_a_given_url_wins(project: Project, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """CRM_PIPELINE_REPORTS_URL is taken as it is, wherever it is set."""
    if place == "environment":
        monkeypatch.setenv("CRM_PIPELINE_REPORTS_URL", "https://crm.example/reports/")
    else:
        (project.root / ".env").write_text("CRM_PIPELINE_REPORTS_URL=https://crm.example/reports/\n")
    assert report_link(project, NAME) == f"https://crm.example/reports/{NAME}"


def test_a_link_made_before_the_server_started_works(project: Project) -> None:
    """A link that a run left leads to the report at each later start of the server on the project's usual port."""
    link = report_link(project, NAME)
    project.reports.mkdir()
    (project.reports / NAME).write_text("<p>report")
    for _ in range(2):
        with serve(project.reports, "127.0.0.1", reports_port(project), project=project_name(project)) as address:
            remember_reports_address(project, address)
            assert urllib.request.urlopen(link, timeout=10).read() == b"<p>report"  # noqa: S310 - our own server
