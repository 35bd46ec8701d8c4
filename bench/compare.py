"""Bare Splink on what the chain compared: the same records, the same model, the same pairs.

Belongs here: handing the chain's records and model to a process that knows nothing but Splink and DuckDB
(`bare_splink`). Records come with one column per blocking rule, values left out as too frequent already gone, so that
both have the same pairs to score.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crm_pipeline.linkage import blocking
from crm_pipeline.linkage.records import RECORDS, prepare_records
from crm_pipeline.linkage.scratch import scratch_database
from crm_pipeline.linkage.training import MOST_PAIRS
from crm_pipeline.settings import load_project
from crm_pipeline.state.models import ModelStore, StoredModel
from crm_pipeline.warehouse import Warehouse

_RULES = {rule.name: rule for rule in blocking.RULES}


@dataclass(frozen=True)
class Bare:
    """What bare Splink took; `seconds` by step, in order."""

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
    records, settings = work / "records.parquet", work / "bare.json"
    with Warehouse.open(project.warehouse_file, temporary=project.var / "tmp", memory_limit=None) as warehouse:
        _export_records(warehouse, used, records)
    told = {
        "splink": used.model["splink"],
        "rules": [_splink_rule(name) for name in used.model["blocking_rules"]],
        "learnt_m_under": used.card["learnt_m_under"],
        "max_pairs": MOST_PAIRS,
        "seed": used.card["seed"],
        "review_threshold": project.config.linkage.review_threshold,
        "match_threshold": project.config.linkage.match_threshold,
    }
    settings.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    command = [sys.executable, "-m", "bench.bare_splink", str(records), str(settings)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"bare Splink ended with {done.returncode}\n{done.stderr[-3000:]}")
    return Bare(**json.loads(done.stdout.splitlines()[-1]))


def _splink_rule(name: str) -> dict[str, Any]:
    """A blocking rule as Splink writes it: equal keys, and never a person with an organisation."""
    rule = {
        "blocking_rule": f'l."key_{name}" = r."key_{name}" AND coalesce(l.kind = r.kind, true)',
        "sql_dialect": "duckdb",
    }
    return rule | ({"arrays_to_explode": [f"key_{name}"]} if _has_several_keys(_RULES[name]) else {})


def _has_several_keys(rule: blocking.BlockingRule) -> bool:
    return rule.key.startswith("unnest(")


def _key_column(number: int, rule: blocking.BlockingRule) -> str:
    aggregate = "list(key ORDER BY key)" if _has_several_keys(rule) else "min(key)"
    return f'{aggregate} FILTER (rule = {number}) AS "key_{rule.name}"'


def _export_records(warehouse: Warehouse, used: StoredModel, target: Path) -> None:
    """The prepared records with one column of keys per blocking rule; lists of keys stay lists, Splink unnests them."""
    rules = [_RULES[name] for name in used.model["blocking_rules"]]
    with scratch_database(warehouse) as scratch:
        prepare_records(warehouse, scratch)
        blocking.make_keys(scratch, rules)
        blocking.leave_out(scratch, rules, used.left_out())
        columns = ", ".join(_key_column(number, rule) for number, rule in enumerate(rules))
        scratch.execute(f"""
            COPY (
                SELECT r.*, k.* EXCLUDE (record_key)
                FROM {RECORDS} r
                LEFT JOIN (SELECT record_key, {columns} FROM {blocking.KEYS} GROUP BY record_key) k USING (record_key)
                ORDER BY record_key
            ) TO '{target}' (FORMAT parquet)
        """)
