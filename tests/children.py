"""Small Python programs as processes of their own: to be killed, to race, to fork."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def start(code: str, *words: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, words)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def output(child: subprocess.Popen[str]) -> str:
    """What a child has printed once it ended well."""
    out, err = child.communicate(timeout=60)
    assert child.returncode == 0, err
    return out


def run(code: str, *words: str | Path) -> str:
    return output(start(code, *words))


def kill(child: subprocess.Popen[str]) -> str:
    """kill -9; what the child had printed until then."""
    child.kill()
    return child.communicate(timeout=60)[0]
