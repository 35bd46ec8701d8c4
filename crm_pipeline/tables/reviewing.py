"""Contracts of what people are asked about links, and of what they decided.

Belongs here: tables of the warehouse that stewards see. Does not belong here: the decisions themselves
(`state.decisions.links`).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from crm_pipeline.tables.contract import Column, Personal, Table
from crm_pipeline.tables.linking import AS_IN_PAIRS, PAIR_KEYS
from crm_pipeline.tables.records import CUSTOMER_COLUMNS, RECORD_COLUMNS, extra_columns

_INDIRECT = Personal.INDIRECT


class QuestionReason(StrEnum):
    """Why a person is asked about two records."""

    BETWEEN_THRESHOLDS = "between_thresholds"
    CONTRADICTED_IDENTIFIER = "contradicted_identifier"
    DUPLICATE_FREE = "duplicate_free"
    WEAK_BRIDGE = "weak_bridge"
    LARGE_CLUSTER = "large_cluster"
    SPARSE_CLUSTER = "sparse_cluster"


class DecisionStatus(StrEnum):
    """What has become of a decision."""

    IN_FORCE = "in_force"
    WITHDRAWN = "withdrawn"  # a later event took it back
    CONTRADICTED = "contradicted"  # earlier decisions say otherwise; it counts for nothing
    UNKNOWN_RECORD = "unknown_record"  # in force, and about a record that never existed under this key


class Disagreement(StrEnum):
    """What says the contrary of a decision in force."""

    LINKED = "linked"  # decided different, and the very pair is linked
    LINKED_BY_OTHERS = "linked_by_others"  # decided different, and other links would join the two
    NOT_LINKED = "not_linked"  # decided same, and no link leads from one to the other
    DUPLICATE_FREE = "duplicate_free"  # decided same, and both are of one extract without duplicates


REVIEW_QUEUE = Table(
    "ops",
    "review_queue",
    "one question: whether two records are one customer",
    ("question_id",),
    (
        Column("question_id", "VARCHAR", "Q and 16 digits, made from both record keys: it stays the same", _INDIRECT),
        *PAIR_KEYS,
        Column(
            "reason",
            "VARCHAR",
            "between_thresholds, contradicted_identifier, duplicate_free, weak_bridge: two customers that may be one; "
            "large_cluster, sparse_cluster, contradicted_identifier too: one customer that may be two",
        ),
        Column("matched_by", "VARCHAR", "identifier or model"),
        *AS_IN_PAIRS,
        Column("blocked_by", "VARCHAR", "the extract without duplicates", null="the reason is another"),
        Column("cluster_key_l", "VARCHAR", "smallest record key of the left record's customer", _INDIRECT),
        Column("cluster_key_r", "VARCHAR", "smallest record key of the right record's customer", _INDIRECT),
        Column(
            "record_count_l",
            "BIGINT",
            "records of the left customer; of one customer, those that 'different' \
would leave with the left record",
        ),
        Column("record_count_r", "BIGINT", "the same of the right one"),
        Column("pair_count", "BIGINT", "pairs of these two customers that wait; answering one answers them all"),
        Column("uncertainty", "DOUBLE", "bits: entropy of the probability; 1 where evidence stands against evidence"),
        Column("stake", "BIGINT", "records whose customer the answer decides: the smaller of both counts"),
        Column("priority", "DOUBLE", "uncertainty times stake"),
    ),
)

LINK_DECISIONS = Table(
    "ops",
    "link_decisions",
    "one decision of a person on two records",
    ("decision_id",),
    (
        Column("decision_id", "VARCHAR", "D and its number"),
        *PAIR_KEYS,
        Column("kind", "VARCHAR", "same or different"),
        Column("decided_by", "VARCHAR", "who decided", _INDIRECT),
        Column("decided_at", "TIMESTAMP", "when"),
        Column("why", "VARCHAR", "the reason given", Personal.DIRECT),
        Column("status", "VARCHAR", "in_force, withdrawn, contradicted or unknown_record"),
        Column("withdrawn_by", "VARCHAR", "the event that took it back", null="none did"),
        Column("contradicts", "VARCHAR", "the earlier decision that it can't hold beside", null="it contradicts none"),
        Column(
            "disagreement",
            "VARCHAR",
            "linked, linked_by_others, not_linked or duplicate_free: what says the contrary",
            null="nothing does, or it is not in force on two living records",
        ),
        Column("matched_by", "VARCHAR", "of the pair: identifier or model", null="the pair is not in link.pairs"),
        Column("rule", "VARCHAR", "of the pair, or of the strongest refused link", null="there is neither"),
        Column("match_weight", "DOUBLE", "of the same", null="by identifier, or there is neither"),
        Column("match_probability", "DOUBLE", "of the same", null="there is neither"),
        Column("refused_count", "BIGINT", "links that do not hold because of it"),
    ),
)


def review_records(extra: Iterable[str | Column] = ()) -> Table:
    """`ops.review_records`: the records that questions are about, as they are standardised."""
    columns = (*RECORD_COLUMNS, *CUSTOMER_COLUMNS, *extra_columns(extra))
    return Table("ops", "review_records", "one record that a question is about", ("record_key",), columns)
