"""One interface over a folder and S3-compatible services.

Belongs here: storing, listing and reading objects. Does not belong here: what is in them; no meaning, no encryption.
"""

from crm_pipeline.storage.interface import ObjectInfo, ObjectStore
from crm_pipeline.storage.opening import open_store

__all__ = ["ObjectInfo", "ObjectStore", "open_store"]
