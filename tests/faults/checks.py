"""What must be true afterwards."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mfbench.core.hashing import digest_bytes
from mfbench.journal.ledger import read_ledger
from mfbench.registry.models import Registry
from mfbench.store.store import Store
from mfbench.workspace.workspace import Workspace
from tests.faults.work import MOST
from tests.store.model import differences, expected, stored


def said(logs: Iterable[Path]) -> list[list[Any]]:
    """What was acknowledged; the last line of a writer may be torn."""
    lines = [line for log in logs for line in log.read_bytes().split(b"\n")[:-1]]
    return [json.loads(line) for line in lines]


def assert_nothing_lost(workspace: Workspace, logs: Iterable[Path]) -> int:
    """Everything acknowledged is there once, at most one call more of each writer: how many points were said."""
    store = Store(workspace)
    runs = {row["run"]: row["status"] for row in store.rows("SELECT run, status FROM runs")}
    params = {(row["run"], row["key"]): row["value"] for row in store.rows("SELECT run, key, value FROM params")}
    kept = Counter((r["run"], r["path"], r["digest"]) for r in store.rows("SELECT run, path, digest FROM artifacts"))
    models = Registry(workspace).models()
    points: Counter[Any] = Counter()
    for kind, run, *words in said(logs):
        assert run in runs, f"run {run} is gone"
        if kind == "end":
            assert runs[run] == "finished"
        elif kind == "param":
            assert params[run, words[0]] == words[1]
        elif kind == "artifact":
            assert kept[run, *words] == 1
            assert digest_bytes((workspace.blobs / words[1]).read_bytes()) == words[1]
        elif kind == "model":
            assert run in {version.run for version in models[words[0]].versions.values()}
        elif kind == "points":
            points[run, words[0]] = max(points[run, words[0]], words[1])
    query = (
        "SELECT run, key, count(*) AS n, count(DISTINCT step) AS steps, max(step) + 1 AS next FROM metrics GROUP BY ALL"
    )
    found = {(row["run"], row["key"]): row for row in store.rows(query)}
    for place, count in points.items():
        row = found[place]
        assert row["n"] == row["steps"] == row["next"], f"{place}: something is missing or twice: {row}"
        assert count <= row["n"] <= count + MOST, f"{place}: {count} were acknowledged, {row['n']} are there"
    return points.total()


def assert_exact(workspace: Workspace) -> None:
    """The database holds what the journals hold, and so does one that is made anew; the ledger holds."""
    found = stored(workspace)
    wanted = expected(workspace)
    assert found == wanted, differences(found, wanted)
    Store(workspace).rebuild()
    anew = stored(workspace)
    assert anew == found, differences(found, anew)
    read_ledger(workspace.ledger)
