"""Whether a workspace is whole: what `doctor` looks at."""

from __future__ import annotations

from mfbench.core.errors import MfbenchError
from mfbench.journal.ledger import Entry, read_ledger
from mfbench.store.store import Store
from mfbench.workspace.workspace import Workspace


def problems(workspace: Workspace) -> list[str]:
    """One sentence for each thing that is not as it should be."""
    try:
        workspace.id  # noqa: B018  without it nothing else can be looked at
    except MfbenchError as error:
        return [str(error)]
    found: list[str] = []
    entries: list[Entry] = []
    try:
        entries = read_ledger(workspace.ledger)
    except MfbenchError as error:
        found.append(str(error))
    for entry in entries:
        if entry.kind == "model.version" and not (workspace.blobs / entry.body["digest"]).exists():
            found.append(f"model {entry.body['model']}:{entry.body['version']}: its bundle is missing from the blobs")
    try:
        with Store(workspace).reading() as con:
            rows = con.execute('SELECT run, segment, "offset", reason FROM damages ORDER BY ALL').fetchall()
            lost = con.execute("SELECT run FROM runs WHERE status = 'lost' ORDER BY run").fetchall()
    except MfbenchError as error:
        return [*found, str(error)]
    for run, segment, at, reason in rows:
        place = f"runs/{run}/events/{segment}"
        found.append(f"{place}: {reason}" if at is None else f"{place}: byte {at}: {reason}")
    return [*found, *(f"run {run} has no end and its driver is dead (lost)" for (run,) in lost)]
