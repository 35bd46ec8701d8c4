"""Bare Splink on what the chain compared: the same records, the same models, the same pairs.

Belongs here: handing the chain's records and models to a process that knows nothing but Splink and DuckDB
(`bare_splink`), one population after the other. Records come with one column per blocking rule, values left out as too
frequent already gone, so that both have the same pairs to score. Does not belong here: calls of Splink.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from crm_pipeline.linkage.candidates import blocking
from crm_pipeline.linkage.candidates.records import RECORDS, prepare_records
from crm_pipeline.linkage.candidates.scratch import scratch_database
from crm_pipeline.linkage.learning.training_pairs import MOST_PAIRS
from crm_pipeline.linkage.model import POPULATIONS, BlockingRule, Population
from crm_pipeline.settings import load_project
from crm_pipeline.state.models import ModelStore, StoredModel
from crm_pipeline.warehouse import Warehouse

# As many as a guide to Splink trains under.
_MOST_TRAINING_RULES = 3


@dataclass(frozen=True)
class Bare:
    """What bare Splink took, all populations together; `seconds` by step, in order."""

    records: int
    pairs: int
    clusters: int
    seconds: dict[str, float]
    peak_memory_bytes: int

    @property
    def total_seconds(self) -> float:
        """From reading the records to clusters."""
        return sum(self.seconds.values())

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"bare_splink": dict(self.__dict__)}


def compare_with_bare_splink(folder: Path, work: Path) -> Bare:
    """Bare Splink's figures for the project in `folder`."""
    project = load_project(folder)
    used = ModelStore(project.state / "models").latest()
    if used is None:
        sys.exit(f"{folder}: no model was trained, so there is nothing to compare")
    with Warehouse.open(project.warehouse_file, temporary=project.var / "tmp", memory_limit=None) as warehouse:
        told = [
            _told(warehouse, population, used, work / f"{population.name}.parquet")
            for population in POPULATIONS
            if population.name in used.model["populations"]
        ]
    settings = work / "bare.json"
    thresholds = {
        "review_threshold": project.config.linkage.review_threshold,
        "match_threshold": project.config.linkage.match_threshold,
    }
    common = {"max_pairs": MOST_PAIRS, "seed": used.card["seed"], **thresholds}
    settings.write_text(json.dumps([common | own for own in told], ensure_ascii=False), encoding="utf-8")
    command = [sys.executable, "-m", "bench.bare_splink", str(settings)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"bare Splink ended with {done.returncode}\n{done.stderr[-3000:]}")
    return Bare(**json.loads(done.stdout.splitlines()[-1]))


def training_rules(population: Population, columns: Sequence[str]) -> list[tuple[str, ...]]:
    """The columns whose equality Splink learns m under, at most three sets of them.

    They are those of the blocking rules that are plain keys. What a rule makes equal, it can't teach; so no comparison
    is touched by two of them, and each is taught by all but one at most.

    Args:
        population: whose rules they are.
        columns: the usable columns.
    """
    found: list[tuple[str, ...]] = []
    touched: set[str] = set()
    for rule in population.usable_rules(columns):
        touches = {c.name for c in population.usable_comparisons(columns) if set(c.columns) & set(rule.columns)}
        if _is_plain(rule) and touches and not touches & touched and len(found) < _MOST_TRAINING_RULES:
            found.append(rule.columns)
            touched |= touches
    return found


def _is_plain(rule: BlockingRule) -> bool:
    """Whether its key is nothing but its columns."""
    return rule.key == " || '|' || ".join(rule.columns)


def _told(warehouse: Warehouse, population: Population, used: StoredModel, records: Path) -> dict[str, Any]:
    """What `bare_splink` is told of a population; its records are then in the file `records`."""
    model = used.model["populations"][population.name]
    by_name = {rule.name: rule for rule in population.blocking_rules}
    rules = [by_name[name] for name in model["blocking_rules"]]
    left_out = used.left_out().filter(pl.col("population") == population.name).drop("population")
    _export_records(warehouse, population, rules, left_out, records)
    return {
        "records": str(records),
        "splink": model["splink"],
        "rules": [_splink_rule(rule) for rule in rules],
        "training_rules": training_rules(population, model["columns"]),
    }


def _splink_rule(rule: BlockingRule) -> dict[str, Any]:
    """A blocking rule as Splink writes it: equal keys."""
    key = f"key_{rule.name}"
    told = {"blocking_rule": f'l."{key}" = r."{key}"', "sql_dialect": "duckdb"}
    return told | ({"arrays_to_explode": [key]} if _has_several_keys(rule) else {})


def _has_several_keys(rule: BlockingRule) -> bool:
    return rule.key.startswith("unnest(")


def _key_column(number: int, rule: BlockingRule) -> str:
    aggregate = "list(key ORDER BY key)" if _has_several_keys(rule) else "min(key)"
    return f'{aggregate} FILTER (rule = {number}) AS "key_{rule.name}"'


def _export_records(
    warehouse: Warehouse, population: Population, rules: Sequence[BlockingRule], left_out: pl.DataFrame, target: Path
) -> None:
    """The prepared records with one column of keys per blocking rule; lists of keys stay lists, Splink unnests them."""
    with scratch_database(warehouse) as scratch:
        prepare_records(warehouse, scratch, population)
        blocking.make_keys(scratch, rules)
        blocking.leave_out(scratch, rules, left_out)
        columns = ", ".join(_key_column(number, rule) for number, rule in enumerate(rules))
        scratch.execute(f"""
            COPY (
                SELECT r.*, k.* EXCLUDE (record_key)
                FROM {RECORDS} r
                LEFT JOIN (SELECT record_key, {columns} FROM {blocking.KEYS} GROUP BY record_key) k USING (record_key)
                ORDER BY record_key
            ) TO '{target}' (FORMAT parquet)
        """)
