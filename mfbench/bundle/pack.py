"""Closing a bundle: every file digested into the manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mfbench.bundle.manifest import MANIFEST, PROVENANCE, File, Manifest
from mfbench.core import jsonio
from mfbench.core.hashing import digest_bytes, digest_file


def pack(folder: Path, **facts: Any) -> str:
    """Writes the manifest over all files in `folder` and returns the bundle's digest.

    `facts` are the fields of Manifest beside `files`. Equal files and facts give an equal digest.
    """
    files = {
        path.relative_to(folder).as_posix(): File(digest_file(path), path.stat().st_size)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in (MANIFEST, PROVENANCE)
    }
    content = jsonio.pretty(Manifest(**facts, files=files))
    (folder / MANIFEST).write_bytes(content)
    return digest_bytes(content)
