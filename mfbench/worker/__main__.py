"""`python -m mfbench.worker RUN_FOLDER`: how an executor starts a worker in another place."""

from __future__ import annotations

import sys
from pathlib import Path

from mfbench.worker.worker import run_job

if __name__ == "__main__":
    sys.exit(run_job(Path(sys.argv[1])))
