"""The chain on generated customers: seconds and memory as the run itself measured them, quality against the truth."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crm_pipeline.state.measures import MeasureStore, StepMeasure

_COMMAND = (sys.executable, "-c", "from crm_pipeline.cli import main; main()")


@dataclass(frozen=True)
class Chain:
    """One size of the chain.

    Attributes:
        generate_seconds: writing the extracts, process start included.
        process_seconds: the whole of `crm-pipeline demo` where the extracts are there already, start-up included.
        run_seconds: from the lock to the report, so after start-up.
        has_findings: whether a check did not pass, exit code 1 of that command.
        quality: what `crm-pipeline evaluate --json` says of what is published.
    """

    customers: int
    records: int
    golden: int
    generate_seconds: float
    process_seconds: float
    run_seconds: float
    peak_memory_bytes: int
    steps: tuple[StepMeasure, ...]
    has_findings: bool
    quality: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        steps = [{"step": s.step, "seconds": s.seconds, "peak_memory_bytes": s.peak_memory_bytes} for s in self.steps]
        return {**self.__dict__, "steps": steps}


def run_chain(folder: Path, *, customers: int, days: int, seed: int) -> Chain:
    """The figures of one size; the project stays in `folder`."""
    sizes = ("--customers", str(customers), "--days", str(days), "--seed", str(seed))
    generate_seconds, _, _ = _timed("demo", str(folder), *sizes, "--generate-only", "--json")
    process_seconds, said, has_findings = _timed("demo", str(folder), *sizes, "--json")
    told = json.loads(said)
    [measures] = MeasureStore(folder / "state" / "history" / "measures").runs()
    _, quality, _ = _timed("evaluate", str(folder / "truth.csv"), "--project", str(folder), "--json")
    return Chain(
        customers,
        told["customer_records"],
        told["customers"],
        generate_seconds,
        process_seconds,
        measures.seconds,
        measures.peak_memory_bytes,
        measures.steps,
        has_findings,
        json.loads(quality)["published"],
    )


def _timed(*arguments: str) -> tuple[float, str, bool]:
    """Seconds, what was printed, and whether the exit code was 1; any other failure ends the process with words."""
    begin = time.perf_counter()
    done = subprocess.run([*_COMMAND, *arguments], capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - begin
    if done.returncode not in {0, 1} or not done.stdout:  # a gate that stops the run ends with 1 too, without figures
        sys.exit(f"{' '.join(arguments)} ended with {done.returncode}\n{done.stderr[-3000:]}")
    return seconds, done.stdout, done.returncode == 1


def peak_memory_of_this_process() -> int:
    """Bytes; the most resident memory so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
