"""Claims on size: a delivery of many times the memory that reading it takes."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from crm_pipeline_tests.sources.databases.servers import Database

pytestmark = pytest.mark.slow
ROWS = 1_000_000
BYTES_OF_A_ROW = 1_000
QUERIES = {
    "postgresql": "select seq as id, repeat('文', 333) as a from (select generate_series(1, {}) as seq) x",
    "mariadb": "select seq as id, repeat('文', 333) as a from seq_1_to_{}",
    "sqlite": """with recursive x (seq) as (select 1 union all select seq + 1 from x where seq < {})
        select seq as id, replace(hex(zeroblob(166)), '0', '文') || '文' as a from x""",
}
READ = r"""
import json, re, resource, sys, tempfile, datetime, pathlib
from crm_pipeline.settings import DatabaseRead
from crm_pipeline.sources.databases import open_rows
from crm_pipeline.sources.reading import Asked
read = DatabaseRead.model_validate(json.loads(sys.stdin.read()))
with tempfile.TemporaryDirectory() as folder:
    place = pathlib.Path(folder)
    with open_rows(read, Asked("erp.users", datetime.date(2026, 1, 5), place, place)) as reading:
        rows = sum(batch.rows.height for batch in reading.batches)
        # Not RUSAGE_SELF: that begins with what the process that started this one had.
        ours = int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path("/proc/self/status").read_text())[1]) >> 10
        other = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
        print(json.dumps([rows, reading.origin().file_bytes, ours, other]))
"""


def test_memory_is_bounded(database: Database) -> None:
    """A million rows, a gigabyte, take less than half of that in memory, ours and that of the process that receives."""
    told = json.dumps({"database": database.url(), "query": QUERIES[database.name].format(ROWS)})
    done = subprocess.run([sys.executable, "-c", READ], input=told, capture_output=True, text=True, check=True)
    rows, size, ours, of_the_other = json.loads(done.stdout)
    assert rows == ROWS
    assert size > ROWS * BYTES_OF_A_ROW * 0.99
    assert ours < 400
    assert of_the_other < 400
