"""How much the clustering does, without a clock: the lines of it that are executed.

Belongs here: counting. Does not belong here: any claim.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from crm_pipeline.linkage import clustering

_FOLDER = str(Path(clustering.__file__).parent)


def steps_of(work: Callable[[], object]) -> int:
    """How many lines in `linkage/clustering` are executed by `work`, loops and calls included."""
    executed, before = 0, sys.gettrace()

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal executed
        if not frame.f_code.co_filename.startswith(_FOLDER):
            return None
        executed += event == "line"
        return trace

    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return executed
