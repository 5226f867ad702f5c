"""Starting a driver that outlives its caller.

From a small process with one thread (the command line) it is forked, which costs a millisecond. From any
other (a notebook, the screen, a program with a framework loaded) a new interpreter is started: forking a
process with threads can hang its child.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from mfbench.core.errors import MfbenchError, from_os
from mfbench.engine.driver import Request, drive, drive_steps, prepare
from mfbench.engine.rehearsal import restored, told
from mfbench.engine.run import Report
from mfbench.worker.job import JobStep
from mfbench.workspace.workspace import Workspace

if TYPE_CHECKING:
    import subprocess

    from mfbench.engine.queue.dispatcher import QueueRequest
    from mfbench.engine.verify.driver import VerifyRequest

_THREADED = {"numpy", "polars", "duckdb", "torch", "pyarrow", "sklearn"}


@dataclass
class Launched:
    """A run on its way. `pipe` becomes readable when the driver has ended, however it did."""

    run: str
    pid: int
    pipe: int
    process: subprocess.Popen[bytes] | None = None

    def stop(self) -> None:
        """Asks the driver to end the run; it says so in the journal."""
        try:
            os.kill(self.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass

    def close(self) -> None:
        """Lets go of the run, which goes on if it has not ended. A program that stays open buries it in the end."""
        os.close(self.pipe)
        if not _has_ended(self.pid, self.process):
            threading.Thread(target=_bury, args=(self.pid, self.process), name="mfbench-bury", daemon=True).start()


def _has_ended(pid: int, process: subprocess.Popen[bytes] | None) -> bool:
    if process is not None:
        return process.poll() is not None
    try:
        return os.waitpid(pid, os.WNOHANG)[0] != 0
    except ChildProcessError:  # somebody else has waited for it
        return True


def _bury(pid: int, process: subprocess.Popen[bytes] | None) -> None:
    """Waits for the end of a child, so that it does not stay behind as a zombie."""
    if process is not None:
        process.wait()
        return
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)


def launch(request: Request) -> Launched:
    """Starts the driver of a recipe and waits until the run exists. Raises what was wrong with the recipe."""
    loaded, request = prepare(request)
    return _launched(partial(drive, request, loaded=loaded), request, "run")


def launch_verification(request: VerifyRequest) -> Launched:
    """Starts the driver that repeats a run, and waits until the run that does it exists."""
    from mfbench.engine.verify.driver import drive_verification

    return _launched(partial(drive_verification, request), request, "verify")


def launch_dispatcher(request: QueueRequest) -> Launched:
    """Starts who leads the queue, and waits until it does. It is no child of this process."""
    from mfbench.engine.queue.dispatcher import dispatch

    return _launched(partial(dispatch, request), request, "queue")


def _launched(body: Callable[[Report], None], request: msgspec.Struct, what: str) -> Launched:
    """Forks a driver that does `body`, or starts one that is told its request and `what` is to be done with it."""
    read, write = os.pipe()
    process = None
    if threading.active_count() == 1 and not _THREADED & sys.modules.keys():
        pid = _forked(body, read, write)
    else:
        process = _spawned(request, what, write)
        pid = process.pid
    os.close(write)
    return _begun(pid, read, process)


def launch_steps(workspace: Workspace, name: str, steps: list[JobStep]) -> Launched:
    """The same for any steps, without a recipe; only from a process that can fork."""
    read, write = os.pipe()
    pid = _forked(partial(drive_steps, workspace, name, steps), read, write)
    os.close(write)
    return _begun(pid, read)


def _begun(pid: int, read: int, process: subprocess.Popen[bytes] | None = None) -> Launched:
    """Waits for the driver's first word. Ctrl-C before it ends the driver: there is no run yet to be left behind."""
    first = b""
    try:
        while not first.endswith(b"\n"):
            chunk = os.read(read, 65536)
            if not chunk:
                raise MfbenchError("the driver of the run died before the run began")
            first += chunk
    except BaseException:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        _bury(pid, process)
        os.close(read)
        raise
    answer = msgspec.json.decode(first)
    if "error" in answer:
        os.close(read)
        _bury(pid, process)
        raise restored(answer["error"])
    return Launched(answer["run"], pid, read, process)


def _forked(body: Callable[[Report], None], read: int, write: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    os.close(read)
    run_driver(body, write)
    os._exit(0)


def _spawned(request: msgspec.Struct, what: str, write: int) -> subprocess.Popen[bytes]:
    import subprocess

    process = subprocess.Popen(
        [sys.executable, "-m", "mfbench.engine", str(write), what],
        stdin=subprocess.PIPE,
        pass_fds=[write],
        start_new_session=True,
    )
    assert process.stdin is not None
    with suppress(BrokenPipeError):  # it died at once: `_begun` says so
        process.stdin.write(msgspec.msgpack.encode(request))  # which has infinities
        process.stdin.close()
    return process


def run_driver(body: Callable[[Report], None], write: int) -> None:
    """The life of the detached process. Nothing that `body` raises reaches the caller's stack."""
    if os.getpid() != os.getsid(0):
        os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)

    def report(message: dict[str, Any]) -> None:
        try:
            os.write(write, msgspec.json.encode(message) + b"\n")
        except BrokenPipeError:  # the face has gone; the run goes on
            pass

    try:
        body(report)
    except MfbenchError as error:
        report({"error": told(error)})
    except OSError as error:
        report({"error": told(from_os(error, "the run could not begin"))})
    except BaseException:
        import traceback

        hint = traceback.format_exc()
        report(
            {"error": {"type": "Internal", "message": "mfbench itself failed", "where": None, "hint": hint, "code": 1}}
        )
    finally:
        from mfbench.journal.flusher import flush

        flush()
