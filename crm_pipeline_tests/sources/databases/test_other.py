"""Claims on databases without a module of their own: what connectorx gives as Arrow becomes text without loss.

Shown on MariaDB, since none of those that this is for is at hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from crm_pipeline.settings import DatabaseRead
from crm_pipeline.sources.databases.other import Other, open_server
from crm_pipeline.sources.databases.server import DatabaseFailureError, Kind
from crm_pipeline.sources.databases.texts import batch_of
from crm_pipeline_tests.sources.databases.servers import PASSWORD, MariaDb

QUERY = """select 1 as a, '张三' as b, cast(1.50 as decimal(9, 2)) as c, x'00ff' as d, date '2026-01-05' as e,
    timestamp '2026-01-05 01:02:03.5' as f, 0.1e0 as g, nullif(1, 1) as h"""


@pytest.fixture
def other(mariadb: MariaDb, tmp_path: Path) -> Iterator[Other]:
    """MariaDB, as if there were no module for it."""
    read = DatabaseRead.model_validate({"database": mariadb.url(), "table": "t"})
    with open_server(read, ZoneInfo("UTC"), tmp_path) as server:
        yield server


def test_columns_and_texts(other: Other) -> None:
    """Columns have the types of Arrow; numbers, dates, times and bytes are written as elsewhere, null as empty text."""
    columns = other.describe(QUERY)
    kinds = {column.name: column.kind for column in columns}
    assert [kinds[name] for name in "acdefg"] == [
        Kind.INTEGER, Kind.DECIMAL, Kind.BINARY, Kind.DATE, Kind.LOCAL_TIME, Kind.FLOAT
    ]  # fmt: skip
    frames = [batch_of(rows, [*kinds], 1).rows for rows in other.rows(QUERY, columns) if rows.num_rows]
    assert frames[0].rows() == [
        ("1", "张三", "1.5000000000", "\\x00ff", "2026-01-05", "2026-01-05 01:02:03.500000", "0.1", "", 1)
    ]


def test_failure(other: Other) -> None:
    """What connectorx refuses is said without the password."""
    with pytest.raises(DatabaseFailureError) as caught:
        other.describe("select no_such from nothing")
    assert PASSWORD not in caught.value.found
    assert "nothing" in caught.value.found
