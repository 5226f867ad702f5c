"""Finished steps: an entry that cannot be used costs no more than running its step again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mfbench.care.cached import outputs
from mfbench.care.findings import Finding, Look
from mfbench.journal.blobs import Blobs

AGAIN = "none is needed: the step runs again; to take the entry away: mfbench doctor --repair"


def examine_cache(look: Look) -> Iterator[Finding]:
    blobs = Blobs(look.workspace.blobs)
    folder = look.workspace.cache
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else []:
        if told := why_useless(path, blobs):
            yield Finding("cache.useless", f"cache/{path.name}", told, AGAIN)


def why_useless(path: Path, blobs: Blobs) -> str:
    """'' for an entry that can be used, and for one that is gone."""
    try:
        made = outputs(path.read_bytes())
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        return f"it cannot be read: {error}"
    missing = [name for name, (digest, size) in made.items() if not blobs.has(digest, size)]
    return f"its output {missing[0]} is missing" if missing else ""
