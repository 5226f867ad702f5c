"""The queue: entries that nobody can read are never started."""

from __future__ import annotations

from collections.abc import Iterator

from mfbench.care.findings import Finding, Look, beyond
from mfbench.core.errors import MfbenchError
from mfbench.workspace.queue import FOLDER, max_parallel, read_queue


def examine_queue(look: Look) -> Iterator[Finding]:
    for entry, error in read_queue(look.workspace)[1].items():
        yield beyond("queue.damaged", f"{FOLDER}/{entry}.json", error.message, error.hint or "")
    try:
        max_parallel(look.workspace)
    except MfbenchError as error:
        yield beyond("workspace.config", "config.toml", error.message, "put it right in an editor")
