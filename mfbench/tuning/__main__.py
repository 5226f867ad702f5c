"""`python -m mfbench.tuning FD`: one evaluator; orders on stdin, answers to the descriptor FD."""

from __future__ import annotations

import os
import sys

from mfbench.tuning.evaluator import main

if __name__ == "__main__":
    orders = os.fdopen(os.dup(0), "rb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # estimators that read stdin find nothing
    main(orders, int(sys.argv[1]))
