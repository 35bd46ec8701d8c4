"""Why records are one customer, or are not: what published files and the stored model say of links and pairs.

Belongs here: putting links, the weakest of them and the waterfalls of weights together. Does not belong here: the
arithmetic (`linkage.explaining`), who a customer is (`publish.explanation`), and printing.

Pairs and refused links are read from `published/steward.duckdb`, the waterfall from `published/matching.duckdb` and the
model that it names. Where one of these is missing, what the others say is told all the same, and what is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from crm_pipeline.linkage.clustering.clusters import DECISION, MATCHED_BY_ORDER
from crm_pipeline.linkage.clustering.components import component_of
from crm_pipeline.linkage.explaining.explained_pairs import ExplainedPairs, explain_pairs, is_explainable
from crm_pipeline.linkage.explaining.index_reading import model_version
from crm_pipeline.linkage.explaining.waterfall import Waterfall, waterfall
from crm_pipeline.linkage.explaining.weakest_links import weakest_links
from crm_pipeline.settings import Project
from crm_pipeline.state.models import ModelStore, StoredModel
from crm_pipeline.steps.telling.told_decisions import ToldDecision, told_decisions
from crm_pipeline.steps.telling.ways import Joint, decided_ways, reached_from
from crm_pipeline.tables import CONFLICTS, PAIRS
from crm_pipeline.warehouse import Warehouse, open_reader

ENDS = ("record_key_l", "record_key_r")
_WITHIN = """
    FROM {table} WHERE record_key_l IN (SELECT unnest($left)) AND record_key_r IN (SELECT unnest($right))
        OR record_key_l IN (SELECT unnest($right)) AND record_key_r IN (SELECT unnest($left))
    ORDER BY record_key_l, record_key_r
"""
_TABLE = "SELECT count(*) FROM duckdb_tables() WHERE database_name = current_database() AND table_name = ?"


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why the living records of one customer are one.

    Attributes:
        attachments: one row per record, in key order: record_key, attached_to (null: no link of its own),
            matched_by, rule, match_weight and match_probability of its strongest link within the customer.
        weakest: its row of `weakest_links`; None for a single record.
        waterfall: of the weakest link, where the model made it; else None.
        is_joined_otherwise: whether stored links and decisions do not join the records: the pairs are those of a later
            run, which was stopped before it published.
        missing: what is not there to tell more by; empty where nothing is.
        ways: how decisions join the records, also by way of deleted ones: see `ways.decided_ways`.
    """

    attachments: pl.DataFrame
    weakest: dict[str, Any] | None
    waterfall: Waterfall | None
    is_joined_otherwise: bool = False
    missing: str = ""
    ways: tuple[tuple[Joint, ...], ...] = ()

    @property
    def decisions(self) -> list[ToldDecision]:
        """The decisions that join its records, in order of entry."""
        told = {joint.decision.decision_id: joint.decision for way in self.ways for joint in way if joint.decision}
        return [told[name] for name in sorted(told)]

    def way(self, left: str, right: str) -> tuple[Joint, ...]:
        """How decisions join two of its records; empty where they do not."""
        wanted = {left, right}
        return next((way for way in self.ways if {way[0].record_key_l, way[-1].record_key_r} == wanted), ())

    def decision_ids(self, left: str, right: str) -> list[str]:
        """The decisions on the way between two of its records, in its order."""
        return [joint.decision.decision_id for joint in self.way(left, right) if joint.decision]

    def as_dict(self) -> dict[str, Any]:
        """Everything for JSON."""
        return {
            "attachments": [
                row | {"decision_ids": self.decision_ids(row["record_key"], row["attached_to"] or "")}
                for row in self.attachments.to_dicts()
            ],
            "weakest_link": self.weakest
            and self.weakest
            | {"decision_ids": self.decision_ids(self.weakest["record_key_l"], self.weakest["record_key_r"])},
            "decisions": [decision.as_dict() for decision in self.decisions],
            "waterfall": self.waterfall.as_dict() if self.waterfall else None,
            "is_joined_otherwise": self.is_joined_otherwise,
            "missing": self.missing,
        }


def reasons(project: Project, record_keys: Sequence[str]) -> Reasons:
    """Why these records, the living ones of one customer, are one."""
    members = pl.DataFrame({"record_key": sorted(record_keys)}, schema={"record_key": pl.String})
    if not project.steward_file.exists():
        nothing = pl.DataFrame(schema=PAIRS.polars_schema)
        return Reasons(_attachments(members, nothing), None, None, missing=f"there is no {project.steward_file.name}")
    links = holding(project, record_keys)
    same = [decision for decision in told_decisions(project) if decision.is_same and decision.is_held]
    reached = reached_from(record_keys, same)
    ways = decided_ways(record_keys, [decision for decision in same if decision.record_key_l in reached])
    links = _with_decided(links, ways)
    found = weakest_links(members.with_columns(pl.lit("").alias("customer_id")), links).drop("customer_id").to_dicts()
    weakest = found[0] if found else None
    told, missing = None, ""
    if weakest and weakest["matched_by"] == "model":
        explained, missing = take_apart(project, pl.DataFrame([weakest]).select(ENDS))
        told = waterfall(explained, weakest["record_key_l"], weakest["record_key_r"])
    return Reasons(
        attachments=_attachments(members, links),
        weakest=weakest,
        waterfall=told,
        is_joined_otherwise=component_of(members["record_key"], links).n_unique() > 1,
        missing=missing,
        ways=tuple(ways),
    )


def holding(project: Project, record_keys: Sequence[str]) -> pl.DataFrame:
    """The links among records that hold, with the columns of `link.pairs`, in key order; raises as `stored` does."""
    pairs, conflicts = stored(project, record_keys, record_keys)
    return pairs.filter(pl.col("verdict") == "link").join(conflicts, on=ENDS, how="anti", maintain_order="left")


def stored(project: Project, left: Sequence[str], right: Sequence[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The stored pairs between two sets of records, and the links among them that do not hold; in key order.

    Raises:
        ConfigurationError: nothing has been published.
    """
    with open_reader(project.steward_file) as reader:
        keys = {"left": list(left), "right": list(right)}
        pairs = reader.frame(_WITHIN.format(table=PAIRS.name), keys)
        if not reader.value(_TABLE, [CONFLICTS.name]):  # published before there was one
            return pairs, pl.DataFrame(schema=CONFLICTS.polars_schema)
        return pairs, reader.frame(_WITHIN.format(table=CONFLICTS.name), keys)


def take_apart(project: Project, pairs: pl.DataFrame) -> tuple[ExplainedPairs, str]:
    """The pairs with their weights taken apart, and what is missing for it: then there are none.

    Args:
        project: the project.
        pairs: record_key_l and record_key_r.
    """
    nothing = ExplainedPairs.nothing()
    file = project.matching_file
    if not file.exists():
        return nothing, f"there is no {file.name} in published/: the next run that publishes makes it"
    with open_reader(file) as index:
        model, missing = _model_of(index, ModelStore(project.state / "models"))
        return (explain_pairs(index, model, pairs) if model else nothing), missing


def _model_of(index: Warehouse, models: ModelStore) -> tuple[StoredModel | None, str]:
    """The model that the index was made with; else None and why."""
    version = model_version(index)
    if version is None:
        return None, "published/matching.duckdb is of an earlier form: the next run that publishes makes it anew"
    if version not in models.versions():
        return None, f"version {version} of the model is not in state/models"
    model = models.read(version)
    if not is_explainable(model):
        return None, f"version {version} of the model compares in another way than this package: the next run makes one"
    return model, ""


def _with_decided(links: pl.DataFrame, ways: Sequence[Sequence[Joint]]) -> pl.DataFrame:
    """The links, those that decisions join first; of a pair that has both, the decision."""
    rows = [(*sorted((way[0].record_key_l, way[-1].record_key_r)), DECISION, 1.0, "link") for way in ways]
    columns = (*ENDS, "matched_by", "match_probability", "verdict")
    schema = {name: links.schema[name] for name in columns}
    decided = pl.DataFrame(rows, schema=schema, orient="row")
    return pl.concat([decided, links], how="diagonal").select(links.columns)


def _attachments(members: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """Per record its strongest link; of equal ones decisions, then identifiers, then the smaller other record."""
    columns = ("matched_by", "rule", "match_weight", "match_probability")
    both = pl.concat(
        links.select(pl.col(own).alias("record_key"), pl.col(other).alias("attached_to"), *columns)
        for own, other in (ENDS, ENDS[::-1])
    )
    strongest = (
        both.with_columns(pl.col("matched_by").cast(pl.Enum(MATCHED_BY_ORDER)))
        .sort(
            ["record_key", "match_probability", "matched_by", "match_weight", "attached_to"],
            descending=[False, True, False, True, False],
        )
        .unique("record_key", keep="first", maintain_order=True)
        .with_columns(pl.col("matched_by").cast(pl.String))
    )
    return members.join(strongest, on="record_key", how="left", maintain_order="left")
