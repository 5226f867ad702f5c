"""A command on a terminal of its own."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

from tests.support import Project


def terminal(project: Project, *words: str) -> str:
    """What a command that has to succeed writes to a terminal of 80 columns."""
    leader, follower = pty.openpty()
    environment = os.environ | {"COLUMNS": "80", "TERM": "xterm", "NO_COLOR": "1"}
    child = subprocess.Popen([sys.executable, "-m", "mfbench", *words], cwd=project.folder, env=environment,
                             stdin=subprocess.DEVNULL, stdout=follower, stderr=follower)  # fmt: skip
    os.close(follower)
    said = b""
    try:
        while part := os.read(leader, 65536):
            said += part
    except OSError:  # the other side is closed
        pass
    os.close(leader)
    assert child.wait(60) == 0, said.decode()
    return said.decode()
