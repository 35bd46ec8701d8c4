"""A published DuckDB file: built in a private folder beside it, renamed into place, left alone when nothing changed.

Belongs here: making the file and deciding whether it must be made. Does not belong here: what is published
(`publication`) or reading it (`reader`).

Whoever has the old file open keeps it until reconnecting. A crash leaves at most entries whose names start with
`.tmp-`, which no reader looks at and the next publication removes.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crm_pipeline.errors import PipelineError, ReconciliationError
from crm_pipeline.publish.publication import RUN_TIME_MARK, Publication, column_types, fingerprint
from crm_pipeline.state.files import appearing
from crm_pipeline.tables import PUBLISHED
from crm_pipeline.warehouse import RefusedError, Warehouse, open_reader
from crm_pipeline.warehouse.connection import literal, quoted

# The file is the database crm, so that its default schema answers to `customers` and to `crm.customers`. With a schema
# crm in a database crm, DuckDB finds `crm.customers` ambiguous.
SCHEMA = "main"

# Name of the attached file while it is built; nothing else may have it.
_ALIAS = "publication_being_built"

# Rows; a quarter of DuckDB's default. Strings are compressed by a dictionary for each group, whose cost grows faster
# than the group: customers take half the time and a fifth more space, and small tables keep several cores busy.
_ROW_GROUP_SIZE = 30_720


@dataclass(frozen=True, slots=True)
class PublishSummary:
    """What a publication did.

    Attributes:
        is_changed: False when the file already had this content and was left alone.
        fingerprint: over all stable content, see `publication`.
        row_counts: table to rows, as asked for.
    """

    is_changed: bool
    fingerprint: str
    row_counts: Mapping[str, int]


def publish_duckdb(
    warehouse: Warehouse,
    path: Path,
    tables: Sequence[Publication],
    *,
    run_id: str,
    now: datetime,
    code_version: str,
) -> PublishSummary:
    """What was published under `path`: each table, typed, commented, in key order, and crm.published.

    Readable by its owner only, with no write-ahead log. Call it outside a transaction: DuckDB writes to one database
    in each.

    Args:
        warehouse: the writing connection.
        path: the published file.
        tables: what is published; names differ.
        run_id: the run that publishes.
        now: time of publication, UTC without a zone.
        code_version: version of crm_pipeline.

    Raises:
        ReconciliationError: a published table has another number of rows than its source.
    """
    _remove_leftovers(path)
    row_counts = {table.name: int(warehouse.value(f"SELECT count(*) FROM {table.source}")) for table in tables}
    content = fingerprint(warehouse, tables)
    if content == _published_fingerprint(path):
        return PublishSummary(is_changed=False, fingerprint=content, row_counts=row_counts)
    with appearing(path) as temporary, _workshop(path) as workshop:
        built = workshop / "publication.duckdb"
        with _attached(warehouse, built):
            with warehouse.transaction():  # one write of the log instead of one for each comment
                for table in tables:
                    _build_table(warehouse, table, row_counts[table.name])
                _build_published(warehouse, (content, now, run_id, code_version))
            warehouse.execute(f"CHECKPOINT {_ALIAS}")
        built.replace(temporary)
        path.with_name(f"{path.name}.wal").unlink(missing_ok=True)  # of whoever opened the old file for writing
    return PublishSummary(is_changed=True, fingerprint=content, row_counts=row_counts)


def _published_fingerprint(path: Path) -> str | None:
    """The fingerprint in the published file; None when there is no file or not a readable one."""
    if not path.exists():
        return None
    try:
        with open_reader(path) as reader:
            return str(reader.select(f"SELECT fingerprint FROM {PUBLISHED.qualified}").item())
    except (PipelineError, RefusedError, ValueError):  # not a file of ours, or damaged: it is replaced
        return None


def _remove_leftovers(path: Path) -> None:
    """Removes what an interrupted publication left: personal data must not lie about until the next change."""
    shutil.rmtree(path.with_name(f".tmp-{path.name}.build"), ignore_errors=True)
    path.with_name(f".tmp-{path.name}").unlink(missing_ok=True)


@contextlib.contextmanager
def _workshop(path: Path) -> Iterator[Path]:
    """A private folder beside `path`, so that neither the file nor its log is readable by others while it is built."""
    folder = path.with_name(f".tmp-{path.name}.build")
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _attached(warehouse: Warehouse, path: Path) -> Iterator[None]:
    """The new file as database `_ALIAS` with its schema, within the block."""
    warehouse.execute(f"ATTACH {literal(str(path))} AS {_ALIAS} (ROW_GROUP_SIZE {_ROW_GROUP_SIZE})")
    try:
        yield
    finally:
        warehouse.execute(f"DETACH {_ALIAS}")


def _build_table(warehouse: Warehouse, table: Publication, row_count: int) -> None:
    target = f"{_ALIAS}.{SCHEMA}.{quoted(table.name)}"
    order = ", ".join(quoted(name) for name in table.order_by)
    # Most tables lie in key order already, and a scan keeps it: sorting them again would cost more than looking.
    sort = "" if _is_ordered(warehouse, table) else f"ORDER BY {order}"
    warehouse.execute(f"CREATE TABLE {target} AS FROM {table.source} {sort}")
    first = f"coalesce(CAST({quoted(table.order_by[0])} AS VARCHAR), '')"  # count(*) would not read the rows
    found = warehouse.value(f"SELECT count({first}) FROM {target}")
    if found != row_count:
        raise ReconciliationError(
            where=f"crm.{table.name}",
            expected=f"the {row_count} rows of {table.source}",
            found=str(found),
            cure="This is a defect; please report it. The published file is as it was.",
        )
    warehouse.execute(f"COMMENT ON TABLE {target} IS {literal(table.description)}")
    for name in column_types(warehouse, table.source):
        comment = table.column_descriptions.get(name, "")
        if name not in table.stable_columns and not comment.endswith(RUN_TIME_MARK):
            comment = f"{comment} {RUN_TIME_MARK}".strip()
        warehouse.execute(f"COMMENT ON COLUMN {target}.{quoted(name)} IS {literal(comment)}")


def _is_ordered(warehouse: Warehouse, table: Publication) -> bool:
    """Whether a scan of the source gives its rows in key order, nulls last, as ORDER BY would."""
    key = f"row({', '.join(quoted(name) for name in table.order_by)})"
    swapped = warehouse.value(f"""
        SELECT count(*) FROM (SELECT {key} AS key, lag({key}) OVER () AS key_before FROM {table.source})
        WHERE key < key_before
    """)
    return not swapped


def _build_published(warehouse: Warehouse, row: tuple[str, datetime, str, str]) -> None:
    """Makes crm.published with its one row, in the order of the contract."""
    target = f"{_ALIAS}.{SCHEMA}.{PUBLISHED.name}"
    definition = ", ".join(f"{column.name} {column.type}" for column in PUBLISHED.columns)
    warehouse.execute(f"CREATE TABLE {target} ({definition})")
    warehouse.execute(f"INSERT INTO {target} VALUES (?, ?, ?, ?)", row)
    comments = Publication.of(PUBLISHED)
    warehouse.execute(f"COMMENT ON TABLE {target} IS {literal(comments.description)}")
    for name, comment in comments.column_descriptions.items():
        warehouse.execute(f"COMMENT ON COLUMN {target}.{quoted(name)} IS {literal(comment)}")
