"""Words for how a step or a run ends that worker and driver share: an error's `type`, and what to do."""

from __future__ import annotations

OUT_OF_MEMORY = "OutOfMemory"
DISK_FULL = "DiskFull"
CACHED = "what has finished is cached"
LESS = "use fewer rows or a lower tune.parallel"
SPACE = f"free some space and run again: {CACHED}"
