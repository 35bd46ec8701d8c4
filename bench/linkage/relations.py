"""How right relations are: who lives together and who works for whom, on sets that tell it.

    python -m bench.linkage.relations --data DIR            pseudopeople, and the generated company
    python -m bench.linkage.relations --generated 10000     the generated company alone

Each set is measured twice: over the true customers, which shows the rules alone, and over customers as they are linked.
docs/benchmarks.md has the figures. Belongs here: running the models and counting. Does not belong here: the truth
(`belonging`), the rules (`dbt_like_sql/link`).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from bench.linkage.belonging import households_of_generated, households_of_pseudopeople
from bench.linkage.project import Prepared, prepare, prepare_generated
from bench.linkage.sets import BY_NAME
from crm_pipeline.bundled import bundled
from crm_pipeline.generator import Plan
from crm_pipeline.linkage import cluster_records, pair_records
from crm_pipeline.steps.run import open_run
from crm_pipeline.tables import MEMBERS
from crm_pipeline.warehouse import Warehouse
from crm_pipeline.warehouse.models import load_models, run_model

_MODELS = ("link.employments", "link.households", "link.branches")
_RELATION = "SELECT customer_id, related_customer_id FROM"
# Whom contacts work for is told by a reference; without it, by the name alone.
_BY_NAME = f"{_RELATION} link.employments WHERE known_by = 'name'"


@dataclass(frozen=True, slots=True)
class Found:
    """One kind of relation on one set, counted as pairs of customers without direction.

    Attributes:
        set_name: of the set.
        customers: true ones, or as linked.
        kind: of the relation.
        found: pairs of customers.
        right: those whose two true customers belong together.
        doubled: those that are one true customer, whom linking left as two.
        true: pairs that belong together and have records in std.
        merged: those of them of which linking made one customer.
    """

    set_name: str
    customers: str
    kind: str
    found: int
    right: int
    doubled: int
    true: int
    merged: int

    @property
    def row(self) -> str:
        """A row of the table."""
        precision = f"{self.right / self.found:.3f}" if self.found else "-"
        recall = f"{self.right / self.true:.3f}" if self.true else "-"
        counts = f"{self.found:,} | {self.doubled:,} | {self.true:,} | {precision} | {recall} | {self.merged:,}"
        return f"| {self.set_name} | {self.customers} | {self.kind} | {counts} |"


def main(arguments: list[str] | None = None) -> int:
    """Measures and prints; 0."""
    parser = argparse.ArgumentParser("python -m bench.linkage.relations", description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of the labelled sets; without it the generated company alone")
    parser.add_argument("--generated", type=int, default=10_000, metavar="N", help="customers of the generated company")
    options = parser.parse_args(arguments)
    print("| set | customers | relation | found | one as two | true | precision | recall | merged |")
    print("|---|---|---|---:|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory(prefix="crm-bench-relations-") as work:
        if options.data:
            prepared = prepare(BY_NAME["pseudopeople"], options.data, Path(work) / "pseudopeople")
            _measure(prepared, households_of_pseudopeople(options.data))
        prepared = prepare_generated(options.generated, Path(work) / "generated")
        _measure(prepared, households_of_generated(Plan(options.generated, days=1, seed=1)))
    return 0


def _measure(prepared: Prepared, households: pl.DataFrame) -> None:
    with open_run(prepared.project, run_id="bench") as run:
        warehouse = run.warehouse
        pair_records(warehouse, run.models)
        cluster_records(warehouse)
        linked = warehouse.frame("SELECT record_key, cluster_key AS customer_id FROM link.clusters")
        labels = linked.join(prepared.labels, on="record_key", how="left", maintain_order="left")
        labels = labels.select("record_key", "customer_id", pl.coalesce("label", "record_key").alias("label"))
        employers = _employers(warehouse, labels)
        warehouse.execute("UPDATE std.customers SET related_record_key = NULL")
        for name, members in (
            ("true", labels.with_columns(pl.col("label").alias("customer_id"))),
            ("linked", labels),
        ):
            _build(warehouse, members)
            for kind, sql, truth in (
                ("household", f"{_RELATION} link.households", households),
                ("works_for, by name", _BY_NAME, employers),
                ("branch_of", f"{_RELATION} link.branches WHERE kind = 'branch_of'", households.clear()),
                ("member_of", f"{_RELATION} link.branches WHERE kind = 'member_of'", households.clear()),
            ):
                found = _counted((prepared.name, name, kind), warehouse.frame(sql), truth, members)
                if found.true or found.found:
                    print(found.row, flush=True)


def _employers(warehouse: Warehouse, labels: pl.DataFrame) -> pl.DataFrame:
    """Columns l and r, labels in order: contacts and the organisations that the same rows name."""
    named = warehouse.frame("""
        SELECT c.record_key, c.related_record_key FROM std.customers c
        WHERE c.valid_to IS NULL AND c.related_record_key IS NOT NULL AND c.organisation_key IS NOT NULL
    """)
    of = labels.select("record_key", "label")
    joined = named.join(of, on="record_key").join(of, left_on="related_record_key", right_on="record_key")
    return _ordered(joined, "label", "label_right")


def _build(warehouse: Warehouse, members: pl.DataFrame) -> None:
    columns = [pl.lit(1.0).alias("match_probability"), pl.lit("single").alias("matched_by")]
    warehouse.replace(MEMBERS, members.select("record_key", "customer_id", *columns))
    models = load_models(bundled("dbt_like_sql"))
    for name in _MODELS:
        run_model(warehouse, models[name])


def _ordered(frame: pl.DataFrame, left: str, right: str) -> pl.DataFrame:
    pair = (pl.min_horizontal(left, right).alias("l"), pl.max_horizontal(left, right).alias("r"))
    return frame.select(*pair).unique()


def _counted(what: tuple[str, str, str], relations: pl.DataFrame, truth: pl.DataFrame, members: pl.DataFrame) -> Found:
    """The figures of one relation; a customer stands for the label that most of its records have."""
    counts = members.group_by("customer_id", "label").len().sort("len", "label", descending=[True, False])
    label_of = counts.unique("customer_id", keep="first", maintain_order=True).select("customer_id", "label")
    pairs = _ordered(relations, "customer_id", "related_customer_id")
    told = pairs.join(label_of, left_on="l", right_on="customer_id")
    told = told.join(label_of, left_on="r", right_on="customer_id").select("label", "label_right")
    labelled = _ordered(told, "label", "label_right")
    known = members["label"].unique().implode()
    reachable = truth.filter(pl.col("l").is_in(known) & pl.col("r").is_in(known))
    sides = members.select("label", "customer_id").unique()
    both = reachable.join(sides, left_on="l", right_on="label").join(sides, left_on="r", right_on="label")
    merged = both.filter(pl.col("customer_id") == pl.col("customer_id_right")).select("l", "r").n_unique()
    return Found(
        *what,
        found=labelled.height,
        right=labelled.join(reachable, on=["l", "r"], how="semi").height,
        doubled=labelled.filter(pl.col("l") == pl.col("r")).height,
        true=reachable.height,
        merged=merged,
    )


if __name__ == "__main__":
    sys.exit(main())
