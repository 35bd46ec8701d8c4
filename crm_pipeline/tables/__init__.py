"""The contract of every table: columns, types, grain, key, personal marks and what a null means.

Belongs here: what other modules and users may rely on. Does not belong here: how a table comes about (capability
folders) or how it is stored (`warehouse`). Masks, logs, reports and erasure follow the personal marks.
The schema is the warehouse's; a published table keeps its name in schema `crm`. Types are DuckDB's. Times are
UTC without a zone; dates are business dates in the project's time zone.
"""

from crm_pipeline.tables.contract import (
    ALTERNATIVES_TYPE,
    EXTERNAL_IDS_TYPE,
    REASONS_TYPE,
    Column,
    Personal,
    Table,
    polars_type,
)
from crm_pipeline.tables.correcting import CORRECTION_USES, CORRECTIONS, OPEN_REJECTIONS, CorrectionStatus
from crm_pipeline.tables.golden import (
    CUSTOMER_CONTACTS,
    CUSTOMER_IDS,
    CUSTOMER_RECORDS,
    CUSTOMER_VALUES,
    GOLDEN_COLUMNS,
    IDENTITY_EVENTS,
    customer_history,
    customers,
    published_entity,
)
from crm_pipeline.tables.linking import CLUSTERS, FORMER_MEMBERS, IDENTITY_KINDS, MEMBERS, PAIRS
from crm_pipeline.tables.operations import CHECK_RESULTS, LOADS, PUBLISHED, QUARANTINE, REJECTIONS, CheckKind
from crm_pipeline.tables.records import (
    CAMPAIGN_COLUMNS,
    CONTACTS,
    CUSTOMER_COLUMNS,
    DERIVED,
    ENTITIES,
    EXTRA_TYPES,
    INTERACTION_COLUMNS,
    OPPORTUNITY_COLUMNS,
    ORDER_COLUMNS,
    PAYMENT_COLUMNS,
    PRODUCT_COLUMNS,
    RECORD_COLUMNS,
    TICKET_COLUMNS,
    VERSION_COLUMNS,
    extra_column,
    extra_columns,
    std,
)
from crm_pipeline.tables.watching import ANOMALIES, EXTRACTS, PROFILES, RULES

__all__ = [
    "ALTERNATIVES_TYPE",
    "ANOMALIES",
    "CAMPAIGN_COLUMNS",
    "CHECK_RESULTS",
    "CLUSTERS",
    "CONTACTS",
    "CORRECTIONS",
    "CORRECTION_USES",
    "CUSTOMER_COLUMNS",
    "CUSTOMER_CONTACTS",
    "CUSTOMER_IDS",
    "CUSTOMER_RECORDS",
    "CUSTOMER_VALUES",
    "DERIVED",
    "ENTITIES",
    "EXTERNAL_IDS_TYPE",
    "EXTRACTS",
    "EXTRA_TYPES",
    "FORMER_MEMBERS",
    "GOLDEN_COLUMNS",
    "IDENTITY_EVENTS",
    "IDENTITY_KINDS",
    "INTERACTION_COLUMNS",
    "LOADS",
    "MEMBERS",
    "OPEN_REJECTIONS",
    "OPPORTUNITY_COLUMNS",
    "ORDER_COLUMNS",
    "PAIRS",
    "PAYMENT_COLUMNS",
    "PRODUCT_COLUMNS",
    "PROFILES",
    "PUBLISHED",
    "QUARANTINE",
    "REASONS_TYPE",
    "RECORD_COLUMNS",
    "REJECTIONS",
    "RULES",
    "TICKET_COLUMNS",
    "VERSION_COLUMNS",
    "CheckKind",
    "Column",
    "CorrectionStatus",
    "Personal",
    "Table",
    "customer_history",
    "customers",
    "extra_column",
    "extra_columns",
    "polars_type",
    "published_entity",
    "std",
]
