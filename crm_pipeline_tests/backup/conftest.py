"""The stores that these tests are parametrised over."""

from crm_pipeline_tests.storage.servers import bucket, open_place, s3_server, store

__all__ = ["bucket", "open_place", "s3_server", "store"]
