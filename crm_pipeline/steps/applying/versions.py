"""The versions of records in the std tables: what changed, closing what was replaced, taking back late dates.

Belongs here: SQL over `std.<entity>` and `ops.loads` that is the same for every entity. Does not belong here: values.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

import polars as pl

from crm_pipeline.settings import Extract
from crm_pipeline.sources.mapping import BLANKS, is_deleted_sql, source_id_sql
from crm_pipeline.state.delivery import LINE, Delivery
from crm_pipeline.tables import CORRECTION_USES, LOADS, REJECTIONS, Table
from crm_pipeline.warehouse import Warehouse
from crm_pipeline.warehouse.connection import literal, quoted

# Columns beside the delivered ones, under names that no delivered column is likely to have.
KEY = "=source_id"
HASH = "=row_hash"
# The rows of a delivery with what people corrected, a view that is there while the delivery is applied.
DELIVERED = "_delivered"

LOGS = (LOADS, REJECTIONS, CORRECTION_USES)
"""What is told of each delivery that std shows."""

_CUTS = BLANKS + "\"'\\{}[],;|:^~"  # what stands between words of a line, besides the delivery's own delimiter
_JSON_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")

_SEPARATOR = "\x1f"  # between what a row's hash is made of
_ISO_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?)?"

Applied = tuple[date, int, str, str]  # business date, sequence, file hash, recipe


def applied(warehouse: Warehouse, source: str, extract: str) -> list[Applied]:
    """The deliveries of an extract that std shows, in order."""
    sql = f"""
        SELECT business_date, sequence, file_sha256, recipe_sha256 FROM {LOADS.qualified}
        WHERE source = ? AND extract = ? ORDER BY business_date, sequence
    """
    return [(row[0], row[1], row[2], row[3]) for row in warehouse.execute(sql, [source, extract])]


def rewind(warehouse: Warehouse, table: Table, source: str, extract: str, day: date) -> None:
    """Takes the extract's part of std back to what it was before `day`."""
    where, parameters = "source = ? AND extract = ?", [source, extract, day]
    with warehouse.transaction():
        warehouse.execute(f"DELETE FROM {table.qualified} WHERE {where} AND valid_from >= ?", parameters)
        warehouse.execute(f"UPDATE {table.qualified} SET valid_to = NULL WHERE {where} AND valid_to >= ?", parameters)
        for log in LOGS:
            warehouse.execute(f"DELETE FROM {log.qualified} WHERE {where} AND business_date >= ?", parameters)


@contextlib.contextmanager
def examined(warehouse: Warehouse, delivery: Delivery, extract: Extract) -> Iterator[None]:
    """Within the block there is a table `_rows`: one row of the view DELIVERED each, all that could be read.

    Columns: `line`; `source_id`, null where a part of the key is blank; `row_hash`, the MD5 over the column names,
    sorted, and the cell of each; `updated_at` as delivered; `is_deleted`, whether it has a key and the mark of
    deletion; `is_surplus`, false for all until `mark_surplus`; `is_blank`, whether it holds no contact, false for all
    until `contacts.mark_blank`.

    Args:
        warehouse: the writing connection.
        delivery: whose rows.
        extract: its configuration.
    """
    updated = quoted(extract.updated_at) if extract.updated_at else "NULL"
    key = source_id_sql(extract.primary_key)
    is_deleted = f"{key} IS NOT NULL AND {is_deleted_sql(extract.deleted)}" if extract.deleted else "false"
    warehouse.execute(f"""
        CREATE OR REPLACE TEMP TABLE _rows AS
        SELECT {LINE} AS line, {key} AS source_id, {row_hash_sql(delivery.columns)} AS row_hash,
               CAST({updated} AS VARCHAR) AS updated_at, {is_deleted} AS is_deleted, false AS is_surplus,
               false AS is_blank
        FROM {DELIVERED}
    """)
    try:
        yield
    finally:
        warehouse.execute("DROP TABLE IF EXISTS _rows")
        warehouse.execute("DROP TABLE IF EXISTS _changed")


def rows_of(delivery: Delivery, absent: Sequence[str] = ()) -> str:
    """The landed rows of a delivery as an SQL relation; columns that it lacks are empty."""
    rows = f"read_parquet({literal(str(delivery.file))})"
    empty = "".join(f", '' AS {quoted(name)}" for name in absent)
    return f"(SELECT *{empty} FROM {rows})" if absent else rows


def row_hash_sql(columns: Iterable[str]) -> str:
    """An SQL expression over delivered columns: MD5 over names and cells, a separator between all of them.

    They are put together so that DuckDB joins few texts.
    """
    names = sorted(columns)
    before = [f"{_SEPARATOR if position else ''}{name}{_SEPARATOR}" for position, name in enumerate(names)]
    texts = (f"{literal(text)}, {quoted(name)}" for text, name in zip(before, names, strict=True))
    return f"md5(concat({', '.join(texts) or literal('')}))"


def updated_range(warehouse: Warehouse) -> pl.Series:
    """Some `updated_at` of the examined rows as delivered, the earliest and the latest among them; few if all are ISO.

    Those of one ISO form without an offset are compared here, all others are for the caller to read.
    """
    time = "try_cast(trim(updated_at) AS TIMESTAMP)"
    is_plain = f"regexp_full_match(trim(updated_at), {literal(_ISO_TIME)}) AND {time} IS NOT NULL"
    frame = warehouse.frame(f"""
        SELECT unnest([arg_min(updated_at, {time}), arg_max(updated_at, {time})]) AS updated_at
        FROM _rows WHERE {is_plain}
        UNION ALL SELECT DISTINCT updated_at FROM _rows WHERE NOT coalesce({is_plain}, false)
    """)
    return frame["updated_at"].drop_nulls()


def latest_date_orders(warehouse: Warehouse, delivery: Delivery) -> list[dict[str, Any]]:
    """`date_orders` of the delivery of the same extract that was applied last, by date and sequence."""
    frame = warehouse.frame(
        f"""
        SELECT date_orders FROM {LOADS.qualified} WHERE source = ? AND extract = ?
        ORDER BY business_date DESC, sequence DESC LIMIT 1
        """,
        [delivery.source, delivery.extract],
    )
    return frame["date_orders"].to_list()[0] or [] if frame.height else []


def cells_of(warehouse: Warehouse, columns: Sequence[str]) -> pl.DataFrame:
    """Some columns of all rows of the view DELIVERED, with the line; in no order."""
    names = ", ".join(quoted(name) for name in (*columns, LINE))
    return warehouse.frame(f"SELECT {names} FROM {DELIVERED}")


def repeated_keys(warehouse: Warehouse) -> pl.DataFrame:
    """The examined rows whose key another one has too: `line`, `source_id`, `updated_at`."""
    return warehouse.frame("""
        SELECT line, source_id, updated_at FROM _rows
        WHERE source_id IN (SELECT source_id FROM _rows GROUP BY source_id HAVING count(*) > 1)
        ORDER BY line
    """)


def mark_surplus(warehouse: Warehouse, lines: pl.Series) -> None:
    """Marks the examined rows that another row of the delivery takes the place of."""
    if lines.len():
        with warehouse.registered("_surplus", pl.DataFrame({"line": lines})):
            warehouse.execute("UPDATE _rows SET is_surplus = true WHERE line IN (SELECT line FROM _surplus)")


def find_changed(warehouse: Warehouse, table: Table, delivery: Delivery) -> tuple[int, int]:
    """How many of the examined rows that are not surplus there are, and how many of them are new or changed.

    Those whose key is missing or whose current version has another row hash; they are kept in `_changed`. Rows with
    the mark of deletion are not among them, see `close_marked`.
    """
    warehouse.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE _changed AS
        SELECT line, source_id, row_hash FROM _rows WHERE NOT is_surplus AND NOT is_deleted AND NOT EXISTS (
            SELECT 1 FROM {table.qualified} AS current
            WHERE current.source = ? AND current.extract = ? AND current.valid_to IS NULL
              AND current.source_id = _rows.source_id AND current.row_hash = _rows.row_hash
        )
        """,
        [delivery.source, delivery.extract],
    )
    counts = "SELECT count(*) FROM _rows WHERE NOT is_surplus AND NOT is_blank", "SELECT count(*) FROM _changed"
    candidates, changed = (int(warehouse.value(sql)) for sql in counts)
    return candidates, changed


def add_unread(warehouse: Warehouse, table: Table, delivery: Delivery, rule_ids: Sequence[str]) -> int:
    """How many examined rows became changed ones although they are as they were: a cell of their version was refused.

    Args:
        warehouse: within `examined`, after `find_changed`.
        table: the std table of the extract's entity.
        delivery: whose rows.
        rule_ids: of the rejections of those cells, which can be read by now.
    """
    if not rule_ids:
        return 0
    added = warehouse.execute(
        f"""
        INSERT INTO _changed
        SELECT line, source_id, row_hash FROM _rows
        WHERE NOT is_surplus AND NOT is_deleted AND line NOT IN (SELECT line FROM _changed) AND source_id IN (
            SELECT current.source_id
            FROM {table.qualified} AS current JOIN {REJECTIONS.qualified} AS told
                ON told.source = current.source AND told.extract = current.extract
                AND told.business_date = current.valid_from AND told.sequence = current.sequence
                AND told.line = current.line
            WHERE current.source = ? AND current.extract = ? AND current.valid_to IS NULL
                AND list_contains(?, told.rule_id)
        )
        """,
        [delivery.source, delivery.extract, list(rule_ids)],
    )
    return int(added[0][0])


def changed_rows(warehouse: Warehouse, delivery: Delivery, chunk_rows: int) -> Iterator[pl.DataFrame]:
    """The changed rows of the view DELIVERED with `KEY` and `HASH`, in their order, at most `chunk_rows` at a time."""
    lines = warehouse.frame("SELECT line FROM _changed ORDER BY line")["line"]
    for start in range(0, lines.len(), chunk_rows):
        chunk = lines[start : start + chunk_rows]
        yield _delivered_rows(warehouse, delivery, "_changed", int(chunk[0]), int(chunk[-1]))


def surplus_rows(warehouse: Warehouse, delivery: Delivery) -> pl.DataFrame:
    """The rows marked as surplus, as `changed_rows` gives the changed ones."""
    surplus = "(SELECT * FROM _rows WHERE is_surplus AND NOT is_blank)"
    return _delivered_rows(warehouse, delivery, surplus, 0, 1 << 62)


def _delivered_rows(warehouse: Warehouse, delivery: Delivery, chosen: str, first: int, last: int) -> pl.DataFrame:
    columns = ", ".join(f"delivered.{quoted(name)}" for name in (*delivery.columns, LINE))
    return warehouse.frame(
        f"""
        SELECT {columns}, chosen.source_id AS {quoted(KEY)}, chosen.row_hash AS {quoted(HASH)}
        FROM {DELIVERED} AS delivered JOIN {chosen} AS chosen ON chosen.line = delivered.{LINE}
        WHERE delivered.{LINE} BETWEEN ? AND ? AND chosen.line BETWEEN ? AND ?
        ORDER BY delivered.{LINE}
        """,
        [first, last, first, last],
    )


def replace_versions(warehouse: Warehouse, table: Table, delivery: Delivery, accepted: pl.DataFrame) -> None:
    """Makes the accepted rows the current versions of their records from the delivery's date on."""
    day, scope = delivery.business_date, [delivery.source, delivery.extract]
    same = "source = ? AND extract = ? AND source_id IN (SELECT source_id FROM _accepted)"
    with warehouse.registered("_accepted", accepted.select("source_id")):
        warehouse.execute(f"DELETE FROM {table.qualified} WHERE {same} AND valid_from = ?", [*scope, day])
        sql = f"UPDATE {table.qualified} SET valid_to = ? WHERE {same} AND valid_to IS NULL"
        warehouse.execute(sql, [day, *scope])
    warehouse.insert(table, accepted)


def close_marked(warehouse: Warehouse, table: Table, delivery: Delivery, *, is_blank: bool = False) -> int:
    """Number of living records that rows with the mark of deletion, or without a contact, delete from that date on.

    What an earlier delivery of the same date brought of them goes altogether: a version lives a day at least.
    """
    day, scope = delivery.business_date, [delivery.source, delivery.extract]
    rows = f"_rows WHERE is_deleted AND NOT is_surplus AND is_blank = {str(is_blank).lower()}"
    marked = f"source = ? AND extract = ? AND valid_to IS NULL AND source_id IN (SELECT source_id FROM {rows})"
    of_day = warehouse.execute(f"DELETE FROM {table.qualified} WHERE {marked} AND valid_from = ?", [*scope, day])
    closed = warehouse.execute(f"UPDATE {table.qualified} SET valid_to = ? WHERE {marked}", [day, *scope])
    return int(of_day[0][0]) + int(closed[0][0])


def close_missing(warehouse: Warehouse, table: Table, delivery: Delivery) -> int:
    """Number of records that a full delivery no longer has, and that are deleted from its date on.

    A record stays when the first word of its key is a word of a line that could not be read: it may be that record's.
    """
    day, scope = delivery.business_date, [delivery.source, delivery.extract]
    gone = """source = ? AND extract = ? AND valid_to IS NULL
        AND source_id NOT IN (SELECT source_id FROM _rows WHERE source_id IS NOT NULL)"""
    if delivery.unreadable_count:
        first = f"regexp_extract(source_id, {literal(_word(delivery).pattern)})"
        gone += f" AND coalesce({first}, '') NOT IN (SELECT word FROM _kept)"
    with warehouse.registered("_kept", pl.DataFrame({"word": _words(delivery)}, schema={"word": pl.String})):
        closed = warehouse.execute(f"UPDATE {table.qualified} SET valid_to = ? WHERE {gone}", [day, *scope])
    return int(closed[0][0])


def _word(delivery: Delivery) -> re.Pattern[str]:
    """What a word is, of a key as of a line; understood by Python and DuckDB alike."""
    return re.compile(f"[^{re.escape(_CUTS + (delivery.origin.delimiter or ''))}]+")


def _words(delivery: Delivery) -> list[str]:
    """The words of the lines that could not be read, as they stand and with JSON's escapes resolved."""
    word, found = _word(delivery), set()
    for content in delivery.unreadable()["content"]:
        text = bytes(content).decode(delivery.origin.encoding or "utf-8", "replace").replace("\0", " ")
        found.update(word.findall(text))
        if "\\u" in text:
            found.update(word.findall(_unescaped(text)))
    return sorted(found)


def _unescaped(text: str) -> str:
    """The text with JSON's escapes of characters resolved."""
    units = _JSON_ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), text)
    return units.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
