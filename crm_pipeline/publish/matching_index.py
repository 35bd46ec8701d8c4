"""The published matching index: what was compared, for those who ask about records outside a run.

Belongs here: a copy of the index with the customers of its records, renamed into place. Does not belong here: what is
in the index (`linkage`), or who asks it.

It holds names, contact points and identifiers as they are compared, so that its owner alone may read it.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from crm_pipeline.errors import PipelineError
from crm_pipeline.state.files import appearing
from crm_pipeline.tables import MEMBERS
from crm_pipeline.warehouse import RefusedError, Warehouse, discard_database, open_reader

_BUILT = "matching_index_being_built"
_FORMAT = 2  # raised whenever its tables change, so that a file of an older package is made anew
_CURRENT = "FROM std.customers WHERE valid_to IS NULL"
_IDENTIFIERS = f"""
    SELECT namespace, value, record_key FROM (
        SELECT id.namespace AS namespace, id.value AS value, record_key
        FROM (SELECT record_key, unnest(external_ids) AS id {_CURRENT})
        UNION SELECT 'national_id', national_id, record_key {_CURRENT}
        UNION SELECT 'organisation_id', organisation_id, record_key {_CURRENT}
        UNION SELECT 'tax_id', tax_id, record_key {_CURRENT}
    ) WHERE trim(value) <> '' ORDER BY ALL
"""


def publish_matching_index(warehouse: Warehouse, index: Path, path: Path, fingerprint: str) -> bool:
    """Whether the file at `path` was made anew, from the index and `link.members`.

    The copy has three tables more: `members` (record_key, customer_id), `identifiers` (namespace, value, record_key, as
    pairs are linked by them) and `published` (fingerprint).

    Args:
        warehouse: where `link.members` and `std.customers` are; not in a transaction.
        index: the index as linking keeps it; where there is none nothing is published, and nothing stays.
        path: the published file.
        fingerprint: of the publication that it belongs to; a file of the same one is left alone, unless the index was
            made with another model since.
    """
    if not index.exists():
        discard_database(path)
        return False
    told = f"{_FORMAT} {fingerprint} {_basis_of(index)}"
    if _fingerprint_of(path) == told:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    with appearing(path) as temporary:
        discard_database(temporary)  # with the log of one that was cut short
        temporary.touch(mode=0o600)
        shutil.copyfile(index, temporary)
        with warehouse.attached(temporary, _BUILT):
            with warehouse.transaction():
                members = f"SELECT record_key, customer_id FROM {MEMBERS.qualified} ORDER BY record_key"
                warehouse.execute(f"CREATE TABLE {_BUILT}.members AS FROM ({members})")
                warehouse.execute(f"CREATE TABLE {_BUILT}.identifiers AS {_IDENTIFIERS}")
                warehouse.execute(f"CREATE TABLE {_BUILT}.published AS SELECT ? AS fingerprint", [told])
            warehouse.execute(f"CHECKPOINT {_BUILT}")
    return True


def _basis_of(index: Path) -> str:
    """Hex SHA-256 over what the index was made with: another model need not change what is published of customers."""
    with open_reader(index) as reader:
        return hashlib.sha256(repr(reader.execute("FROM basis ORDER BY population")).encode()).hexdigest()


def _fingerprint_of(path: Path) -> str | None:
    if not path.exists():
        return None
    try:
        with open_reader(path) as reader:
            return str(reader.select("SELECT fingerprint FROM published").item())
    except (PipelineError, RefusedError, ValueError):  # another file, or a damaged one: it is replaced
        return None
