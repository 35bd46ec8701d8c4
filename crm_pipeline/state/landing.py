"""The landing store: every delivery exactly as it came, all text, one Parquet file each; append-only.

Layout: `<source>/<extract>/<business date>/<sequence>.parquet`, beside it `<sequence>.unreadable.parquet` where lines
were held back, and, written last and thereby the commit point, `<sequence>.json`. A Parquet file without it is the
left-over of a crash and counts for nothing.

Belongs here: storing deliveries and saying which count. Does not belong here: reading sources, applying deliveries.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

from crm_pipeline.state.delivery import LINE, Delivery, Origin, Part
from crm_pipeline.state.drafts import Draft
from crm_pipeline.state.files import appearing, write_json

__all__ = ["LINE", "Delivery", "Landing", "Origin"]


class Landing:
    """The landing store in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextlib.contextmanager
    def drafting(self, source: str, extract: str, business_date: date) -> Iterator[Draft]:
        """A delivery being written; it counts for nothing until `commit` and is gone at the block's end.

        Args:
            source: name in pipeline.yaml.
            extract: name in pipeline.yaml.
            business_date: the day it stands for.
        """
        place = self.folder / source / extract / business_date.isoformat()
        with Draft.open(place) as draft:
            yield draft

    def commit(
        self,
        draft: Draft,
        origin: Origin,
        *,
        source: str,
        extract: str,
        business_date: date,
        run_id: str,
        now: datetime,
        since: str | None = None,
        until: str | None = None,
        schema_changes: tuple[str, ...] = (),
        seconds: float = 0.0,
        accepted_loss: str = "",
        schema_warnings: tuple[str, ...] = (),
    ) -> Delivery:
        """The drafted delivery, landed; the newest one of this date when that is the same bytes, read alike.

        Args:
            draft: the rows, from `drafting` of the same extract and date.
            origin: where they came from.
            source: name in pipeline.yaml.
            extract: name in pipeline.yaml.
            business_date: the day it stands for.
            run_id: the run that lands it.
            now: UTC.
            since: from when on the source was asked.
            until: up to when it answered.
            schema_changes: what differs from the delivery before.
            seconds: that reading took.
            accepted_loss: what a person accepted as gone.
            schema_warnings: differences that a person is to be warned of.
        """
        earlier = [d for d in self.deliveries(source, extract) if d.business_date == business_date]
        if earlier and earlier[-1].origin.reads_like(origin):
            return earlier[-1]
        sequence = 1 + max((d.sequence for d in earlier), default=0)
        place = self.folder / source / extract / business_date.isoformat() / f"{sequence:04d}.parquet"
        delivery = Delivery(
            source,
            extract,
            business_date,
            sequence,
            draft.row_count,
            draft.columns,
            origin,
            now,
            run_id,
            since,
            until,
            place,
            len(draft.unreadable),
            schema_changes,
            seconds,
            accepted_loss,
            schema_warnings,
        )
        with appearing(place) as temporary:
            draft.move_rows(temporary)
        if draft.unreadable:
            with appearing(delivery.unreadable_file) as temporary:
                draft.write_unreadable(temporary)
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
    return {"format_version": 2, **entry}


def _delivery(entry: Path) -> Delivery:
    value = json.loads(entry.read_text(encoding="utf-8"))
    del value["format_version"]  # version 1 lacks what has a default since
    value["business_date"] = date.fromisoformat(value["business_date"])
    value["landed_at"] = datetime.fromisoformat(value["landed_at"])
    value["columns"] = tuple(value["columns"])
    for name in ("schema_changes", "schema_warnings"):
        value[name] = tuple(value.get(name, ()))
    parts = tuple(Part(**part) for part in value["origin"].pop("parts", ()))
    value["origin"] = Origin(**value["origin"], parts=parts)
    return Delivery(**value, file=entry.with_suffix(".parquet"))
