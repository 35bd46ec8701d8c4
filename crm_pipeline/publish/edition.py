"""An edition: a published DuckDB file and what it tells of itself.

Belongs here: the table crm.published in such a file, written and read. Does not belong here: making the tables
(`duckdb_file`) or comparing them with others (`changes`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crm_pipeline.errors import PipelineError
from crm_pipeline.publish.publication import Publication, TableState
from crm_pipeline.tables import PUBLISHED
from crm_pipeline.warehouse import RefusedError, Warehouse, open_reader
from crm_pipeline.warehouse.connection import literal, quoted


@dataclass(frozen=True, slots=True)
class Edition:
    """What an edition tells of itself.

    Attributes:
        fingerprint: over all stable content, see `publication`.
        published_at: UTC without a zone.
        run_id: the run that published.
        code_version: of crm_pipeline.
        entry_number: position in the store of publications; None for an edition whose past is not kept.
        merged_row_count: rows merged into the file since it was made as a whole.
        states: what each table holds.
    """

    fingerprint: str
    published_at: datetime
    run_id: str
    code_version: str
    entry_number: int | None
    merged_row_count: int
    states: Sequence[TableState]

    @property
    def by_name(self) -> Mapping[str, TableState]:
        """Table to what it holds."""
        return {state.name: state for state in self.states}


def read_edition(path: Path) -> Edition | None:
    """What the file at `path` tells of itself; None when there is none or it is no readable edition of this form."""
    if not path.exists():
        return None
    names = ", ".join(PUBLISHED.column_names)
    try:
        with open_reader(path) as reader:
            [row] = reader.select(f"SELECT {names} FROM {PUBLISHED.qualified}").to_dicts()
    except (PipelineError, RefusedError, ValueError):  # not a file of ours, damaged, or of an earlier version
        return None
    states = tuple(TableState(**state) for state in row.pop("tables"))
    return Edition(**row, states=states)


def write_edition(warehouse: Warehouse, database: str, edition: Edition) -> None:
    """Makes crm.published with its one row in the attached `database`, in place of one that is there."""
    target = f"{database}.{PUBLISHED.name}"
    definition = ", ".join(f"{column.name} {column.type}" for column in PUBLISHED.columns)
    warehouse.execute(f"CREATE OR REPLACE TABLE {target} ({definition})")
    states = [
        {"name": state.name, "structure": state.structure, "content": state.content, "row_count": state.row_count}
        for state in sorted(edition.states, key=lambda state: state.name)
    ]
    row = (
        edition.fingerprint,
        edition.published_at,
        edition.run_id,
        edition.code_version,
        edition.entry_number,
        edition.merged_row_count,
        states,
    )
    warehouse.execute(f"INSERT INTO {target} VALUES ({', '.join('?' for _ in row)})", row)
    comments = Publication.of(PUBLISHED)
    warehouse.execute(f"COMMENT ON TABLE {target} IS {literal(comments.description)}")
    for name, comment in comments.column_descriptions.items():
        warehouse.execute(f"COMMENT ON COLUMN {target}.{quoted(name)} IS {literal(comment)}")
