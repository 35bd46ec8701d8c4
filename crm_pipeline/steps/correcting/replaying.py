"""Corrections that people made in a file, decided on: landed as deliveries of their own, and told in the audit.

Belongs here: the order in which the stores are written, so that a crash loses nothing and doubles nothing. Does not
belong here: what is accepted (`matching`), applying it, which the next run does.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from crm_pipeline.publish.quarantine import Chosen
from crm_pipeline.settings import Project
from crm_pipeline.state.decisions.corrections import CORRECTIONS_SCHEMA, Decisions, Replay
from crm_pipeline.state.delivery import LINE, Batch, Origin
from crm_pipeline.state.files import sha256_of
from crm_pipeline.state.history import History
from crm_pipeline.state.landing import Landing, corrections_of
from crm_pipeline.steps.correcting.correctable import TIED_TO, corrected_rows, open_rows
from crm_pipeline.steps.correcting.matching import REFUSED_SCHEMA, Matched, match
from crm_pipeline.steps.correcting.reading import read_corrected
from crm_pipeline.steps.run import private_files, utc_now
from crm_pipeline.warehouse import writer_lock

FORMAT = "correction"
"""What the origin of a delivery of corrections says of its format."""
_WHAT = "quarantine-replay"  # in the audit
_WAIT_SECONDS = 60.0  # for another replay, which takes a moment
_FIRST_LINE = 2  # as if below a header


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of a file of corrections; its lines are corrected, unchanged or refused.

    Attributes:
        replay: the decision it became; None where it corrects nothing.
        is_known: whether this very file was replayed before, so that nothing was done.
        corrected: rows corrected by extract, as `source.extract`.
        unchanged: lines that say nothing new.
        refused: lines that were not accepted, see `matching.REFUSED_SCHEMA`.
        ignored_columns: columns of the file that no row has.
        passed_over: sheets that are no export.
    """

    replay: Replay | None
    is_known: bool
    corrected: Mapping[str, int]
    unchanged: int
    refused: pl.DataFrame
    ignored_columns: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()


def replay(project: Project, file: Path, *, decided_by: str) -> Replayed:
    """What became of a file: what it corrects is landed and decided; the next run applies it.

    A file that was replayed already changes nothing. Also while a run goes on: what it has not come to yet may have the
    corrections, and the next run has all.

    Args:
        project: whose rows.
        file: as `quarantine export` wrote it and people corrected it.
        decided_by: who replays it.

    Raises:
        ConfigurationError: nothing has been published, or the file is no export.
        BusyError: another replay has not ended.
    """
    folder = project.var / "decisions"
    with private_files(), writer_lock(folder, run_id="quarantine replay", wait_seconds=_WAIT_SECONDS):
        store = Decisions(project.state / "decisions")
        with tempfile.TemporaryDirectory(dir=folder) as temporary:
            read = read_corrected(file, Path(temporary))
        digest = sha256_of(file)
        before = next((each for each in store.replays() if each.file_sha256 == digest), None)
        _audit_untold(project, store)
        if before:
            lines = sum(sheet.rows.height for sheet in read.sheets)
            return Replayed(before, True, {}, lines, pl.DataFrame(schema=REFUSED_SCHEMA))
        matched = match(read.sheets, _known(project))
        decided = None
        if not matched.accepted.is_empty():
            decided = _decide(project, store, matched, file, digest, decided_by)
        counts = _by_extract(store, decided.number) if decided else {}
        return Replayed(
            decided, False, counts, matched.unchanged, matched.refused, matched.ignored_columns, read.passed_over
        )


def _known(project: Project) -> pl.DataFrame:
    """The rows that may be corrected: open ones first, then those corrected before."""
    rows, _ = open_rows(project, Chosen(), {})
    return pl.concat([rows, corrected_rows(project)]).unique(subset=TIED_TO, keep="first", maintain_order=True)


def _decide(project: Project, store: Decisions, matched: Matched, file: Path, digest: str, decided_by: str) -> Replay:
    """The decision: its cells are landed first, then it is committed, then the audit is told."""
    landing = Landing(project.state / "landing")
    landing.sweep(of_corrections=True)
    number, origin = 1 + len(store.replays()), Origin(file.name, digest, file.stat().st_size, format=FORMAT)
    now = utc_now()
    parts = matched.accepted.partition_by("source", "extract", "business_date", "sequence", maintain_order=True)
    landed = [_land(landing, part, origin, f"replay-{number:06d}", now) for part in parts]
    decided = store.append(
        pl.concat(landed).select(list(CORRECTIONS_SCHEMA)),
        decided_by=decided_by,
        now=now,
        file_name=file.name,
        file_sha256=digest,
        file_bytes=origin.file_bytes,
    )
    _audit(project, decided, _by_extract(store, decided.number), matched)
    return decided


def _land(landing: Landing, rows: pl.DataFrame, origin: Origin, run_id: str, now: datetime) -> pl.DataFrame:
    """The corrections of rows of one delivery, with where their cells were landed."""
    first = rows.row(0, named=True)
    source, extract, day = str(first["source"]), corrections_of(first["extract"]), first["business_date"]
    columns: list[str] = first["columns"]
    cells = rows["cells"].str.json_decode(pl.Struct(dict.fromkeys(columns, pl.String()))).struct.unnest()
    lines = pl.int_range(_FIRST_LINE, rows.height + _FIRST_LINE, dtype=pl.Int64, eager=True).alias(LINE)
    told = {
        "corrects": f"{day} {first['sequence']}",
        "cells_sha256": hashlib.sha256("\n".join(rows["cells"]).encode()).hexdigest(),
    }
    with landing.drafting(source, extract, day) as draft:
        draft.add(Batch(cells.with_columns(lines)))
        delivery = landing.commit(
            draft,
            Origin(origin.file_name, origin.file_sha256, origin.file_bytes, format=FORMAT, details=told),
            source=source,
            extract=extract,
            business_date=day,
            run_id=run_id,
            now=now,
        )
    return rows.with_columns(
        pl.lit(delivery.sequence, dtype=pl.Int32).alias("landed_sequence"), lines.alias("landed_line")
    )


def _by_extract(store: Decisions, number: int) -> dict[str, int]:
    """Rows that a replay corrects by extract, as `source.extract`."""
    rows = store.corrections().filter(pl.col("number") == number)
    counts = rows.group_by("source", "extract").len().sort("source", "extract")
    return {f"{source}.{extract}": count for source, extract, count in counts.iter_rows()}


def _audit_untold(project: Project, store: Decisions) -> None:
    """Tells the audit of replays whose process died between decision and audit."""
    history = History(project.state / "history")
    known = {told.get("number") for told in history.audit() if told.get("what") == _WHAT}
    for each in store.replays():
        if each.number not in known:
            _audit(project, each, _by_extract(store, each.number), None)


def _audit(project: Project, decided: Replay, corrected: Mapping[str, int], matched: Matched | None) -> None:
    told: dict[str, Any] = {
        "what": _WHAT,
        "number": decided.number,
        "by": decided.decided_by,
        "file_name": decided.file_name,
        "file_sha256": decided.file_sha256,
        "corrected": dict(corrected),
    }
    if matched is not None:
        told |= {"unchanged": matched.unchanged, "refused": matched.refused.height}
    History(project.state / "history").append_audit(f"replay-{decided.number:06d}", decided.decided_at, told)
