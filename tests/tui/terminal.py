"""mfbench in a real pseudo-terminal, with a terminal's memory of what is on the screen."""

from __future__ import annotations

import os
import sys
import termios
import time
from pathlib import Path
from typing import Any

import pexpect
import pyte

ALTERNATE_OFF, CURSOR_ON = b"\x1b[?1049l", b"\x1b[?25h"


class Terminal:
    """A program on a terminal of 80x24; `text` is what a person sees."""

    def __init__(self, folder: Path, *words: str, columns: int = 80, lines: int = 24, **environment: str) -> None:
        self.screen = pyte.Screen(columns, lines)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        outside = {key: value for key, value in os.environ.items() if key != "MFBENCH_WORKSPACE"}
        self.child = pexpect.spawn(
            sys.executable,
            ["-m", "mfbench", *words],
            cwd=str(folder),
            dimensions=(lines, columns),
            env={**outside, "TERM": "xterm-256color", **environment},
            timeout=5,
        )
        self.before = self.modes()

    def modes(self) -> list[Any]:
        """How the terminal treats what is typed, as `stty` shows it."""
        return termios.tcgetattr(self.child.child_fd)[:4]

    @property
    def text(self) -> str:
        return "\n".join(self.screen.display)

    def read(self, seconds: float = 0.05) -> None:
        try:
            found = self.child.read_nonblocking(1 << 16, timeout=seconds)
        except (pexpect.TIMEOUT, pexpect.EOF):
            return
        self.raw += found
        self.stream.feed(found)

    def until(self, *words: str, seconds: float = 60.0) -> None:
        """Waits until one of the words is on the screen."""
        deadline = time.monotonic() + seconds
        while not any(word in self.text for word in words):
            self.read()
            assert time.monotonic() < deadline, f"none of {words} came:\n{self.text}"

    def press(self, keys: str) -> None:
        self.child.send(keys)
        self.read()

    def ended(self, seconds: float = 30.0) -> int:
        """Waits for its end: the exit code, or minus the signal's number."""
        deadline = time.monotonic() + seconds
        while self.child.isalive():
            self.read()
            assert time.monotonic() < deadline, f"it goes on:\n{self.text}"
        for _ in range(20):
            self.read(0.01)
        signal = self.child.signalstatus
        return -signal if signal is not None else int(self.child.exitstatus)

    def is_given_back(self) -> bool:
        """The alternate screen is left, the cursor shown, and the modes are those from before."""
        left = self.raw.rfind(ALTERNATE_OFF) > self.raw.rfind(b"\x1b[?1049h")
        shown = self.raw.rfind(CURSOR_ON) > self.raw.rfind(b"\x1b[?25l")
        return left and shown and self.modes() == self.before
