"""A SQL model as a value, and the set of them in the order in which they are built.

Belongs here: what a model is, and the contract tables that models may read. Does not belong here: reading files
(`model_loading`) or touching a warehouse (`models`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from crm_pipeline import tables
from crm_pipeline.errors import ConfigurationError
from crm_pipeline.tables import Table
from crm_pipeline.warehouse.connection import SCHEMAS
from crm_pipeline.warehouse.model_files import ModelColumn, refuse_unknown
from crm_pipeline.warehouse.model_tests import ModelTest

# Contract tables that a model builds; all others are built by code, and no model may take their names.
MODELLED = frozenset({*(f"gold.{entity}" for entity in tables.ENTITIES if entity != "customers"), "ops.quarantine"})
# Schemas whose models readers get, all in one schema; code alone builds std, the evidence that models draw from.
PUBLISHED_SCHEMAS = ("gold", "mart", "ops")
# Schemas that models may add to; those of link are what other models are made of.
OPEN_SCHEMAS = ("link", *PUBLISHED_SCHEMAS)


@dataclass(frozen=True, slots=True)
class Model:
    """One table made by one select.

    Attributes:
        path: file of the select.
        key: unique, nulls counted as equal; rows are stored in its order.
        columns: as documented; the table has them in the order of the select.
        tests: those of the description and the asserts.
        dependencies: each `schema.table` that the select reads, in the order of the text.
        test_dependencies: what only its tests read.
        dependency_columns: the columns of each dependency, by `schema.table`.
    """

    schema: str
    name: str
    path: Path
    sql: str
    grain: str
    description: str
    key: tuple[str, ...]
    columns: tuple[ModelColumn, ...]
    tests: tuple[ModelTest, ...]
    dependencies: tuple[str, ...]
    test_dependencies: tuple[str, ...]
    dependency_columns: Mapping[str, tuple[str, ...]] = field(hash=False)

    @property
    def qualified(self) -> str:
        """Schema and name as SQL writes them."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True)
class Models:
    """All models, each after those that it or its tests read; the same files give the same order."""

    ordered: tuple[Model, ...]

    def __iter__(self) -> Iterator[Model]:
        return iter(self.ordered)

    def __len__(self) -> int:
        return len(self.ordered)

    def __getitem__(self, qualified: str) -> Model:
        """The model of `schema.table`.

        Raises:
            ConfigurationError: there is none; the cure gives the nearest name.
        """
        by_name = {model.qualified: model for model in self.ordered}
        refuse_unknown([qualified], by_name, "SQL models")
        return by_name[qualified]


def contract_tables(extra: Mapping[str, Iterable[str | tables.Column]] | None = None) -> tuple[Table, ...]:
    """The warehouse's tables that code builds and models may read.

    Args:
        extra: extra columns of this project by entity, such as `{"customers": ["vip_level"]}`.
    """
    own = {entity: tuple(names) for entity, names in (extra or {}).items()}
    contracts = [value for value in vars(tables).values() if isinstance(value, Table)]
    contracts += [tables.std(entity, own.get(entity, ())) for entity in tables.ENTITIES]
    of_customers = (tables.customers, tables.customers_archive, tables.customer_history, tables.review_records)
    contracts += [build(own.get("customers", ())) for build in of_customers]
    return tuple(table for table in contracts if table.schema in SCHEMAS and table.qualified not in MODELLED)


def refuse_other_columns(returned: Iterable[str], documented: Iterable[ModelColumn], path: Path) -> None:
    """Returns when a select returns exactly the documented columns, in whatever order.

    Raises:
        ConfigurationError: it does not; the message names all of them.
    """
    names, described = list(returned), [column.name for column in documented]
    undocumented = [name or "one without a name" for name in names if name not in described]
    missing = [name for name in described if name not in names]
    if undocumented or missing or len(names) != len(described):
        found = [f"undocumented {name}" for name in undocumented] + [f"no {name}" for name in missing]
        raise ConfigurationError(
            where=str(path),
            expected="exactly the columns that the .yml documents",
            found=", ".join(found) or "a column more than once",
            cure="Make the select and its description agree.",
        )
