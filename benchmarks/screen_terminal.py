"""A program on a pseudo-terminal: how long until it has written something, and how much memory it took."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.timing import BenchError, child_env

SIZE = (36, 120)  # lines, columns
_CONTROL = re.compile(rb"\x1b\[[0-9;?<>=]*[a-zA-Z]|\x1b[PX^_\]].*?(?:\x1b\\|\x07)", re.DOTALL)


class Terminal:
    """Used with `with`; the program is killed at the end. Answers the questions that programs ask of terminals."""

    def __init__(self, command: Sequence[str], cwd: Path, extra: Mapping[str, str] | None = None) -> None:
        self._leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
        environment = child_env({"TERM": "xterm-256color", "COLORTERM": "truecolor", **(extra or {})})
        self._said = b""
        self.begun = time.perf_counter()
        self.child = subprocess.Popen(
            command, cwd=cwd, env=environment, stdin=follower, stdout=follower, stderr=follower, start_new_session=True
        )
        os.close(follower)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.child.send_signal(signal.SIGKILL)
        self.child.wait()
        os.close(self._leader)

    def until(self, text: str, timeout: float = 60.0) -> float:
        """Seconds from the last `press`, or from the start, until `text` was written since then."""
        end = time.perf_counter() + timeout
        while text.encode() not in _CONTROL.sub(b"", self._said):
            left = end - time.perf_counter()
            if left < 0 or not select.select([self._leader], [], [], left)[0]:
                raise BenchError(f"{text!r} was not shown within {timeout:.0f} s")
            try:
                self._said += os.read(self._leader, 1 << 16)
            except OSError:
                raise BenchError("the program ended") from None
        return time.perf_counter() - self.begun

    def press(self, keys: str) -> None:
        self._said, self.begun = b"", time.perf_counter()
        os.write(self._leader, keys.encode())

    def peak(self) -> int:
        """Bytes: the most that the process has held."""
        status = Path(f"/proc/{self.child.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        if found is None:
            raise BenchError("this system does not tell the memory of a process")
        return int(found[1]) * 1024
