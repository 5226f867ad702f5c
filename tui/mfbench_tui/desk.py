"""What every pane shares, in one place: the workbench, what may be done, what was done last."""

from __future__ import annotations

import shlex
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from mfbench.api.workbench import Workbench


@dataclass
class Desk:
    """`commands`: the command lines that do what was done here, the latest last. `marked`: runs chosen to compare or
    change, with what was known of each when it was last seen. `doing`: the command lines of acts that are on their way.

    now: the time, which tests freeze. Only the event loop changes what stands here; threads read `bench` alone.
    """

    bench: Workbench
    read_only: bool = False
    commands: deque[str] = field(default_factory=lambda: deque(maxlen=200))
    marked: dict[str, dict[str, Any]] = field(default_factory=dict)
    doing: set[tuple[str, ...]] = field(default_factory=set)
    acts: Lock = field(default_factory=Lock)  # one after another
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def __post_init__(self) -> None:
        self.read_only = self.read_only or not self.bench.workspace.writable
        root = self.bench.workspace.root.resolve()
        here = next((found for found in (folder / root.name for folder in (Path.cwd(), *Path.cwd().parents))
                     if found.is_dir()), None)  # fmt: skip
        # What the command line would not find by itself from here.
        self._elsewhere = "" if here and here.samefile(root) else f"MFBENCH_WORKSPACE={shlex.quote(str(root.parent))} "

    def did(self, *words: str) -> None:
        """Keeps the command line of what was just done or shown: its words without 'mfbench'."""
        line = self._elsewhere + command_line(words)
        if not self.commands or self.commands[-1] != line:
            self.commands.append(line)


def command_line(words: Sequence[str]) -> str:
    return shlex.join(["mfbench", *words])
