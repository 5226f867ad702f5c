"""`python -m mfbench.engine FD`: a driver started from a process that cannot fork; its request is on stdin."""

from __future__ import annotations

import sys

import msgspec

from mfbench.engine.driver import Request
from mfbench.engine.launch import _run_driver

if __name__ == "__main__":
    _run_driver(msgspec.json.decode(sys.stdin.buffer.read(), type=Request), int(sys.argv[1]))
