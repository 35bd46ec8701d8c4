"""The most memory that this process had; with nothing but the standard library, for processes of other tools too.

Belongs here: that one figure. Does not belong here: sampling over time (`crm_pipeline.steps.measuring`).
"""

from __future__ import annotations

import re
import resource
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")


def peak_memory_bytes() -> int:
    """Bytes, of this program alone: on Linux `getrusage` would count the program that started it too."""
    if _STATUS.exists() and (found := re.search(r"VmHWM:\s+(\d+) kB", _STATUS.read_text(encoding="utf-8"))):
        return int(found[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
