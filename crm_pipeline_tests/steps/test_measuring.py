"""Claims on what is measured of a step."""

from __future__ import annotations

import time

import pytest

from crm_pipeline.steps.measuring import Progress

_BYTES = 200 << 20


def test_memory_of_each_step_is_its_own() -> None:
    """A step's peak holds what it took and gave back; that of the step after it does not."""
    progress = Progress()
    with progress.step("idle"):
        time.sleep(0.05)
    with progress.step("hungry"):
        taken = bytearray(_BYTES)
        time.sleep(0.1)
        del taken
    with progress.step("idle again"):
        time.sleep(0.05)
    idle, hungry, again = progress.steps
    assert [step.step for step in progress.steps] == ["idle", "hungry", "idle again"]
    assert hungry.peak_memory_bytes - idle.peak_memory_bytes > 0.9 * _BYTES
    assert hungry.peak_memory_bytes - again.peak_memory_bytes > 0.5 * _BYTES
    assert 0.1 <= hungry.seconds < 5


def test_failed_step_is_measured_too() -> None:
    """A step that fails is measured, its error goes on, and it does not count as completed."""
    progress = Progress()
    with pytest.raises(ZeroDivisionError), progress.step("failed"):
        raise ZeroDivisionError
    assert [step.step for step in progress.steps] == ["failed"]
    with progress.step("sound"):
        pass
    assert progress.completed == {"sound"}
