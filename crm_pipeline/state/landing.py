"""The landing store: every delivery exactly as it came, all text, one Parquet file each; append-only.

Layout: `<source>/<extract>/<business date>/<sequence>.parquet`, beside it `<sequence>.unreadable.parquet` where lines
were held back, and, written last and thereby the commit point, `<sequence>.json`. A Parquet file without it is the
left-over of a crash and counts for nothing.

Corrections of an extract's rows are deliveries too, see `corrections_of`: `<source>/<extract>/corrections/<business
date of the corrected delivery>/…`, in the same form. What is asked of the extract passes them over.

Deliveries that people took back stay where they are and are counted no more; which ones is told to the store when it
is opened.

A delivery is found by its name alone: its JSON is opened only for what is asked of it, since an inbox may bring
hundreds of thousands. Names are ordered as numbers: 10000 comes after 9999.

Belongs here: storing deliveries and saying which count. Does not belong here: reading sources, applying deliveries.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from collections.abc import Collection, Iterator
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

from crm_pipeline.state.delivery import LINE, Delivery, DeliveryKey, Origin, Part
from crm_pipeline.state.drafts import Draft
from crm_pipeline.state.files import appearing, write_json

__all__ = ["LINE", "Delivery", "Landing", "Origin"]

_OF_EXTRACTS, _OF_CORRECTIONS = "*/*/*/*", "*/*/corrections/*/*"
_DAYS = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
_COMMITTED = re.compile(r"[0-9]+\.json")
_ROWS = re.compile(r"(?P<sequence>[0-9]+)(\.unreadable)?\.parquet")


def corrections_of(extract: str) -> str:
    """The name of the extract under which corrections of an extract's rows are landed."""
    return f"{extract}/corrections"


class Landing:
    """The landing store in `folder`; deliveries that are `withdrawn` are known and don't count."""

    def __init__(self, folder: Path, *, withdrawn: Collection[DeliveryKey] = ()) -> None:
        self.folder = folder
        self._withdrawn = frozenset(withdrawn)

    @contextlib.contextmanager
    def drafting(self, source: str, extract: str, business_date: date) -> Iterator[Draft]:
        """A delivery being written; it counts for nothing until `commit` and is gone at the block's end.

        Args:
            source: name in pipeline.yaml.
            extract: name in pipeline.yaml.
            business_date: the day it stands for.
        """
        place = self.folder / source / extract / business_date.isoformat()
        with Draft.open(place, f"{source}.{extract}") as draft:
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
        newest = self.newest(source, extract, on=business_date)
        if newest and newest.origin.reads_like(origin):
            return newest
        sequence = 1 + (newest.sequence if newest else 0)
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
            draft.held_back.count,
            schema_changes,
            seconds,
            accepted_loss,
            schema_warnings,
        )
        try:
            self._write(draft, delivery)
        except BaseException:
            _remove_uncommitted(delivery)
            raise
        return delivery

    def deliveries(self, source: str, extract: str, *, on: date | None = None) -> list[Delivery]:
        """All committed deliveries of an extract, by business date and sequence; with `on` those of that date.

        Those that are withdrawn are among them.
        """
        return [_delivery(entry) for day in self._days(source, extract, on) for entry in _committed(day)]

    def standing(self, source: str, extract: str) -> list[Delivery]:
        """The committed deliveries of an extract that are not withdrawn, by business date and sequence."""
        return [each for each in self.deliveries(source, extract) if not self.is_withdrawn(each)]

    def is_withdrawn(self, delivery: Delivery) -> bool:
        """Whether people took back the run that landed it."""
        return delivery.key in self._withdrawn

    def every(self) -> Iterator[Delivery]:
        """All committed deliveries of all extracts, corrections apart; each is read."""
        for entry in sorted(self.folder.glob(f"*/*/{_DAYS}/*.json")):
            if _COMMITTED.fullmatch(entry.name):
                yield _delivery(entry)

    def newest_first(
        self, source: str, extract: str, *, on: date | None = None, until: date | None = None
    ) -> Iterator[Delivery]:
        """The committed deliveries of an extract from the newest on, each read only when it is asked for.

        Args:
            source: name in pipeline.yaml.
            extract: name in pipeline.yaml.
            on: those of this business date only.
            until: those of this business date and earlier ones only.
        """
        for day in reversed(self._days(source, extract, on)):
            if until is None or _date(day) <= until:
                yield from map(_delivery, reversed(_committed(day)))

    def newest(
        self, source: str, extract: str, *, on: date | None = None, until: date | None = None
    ) -> Delivery | None:
        """The newest committed delivery of those that `newest_first` would give; no other one is read."""
        return next(self.newest_first(source, extract, on=on, until=until), None)

    def newest_standing(self, source: str, extract: str, *, until: date | None = None) -> Delivery | None:
        """The newest committed delivery up to a business date that is not withdrawn."""
        found = self.newest_first(source, extract, until=until)
        return next((each for each in found if not self.is_withdrawn(each)), None)

    def days(self, source: str, extract: str) -> set[date]:
        """The business dates of its committed deliveries; no file is opened."""
        return {_date(day) for day in self._days(source, extract) if _committed(day)}

    def counting(self, source: str, extract: str, *, load: str) -> list[Delivery]:
        """The deliveries that count: with load `full` the newest of each date, with `incremental` all; in order.

        None is withdrawn.
        """
        first = 0 if load == "incremental" else -1
        days = ((_date(day), _committed(day)) for day in self._days(source, extract))
        return [
            _delivery(entry)
            for day, entries in days
            for entry in [
                each
                for each in entries
                if not self._withdrawn or DeliveryKey(source, extract, day, int(each.stem)) not in self._withdrawn
            ][first:]
        ]

    def sweep(self, *, of_corrections: bool = False) -> int:
        """Number of leftovers of a crash that were removed: drafts, and rows that no JSON commits.

        Nothing may be landed meanwhile.

        Args:
            of_corrections: those that corrections left, which are landed also while a run goes on; not the others.
        """
        places = _OF_CORRECTIONS if of_corrections else _OF_EXTRACTS
        leftovers = [
            path for path in self.folder.glob(places) if path.name.startswith(".tmp-") or _is_uncommitted(path)
        ]
        for path in leftovers:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
            with contextlib.suppress(OSError):  # something was landed, so that the folder is not empty
                path.parent.rmdir()
        return len(leftovers)

    def _days(self, source: str, extract: str, on: date | None = None) -> list[Path]:
        """The folders of an extract's business dates, in order; with `on` that date's alone."""
        return sorted((self.folder / source / extract).glob(on.isoformat() if on else _DAYS))

    @staticmethod
    def _write(draft: Draft, delivery: Delivery) -> None:
        with appearing(delivery.file) as temporary:
            draft.move_rows(temporary)
        if draft.held_back.count:
            with appearing(delivery.unreadable_file) as temporary:
                draft.write_unreadable(temporary)
        write_json(delivery.file.with_suffix(".json"), _entry(delivery))


def _date(day: Path) -> date:
    return date.fromisoformat(day.name)


def _committed(day: Path) -> list[Path]:
    """The JSON files of a business date's deliveries, by sequence."""
    entries = (entry for entry in day.glob("*.json") if _COMMITTED.fullmatch(entry.name))
    return sorted(entries, key=lambda entry: int(entry.stem))


def _remove_uncommitted(delivery: Delivery) -> None:
    """Takes away what was written of a delivery, unless it was committed all the same."""
    for file in (delivery.file, delivery.unreadable_file):
        if _is_uncommitted(file):
            file.unlink(missing_ok=True)


def _is_uncommitted(path: Path) -> bool:
    """Whether it holds rows that no JSON beside it commits."""
    rows = _ROWS.fullmatch(path.name)
    return rows is not None and not path.with_name(f"{rows['sequence']}.json").exists()


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
