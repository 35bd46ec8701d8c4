"""Claims on a project's own words: which files may hold them, and that backups do."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings import Project
from crm_pipeline.steps.publishing.back_up import contents
from crm_pipeline.steps.vocabulary import vocabulary_of
from crm_pipeline_tests.steps.building import PRODUCTS, project_of

WORDS = "standardise: {organisation_aliases: words/aliases.csv, industry_synonyms: words/industries.csv}\n"


def project_with(folder: Path, *, aliases: str, industries: str = "name,industry\n直播,I\n") -> Project:
    """A project with these two files."""
    (folder / "words").mkdir(parents=True)
    (folder / "words/aliases.csv").write_text(aliases, encoding="utf-8")
    (folder / "words/industries.csv").write_text(industries, encoding="utf-8")
    return project_of(folder, PRODUCTS.replace("LOAD", "full") + WORDS)


def test_words_are_in_backups(tmp_path: Path) -> None:
    """The files of words, without which nothing can be standardised, are among what a backup holds."""
    project = project_with(tmp_path, aliases="alias,name\n阿里,阿里巴巴\n")
    assert vocabulary_of(project).industry_synonyms == {"直播": "I"}
    assert {tmp_path / "words/aliases.csv", tmp_path / "words/industries.csv"} <= set(contents(project))


def test_a_file_elsewhere_is_refused(tmp_path: Path) -> None:
    """A file outside the project folder is refused: no backup would hold it."""
    (tmp_path / "outside.csv").write_text("alias,name\n", encoding="utf-8")
    text = PRODUCTS.replace("LOAD", "full") + "standardise: {organisation_aliases: ../outside.csv}\n"
    with pytest.raises(ConfigurationError, match="below the project folder"):
        vocabulary_of(project_of(tmp_path / "project", text))


@pytest.mark.parametrize(
    ("aliases", "industries"),
    [
        ("alias,name\n阿里,阿里巴巴\n阿里 ,蚂蚁\n", "name,industry\n"),
        ("alias,name\n", "name,industry\n直播,I\n直播,F\n"),
    ],
)
def test_a_word_with_two_meanings_is_refused(tmp_path: Path, aliases: str, industries: str) -> None:
    """A word that stands for two things is refused, by name."""
    with pytest.raises(ConfigurationError, match="with several, such as"):
        vocabulary_of(project_with(tmp_path, aliases=aliases, industries=industries))


def test_the_same_line_twice_is_one(tmp_path: Path) -> None:
    """A repeated line says nothing new."""
    project = project_with(tmp_path, aliases="alias,name\n阿里,阿里巴巴\n阿里,阿里巴巴\n")
    assert vocabulary_of(project).aliases
