"""The project's own words: other names of its organisations, its names of industries.

Belongs here: reading the files that `standardise:` in pipeline.yaml names. Does not belong here: what is made of
the words (`standardise`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings import Project
from crm_pipeline.standardise.organisations import aliases, industries


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words of a project.

    Attributes:
        aliases: other names of organisations to their names.
        industry_synonyms: own names of industries to a letter, code or name of GB/T 4754.
    """

    aliases: Mapping[str, str]
    industry_synonyms: Mapping[str, str]

    @property
    def sha256(self) -> str:
        """Hash of all words: std is made anew when one changes."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def word_files(project: Project) -> list[Path]:
    """The files that hold a project's words, as configured."""
    config = project.config.standardise
    return [project.root / name for name in (config.organisation_aliases, config.industry_synonyms) if name]


def vocabulary_of(project: Project) -> Vocabulary:
    """The words of a project; none where it names no file.

    Raises:
        ConfigurationError: a file is missing, lies elsewhere, is no such CSV, or says two things of one word.
    """
    config = project.config.standardise
    names = _read(project, config.organisation_aliases, "organisation_aliases", ("alias", "name"))
    industry = _read(project, config.industry_synonyms, "industry_synonyms", ("name", "industry"))
    synonyms = dict(industry.iter_rows())
    if synonyms:
        industries.own_words(synonyms)  # refuses what means no section
    return Vocabulary(aliases.from_table(names), synonyms)


def _read(project: Project, name: str | None, key: str, header: tuple[str, str]) -> pl.DataFrame:
    """The two columns of a CSV in UTF-8, without blank lines; empty where no file is named."""
    if name is None:
        return pl.DataFrame(schema=dict.fromkeys(header, pl.String))
    file = project.root / name
    wanted = f"a CSV in UTF-8 with the columns {header[0]} and {header[1]}"
    where = f"{file}, standardise.{key}"
    cure = "Correct the path in pipeline.yaml, or save the file as CSV UTF-8."
    if not file.resolve().is_relative_to(project.root.resolve()):
        raise ConfigurationError(
            where=where,
            expected="a file below the project folder, so that backups hold it",
            found=name,
            cure="Copy it there, and correct the path in pipeline.yaml.",
        )
    if not file.is_file():
        raise ConfigurationError(where=where, expected=wanted, found="no such file", cure=cure)
    try:
        frame = pl.read_csv(file, infer_schema=False)
    except (pl.exceptions.ComputeError, pl.exceptions.NoDataError) as error:
        found = "an empty file" if isinstance(error, pl.exceptions.NoDataError) else "what is no CSV in UTF-8"
        raise ConfigurationError(where=where, expected=wanted, found=found, cure=cure) from None
    if missing := [column for column in header if column not in frame.columns]:
        raise ConfigurationError(where=where, expected=wanted, found=f"no column {missing[0]}", cure=cure)
    pairs = frame.select(pl.col(column).str.strip_chars() for column in header)
    pairs = pairs.filter(pl.all_horizontal(pl.all().fill_null("") != "")).unique(maintain_order=True)
    twice = pairs.filter(pl.col(header[0]).is_duplicated())[header[0]]
    if not twice.is_empty():
        raise ConfigurationError(
            where=where,
            expected=f"one {header[1]} for each {header[0]}",
            found=f"{twice.n_unique():,} with several, such as {twice[0]}",
            cure="Leave one line of each.",
        )
    return pairs
