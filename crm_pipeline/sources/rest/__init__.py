"""Deliveries that are the records of a service, asked for page by page over HTTP.

Belongs here: everything that is true of services alone. Does not belong here: objects as rows
(`sources.files.json_values`), what columns mean (`sources.mapping`), other kinds of sources.
"""

from crm_pipeline.sources.rest.opening import open_records

__all__ = ["open_records"]
