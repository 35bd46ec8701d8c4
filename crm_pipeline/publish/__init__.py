"""Published files: made aside, renamed into place, read under lock and key.

Belongs here: how tables become visible, how a published value explains itself. Does not belong here: what is in the
tables.
"""

from crm_pipeline.publish.duckdb_file import PublishSummary, publish_duckdb
from crm_pipeline.publish.explanation import Explanation, explain, explain_record
from crm_pipeline.publish.matching_index import publish_matching_index
from crm_pipeline.publish.publication import Publication
from crm_pipeline.publish.reader import export_csv, query
from crm_pipeline.publish.spreadsheets import escaped
from crm_pipeline.publish.taking_out import take_out

__all__ = [
    "Explanation",
    "Publication",
    "PublishSummary",
    "escaped",
    "explain",
    "explain_record",
    "export_csv",
    "publish_duckdb",
    "publish_matching_index",
    "query",
    "take_out",
]
