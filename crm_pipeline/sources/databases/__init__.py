"""Deliveries that are the rows of a table or a query of a database, by URL.

Belongs here: everything that is true of databases alone. Does not belong here: what columns mean (`sources.mapping`),
other kinds of sources.
"""

from crm_pipeline.sources.databases.opening import open_rows

__all__ = ["open_rows"]
