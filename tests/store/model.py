"""What the projection must hold, from the journals in plain Python; and what it does hold."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

from mfbench.journal.reader import Cursor
from mfbench.store.store import Store
from mfbench.workspace.workspace import Workspace

Content = dict[str, Any]


def expected(workspace: Workspace) -> Content:
    """Every run by the rules, slowly: all events in memory, sorted."""
    runs: dict[str, Any] = {}
    points: Counter[Any] = Counter()
    others: Counter[Any] = Counter()
    for run in workspace.run_names():
        events = []
        for path in (workspace.run_folder(run) / "events").iterdir():
            events += [(event[1], event[0], path.name, event[2], event[3:]) for event in Cursor(str(path)).read()]
        events.sort(key=lambda event: event[:3])
        status = "running" if workspace.is_alive(run) else "lost"
        params: dict[str, str] = {}
        curves: dict[str, list[Any]] = {}
        for time, seq, segment, kind, fields in events:
            if kind == "run.ended":
                status = fields[0]
            elif kind == "param":
                params[fields[0]] = str(fields[1])
            elif kind == "m":
                key, step, value = fields[0], fields[1], float(fields[2])
                trial = fields[3] if len(fields) > 3 else None
                points[run, trial, key, step, time, str(value)] += 1
                if trial is None:
                    curves.setdefault(key, []).append((step, time, seq, value))
            elif kind == "artifact":
                others[run, "artifact", fields[0]] += 1
            if kind not in ("header", "param", "m", "artifact"):
                others[run, segment, seq, kind] += 1
        runs[run] = (status, params, {key: _summary(curve) for key, curve in curves.items()})
    return {"runs": runs, "points": points, "others": others}


def _summary(curve: list[Any]) -> tuple[str, float | None, float | None, int]:
    numbers = [value for *_, value in curve if not math.isnan(value)]
    return (_text(max(curve)[3]), min(numbers, default=None), max(numbers, default=None), len(curve))


def stored(workspace: Workspace) -> Content:
    with Store(workspace).reading() as con:
        runs = {
            run: (status, params, {})
            for run, status, params in con.execute("SELECT run, status, params FROM runs").fetchall()
        }
        for run, key, *found in con.execute("SELECT run, key, last, min, max, n FROM run_metrics").fetchall():
            runs[run][2][key] = (_text(found[0]), *found[1:])
        wide = {
            run: {key: _text(value) for key, value in metrics.items()}
            for run, metrics in con.execute("SELECT run, metrics FROM runs").fetchall()
        }
        narrow = con.execute("SELECT run, trial, key, step, epoch_us(time), value FROM metrics").fetchall()
        others = Counter(con.execute("SELECT run, segment, seq, kind FROM events").fetchall())
        others += Counter(con.execute("SELECT run, 'artifact', path FROM artifacts").fetchall())
    assert wide == {run: {key: one[0] for key, one in metrics.items()} for run, (_, _, metrics) in runs.items()}
    points = Counter((run, trial, key, step, time, str(value)) for run, trial, key, step, time, value in narrow)
    return {"runs": runs, "points": points, "others": others}


def _text(value: float) -> str:
    """NaN is equal to NaN here, and 0.0 to -0.0."""
    return str(value + 0.0)
