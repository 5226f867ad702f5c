"""SHA-256 of bytes, files and values."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

from mfbench.core import jsonio

_DIGEST = re.compile(r"[0-9a-f]{64}")


def digest_bytes(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def digest_value(value: Any) -> str:
    """Digest of the value's canonical JSON."""
    return digest_bytes(jsonio.dumps(value))


def digest_file(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def is_digest(text: object) -> bool:
    return isinstance(text, str) and _DIGEST.fullmatch(text) is not None
