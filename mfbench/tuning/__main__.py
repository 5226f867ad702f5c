"""`python -m mfbench.tuning FD`: one evaluator; orders on stdin, answers to the descriptor FD."""

from __future__ import annotations

import os
import sys
from functools import partial

from mfbench.tuning.evaluator import main

if __name__ == "__main__":
    orders = os.fdopen(os.dup(0), "rb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # estimators that read stdin find nothing
    answers = int(sys.argv[1])
    # A process that an estimator forks neither answers in our place nor keeps our end open once we are gone.
    os.register_at_fork(after_in_child=partial(os.close, answers))
    main(orders, answers)
