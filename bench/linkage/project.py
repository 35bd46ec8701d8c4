"""A labelled set as a project folder whose customers stand in std, on the path that a run takes.

Belongs here: writing the folder, landing and standardising. Does not belong here: the set (`sets`), linking.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from bench.linkage.sets import LabelledSet, truth_of_generated
from crm_pipeline.generator import Plan
from crm_pipeline.settings import Project, load_project
from crm_pipeline.steps.applying.standardise import apply_entity
from crm_pipeline.steps.landing.land import expected_file, land_extract
from crm_pipeline.steps.run import open_run
from crm_pipeline.steps.starting.project import create_generated

_ENTITY = "customers"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A set ready to be linked.

    Attributes:
        name: of the set.
        project: its folder has `std.customers`, and nothing is linked yet.
        labels: record_key and label of all records, those that std lacks (held back in quarantine) included.
    """

    name: str
    project: Project
    labels: pl.DataFrame


def prepare(chosen: LabelledSet, data: Path, folder: Path) -> Prepared:
    """The set in a new project in `folder`."""
    delivered = chosen.delivered(data)
    folder.mkdir(parents=True)
    config = yaml.safe_load(chosen.mapping.read_text(encoding="utf-8"))
    map_identifiers(config, chosen.identifiers, {source: rows.columns for source, rows in delivered.rows.items()})
    text = yaml.safe_dump(config, allow_unicode=True, sort_keys=False)
    (folder / "pipeline.yaml").write_text(text, encoding="utf-8")
    if chosen.expectations:
        shutil.copytree(chosen.expectations, folder / "expectations")
    project = load_project(folder)
    for source, _, extract in project.config.extracts:
        file = folder / expected_file(project, extract, project.config.start_date)
        file.parent.mkdir(parents=True, exist_ok=True)
        delivered.rows[source].write_csv(file)
    _standardise(project, project.config.start_date)
    return Prepared(chosen.name, project, delivered.labels)


def prepare_generated(customers: int, folder: Path) -> Prepared:
    """So many customers of the invented company, as its four systems deliver them on one day."""
    plan = Plan(customers, days=1, seed=1)
    create_generated(folder, plan)
    project = load_project(folder)
    _standardise(project, project.config.start_date)
    return Prepared("generated", project, truth_of_generated(folder))


def map_identifiers(config: dict[str, Any], identifiers: Mapping[str, str], columns: Mapping[str, list[str]]) -> None:
    """Adds identifiers to the mapping of each source that delivers their column.

    Args:
        config: content of a `pipeline.yaml`; changed in place.
        identifiers: namespace to delivered column.
        columns: by source, those that it delivers.
    """
    for source, told in config["sources"].items():
        delivered = {name: column for name, column in identifiers.items() if column in columns[source]}
        for name, extract in told["extracts"].items() if delivered else ():
            with_them = {**extract["columns"], "external_ids": delivered}
            told["extracts"][name] = {**extract, "columns": with_them}  # anchors share what they stand for


def _standardise(project: Project, day: date) -> None:
    """Lands what was delivered of customers on the day, and brings std up to date."""
    with open_run(project, run_id="bench") as run:
        for source, name, extract in project.config.extracts:
            if extract.entity == _ENTITY:
                land_extract(run, source, name, [day])
        apply_entity(run, _ENTITY)
