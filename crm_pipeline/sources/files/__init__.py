"""Deliveries that are files: where they lie, what they are packed in, and the formats they have.

Belongs here: everything that is true of files alone. Does not belong here: what columns mean (`sources.mapping`), other
kinds of sources.
"""

from crm_pipeline.sources.files.opening import dates_available, is_delivered, open_file, shown_path
from crm_pipeline.sources.files.places import naming

__all__ = ["dates_available", "is_delivered", "naming", "open_file", "shown_path"]
