"""A worker process that is forked early and used late.

The driver forks it while it is still small and has no threads. The child imports what checking the recipe
needs, answers with the check's result, and waits: to run the job with everything already loaded, or to end.
When the driver dies, the pipe between the two closes and the child ends with all that it started.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

from mfbench.core.machine import thread_limits


class WarmWorker:
    """`rehearse` runs in the child at once; its bytes come back through `answer`."""

    def __init__(self, rehearse: Callable[[], bytes], cpus: int) -> None:
        order_read, self._order = os.pipe()
        self._answer, answer_write = os.pipe()
        self.printed, printed_write = os.pipe()
        self.early = b""
        self.pid = os.fork()
        if self.pid:
            for descriptor in (order_read, answer_write, printed_write):
                os.close(descriptor)
            return
        try:
            for descriptor in (self._order, self._answer, self.printed):
                os.close(descriptor)
            _become_worker(printed_write, cpus)
            orders: SimpleQueue[Path] = SimpleQueue()
            threading.Thread(target=_listen, args=(order_read, orders), daemon=True).start()
            _answer(answer_write, rehearse)
            code = _obey(orders)
        except BaseException:
            import traceback

            traceback.print_exc()
            code = 1
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def answer(self) -> bytes:
        """The rehearsal's bytes; empty when the child died of it. What it prints meanwhile is kept in `early`."""
        content = b""
        while True:
            for descriptor in select.select([self._answer, self.printed], [], [])[0]:
                chunk = os.read(descriptor, 65536)
                if descriptor == self._answer and chunk:
                    content += chunk
                elif descriptor == self.printed and chunk:
                    self.early += chunk
                else:  # the answer is whole, or the child is gone
                    os.close(self._answer)
                    return content

    def order(self, folder: Path) -> None:
        """Runs the job in `folder`. The pipe stays open: its end is the child's end."""
        os.write(self._order, f"{folder}\n".encode())

    def dismiss(self) -> None:
        """Nothing to do after all."""
        os.close(self._order)
        os.close(self.printed)
        os.waitpid(self.pid, 0)


def _become_worker(printed: int, cpus: int) -> None:
    os.setpgid(0, 0)  # so that the worker and all it starts can be ended together
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(printed, 1)
    os.dup2(printed, 2)
    os.close(printed)
    # Whoever forked us (a test runner, a notebook) may have put something else in their place.
    sys.stdout = open(1, "w", buffering=1, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", closefd=False)  # noqa: SIM115
    os.environ.update(thread_limits(cpus), TZ="UTC", PYTHONUNBUFFERED="1")
    os.environ["OMP_WAIT_POLICY"] = (
        "PASSIVE"  # beside other work, threads that spin at a barrier cost ten times their gain
    )
    time.tzset()


def _answer(descriptor: int, rehearse: Callable[[], bytes]) -> None:
    content = rehearse()
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)


def _listen(descriptor: int, orders: SimpleQueue[Path]) -> None:
    """Hands an order on, then waits: the pipe ends when the driver does, whatever ended it, and all ends with it."""
    line = b""
    while chunk := os.read(descriptor, 4096):
        line += chunk
        if line.endswith(b"\n"):
            orders.put(Path(line[:-1].decode()))
    os.killpg(0, signal.SIGKILL)


def _obey(orders: SimpleQueue[Path]) -> int:
    folder = orders.get()
    from mfbench.worker.worker import run_job

    return run_job(folder)
