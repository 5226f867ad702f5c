"""A worker whose life hangs on its standard input: how it runs in a container, and in an environment of its own.

The first line of input brings what must not stand in any configuration: variables and secrets. Then the input stays
open; its end says that whoever started the worker is gone. A small process with one thread watches it and the job runs
in a fork: a library that holds the interpreter's lock for minutes cannot hide the end.
"""

from __future__ import annotations

import os
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import NoReturn

import msgspec

from mfbench.core.errors import UsageError
from mfbench.recipe.environment import SECRETS
from mfbench.worker.job import JobSpec
from mfbench.workspace.workspace import WORK

ASKED = (signal.SIGTERM, signal.SIGINT)
LOOK = 1.0  # seconds between two looks whether the run is over


class Order(msgspec.Struct, frozen=True):
    """The first line, as JSON: values by name."""

    variables: dict[str, str] = {}
    secrets: dict[str, str] = {}


def order_of(job: JobSpec, also: Iterable[str] = ()) -> bytes:
    """The first line for this job: its variables with those named `also`, its secrets, as they are set here.

    Raises UsageError for a secret that is not.
    """
    for name in job.secrets:
        if name not in os.environ:
            raise UsageError(f"the recipe names a secret {name}, and no variable of that name is set")
    named = {*job.variables, *also} - set(job.secrets)
    variables = {name: os.environ[name] for name in sorted(named) if name in os.environ}
    return order_line(variables, {name: os.environ[name] for name in job.secrets})


def order_line(variables: dict[str, str], secrets: dict[str, str]) -> bytes:
    return msgspec.json.encode(Order(variables, secrets)) + b"\n"


def run_attached(folder: Path) -> NoReturn:
    """Runs the job in `folder` and ends as it did, also by the same signal. Never returns."""
    line = _first_line()
    if not line:
        sys.exit("the worker was not told what to do: whoever started it is gone")
    order = msgspec.json.decode(line, type=Order)
    os.environ.update(order.variables)
    _end_nobody_else()
    secrets = _write_secrets(order.secrets)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)

    def ask_to_end(number: int, _: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)
        _forget(secrets)  # what comes next may be a kill
        os.killpg(0, number)

    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)  # before the fork: an end that nobody sees is one second lost
    for number in ASKED:
        signal.signal(number, ask_to_end)
    child = os.fork()
    if not child:
        _work(folder, woken, wake)
    status = _watch(child, folder / WORK, woken)
    _forget(secrets)
    if status is None:
        os.killpg(0, signal.SIGKILL)  # all that the job has started, and ourselves
        time.sleep(60)
    _end_as(os.waitstatus_to_exitcode(status or 0))


def _first_line() -> bytes:
    """Read without a buffer: what follows is for `_watch`. Empty where the input ends before its first newline."""
    line = b""
    while not line.endswith(b"\n"):
        chunk = os.read(0, 65536)
        if not chunk:
            return b""
        line += chunk
    return line


def _end_nobody_else() -> None:
    """A group of our own, so that we and all that the job starts can be ended together."""
    if os.getpgrp() != os.getpid():
        os.setpgid(0, 0)


def secrets_folder() -> Path:
    """A new folder for this user alone, where it can be in memory. Whoever makes it removes it in the end."""
    return Path(tempfile.mkdtemp(prefix="mfbench-", dir=_in_memory()))


def _write_secrets(secrets: dict[str, str]) -> Path | None:
    """One file each, for this user alone, where they are wanted; they go when the job is over."""
    if not secrets:
        return None
    home = Path(os.environ.get(SECRETS) or secrets_folder())
    os.environ[SECRETS] = str(home)
    for name, value in secrets.items():
        descriptor = os.open(home / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
            stream.write(value)
    return home


def _in_memory() -> str | None:
    """A folder that no disk keeps; None where this system has none."""
    places = (os.environ.get("XDG_RUNTIME_DIR"), "/dev/shm")
    return next((place for place in places if place and os.access(place, os.W_OK | os.X_OK)), None)


def _forget(secrets: Path | None) -> None:
    if secrets is not None:
        shutil.rmtree(secrets, ignore_errors=True)


def _work(folder: Path, *ours: int) -> NoReturn:
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        for number in (*ASKED, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        for descriptor in ours:
            os.close(descriptor)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        time.tzset()
        from mfbench.worker.worker import run_job

        code = run_job(folder)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _watch(child: int, work: Path, woken: int) -> int | None:
    """The job's wait status; None where it has to be ended: nobody waits for it any more."""
    listening = [0, woken]
    while True:
        ready = select.select(listening, [], [], LOOK)[0]
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return status
        if woken in ready:
            os.read(woken, 4096)
        if (0 in ready and not os.read(0, 4096)) or not os.path.exists(work):  # noqa: PTH110  that folder's own rights may be gone
            return None


def _end_as(code: int) -> NoReturn:
    if code < 0:  # the same signal ends us, so that whoever waits sees what happened
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
        time.sleep(1.0)
    os._exit(code)
