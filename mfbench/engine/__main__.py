"""`python -m mfbench.engine FD run|verify|queue`: a driver of a process that cannot fork; its request is on stdin."""

from __future__ import annotations

import sys
from functools import partial

from msgspec import msgpack

from mfbench.engine.driver import Request, drive
from mfbench.engine.launch import run_driver

if __name__ == "__main__":
    content = sys.stdin.buffer.read()
    if sys.argv[2] == "verify":
        from mfbench.engine.verify.driver import VerifyRequest, drive_verification

        body = partial(drive_verification, msgpack.decode(content, type=VerifyRequest))
    elif sys.argv[2] == "queue":
        from mfbench.engine.queue.dispatcher import QueueRequest, dispatch

        body = partial(dispatch, msgpack.decode(content, type=QueueRequest))
    else:
        body = partial(drive, msgpack.decode(content, type=Request))
    run_driver(body, int(sys.argv[1]))
