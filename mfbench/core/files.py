"""Files that survive a power cut, and appear under their name whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from mfbench.core.ids import random_text


def fsync(path: str | Path) -> None:
    """What stands in a file, or which names stand in a folder, survives a power cut from now on."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_whole(path: Path, content: bytes, mode: int = 0o644) -> None:
    """All of it or nothing, on the disk when this returns."""
    staged = path.with_name(f".{random_text(8)}")
    try:
        descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        staged.replace(path)
    except BaseException:
        staged.unlink(missing_ok=True)
        raise
    fsync(path.parent)
