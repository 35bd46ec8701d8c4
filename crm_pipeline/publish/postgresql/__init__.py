"""Publication to PostgreSQL: all or nothing, only what changed, masked and restricted by role.

Belongs here: everything that is true of this server alone. Does not belong here: what is published (`publication`), the
masks (`publish.masks`).
"""

from crm_pipeline.publish.postgresql.publishing import (
    POSTGRES_PUBLISHED,
    PostgresSummary,
    publish_postgresql,
    published_entry,
)
from crm_pipeline.publish.postgresql.roles import ROLES, roles_sql, set_up_roles

__all__ = [
    "POSTGRES_PUBLISHED",
    "ROLES",
    "PostgresSummary",
    "publish_postgresql",
    "published_entry",
    "roles_sql",
    "set_up_roles",
]
