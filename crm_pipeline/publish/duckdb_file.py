"""A published DuckDB file: built in a private folder beside it, renamed into place, left alone when nothing changed.

Belongs here: making the file, at the cost of what changed where that is little. Does not belong here: what is published
(`publication`), what changed (`changes`) or reading it (`reader`).

Whoever has the old file open keeps it until reconnecting. A crash leaves at most entries whose names start with
`.tmp-`, which no reader looks at and the next publication removes.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crm_pipeline.errors import ReconciliationError
from crm_pipeline.publish.changes import Changes, TableChange, attached_edition, found_changes, same_key
from crm_pipeline.publish.edition import Edition, read_edition, write_edition
from crm_pipeline.publish.publication import RUN_TIME_MARK, Publication
from crm_pipeline.state.files import appearing
from crm_pipeline.state.publications import IS_GONE, Change
from crm_pipeline.warehouse import DamagedError, Warehouse
from crm_pipeline.warehouse.connection import literal, quoted

# The file is the database crm, so that its default schema answers to `customers` and to `crm.customers`. With a schema
# crm in a database crm, DuckDB finds `crm.customers` ambiguous.
SCHEMA = "main"

# Name of the attached file while it is built; nothing else may have it.
_ALIAS = "publication_being_built"

# Rows; a quarter of DuckDB's default. Strings are compressed by a dictionary for each group, whose cost grows faster
# than the group: customers take half the time and a fifth more space, and small tables keep several cores busy.
_ROW_GROUP_SIZE = 30_720

# Rows merged into a file, as a share of all its rows, from which it is made as a whole again, in key order.
_LARGEST_MERGED_SHARE = 0.25


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
    """What was published under `path`, compared with what is there: an edition whose past is not kept.

    Arguments, result and errors are those of `publish_edition`; `tables` is what is published, names differ.
    """
    try:
        with attached_edition(warehouse, path) as base, found_changes(warehouse, tables, base) as changes:
            return publish_edition(warehouse, path, changes, run_id=run_id, now=now, code_version=code_version)
    except DamagedError:  # the file that is there: a new one takes its place
        with found_changes(warehouse, tables, None) as changes:
            return publish_edition(warehouse, path, changes, run_id=run_id, now=now, code_version=code_version)


def publish_edition(
    warehouse: Warehouse,
    path: Path,
    changes: Changes,
    *,
    run_id: str,
    now: datetime,
    code_version: str,
    entry_number: int | None = None,
) -> PublishSummary:
    """What was published under `path`: each table, typed, commented, in key order, and crm.published.

    Readable by its owner only, with no write-ahead log. Where the file is the edition that `changes` counts from, they
    are merged into a copy of it, whose tables then have merged rows behind the others; otherwise, and when a quarter of
    its rows were merged, it is made as a whole. Call it outside a transaction: DuckDB writes to one database in each.

    Args:
        warehouse: the writing connection.
        path: the published file.
        changes: of all tables that are published.
        run_id: the run that publishes.
        now: time of publication, UTC without a zone.
        code_version: version of crm_pipeline.
        entry_number: position in the store of publications.

    Raises:
        ReconciliationError: a published table has another number of rows than its source.
    """
    _remove_leftovers(path)
    present, content = read_edition(path), changes.fingerprint
    row_counts = {table.publication.name: table.state.row_count for table in changes.tables}
    if present and (present.fingerprint, present.entry_number) == (content, entry_number):
        return PublishSummary(is_changed=False, fingerprint=content, row_counts=row_counts)
    merged = _merged_row_count(present, changes)
    with appearing(path) as temporary, _workshop(path) as workshop:
        built = workshop / "publication.duckdb"
        if merged:
            shutil.copyfile(path, built)
        with _attached(warehouse, built):
            with warehouse.transaction():  # one write of the log instead of one for each comment
                if merged and present:
                    _drop_tables(warehouse, set(present.by_name) - set(row_counts))
                for table in changes.tables:
                    if not merged or table.change is Change.WHOLE:
                        _build_table(warehouse, table)
                    elif table.change is Change.ROWS:
                        _merge_table(warehouse, table)
                states = tuple(table.state for table in changes.tables)
                edition = Edition(content, now, run_id, code_version, entry_number, merged, states)
                write_edition(warehouse, _ALIAS, edition)
            warehouse.execute(f"CHECKPOINT {_ALIAS}")
        built.replace(temporary)
        path.with_name(f"{path.name}.wal").unlink(missing_ok=True)  # of whoever opened the old file for writing
    return PublishSummary(is_changed=True, fingerprint=content, row_counts=row_counts)


def _merged_row_count(present: Edition | None, changes: Changes) -> int:
    """Rows that the file will have merged into it since it was made as a whole; 0 when it must be made as a whole."""
    if present is None or changes.base is None or present.fingerprint != changes.base.fingerprint:
        return 0
    changed = sum(table.changed_count + table.gone_count for table in changes.tables)
    merged = present.merged_row_count + max(changed, 1)
    return merged if merged <= changes.row_count * _LARGEST_MERGED_SHARE else 0


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


def _drop_tables(warehouse: Warehouse, names: Collection[str]) -> None:
    for name in sorted(names):
        warehouse.execute(f"DROP TABLE {_ALIAS}.{SCHEMA}.{quoted(name)}")


def _merge_table(warehouse: Warehouse, change: TableChange) -> None:
    table = change.publication
    target = f"{_ALIAS}.{SCHEMA}.{quoted(table.name)}"
    names = ", ".join(quoted(name) for name in change.types)
    warehouse.execute(f"""
        DELETE FROM {target} AS target USING ({change.rows}) AS changed
        WHERE {same_key("target", "changed", table.order_by)}
    """)
    if change.changed_count:
        warehouse.execute(f"INSERT INTO {target} ({names}) SELECT {names} FROM ({change.rows}) WHERE NOT {IS_GONE}")
    _refuse_other_count(warehouse, change)


def _build_table(warehouse: Warehouse, change: TableChange) -> None:
    table = change.publication
    target = f"{_ALIAS}.{SCHEMA}.{quoted(table.name)}"
    order = ", ".join(quoted(name) for name in table.order_by)
    # Most tables lie in key order already, and a scan keeps it: sorting them again would cost more than looking.
    sort = "" if _is_ordered(warehouse, table) else f"ORDER BY {order}"
    warehouse.execute(f"CREATE OR REPLACE TABLE {target} AS FROM {table.source} {sort}")
    _refuse_other_count(warehouse, change)
    warehouse.execute(f"COMMENT ON TABLE {target} IS {literal(table.description)}")
    for name in change.types:
        comment = table.column_descriptions.get(name, "")
        if name not in table.stable_columns and not comment.endswith(RUN_TIME_MARK):
            comment = f"{comment} {RUN_TIME_MARK}".strip()
        warehouse.execute(f"COMMENT ON COLUMN {target}.{quoted(name)} IS {literal(comment)}")


def _refuse_other_count(warehouse: Warehouse, change: TableChange) -> None:
    table = change.publication
    first = f"coalesce(CAST({quoted(table.order_by[0])} AS VARCHAR), '')"  # count(*) would not read the rows
    found = warehouse.value(f"SELECT count({first}) FROM {_ALIAS}.{SCHEMA}.{quoted(table.name)}")
    if found != change.state.row_count:
        raise ReconciliationError(
            where=f"crm.{table.name}",
            expected=f"the {change.state.row_count} rows of {table.source}",
            found=str(found),
            cure="This is a defect; please report it. The published file is as it was.",
        )


def _is_ordered(warehouse: Warehouse, table: Publication) -> bool:
    """Whether a scan of the source gives its rows in key order, nulls last, as ORDER BY would."""
    key = f"row({', '.join(quoted(name) for name in table.order_by)})"
    swapped = warehouse.value(f"""
        SELECT count(*) FROM (SELECT {key} AS key, lag({key}) OVER () AS key_before FROM {table.source})
        WHERE key < key_before
    """)
    return not swapped
