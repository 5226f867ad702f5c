"""`python -m mfbench.engine FD`: a driver started from a process that cannot fork; its request is on stdin."""

from __future__ import annotations

import sys
from functools import partial

import msgspec

from mfbench.engine.driver import Request, drive
from mfbench.engine.launch import run_driver

if __name__ == "__main__":
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=Request)
    run_driver(partial(drive, asked), int(sys.argv[1]))
