"""`python -m mfbench.worker [--attached] RUN_FOLDER`: how an executor starts a worker in another place."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    if sys.argv[1] == "--attached":
        from mfbench.worker.attached import run_attached

        run_attached(Path(sys.argv[2]))
    from mfbench.worker.worker import run_job

    sys.exit(run_job(Path(sys.argv[1])))
