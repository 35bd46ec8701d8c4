"""Names on the server: the schemas of one publication, and its tables and views in them.

Belongs here: how they are called. Does not belong here: what they hold.

    crm             views for stewards, administrators and, their own customers only, sales
    crm_masked      the same tables as the masks show them, for analysts
    crm_base        the tables; nobody but the role crm_pipeline reaches them by name
    crm_access      who of sales looks after whom, filled by administrators
"""

from __future__ import annotations

from dataclasses import dataclass

from crm_pipeline.warehouse.connection import quoted


@dataclass(frozen=True, slots=True)
class Places:
    """The schemas, made from the one that is configured."""

    schema: str

    @property
    def base(self) -> str:
        """Schema of the tables."""
        return f"{self.schema}_base"

    @property
    def masked(self) -> str:
        """Schema of the masked views."""
        return f"{self.schema}_masked"

    @property
    def access(self) -> str:
        """Schema of what decides who of sales sees whom."""
        return f"{self.schema}_access"

    @property
    def schemas(self) -> tuple[str, ...]:
        """All of them."""
        return (self.schema, self.base, self.masked, self.access)

    def table(self, name: str) -> str:
        """A table, quoted."""
        return f"{quoted(self.base)}.{quoted(name)}"

    def view(self, name: str) -> str:
        """The view of a table, quoted."""
        return f"{quoted(self.schema)}.{quoted(name)}"

    def masked_view(self, name: str) -> str:
        """The masked view of a table, quoted."""
        return f"{quoted(self.masked)}.{quoted(name)}"

    @property
    def owners(self) -> str:
        """The table of who looks after whom: an owner as sources write it, and a user or team."""
        return f"{quoted(self.access)}.{quoted('sales_owners')}"

    @property
    def own_owners(self) -> str:
        """The view of the owners that the connected user stands for."""
        return f"{quoted(self.access)}.{quoted('own_owners')}"

    @property
    def salts(self) -> str:
        """The table of the one salt."""
        return self.table("masking_salt")

    @property
    def contracts(self) -> str:
        """The table of what was last set up for each table."""
        return self.table("table_contracts")


# Tables of our own in the schema of tables, which no published table may be called.
RESERVED = frozenset({"masking_salt", "table_contracts"})
