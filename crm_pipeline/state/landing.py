"""The landing store: every delivery exactly as it came, all text, one Parquet file each; append-only.

Layout: `<source>/<extract>/<business date>/<sequence>.parquet` and, written last and thereby the commit point, the
`.json` beside it. A Parquet file without it is the left-over of a crash and counts for nothing.

Belongs here: storing deliveries and saying which count. Does not belong here: reading sources, applying deliveries.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from crm_pipeline.state.files import appearing, write_json

LINE = "_line"  # column of a landed file: line of the row's start in the delivery; the header is line 1


@dataclass(frozen=True, slots=True)
class Origin:
    """What is known of the file a delivery came in, and how it was read."""

    file_name: str
    file_sha256: str
    file_bytes: int
    encoding: str
    delimiter: str = ","

    def reads_like(self, other: Origin) -> bool:
        """Whether both give the same rows: the same bytes, read in the same way."""
        mine = (self.file_sha256, self.encoding, self.delimiter)
        return mine == (other.file_sha256, other.encoding, other.delimiter)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One arrival of one extract, landed."""

    source: str
    extract: str
    business_date: date
    sequence: int
    row_count: int
    columns: tuple[str, ...]
    origin: Origin
    landed_at: datetime
    run_id: str
    since: datetime | None
    until: datetime | None
    file: Path

    def read(self) -> pl.DataFrame:
        """The delivered rows, all text, in the order delivered, with `_line`."""
        return pl.read_parquet(self.file)


class Landing:
    """The landing store in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def land(
        self,
        frame: pl.DataFrame,
        origin: Origin,
        *,
        source: str,
        extract: str,
        business_date: date,
        run_id: str,
        now: datetime,
    ) -> Delivery:
        """The delivery, landed; the newest one of this date when that is the same file, read alike.

        Args:
            frame: delivered rows, all text, with `_line`.
            origin: the file they came in.
            source: name in pipeline.yaml.
            extract: name in pipeline.yaml.
            business_date: the day it stands for.
            run_id: the run that lands it.
            now: UTC.
        """
        earlier = [d for d in self.deliveries(source, extract) if d.business_date == business_date]
        if earlier and earlier[-1].origin.reads_like(origin):
            return earlier[-1]
        sequence = 1 + max((d.sequence for d in earlier), default=0)
        place = self.folder / source / extract / business_date.isoformat() / f"{sequence:04d}.parquet"
        with appearing(place) as temporary:
            frame.write_parquet(temporary, compression="zstd")
        columns = tuple(name for name in frame.columns if name != LINE)
        delivery = Delivery(
            source, extract, business_date, sequence, frame.height, columns, origin, now, run_id, None, None, place
        )
        write_json(place.with_suffix(".json"), _entry(delivery))
        return delivery

    def deliveries(self, source: str, extract: str) -> list[Delivery]:
        """All committed deliveries of an extract, by business date and sequence."""
        entries = sorted((self.folder / source / extract).glob("*/*.json"))
        return [_delivery(entry) for entry in entries if not entry.name.startswith(".")]

    def days(self, source: str, extract: str) -> set[date]:
        """The business dates of its committed deliveries, by the names of folders; no file is opened."""
        entries = (self.folder / source / extract).glob("*/[!.]*.json")
        return {date.fromisoformat(entry.parent.name) for entry in entries}

    def counting(self, source: str, extract: str, *, load: str) -> list[Delivery]:
        """The deliveries that count: with load `full` the newest of each date, with `incremental` all; in order."""
        deliveries = self.deliveries(source, extract)
        if load == "incremental":
            return deliveries
        newest = {delivery.business_date: delivery for delivery in deliveries}
        return [newest[day] for day in sorted(newest)]


def _entry(delivery: Delivery) -> dict[str, Any]:
    entry = asdict(delivery)
    del entry["file"]
    return {"format_version": 1, **entry}


def _delivery(entry: Path) -> Delivery:
    value = json.loads(entry.read_text(encoding="utf-8"))
    del value["format_version"]
    value["business_date"] = date.fromisoformat(value["business_date"])
    for name in ("landed_at", "since", "until"):
        value[name] = datetime.fromisoformat(value[name]) if value[name] else None
    value["columns"] = tuple(value["columns"])
    value["origin"] = Origin(**value["origin"])
    return Delivery(**value, file=entry.with_suffix(".parquet"))
