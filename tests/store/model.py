"""What the projection must hold, from the journals and the ledger in plain Python; and what it does hold."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mfbench.core.errors import DamageError
from mfbench.journal.ledger import Entry, read_ledger
from mfbench.journal.line import decode_line
from mfbench.journal.reader import segment_names
from mfbench.journal.sealed import SEALED, read_sealed
from mfbench.store.store import Store
from mfbench.workspace.workspace import Workspace

Content = dict[str, Any]
ROWS_ONLY = ("header", "param", "m", "artifact")  # kinds of which the events themselves are not kept


def expected(workspace: Workspace) -> Content:
    """Every run by the rules, slowly: all events in memory, sorted."""
    runs: dict[str, Any] = {}
    points: Counter[Any] = Counter()
    others: Counter[Any] = Counter()
    for run in set(workspace.run_names()) - _deleted(workspace):
        events = sorted(
            (event[1], event[0], segment, event[2], event[3:]) for segment, event in _events(workspace, run)
        )
        status = "running" if workspace.is_alive(run) else "lost"
        ended = False
        params: dict[str, str | None] = {}
        tags: dict[str, str | None] = {}
        curves: dict[str, list[Any]] = {}
        for time, seq, segment, kind, fields in events:
            if kind == "run.started":
                ended = False
                tags |= {key: _word(value) for key, value in fields[0].get("tags", {}).items()}
            elif kind == "run.ended":
                ended, told = True, fields[0]
            elif kind == "param":
                params[fields[0]] = _word(fields[1])
            elif kind == "m":
                key, step, value = fields[0], fields[1], float(fields[2])
                trial = fields[3] if len(fields) > 3 else None
                points[run, trial, key, step, time, str(value)] += 1
                if trial is None:
                    curves.setdefault(key, []).append((step, time, seq, value))
            elif kind == "artifact":
                others[run, "artifact", fields[0]] += 1
            if kind == "step.ended":
                others[run, "step", fields[0], fields[2]] += 1
            elif kind in ("gate", "check"):
                others[run, kind, fields[0], fields[1]] += 1
            if kind not in ROWS_ONLY:
                others[run, segment, seq, kind] += 1
        tags = _tagged(workspace, run, tags)
        summaries = {key: _summary(curve) for key, curve in curves.items()}
        runs[run] = (told if ended else status, params, tags, summaries)
    return {"runs": runs, "points": points, "others": others}


def _events(workspace: Workspace, run: str) -> Iterator[tuple[str, Any]]:
    """(segment, event): of a sealed journal first, then of segments that it does not stand for."""
    folder = workspace.run_folder(run) / "events"
    if (folder / SEALED).exists():
        for segment, events in read_sealed(folder / SEALED):
            yield from ((segment, event) for event in events)
    for name in segment_names(folder):
        yield from ((name, event) for event in _lines(folder / name))


def _lines(path: Any) -> Iterator[Any]:
    """Line by line, unlike the reader: what is whole counts."""
    for line in path.read_bytes().split(b"\n")[:-1]:
        try:
            yield decode_line(line)
        except ValueError:
            continue


def _deleted(workspace: Workspace) -> set[str]:
    last: dict[str, str] = {}
    try:
        for entry in read_ledger(workspace.ledger):
            if entry.kind in ("run.deleted", "run.restored"):
                last[entry.body["run"]] = entry.kind
    except DamageError:
        pass
    return {run for run, kind in last.items() if kind == "run.deleted"}


def _tagged(workspace: Workspace, run: str, tags: dict[str, str | None]) -> dict[str, str | None]:
    """The run's own tags under those of the ledgers: this workspace's before the others, the last word of each key."""
    words: list[tuple[Any, ...]] = []
    for path in workspace.ledgers.glob("*.jsonl"):
        own = path == workspace.ledger
        if own or (workspace.run_folder(run) / "foreign").exists():
            for entry in _entries(path):
                if entry.kind == "run.tagged" and entry.body["run"] == run:
                    place = (own, 0 if own else entry.time, path.stem, entry.seq)
                    words += [(place, key, value) for key, value in entry.body["tags"].items()]
    said = {key: value for _, key, value in sorted(words, key=lambda word: word[0])}
    return {key: value for key, value in (tags | said).items() if key not in said or value is not None}


def _entries(path: Path) -> list[Entry]:
    try:
        return read_ledger(path)
    except DamageError:
        return []


def _word(value: Any) -> Any:
    """A param's value as people filter by it: words as they are, all else as JSON."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def differences(one: Content, other: Content) -> str:
    """Some of what stands in one of the two only."""
    told = []
    for part in one:
        pairs = [(a.items(), b.items()) for a, b in ((one[part], other[part]), (other[part], one[part]))]
        told += [f"{part}: {item}" for a, b in pairs for item in a if item not in b][:4]
    return "\n".join(told)


def _summary(curve: list[Any]) -> tuple[str, float | None, float | None, int]:
    numbers = [value for *_, value in curve if not math.isnan(value)]
    return (_text(max(curve)[3]), min(numbers, default=None), max(numbers, default=None), len(curve))


def stored(workspace: Workspace) -> Content:
    with Store(workspace).reading() as con:
        runs = {
            run: (status, params, tags, {})
            for run, status, params, tags in con.execute("SELECT run, status, params, tags FROM runs").fetchall()
        }
        for run, key, *found in con.execute("SELECT run, key, last, min, max, n FROM run_metrics").fetchall():
            runs[run][3][key] = (_text(found[0]), *found[1:])
        wide = {
            run: {key: _text(value) for key, value in metrics.items()}
            for run, metrics in con.execute("SELECT run, metrics FROM runs").fetchall()
        }
        narrow = con.execute("SELECT run, trial, key, step, epoch_us(time), value FROM metrics").fetchall()
        others = Counter(con.execute("SELECT run, segment, seq, kind FROM events").fetchall())
        others += Counter(con.execute("SELECT run, 'artifact', path FROM t_artifacts").fetchall())
        others += Counter(con.execute("SELECT run, 'step', step, status FROM t_steps").fetchall())
        others += Counter(con.execute("SELECT run, kind, name, passed FROM t_gates").fetchall())
    assert wide == {run: {key: one[0] for key, one in metrics.items()} for run, (*_, metrics) in runs.items()}
    points = Counter((run, trial, key, step, time, str(value)) for run, trial, key, step, time, value in narrow)
    return {"runs": runs, "points": points, "others": others}


def _text(value: float) -> str:
    """NaN is equal to NaN here, and 0.0 to -0.0."""
    return str(value + 0.0)
