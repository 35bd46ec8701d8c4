"""Two records or two customers: why they are one, or why not.

Belongs here: which pair between the two is told of, and what became of it. Does not belong here: the weight of a pair
(`linkage.explaining`), why the records of one customer hang together (`explaining`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import polars as pl

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.linkage import is_customer_id
from crm_pipeline.linkage.explaining.explained_pairs import MOST_RECORDS, ExplainedPairs
from crm_pipeline.linkage.explaining.index_reading import populations_of
from crm_pipeline.linkage.explaining.waterfall import Waterfall, waterfall
from crm_pipeline.settings import Project
from crm_pipeline.steps.telling.above_links import AboveLinks, above_links
from crm_pipeline.steps.telling.explaining import ENDS, stored, take_apart
from crm_pipeline.steps.telling.told_decisions import told_decisions
from crm_pipeline.warehouse import open_reader

_RECORD = """
    SELECT customer_id FROM customer_records
    WHERE concat_ws('/', source, extract, source_id) = ? AND deleted_on IS NULL
"""
_ID = "SELECT customer_id FROM customer_ids WHERE any_customer_id = ? AND customer_id IS NOT NULL"
_RECORDS_OF = """
    SELECT concat_ws('/', source, extract, source_id) FROM customer_records
    WHERE customer_id = ? AND deleted_on IS NULL ORDER BY ALL
"""
_VERDICTS = {"link": 0, "review": 1}


class Standing(StrEnum):
    """What became of a pair, decisions and other records left aside."""

    LINK = "link"
    REFUSED = "refused"
    REVIEW = "review"
    BELOW = "below_review_threshold"
    NO_KEY = "no_shared_key"
    TWO_KINDS = "person_and_organisation"
    NOTHING = "nothing_to_compare"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Side:
    """What was asked for: a record, or a customer with all its living records."""

    asked: str
    customer_id: str
    record_keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PairReasons:
    """What is known of the strongest pair between two records or customers.

    Attributes:
        left: what was asked for first.
        right: and second.
        pair_count: pairs of different records between the two.
        found_count: those that share a blocking key; None where it is not known.
        record_key_l: the smaller key of the strongest pair.
        record_key_r: the larger one.
        above: what stands above the stored pair: a decision, or the others that join or divide the two.
        standing: what became of the stored pair; without `above`, of the two.
        link: its row of `link.pairs`; None where it has none.
        conflict: its row of `link.conflicts`, where it is refused.
        waterfall: how its weight comes about, also where no rule finds it; None where the two can't be compared.
        missing: what is not there to tell more by; empty where nothing is.
    """

    left: Side
    right: Side
    pair_count: int
    found_count: int | None
    record_key_l: str
    record_key_r: str
    above: AboveLinks
    standing: Standing
    link: dict[str, Any] | None
    conflict: dict[str, Any] | None
    waterfall: Waterfall | None
    missing: str

    @property
    def is_one(self) -> bool:
        """Whether both belong to one customer."""
        return self.left.customer_id == self.right.customer_id

    def as_dict(self) -> dict[str, Any]:
        """Everything for JSON."""
        names = ("pair_count", "found_count", "record_key_l", "record_key_r", "standing", "link", "conflict", "missing")
        return {
            "left": asdict(self.left),
            "right": asdict(self.right),
            "is_one": self.is_one,
            **{name: getattr(self, name) for name in names},
            "above": self.above.kind,
            "decisions": [decision.as_dict() for decision in self.above.decisions],
            "way": [joint.as_dict() for joint in self.above.way],
            "waterfall": self.waterfall.as_dict() if self.waterfall else None,
        }


def explain_pair(project: Project, left: str, right: str) -> PairReasons:
    """Why two are one customer or not; each is a record key, `source/extract/key`, or a customer id.

    Of two customers the strongest pair between them is told: decided, linked, waiting, found by a rule, then the
    heaviest. Where one has more than 50 records, only stored pairs are looked at.

    Raises:
        ConfigurationError: nothing has been published, one is not known or does not live, or both are one record.
    """
    one, other = _side(project, left), _side(project, right)
    pairs = _between(one, other)
    if pairs.is_empty():
        raise ConfigurationError(
            where="explain --pair", expected="two records", found="the same record twice", cure="Name another one."
        )
    links, conflicts = stored(project, one.record_keys, other.record_keys)
    is_small = max(len(one.record_keys), len(other.record_keys)) <= MOST_RECORDS
    looked_at = pairs if is_small else pairs.join(links, on=ENDS, how="semi")
    explained, missing = take_apart(project, looked_at)
    decisions = told_decisions(project)
    strongest = _strongest(pairs, links, explained, {decision.pair for decision in decisions})
    ends = {end: strongest[end] for end in ENDS}
    told = waterfall(explained, **ends)
    link, conflict = (_row(rows, ends) for rows in (links, conflicts))
    above = above_links(
        project,
        (ends[ENDS[0]], ends[ENDS[1]]),
        _customers(project, one, other, ends[ENDS[0]]),
        decisions,
        blocked_by=conflict["blocked_by"] if conflict else None,
        is_linked=link is not None and link["verdict"] == "link" and conflict is None,
    )
    return PairReasons(
        left=one,
        right=other,
        pair_count=pairs.height,
        found_count=explained.pairs.filter(pl.col("rules").list.len() > 0).height if is_small and not missing else None,
        **ends,
        above=above,
        standing=_standing(project, ends, link, conflict, told, is_known=is_small and not missing),
        link=link,
        conflict=conflict,
        waterfall=told,
        missing=missing,
    )


def _side(project: Project, asked: str) -> Side:
    with open_reader(project.published_file) as reader:
        if is_customer_id(asked.strip().upper()):
            found = reader.execute(_ID, [asked.strip().upper()])
            if found:
                keys = tuple(row[0] for row in reader.execute(_RECORDS_OF, [found[0][0]]))
                return Side(asked, found[0][0], keys)
        elif found := reader.execute(_RECORD, [asked]):
            return Side(asked, found[0][0], (asked,))
    raise ConfigurationError(
        where="explain --pair",
        expected="the key of a living record as source/extract/key, or the id of a living customer",
        found=repr(asked),
        cure="Look it up in customer_records.",
    )


def _customers(project: Project, one: Side, other: Side, least: str) -> tuple[list[str], list[str]]:
    """All living records of the customer of `least`, a record of one of the two, and those of the other's."""
    ids = [one.customer_id, other.customer_id] if least in one.record_keys else [other.customer_id, one.customer_id]
    with open_reader(project.published_file) as reader:
        left, right = ([str(key) for (key,) in reader.execute(_RECORDS_OF, [each])] for each in ids)
    return left, right


def _between(one: Side, other: Side) -> pl.DataFrame:
    """Every pair of different records between the two, once, the smaller key left, in key order."""
    left, right = (pl.DataFrame({"key": side.record_keys}, schema={"key": pl.String}) for side in (one, other))
    both = left.join(right.rename({"key": "other"}), how="cross").filter(pl.col("key") != pl.col("other"))
    least, most = pl.min_horizontal("key", "other"), pl.max_horizontal("key", "other")
    return both.select(least.alias(ENDS[0]), most.alias(ENDS[1])).unique().sort(ENDS)


def _strongest(
    pairs: pl.DataFrame, links: pl.DataFrame, explained: ExplainedPairs, decided: set[tuple[str, str]]
) -> dict[str, Any]:
    of_decisions = pl.DataFrame(sorted(decided), schema=dict.fromkeys(ENDS, pl.String), orient="row")
    verdict = pl.col("verdict").replace_strict(_VERDICTS, default=len(_VERDICTS), return_dtype=pl.Int8)
    is_found = pl.col("rules").list.len().fill_null(0) > 0
    return (
        pairs.join(links.select(*ENDS, "verdict", "match_probability"), on=ENDS, how="left")
        .join(explained.pairs.select(*ENDS, "rules", "match_weight"), on=ENDS, how="left")
        .join(of_decisions.with_columns(pl.lit(value=True).alias("is_decided")), on=ENDS, how="left")
        .with_columns(verdict.alias("order"), is_found.alias("is_found"))
        .sort(
            ["is_decided", "order", "match_probability", "is_found", "match_weight", *ENDS],
            descending=[True, False, True, True, True, False, False],
            nulls_last=True,
        )
        .row(0, named=True)
    )


def _row(rows: pl.DataFrame, ends: dict[str, str]) -> dict[str, Any] | None:
    found = rows.filter(pl.all_horizontal(pl.col(end) == key for end, key in ends.items())).to_dicts()
    return found[0] if found else None


def _standing(
    project: Project,
    ends: dict[str, str],
    link: dict[str, Any] | None,
    conflict: dict[str, Any] | None,
    told: Waterfall | None,
    *,
    is_known: bool,
) -> Standing:
    if conflict:
        return Standing.REFUSED
    if link:
        return Standing(link["verdict"])
    if not is_known:
        return Standing.UNKNOWN
    if told:
        return Standing.BELOW if told.rules else Standing.NO_KEY
    with open_reader(project.matching_file) as index:
        known = populations_of(index, list(ends.values()))
    return Standing.TWO_KINDS if len(known) == len(ends) else Standing.NOTHING
