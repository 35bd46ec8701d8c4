"""Contracts of schema link: pairs, clusters and who belongs to whom."""

from __future__ import annotations

from enum import StrEnum

from crm_pipeline.tables.contract import Column, Personal, Table

_INDIRECT, _DIRECT = Personal.INDIRECT, Personal.DIRECT

# What several tables say of a pair, here and in `reviewing`: which two, and how they were compared.
PAIR_KEYS = (
    Column("record_key_l", "VARCHAR", "the smaller record key", _INDIRECT),
    Column("record_key_r", "VARCHAR", "the larger record key", _INDIRECT),
)
AS_IN_PAIRS = (
    Column("rule", "VARCHAR", "as in link.pairs: the namespace or the blocking rule"),
    Column("match_weight", "DOUBLE", "as in link.pairs", null="linked by identifier"),
    Column("match_probability", "DOUBLE", "as in link.pairs"),
)
_MATCHED_BY = Column("matched_by", "VARCHAR", "identifier, model or decision")
_RECORD = Column("record_key", "VARCHAR", "the record", _INDIRECT)
_OF_STRONGEST_LINK = Column("matched_by", "VARCHAR", "single, identifier, model or decision: of that strongest link")

PAIRS = Table(
    "link",
    "pairs",
    "one pair of current customer records that was linked or scored above the review threshold",
    ("record_key_l", "record_key_r"),
    (
        *PAIR_KEYS,
        _MATCHED_BY,
        Column("rule", "VARCHAR", "namespace of the shared identifier, or the blocking rule that found the pair"),
        Column("match_weight", "DOUBLE", "log2 of the odds, Fellegi and Sunter 1969", null="linked by identifier"),
        Column("match_probability", "DOUBLE", "0 to 1; 1 for an identifier"),
        Column("verdict", "VARCHAR", "link, or review where a person must decide"),
    ),
)

HOT_VALUES = Table(
    "link",
    "hot_values",
    "one value that too many records shared when the model was made, by blocking rule: it finds no pair",
    ("population", "rule", "value"),
    (
        Column("population", "VARCHAR", "people or organisations"),
        Column("rule", "VARCHAR", "the blocking rule that counts it"),
        Column("value", "VARCHAR", "the value, or the values the rule is made of, as they are compared", _DIRECT),
        Column("record_count", "BIGINT", "records that shared it when the model was made"),
    ),
)

CLUSTERS = Table(
    "link",
    "clusters",
    "one current customer record",
    ("record_key",),
    (
        _RECORD,
        Column("cluster_key", "VARCHAR", "smallest record key of its component; not an identity", _INDIRECT),
        Column("match_probability", "DOUBLE", "of its strongest link within the component", null="it is alone"),
        _OF_STRONGEST_LINK,
    ),
)


class ConflictReason(StrEnum):
    """Why a link does not hold."""

    CANNOT_LINK = "cannot_link"
    DUPLICATE_FREE = "duplicate_free"
    WEAK_BRIDGE = "weak_bridge"


CONFLICTS = Table(
    "link",
    "conflicts",
    "one linked pair of current records that are two customers all the same",
    ("record_key_l", "record_key_r"),
    (
        *PAIR_KEYS,
        _MATCHED_BY,
        *AS_IN_PAIRS,
        Column(
            "reason",
            "VARCHAR",
            "cannot_link: people said that they, or records joined to them, are two; duplicate_free: one customer "
            "would have two records of an extract without duplicates; weak_bridge: the one weak link between two "
            "groups whose own links are many and strong",
        ),
        Column(
            "blocked_by",
            "VARCHAR",
            "the decision that keeps them apart, or the extract without duplicates as source.extract",
            null="a weak bridge",
        ),
    ),
)

MEMBERS = Table(
    "link",
    "members",
    "one current customer record",
    ("record_key",),
    (
        _RECORD,
        Column("customer_id", "VARCHAR", "the customer it belongs to"),
        Column("match_probability", "DOUBLE", "of its strongest link within the customer", null="it is alone"),
        _OF_STRONGEST_LINK,
    ),
)

FORMER_MEMBERS = Table(
    "link",
    "former_members",
    "one deleted customer record",
    ("record_key",),
    (
        _RECORD,
        Column("customer_id", "VARCHAR", "the customer it last belonged to, by its current id", null="retired"),
    ),
)

IDENTITY_KINDS = ("created", "revived", "merged", "split", "moved", "retired", "erased")
