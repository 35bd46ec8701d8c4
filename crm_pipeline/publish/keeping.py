"""Publications in the store: what changed, written to it, and the tables as they were after any of its entries.

Belongs here: the SQL between warehouse and store. Does not belong here: how the store lies on disk
(`state.publications`), or finding what changed (`changes`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crm_pipeline.publish.changes import Changes, TableChange, same_key
from crm_pipeline.publish.edition import Edition, write_edition
from crm_pipeline.publish.publication import TableState
from crm_pipeline.state.files import appearing
from crm_pipeline.state.publications import IS_GONE, Change, Entry, Publications, StoredTable
from crm_pipeline.warehouse import Warehouse
from crm_pipeline.warehouse.connection import literal, quoted

# Name of the attached file while an earlier state is put together.
_ALIAS = "publication_put_together"
_NUMBER = "_entry_number"


def keep(
    warehouse: Warehouse, store: Publications, changes: Changes, *, run_id: str, now: datetime, code_version: str
) -> int:
    """Number of the entry that holds `changes`; the last one when they lead to what it holds already.

    Args:
        warehouse: the writing connection.
        store: where they are kept.
        changes: what changed since the last entry.
        run_id: the run that publishes.
        now: time of publication, as the store's `time_of_next` gave it.
        code_version: version of crm_pipeline.
    """
    last = store.last()
    if last and last.fingerprint == changes.fingerprint:
        return last.number
    with store.appending(run_id=run_id, now=now, code_version=code_version, fingerprint=changes.fingerprint) as draft:
        for table in changes.tables:
            if table.change is not Change.NONE:
                with appearing(draft.file(table.publication.name)) as temporary:
                    warehouse.execute(
                        f"COPY ({table.rows}) TO {literal(str(temporary))} (FORMAT parquet, COMPRESSION zstd)"
                    )
        draft.tables = [_stored(table) for table in changes.tables]
    return draft.number


def put_together(
    entries: Sequence[Entry],
    path: Path,
    *,
    temporary: Path,
    tables: Collection[str] | None = None,
    memory_limit: str | None = None,
) -> None:
    """Makes the DuckDB file at `path`: the tables as they were after the last of `entries`, rows in key order.

    Args:
        entries: all entries of the store from the first to the one that is asked for; at least one.
        path: a file that is not there, or is replaced; readable by its owner only.
        temporary: folder for spilling to disk.
        tables: those that are wanted; null: all. crm.published is always there.
        memory_limit: DuckDB's own form, such as `4GB`; its default is 80 % of the machine.
    """
    last = entries[-1]
    with appearing(path) as file:
        with (
            Warehouse.in_memory(temporary=temporary, memory_limit=memory_limit) as warehouse,
            warehouse.attached(file, _ALIAS),
            warehouse.transaction(),
        ):
            for table in last.tables:
                if tables is None or table.name in tables:
                    rows = _state_after(entries, table)
                    warehouse.execute(f"CREATE TABLE {_ALIAS}.{quoted(table.name)} AS {rows}")
            write_edition(warehouse, _ALIAS, edition_of(last))
        file.with_name(f"{file.name}.wal").unlink(missing_ok=True)


def edition_of(entry: Entry) -> Edition:
    """What an edition made of an entry tells of itself."""
    return Edition(
        fingerprint=entry.fingerprint,
        published_at=entry.published_at,
        run_id=entry.run_id,
        code_version=entry.code_version,
        entry_number=entry.number,
        merged_row_count=0,
        states=tuple(TableState(table.name, table.structure, table.content, table.row_count) for table in entry.tables),
    )


def changed_since(entries: Sequence[Entry], number: int) -> dict[str, str | None]:
    """Table to a select of what changed in it after entry `number`: its columns and IS_GONE, each key once.

    None for a table that must be taken as a whole; tables without a change are left out.

    Args:
        entries: all entries of the store.
        number: the entry after which changes count.
    """
    later = [entry for entry in entries if entry.number > number]
    found: dict[str, str | None] = {}
    for table in later[-1].tables if later else ():
        kinds = [each.change for entry in later for each in [entry.table(table.name)] if each]
        if Change.WHOLE in kinds or len(kinds) < len(later):
            found[table.name] = None
        elif Change.ROWS in kinds:
            found[table.name] = _latest(later, table)
    return found


@dataclass(frozen=True, slots=True)
class TableEffect:
    """What a run changed in a published table.

    Attributes:
        changed_count: rows that it brought or changed; null where the table was written as a whole.
        gone_count: rows that were there no more after it; null likewise.
        changed_again_count: of both those that later publications changed once more; null likewise.
    """

    table: str
    changed_count: int | None
    gone_count: int | None
    changed_again_count: int | None


def effect_of(
    entries: Sequence[Entry], run_id: str, *, temporary: Path, memory_limit: str | None = None
) -> list[TableEffect]:
    """What a run changed in the published tables, those that it changed; none for a run that did not publish.

    Args:
        entries: all entries of the store.
        run_id: the run.
        temporary: folder for spilling to disk.
        memory_limit: DuckDB's own form.
    """
    own = [entry for entry in entries if entry.run_id == run_id]
    found = []
    with Warehouse.in_memory(temporary=temporary, memory_limit=memory_limit) as warehouse:
        for table in own[-1].tables if own else ():
            told = [each for entry in own for each in [entry.table(table.name)] if each]
            later = [entry for entry in entries if entry.number > own[-1].number]
            if any(each.change is Change.WHOLE for each in told):
                found.append(TableEffect(table.name, None, None, None))
            elif any(each.change is Change.ROWS for each in told):
                found.append(_effect(warehouse, table, own, later))
    return found


def _effect(warehouse: Warehouse, table: StoredTable, own: Sequence[Entry], later: Sequence[Entry]) -> TableEffect:
    sql = f"SELECT count(*) FILTER (NOT {IS_GONE}), count(*) FILTER ({IS_GONE}) FROM ({_latest(own, table)})"
    [(changed, gone)] = warehouse.execute(sql)
    kinds = [each.change for entry in later for each in [entry.table(table.name)] if each]
    again: int | None = 0
    if Change.WHOLE in kinds or len(kinds) < len(later):
        again = None
    elif Change.ROWS in kinds:
        again = int(
            warehouse.value(f"""
                WITH own AS ({_latest(own, table)}), later AS ({_latest(later, table)})
                SELECT count(*) FROM own SEMI JOIN later ON {same_key("own", "later", table.key)}
            """)
        )
    return TableEffect(table.name, changed, gone, again)


def _stored(change: TableChange) -> StoredTable:
    return StoredTable(
        name=change.publication.name,
        key=change.publication.order_by,
        columns=change.types,
        structure=change.state.structure,
        content=change.state.content,
        row_count=change.state.row_count,
        change=change.change,
        changed_count=change.changed_count,
        gone_count=change.gone_count,
    )


def _state_after(entries: Sequence[Entry], table: StoredTable) -> str:
    """A select of the table's rows after the last entry: the last whole one with all later changes, in key order."""
    start = max(
        position
        for position, entry in enumerate(entries)
        for each in [entry.table(table.name)]
        if each and each.change is Change.WHOLE
    )
    names = ", ".join(quoted(name) for name in table.columns)
    whole = f"SELECT {_typed(table)} FROM read_parquet({literal(str(entries[start].file(table.name)))})"
    later = entries[start + 1 :]
    order = f"ORDER BY {', '.join(quoted(name) for name in table.key)}"
    if not any(each.change is Change.ROWS for entry in later for each in [entry.table(table.name)] if each):
        return f"{whole} {order}"
    return f"""
        WITH whole AS ({whole}), changed AS MATERIALIZED ({_latest(later, table)})
        SELECT * FROM (
            SELECT {names} FROM whole ANTI JOIN changed ON {same_key("whole", "changed", table.key)}
            UNION ALL
            SELECT {names} FROM changed WHERE NOT {IS_GONE}
        ) {order}
    """


def _latest(entries: Sequence[Entry], table: StoredTable) -> str:
    """A select of the newest change of each key in `entries`, with IS_GONE."""
    selects = " UNION ALL ".join(
        f"SELECT {entry.number} AS {_NUMBER}, {IS_GONE}, {_typed(table)} "
        f"FROM read_parquet({literal(str(entry.file(table.name)))})"
        for entry in entries
        for each in [entry.table(table.name)]
        if each and each.change is Change.ROWS
    )
    key = ", ".join(quoted(name) for name in table.key)
    return f"""
        SELECT * EXCLUDE ({_NUMBER}) FROM ({selects})
        QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY {_NUMBER} DESC) = 1
    """


def _typed(table: StoredTable) -> str:
    return ", ".join(f"CAST({quoted(name)} AS {kind}) AS {quoted(name)}" for name, kind in table.columns.items())
