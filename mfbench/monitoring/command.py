"""An alert handed to a program: JSON on its stdin. No shell; it and its children are ended when it takes too long."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from mfbench.core.errors import MfbenchError

TIMEOUT = 30.0  # seconds
_KEPT = 500  # bytes of what it says on stderr


def run(words: Sequence[str], content: bytes, folder: Path, timeout: float = TIMEOUT) -> None:
    """Raises MfbenchError where it cannot be started, fails or does not end in time."""
    try:
        process = subprocess.Popen(
            list(words),
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise MfbenchError(f"it cannot be started: {getattr(error, 'strerror', None) or error}") from None
    said = bytearray()
    threads = [
        threading.Thread(target=_give, args=(process, content), daemon=True),
        threading.Thread(target=_listen, args=(process, said), daemon=True),
    ]
    try:
        for thread in threads:
            thread.start()
        status = process.wait(timeout)
    except subprocess.TimeoutExpired:
        raise MfbenchError(f"it did not end within {timeout:.0f} s and was killed") from None
    finally:
        _end(process)
        for thread in threads:
            thread.join(1.0)  # a child in a session of its own may hold the pipe: it is left alone
    if status:
        told = bytes(said[:_KEPT]).decode(errors="replace").strip()
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        raise MfbenchError(f"it {how}" + (f": {told}" if told else ""))


def _give(process: subprocess.Popen[bytes], content: bytes) -> None:
    assert process.stdin is not None
    with suppress(OSError):  # it need not read
        process.stdin.write(content)
    with suppress(OSError):
        process.stdin.close()


def _listen(process: subprocess.Popen[bytes], said: bytearray) -> None:
    """Keeps the beginning, and reads on: a full pipe would hold the program up."""
    assert process.stderr is not None
    with suppress(OSError, ValueError):
        while chunk := process.stderr.read1(65536):  # type: ignore[attr-defined]
            said += chunk[: max(_KEPT - len(said), 0)]


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
