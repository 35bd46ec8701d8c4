"""What was compared, kept from run to run: prepared records, their blocking keys, and the weight of each pair.

Belongs here: the file, and whether its content still holds. Does not belong here: which records changed (`increments`),
and how a pair is scored (`scoring`).

    <population>_records     one prepared record: record_key, fingerprint, the population's columns; frequent contacts
                             are left out
    <population>_keys        one key of a record: rule (its place in the model's blocking_rules), key, record_key
    <population>_pairs       one scored pair: record_key_l, record_key_r, rule (its name), match_weight
    <population>_identified  one pair that shares an identifier, and so was not scored: record_key_l, record_key_r
    basis                    one population: population, model_version, model_sha256, least_probability

All of it follows from `std.customers` and one version of the model: without the file the next run compares everything
and makes it anew. Keys lie in order of rule and key, so that those of one record are found without reading them all.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from pathlib import Path

import polars as pl

from crm_pipeline.linkage.candidates import blocking
from crm_pipeline.linkage.candidates.records import RECORDS
from crm_pipeline.linkage.candidates.scratch import copy_frame
from crm_pipeline.warehouse import Warehouse

_NAME, _SCORED = "matching_index", "linkage_scored"
STALE, CHANGED = "linkage_stale", "linkage_changed"


@dataclass(frozen=True, slots=True)
class Basis:
    """What pairs were scored by; of another basis, nothing in the file holds.

    Attributes:
        model_version: of the stored model.
        model_sha256: of its files: a number may come back with another model, after a restore.
        least_probability: pairs below it were not kept.
    """

    model_version: int
    model_sha256: str
    least_probability: float


@dataclass(frozen=True, slots=True)
class MatchingIndex:
    """One population's tables in the attached file, seen from a scratch connection.

    Attributes:
        scratch: the connection.
        population: name of the population.
    """

    scratch: Warehouse
    population: str

    @property
    def records(self) -> str:
        """Table of prepared records."""
        return self._table("records")

    @property
    def keys(self) -> str:
        """Table of blocking keys."""
        return self._table("keys")

    @property
    def pairs(self) -> str:
        """Table of scored pairs."""
        return self._table("pairs")

    @property
    def identified(self) -> str:
        """Table of pairs that were not scored, because they share an identifier."""
        return self._table("identified")

    def _table(self, name: str) -> str:
        return f"{_NAME}.{self.population}_{name}"

    def holds(self, basis: Basis) -> bool:
        """Whether the content was made on this basis."""
        found = self.scratch.execute(
            f"SELECT * EXCLUDE (population) FROM {_NAME}.basis WHERE population = ?", [self.population]
        )
        return found == [astuple(basis)]

    def forget(self) -> None:
        """Drops what is there of the population."""
        with self.scratch.transaction():
            for table in (self.records, self.keys, self.pairs, self.identified):
                self.scratch.execute(f"DROP TABLE IF EXISTS {table}")
            self.scratch.execute(f"DELETE FROM {_NAME}.basis WHERE population = ?", [self.population])

    def replace(self, basis: Basis, scored: pl.DataFrame, identified: pl.DataFrame) -> None:
        """Everything anew, from the scratch tables of records and keys; all or nothing.

        Args:
            basis: what the pairs were scored by.
            scored: record_key_l, record_key_r, rule and match_weight of each scored pair.
            identified: record_key_l and record_key_r of those that were not scored.
        """
        self._bring(scored, identified)
        with self.scratch.transaction():
            for table, select in (
                (self.records, f"FROM {RECORDS} ORDER BY record_key"),
                (self.keys, f"FROM {blocking.KEYS} ORDER BY rule, key, record_key"),
                (self.pairs, f"FROM {_SCORED}"),
                (self.identified, f"FROM {_SCORED}_identified"),
            ):
                self.scratch.execute(f"CREATE OR REPLACE TABLE {table} AS {select}")
            self._note(basis)

    def change(self, scored: pl.DataFrame, identified: pl.DataFrame) -> None:
        """The increment put in place of what is no longer so; all or nothing.

        Reads the scratch tables of stale and changed records, candidates, records and keys, see `increments`.
        """
        self._bring(scored, identified)
        mine = f"SEMI JOIN {CHANGED} USING (record_key)"
        with self.scratch.transaction():
            for table in (self.records, self.keys):
                self.scratch.execute(f"DELETE FROM {table} WHERE record_key IN (FROM {STALE})")
            self.scratch.execute(
                f"DELETE FROM {self.pairs} WHERE record_key_l IN (FROM {STALE}) OR record_key_r IN (FROM {STALE})"
            )
            self.scratch.execute(f"""
                DELETE FROM {self.pairs} AS p USING {blocking.CANDIDATES} AS c
                WHERE p.record_key_l = c.join_key_l AND p.record_key_r = c.join_key_r
            """)
            self.scratch.execute(f"INSERT INTO {self.records} BY NAME FROM {RECORDS} {mine}")
            self.scratch.execute(f"INSERT INTO {self.keys} BY NAME FROM {blocking.KEYS} {mine} ORDER BY rule, key")
            self.scratch.execute(f"INSERT INTO {self.pairs} BY NAME FROM {_SCORED}")
            self.scratch.execute(f"CREATE OR REPLACE TABLE {self.identified} AS FROM {_SCORED}_identified")

    def scored(self, identified: pl.DataFrame) -> pl.DataFrame:
        """record_key_l, record_key_r, rule and match_weight of every pair that shares no identifier now."""
        with self.scratch.registered("_identified_now", identified.select("record_key_l", "record_key_r")):
            return self.scratch.frame(f"FROM {self.pairs} ANTI JOIN _identified_now USING (record_key_l, record_key_r)")

    def _bring(self, scored: pl.DataFrame, identified: pl.DataFrame) -> None:
        copy_frame(scored.select("record_key_l", "record_key_r", "rule", "match_weight"), self.scratch, _SCORED)
        copy_frame(identified.select("record_key_l", "record_key_r"), self.scratch, f"{_SCORED}_identified")

    def _note(self, basis: Basis) -> None:
        self.scratch.execute(f"DELETE FROM {_NAME}.basis WHERE population = ?", [self.population])
        self.scratch.execute(f"INSERT INTO {_NAME}.basis VALUES (?, ?, ?, ?)", [self.population, *astuple(basis)])


@contextlib.contextmanager
def open_index(scratch: Warehouse, path: Path, population: str) -> Iterator[MatchingIndex]:
    """The part of a population of the file at `path`, which is made when it is not there.

    Raises:
        DamagedError: it can't be read.
    """
    with scratch.attached(path, _NAME):
        scratch.execute(f"""
            CREATE TABLE IF NOT EXISTS {_NAME}.basis
            (population VARCHAR, model_version INTEGER, model_sha256 VARCHAR, least_probability DOUBLE)
        """)
        yield MatchingIndex(scratch, population)
