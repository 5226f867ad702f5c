"""Queries about the trials of a run's search."""

from __future__ import annotations

from typing import Any

import msgspec

from mfbench.store.store import Store, as_rows
from mfbench.workspace.workspace import Workspace

_JSON = ("values", "params", "scores")


def list_trials(workspace: Workspace, run: str) -> list[dict[str, Any]]:
    """The trials of one run by number: trial, state, values, params, scores, seconds, error, started, ended."""
    query = "SELECT * EXCLUDE (run) FROM trials WHERE run = ? ORDER BY trial"
    with Store(workspace).reading() as con:
        rows = as_rows(con.execute(query, [run]))
    return [{**row, **{key: row[key] and msgspec.json.decode(row[key]) for key in _JSON}} for row in rows]
