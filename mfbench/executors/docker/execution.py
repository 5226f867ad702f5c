"""A running container, seen from the driver: what it prints and takes, how it ends, and its end when asked.

Three threads read from the engine; the driver's loop only looks at what they have found. The container is gone, and
the run's folder back, before anybody is told that it has ended.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from queue import Empty, Queue
from typing import TYPE_CHECKING, Any

from mfbench.core.errors import MfbenchError
from mfbench.executors.base import Exit, Usage
from mfbench.executors.docker.client import guarded
from mfbench.executors.docker.ends import exit_of, lost
from mfbench.executors.docker.sampling import Samples

if TYPE_CHECKING:
    from docker import APIClient

LINES = 2000  # that wait to be read; then the worker waits
LONGEST = 1 << 16  # bytes; what is longer is cut into pieces
LAST_WORDS = 5.0  # seconds for what is still on its way when a container has ended
MARGIN = 15.0  # seconds that the engine may take beyond the time that it was given


class DockerExecution:
    """`link` is the connection to the container's input and output; `over` is called once it is gone."""

    def __init__(self, api: APIClient, container: str, link: Any, over: Callable[[], None]) -> None:
        self._api, self._container, self._link, self._on_over = api, container, link, over
        self._lines: Queue[str] = Queue(LINES)
        self._kept: list[str] = []
        self._samples = Samples()
        self._ended: Exit | None = None
        self._over = threading.Event()
        self._no_space = False
        self._reader = self._thread(self._read)
        self._thread(self._sample)
        self._thread(self._wait)

    def poll(self, timeout: float) -> Exit | None:
        return self._ended if self._over.wait(timeout) else None

    def printed(self) -> list[str]:
        found, self._kept = self._kept, []
        try:
            while True:
                found.append(self._lines.get_nowait())
        except Empty:
            return found

    def usage(self) -> Usage | None:
        return self._samples.latest

    def stop(self, grace: float) -> Exit:
        """As `Execution.stop`. An engine that does not answer is given up soon: what is left then, `doctor` finds."""
        if self._ended is None:
            try:
                with guarded("stopping the container"):
                    self._api.stop(self._container, timeout=math.ceil(grace))
            except MfbenchError:  # it has just ended, or the engine has
                pass
            self._drain(MARGIN)
        self._ended = self._ended or lost("it does not answer")  # which is not asked for a second time
        return self._ended

    def _drain(self, seconds: float) -> None:
        """Waits for the end. What nobody reads any more must not hold it up."""
        for _ in range(int(seconds / 0.05)):
            self._kept = self.printed()[-10 * LINES :]
            if self._over.wait(0.05):
                return

    def _thread(self, body: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=body, daemon=True, name=f"docker {body.__name__}")
        thread.start()
        return thread

    def _wait(self) -> None:
        ended = None
        try:
            with guarded("the container ran"):
                code = self._api.wait(self._container)["StatusCode"]
                state = self._api.inspect_container(self._container)["State"]
            self._reader.join(LAST_WORDS)
            ended = exit_of(code, state, self._no_space, self._samples)
        except MfbenchError as error:
            ended = lost(error.message)
        except Exception as error:  # whatever it is, the driver must not wait for ever
            ended = lost(f"{type(error).__name__}: {error}")
        finally:
            self._end(ended or lost("it has said nothing"))

    def _end(self, ended: Exit) -> None:
        try:
            self._on_over()  # before it is removed: without a container nobody finds out that a folder is still lent
            remove(self._api, self._container)
            if ended.cause == "engine":  # it may have run until then
                self._on_over()
            self._link.close()
            self._api.close()
        except OSError:
            pass
        finally:
            self._ended = ended
            self._over.set()

    def _read(self) -> None:
        """Whole lines out of what comes in pieces of either stream, mixed."""
        from docker.utils.socket import frames_iter

        left: dict[int, bytes] = {}
        try:
            for stream, chunk in frames_iter(self._link, tty=False):  # type: ignore[no-untyped-call]
                *whole, left[stream] = (left.get(stream, b"") + chunk).split(b"\n")
                self._put(whole)
                if len(left[stream]) > LONGEST:
                    self._put([left.pop(stream)])
        except (OSError, ValueError):  # the engine has gone, or we have closed it
            pass
        self._put([part for part in left.values() if part])

    def _put(self, lines: list[bytes]) -> None:
        for line in lines:
            self._no_space = self._no_space or b"No space left on device" in line
            for start in range(0, max(1, len(line)), LONGEST):
                self._lines.put(line[start : start + LONGEST].decode(errors="replace"))

    def _sample(self) -> None:
        try:
            for found in self._api.stats(self._container, stream=True, decode=True):
                self._samples.take(found)
                if self._over.is_set():
                    return
        except Exception:  # with it goes only what is told beside the run
            return


def remove(api: APIClient, container: str) -> None:
    """Ends a container and takes it away. Raises nothing: what is left, its labels find again."""
    try:
        with guarded("removing the container"):
            api.remove_container(container, force=True, v=True)
    except MfbenchError:
        pass
