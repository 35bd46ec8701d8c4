"""The asset graph of a project as text that people review: `python -m crm_pipeline_tests.orchestration.asset_graph`.

Belongs here: writing it down. Does not belong here: judging it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import dagster as dg

from crm_pipeline.orchestration.build import build_definitions
from crm_pipeline.settings import load_project
from crm_pipeline.steps.starting.project import create_project

SNAPSHOT = Path(__file__).with_name("asset_graph.txt")


def demo_definitions(folder: Path) -> dg.Definitions:
    """The definitions of a demo project that is made in `folder` and not run."""
    create_project(folder, "demo")
    return build_definitions(load_project(folder))


def written_down(definitions: dg.Definitions) -> str:
    """Every asset with group, partitions, backfill policy, pool and upstream assets, and its checks; keys sorted."""
    graph = definitions.resolve_asset_graph()
    blocking = {
        dg.AssetCheckKey(spec.asset_key, spec.name): spec.blocking
        for assets in graph.assets_defs
        for spec in assets.check_specs
    }
    lines = []
    for key in sorted(graph.get_all_asset_keys()):
        node = graph.get(key)
        days = f"daily from {node.partitions_def.get_first_partition_key()}" if node.partitions_def else "none"
        policy = node.backfill_policy.policy_type.name.lower() if node.backfill_policy else "none"
        pool = ", ".join(sorted(node.pools or ()))
        lines.append(key.to_user_string())
        lines.append(f"    group {node.group_name}, partitions {days}, backfill {policy}, pool {pool}")
        lines += [f"    after {parent.to_user_string()}" for parent in sorted(node.parent_keys)]
        checks = sorted(check.name for check in graph.get_check_keys_for_assets({key}))
        lines += [f"    check {name}{', blocking' if blocking[dg.AssetCheckKey(key, name)] else ''}" for name in checks]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        SNAPSHOT.write_text(written_down(demo_definitions(Path(made) / "demo")), encoding="utf-8")
    sys.stdout.write(f"{SNAPSHOT} written; review the difference.\n")
