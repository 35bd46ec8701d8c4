"""Published files: made aside, renamed into place, read under lock and key.

Belongs here: how tables become visible, how a published value explains itself. Does not belong here: what is in the
tables.
"""

from crm_pipeline.publish.changes import BASE, Changes, attached_edition, found_changes
from crm_pipeline.publish.duckdb_file import PublishSummary, publish_duckdb, publish_edition
from crm_pipeline.publish.edition import Edition, read_edition
from crm_pipeline.publish.explanation import Explanation, explain, explain_record
from crm_pipeline.publish.keeping import TableEffect, changed_since, effect_of, keep, put_together
from crm_pipeline.publish.masked import publish_masked
from crm_pipeline.publish.matching_index import publish_matching_index
from crm_pipeline.publish.parquet_files import ParquetSummary, publish_parquet
from crm_pipeline.publish.publication import Publication
from crm_pipeline.publish.reader import export_csv, query
from crm_pipeline.publish.spreadsheets import escaped
from crm_pipeline.publish.taking_out import take_out

__all__ = [
    "BASE",
    "Changes",
    "Edition",
    "Explanation",
    "ParquetSummary",
    "Publication",
    "PublishSummary",
    "TableEffect",
    "attached_edition",
    "changed_since",
    "effect_of",
    "escaped",
    "explain",
    "explain_record",
    "export_csv",
    "found_changes",
    "keep",
    "publish_duckdb",
    "publish_edition",
    "publish_masked",
    "publish_matching_index",
    "publish_parquet",
    "put_together",
    "query",
    "read_edition",
    "take_out",
]
