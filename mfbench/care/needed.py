"""Content that only the ledger names: the drift reports of models."""

from __future__ import annotations

from collections.abc import Iterable

from mfbench.core.hashing import is_digest
from mfbench.journal.ledger import Entry

REPORT = "drift.report"


def report_blobs(entries: Iterable[Entry], version: str | None = None) -> dict[str, str]:
    """The ids of drift reports by the digest of their content. version: only those of the bundle with this digest."""
    reports = (entry.body for entry in entries if entry.kind == REPORT)
    return {
        body["report"]: str(body.get("id"))
        for body in reports
        if is_digest(body.get("report")) and version in (None, body.get("digest"))
    }
