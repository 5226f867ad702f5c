"""The workspace itself: its marker, its configuration, its folders, its disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import msgspec

from mfbench.care.findings import REPAIR, Finding, Look, beyond
from mfbench.core.errors import MfbenchError
from mfbench.workspace.workspace import FORMAT

FOLDERS = ("runs", "live", "cache", "blobs", "ledger", "trash")
LITTLE = 100_000_000  # bytes: less free space than that, or than 1%, is nearly full


def examine_home(look: Look) -> Iterator[Finding]:
    yield from wrong_marker(look)
    try:
        look.workspace.trusted_types  # noqa: B018  reads the whole configuration
    except MfbenchError as error:
        yield beyond("workspace.config", "config.toml", error.message, "put it right in an editor")
    root = look.workspace.root
    for name in FOLDERS:
        folder = root / name
        if not folder.is_dir():
            if os.path.lexists(folder):
                yield beyond("workspace.folder", name, "this should be a folder", f"move it away, then: {REPAIR}")
            else:
                yield Finding("workspace.folder", name, "the folder is missing")
        elif look.workspace.writable and not os.access(folder, os.W_OK | os.X_OK):
            yield beyond("workspace.locked", name, "the folder cannot be written to", f"chmod u+rwx {folder}")
    usage = shutil.disk_usage(root)
    if usage.free < LITTLE or usage.free < usage.total // 100:
        free = f"the disk is nearly full: {usage.free / 1e6:,.0f} MB of {usage.total / 1e9:,.1f} GB are free"
        yield beyond("workspace.disk", ".", free, "free some space; see what can go: mfbench gc --dry-run")


def wrong_marker(look: Look) -> Iterator[Finding]:
    """workspace.json: without its id, neither the ledger nor anything else can be found."""
    path = look.workspace.root / "workspace.json"
    try:
        marker = msgspec.json.decode(path.read_bytes())
        form, found = int(marker["format"]), marker["id"]
    except (OSError, msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
        told = "it is missing" if isinstance(error, FileNotFoundError) else f"it cannot be read: {error}"
        known = ledger_ids(look)
        if len(known) > 1:
            remedy = 'write {"format": 1, "id": "…"}: the id is the name of this workspace\'s own file in ledger/'
            yield beyond("workspace.marker", path.name, told, remedy)
        else:
            yield Finding("workspace.marker", path.name, told)
        return
    if form > FORMAT:
        told = f"the workspace has format {form}, and this mfbench knows up to {FORMAT}"
        yield beyond("workspace.newer", path.name, told, "install a newer mfbench")
    elif not isinstance(found, str) or not found or "/" in found or found.startswith("."):
        yield Finding("workspace.marker", path.name, f"{found!r} is no id")


def ledger_ids(look: Look) -> list[str]:
    """The names of the ledgers: one of them is the workspace's id."""
    return sorted(path.stem for path in (look.workspace.root / "ledger").glob("*.jsonl") if path.name[0] != ".")
