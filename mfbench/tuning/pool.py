"""The evaluators of a search, seen from its coordinator: orders out, answers in, a new process for one that died.

Ownership: used by the coordinator's thread alone. The processes end when this one does, however it ends: the pipe
that they read from closes.
"""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

import msgspec

from mfbench.core import jsonio
from mfbench.core.errors import MfbenchError
from mfbench.core.machine import thread_limits
from mfbench.tuning.evaluator import Job, Order

IDLE_DEATHS = 3


@dataclass(eq=False)
class Evaluator:
    """One process. `busy` is the number of the trial that it works on; `ready` once its data is loaded."""

    process: subprocess.Popen[bytes]
    answers: int
    ready: bool = False
    busy: int | None = None
    partial: bytes = field(default=b"", repr=False)

    def send(self, message: Any) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(jsonio.dumps(message) + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:  # it has died: its end of the answers says so
            pass


class Pool:
    """`size` evaluators that share `cpus` cores. `module`: what each of them runs."""

    def __init__(self, job: Job, size: int, cpus: int, module: str = "mfbench.tuning") -> None:
        self._module = module
        self._idle_deaths = 0
        self._job = msgspec.structs.replace(job, cpus=max(1, cpus // size))
        self._selector = selectors.DefaultSelector()
        self.evaluators: list[Evaluator] = []
        for _ in range(size):
            self._start()

    def idle(self) -> Evaluator | None:
        return next((one for one in self.evaluators if one.ready and one.busy is None), None)

    @property
    def running(self) -> list[int]:
        return [one.busy for one in self.evaluators if one.busy is not None]

    def order(self, evaluator: Evaluator, order: Order) -> None:
        evaluator.busy = order.number
        evaluator.send(order)

    def answers(self, timeout: float | None) -> list[tuple[Evaluator, dict[str, Any]]]:
        """What has come within `timeout` seconds. A dead evaluator's last word is {"died": …, "number": …}."""
        found: list[tuple[Evaluator, dict[str, Any]]] = []
        for key, _ in self._selector.select(timeout):
            evaluator: Evaluator = key.data
            chunk = os.read(evaluator.answers, 1 << 20)
            if not chunk:
                found.append((evaluator, self._buried(evaluator)))
                continue
            *lines, evaluator.partial = (evaluator.partial + chunk).split(b"\n")
            for line in lines:
                message = msgspec.json.decode(line)
                if "ready" in message:
                    evaluator.ready = True
                elif "broken" in message:
                    raise MfbenchError(message["broken"])
                else:
                    found.append((evaluator, message))
        return found

    def close(self) -> None:
        """Ends every evaluator, in the midst of a trial too."""
        for evaluator in self.evaluators:
            evaluator.process.kill()
            evaluator.process.wait()
            self._selector.unregister(evaluator.answers)
            os.close(evaluator.answers)
        self.evaluators.clear()
        self._selector.close()

    def _start(self) -> None:
        read, write = os.pipe()
        environment = {**os.environ, **thread_limits(self._job.cpus)}
        process = subprocess.Popen(
            [sys.executable, "-m", self._module, str(write)],
            stdin=subprocess.PIPE, pass_fds=[write], env=environment,
        )  # fmt: skip
        os.close(write)
        evaluator = Evaluator(process, read)
        evaluator.send(self._job)
        self.evaluators.append(evaluator)
        self._selector.register(read, selectors.EVENT_READ, evaluator)

    def _buried(self, evaluator: Evaluator) -> dict[str, Any]:
        """Puts a new process in the place of one that has died. Those that die without a trial end the search: more
        than a few are no accident."""
        code = evaluator.process.wait()
        self._selector.unregister(evaluator.answers)
        os.close(evaluator.answers)
        self.evaluators.remove(evaluator)
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        self._idle_deaths += evaluator.busy is None
        if self._idle_deaths > IDLE_DEATHS:
            hint = "what it printed stands in the run's log"
            raise MfbenchError(f"the evaluators of the search cannot live: the last one {how}", hint=hint)
        self._start()
        return {"died": f"its process {how}", "number": evaluator.busy}
