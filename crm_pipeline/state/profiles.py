"""The append-only store of what deliveries looked like: counts and quantiles of their columns, run by run.

Belongs here: how profiles lie on disk. Does not belong here: computing them (`steps.watching`), or judging them
(`quality.anomalies`). No personal values: counts, lengths, and medians and shares of columns that are not personal.

    profiles/<time>-<run_id>.parquet    what one run profiled
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from crm_pipeline.state.files import appearing
from crm_pipeline.tables import PROFILES

_log = logging.getLogger(__name__)
SHARES = pl.List(pl.Struct({"category": pl.String(), "share": pl.Float64()}))
SCHEMA: dict[str, pl.DataType] = {
    **PROFILES.polars_schema,
    "shares": SHARES,  # of each value that ten records or more have; the rest under a null category
    "fingerprint": pl.String(),  # of the delivery's file and of what was made of it
    "profiled_at": pl.Datetime("us"),
}


class ProfileStore:
    """The store in one folder, normally `state/history/profiles`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, profiles: pl.DataFrame, *, run_id: str, now: datetime) -> pl.DataFrame:
        """What a run profiled, kept, with `profiled_at`; a run that tells again, after a retry, replaces its own only.

        Args:
            profiles: the columns of `SCHEMA`, `profiled_at` apart.
            run_id: the run.
            now: UTC without a zone.
        """
        dated = profiles.with_columns(pl.lit(now, dtype=pl.Datetime("us")).alias("profiled_at")).select(list(SCHEMA))
        with appearing(self.folder / f"{now:%Y%m%dT%H%M%S%f}Z-{run_id}.parquet") as temporary:
            dated.write_parquet(temporary)
        return dated

    def profiles(self) -> pl.DataFrame:
        """All profiles with the columns of `SCHEMA`, each column of a delivery as it was profiled last, by key."""
        return latest(_read_all(sorted(self.folder.glob("[!.]*.parquet"))))


def latest(profiles: pl.DataFrame) -> pl.DataFrame:
    """Of rows of `SCHEMA` those of each delivery that were profiled last, by key."""
    newest = pl.col("profiled_at") == pl.col("profiled_at").max().over(list(PROFILES.key[:-1]))
    return profiles.filter(newest).unique(PROFILES.key, keep="last", maintain_order=True).sort(PROFILES.key)


def _read_all(paths: Sequence[Path]) -> pl.DataFrame:
    """All files in their order; in one go, which takes a tenth of the time, unless one of them is not as it should."""
    if paths:
        try:
            return pl.scan_parquet(list(paths), glob=False).select(list(SCHEMA)).collect().cast(SCHEMA)  # type: ignore[arg-type]  # polars' stubs want classes
        except (PolarsError, OSError):
            pass
    kept = [frame for path in paths if (frame := _read(path)) is not None]
    return pl.concat([pl.DataFrame(schema=SCHEMA), *kept])


def _read(path: Path) -> pl.DataFrame | None:
    """One file; None for one that is damaged or of a later version: figures are no reason to stop anything."""
    try:
        return pl.read_parquet(path, glob=False).select(list(SCHEMA)).cast(SCHEMA)  # type: ignore[arg-type]  # polars' stubs want classes
    except (PolarsError, OSError):
        _log.warning("%s is not readable as profiles and is left out", path.name)
        return None
