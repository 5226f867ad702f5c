"""SHA-256 of bytes, files and values."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from mfbench.core import jsonio


def digest_bytes(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def digest_value(value: Any) -> str:
    """Digest of the value's canonical JSON."""
    return digest_bytes(jsonio.dumps(value))


def digest_file(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
