"""What a run takes: seconds and memory of each step, and how it ended, kept for the report.

Belongs here: measuring. Does not belong here: how figures lie on disk (`state.measures`), or showing them (`report`).
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from crm_pipeline.state.measures import Outcome, StepMeasure

_SAMPLED_EVERY_SECONDS = 0.02  # a step of a second is seen fifty times; sampling takes a thousandth of a core


@dataclass(slots=True)
class Progress:
    """What has become of a run so far; filled while it goes on.

    Attributes:
        steps: those that ended, in their order, failed ones too.
        completed: names of the steps that ended well.
        outcome: what publication did; None before it.
        report: the report of this run, once there is one.
        counts: what steps counted, for the trend over runs: names as in `state.measures`.
    """

    steps: list[StepMeasure] = field(default_factory=list)
    completed: set[str] = field(default_factory=set)
    outcome: Outcome | None = None
    report: Path | None = None
    counts: dict[str, int] = field(default_factory=dict)

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measures the block as the step `name`."""
        begin = time.perf_counter()
        with _peak_memory() as peak:
            try:
                yield
                self.completed.add(name)
            finally:
                peak.stop()
                self.steps.append(StepMeasure(name, round(time.perf_counter() - begin, 3), peak.byte_count))


class _Peak:
    """The most resident memory this process had since the sampler was started."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="peak-memory", daemon=True)
        self.byte_count = self._resident()
        self._thread.start()

    def stop(self) -> None:
        """Takes the last sample; may be called again."""
        self._is_over.set()
        self._thread.join()

    def _resident(self) -> int:
        return int(self._process.memory_info().rss)

    def _sample(self) -> None:
        while True:
            is_over = self._is_over.wait(_SAMPLED_EVERY_SECONDS)
            self.byte_count = max(self.byte_count, self._resident())
            if is_over:
                return


@contextlib.contextmanager
def _peak_memory() -> Iterator[_Peak]:
    peak = _Peak()
    try:
        yield peak
    finally:
        peak.stop()
