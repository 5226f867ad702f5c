"""Installed versions, read from the names of metadata folders.

`importlib.metadata` costs 40 ms to import; a listing of the path costs less than one.
"""

from __future__ import annotations

import os
import re
import sys
from functools import cache
from pathlib import Path


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def installed() -> dict[str, str]:
    """Distribution name (normalised) to version, the first on the path winning."""
    found: dict[str, str] = {}
    for folder in sys.path:
        try:
            entries = os.listdir(folder or ".")
        except OSError:
            continue
        for entry in entries:
            if entry.endswith((".dist-info", ".egg-info")):
                name, _, version = entry.rpartition(".")[0].partition("-")
                if version:
                    found.setdefault(normalized(name), version)
    return found


def version(distribution: str) -> str | None:
    return installed().get(normalized(distribution))


def python_version() -> str:
    return ".".join(str(part) for part in sys.version_info[:3])


@cache
def code_digest(*modules: str) -> str:
    """Digest of the Python sources of the named mfbench packages or modules, e.g. 'data', 'steps/train.py'.

    It is part of a step's key: when the code of a step changes, its cached result no longer counts.
    """
    from hashlib import sha256

    root = Path(__file__).parent.parent
    total = sha256()
    for module in modules:
        path = root / module
        for source in [path] if path.suffix else sorted(path.glob("*.py")):
            total.update(f"{source.relative_to(root).as_posix()}\n".encode())
            total.update(source.read_bytes())
    return total.hexdigest()


@cache
def package_digest() -> str:
    """Digest of all of mfbench's own sources."""
    root = Path(__file__).parent.parent
    return code_digest(*sorted(path.relative_to(root).as_posix() for path in root.rglob("*.py")))
