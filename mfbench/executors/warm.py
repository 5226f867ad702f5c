"""A worker process that is forked early and used late.

The driver forks it while it is still small and has no threads. The child imports what checking the recipe
needs, answers with the check's result, and waits: to run the job with everything already loaded, or to end.
When the driver dies, the pipe between the two closes and the child ends with all that it started.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_MAX_THREADS", "POLARS_MAX_THREADS")


class WarmWorker:
    """`rehearse` runs in the child at once; its bytes come back through `answer`."""

    def __init__(self, rehearse: Callable[[], bytes], cpus: int) -> None:
        order_read, self._order = os.pipe()
        self._answer, answer_write = os.pipe()
        self.printed, printed_write = os.pipe()
        self.pid = os.fork()
        if self.pid:
            for descriptor in (order_read, answer_write, printed_write):
                os.close(descriptor)
            return
        try:
            for descriptor in (self._order, self._answer, self.printed):
                os.close(descriptor)
            _become_worker(printed_write, cpus)
            _answer(answer_write, rehearse)
            code = _obey(order_read)
        except BaseException:
            import traceback

            traceback.print_exc()
            code = 1
        finally:
            os._exit(code)

    def answer(self) -> bytes:
        """The rehearsal's bytes; empty when the child died of it."""
        with os.fdopen(self._answer, "rb") as stream:
            return stream.read()

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
    os.environ.update(dict.fromkeys(_THREADS, str(cpus)), TZ="UTC", PYTHONUNBUFFERED="1")


def _answer(descriptor: int, rehearse: Callable[[], bytes]) -> None:
    content = rehearse()
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)


def _obey(orders: int) -> int:
    folder = b""
    while not folder.endswith(b"\n"):
        chunk = os.read(orders, 4096)
        if not chunk:
            return 0
        folder += chunk
    threading.Thread(target=_end_with_driver, args=(orders,), daemon=True).start()
    from mfbench.worker.worker import run_job

    return run_job(Path(folder[:-1].decode()))


def _end_with_driver(orders: int) -> None:
    os.read(orders, 1)  # returns when the driver's end closes, whatever closed it
    os.killpg(0, signal.SIGKILL)
