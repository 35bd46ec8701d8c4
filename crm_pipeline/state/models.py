"""The store of linkage models: one numbered folder per version, never changed once it is committed.

Belongs here: writing, finding and reading versions. Does not belong here: what a model means, that is `linkage`.

    state/models/0001/model.json                      everything that shapes pairs and scores but the tables below
                      term_frequencies/<column>.parquet  how frequent each value was when the model was trained
                      left_out.parquet                values too frequent to be compared on
                      model_card.json                 who made it, from what and why; written last: the commit point

    state/models/refused/0001/…                       versions that did not take over, with the reason in their card
    state/models/samples/0001.parquet                 the pairs that models are compared on; the newest counts

A folder without a card was cut short; it is ignored, and overwritten by the next version.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from crm_pipeline.state.files import appearing, read_json, sha256_of, write_json

SAMPLE = {"population": pl.String(), "record_key_l": pl.String(), "record_key_r": pl.String()}
_SAMPLES, _REFUSED = "samples", "refused"
_MODEL, _CARD, _FREQUENCIES, _LEFT_OUT = "model.json", "model_card.json", "term_frequencies", "left_out.parquet"


@dataclass(frozen=True, slots=True)
class StoredModel:
    """One committed version.

    Attributes:
        version: number of the version, from 1.
        folder: where it lies.
        model: content of model.json.
        card: content of model_card.json.
    """

    version: int
    folder: Path
    model: dict[str, Any]
    card: dict[str, Any]

    def sha256(self) -> str:
        """Of all that shapes pairs and scores; models of one number differ by it, as after a restore."""
        digest = hashlib.sha256()
        for file in sorted(path for path in self.folder.rglob("*") if path.is_file() and path.name != _CARD):
            digest.update(f"{file.relative_to(self.folder)} {sha256_of(file)}\n".encode())
        return digest.hexdigest()

    def term_frequencies(self) -> dict[str, pl.DataFrame]:
        """Per column a frame with the value and its share of the filled rows, 0 to 1; in order of column name."""
        files = sorted((self.folder / _FREQUENCIES).glob("*.parquet"))
        return {file.stem: pl.read_parquet(file, glob=False) for file in files}

    def left_out(self) -> pl.DataFrame:
        """The values too frequent to be compared on, as they were given to `append`."""
        return pl.read_parquet(self.folder / _LEFT_OUT, glob=False)


class ModelStore:
    """The versions below one folder; one process writes at a time, under the writer's lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def versions(self) -> list[int]:
        """Numbers of the committed versions, ascending."""
        if not self.folder.exists():
            return []
        return sorted(int(path.parent.name) for path in self.folder.glob(f"[0-9]*/{_CARD}"))

    def latest(self) -> StoredModel | None:
        """The newest committed version; None when there is none."""
        versions = self.versions()
        return self.read(versions[-1]) if versions else None

    def read(self, version: int) -> StoredModel:
        """The committed version of that number.

        Raises:
            FileNotFoundError: there is no such version.
        """
        folder = self._folder_of(version)
        return StoredModel(version, folder, read_json(folder / _MODEL), read_json(folder / _CARD))

    def append(
        self,
        model: Mapping[str, Any],
        card: Mapping[str, Any],
        *,
        term_frequencies: Mapping[str, pl.DataFrame],
        left_out: pl.DataFrame,
    ) -> StoredModel:
        """The new newest version, on disk as a whole; `card` gains its version number."""
        version = max(self.versions(), default=0) + 1
        folder = self._folder_of(version)
        shutil.rmtree(folder, ignore_errors=True)
        write_json(folder / _MODEL, model)
        (folder / _FREQUENCIES).mkdir()
        for column, frame in term_frequencies.items():
            _write_parquet(folder / _FREQUENCIES / f"{column}.parquet", frame)
        _write_parquet(folder / _LEFT_OUT, left_out)
        write_json(folder / _CARD, {"version": version, **card})
        return self.read(version)

    @property
    def refused(self) -> ModelStore:
        """The versions that did not take over, numbered for themselves."""
        return ModelStore(self.folder / _REFUSED)

    def sample(self) -> pl.DataFrame:
        """The pairs that models were compared on last: population, record_key_l, record_key_r; empty before that."""
        files = self._samples()
        return pl.read_parquet(files[-1], glob=False) if files else pl.DataFrame(schema=SAMPLE)

    def keep_sample(self, sample: pl.DataFrame) -> None:
        """Keeps the pairs that models are compared on from now on, where they are not those of before."""
        if not sample.equals(self.sample()):
            _write_parquet(self.folder / _SAMPLES / f"{len(self._samples()) + 1:04d}.parquet", sample)

    def _samples(self) -> list[Path]:
        return sorted((self.folder / _SAMPLES).glob("[0-9]*.parquet"))

    def _folder_of(self, version: int) -> Path:
        return self.folder / f"{version:04d}"


def _write_parquet(path: Path, frame: pl.DataFrame) -> None:
    with appearing(path) as temporary:
        frame.write_parquet(temporary)
