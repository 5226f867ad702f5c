"""One window against a reference: 20 columns of numbers and five of categories, 100,000 and 1,000,000 rows a side.

Every contestant has a process of its own, and its libraries are loaded and warm before the clock starts. The floor does
PSI, Jensen-Shannon and KS over cells of both sides and nothing else; ours has the reference's profile and does more
(see ``drift_ours``). Peers get one round of the million, and no more than PATIENCE each.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from operator import itemgetter
from pathlib import Path

from benchmarks import drift_data
from benchmarks.model import OURS, Measure, Row
from benchmarks.peers import Peers
from benchmarks.timing import TIMEOUT_S, BenchError, Outcome, interleave, run

SIZES = (100_000, 1_000_000)
ROUNDS = 5
PATIENCE = 180.0  # seconds that a peer may take
SHARE = 1.5  # of the floor
LONG = (5_000_000, 50_000_000)
FLOOR, EXACT, FILE, PROFILE = "PSI, JS, binned KS", "KS on all rows", "from Parquet", "reference"
PEERS = {"evidently": "Evidently", "preset": "Evidently, preset", "nannyml": "NannyML"}

Figures = dict[str, float]


def measure(peers: Peers | None, scratch: Path, *, full: bool = False) -> list[Row]:
    """Time and memory at both sizes; full: of a file of 50 million rows too."""
    rows: list[Row] = []
    for size in SIZES:
        rows += _window(peers, scratch, size)
    return rows + ([_long(scratch)] if full else [])


def _window(peers: Peers | None, scratch: Path, size: int) -> list[Row]:
    paths = [str(path) for path in drift_data.paths(scratch, size)]
    floor = ["benchmarks.drift_floor"]
    found = interleave({
        FLOOR: _contestant(sys.executable, [*floor, "cells", str(scratch), str(size)]),
        OURS: _contestant(sys.executable, ["benchmarks.drift_ours", "frame", *paths]),
        FILE: _contestant(sys.executable, ["benchmarks.drift_ours", "file", *paths]),
        EXACT: _contestant(sys.executable, [*floor, "exact", str(scratch), str(size)]),
        PROFILE: _contestant(sys.executable, ["benchmarks.drift_ours", "reference", *paths]),
    }, rounds=ROUNDS)  # fmt: skip
    theirs = _theirs(peers, paths, few=size == SIZES[0])
    what = f"drift, {size:,} rows against as many"

    def row(told: str, unit: str, key: str, target: float | None = None) -> Row:
        return Row(
            f"{what}: {told}", unit, found[OURS].measure(OURS, itemgetter(key)),
            tuple(outcome.measure(name, itemgetter(key)) for name, outcome in theirs.items()),
            tuple(found[name].measure(name, itemgetter(key)) for name in (FLOOR, EXACT)), target,
        )  # fmt: skip

    bare = found[FLOOR].measure(FLOOR, itemgetter("wall")).value
    return [
        row("a window checked", "s", "wall", bare and SHARE * bare),
        row("CPU", "s", "cpu"),
        row("peak memory", "MB", "mb"),
        Row(f"{what}: from a Parquet file", "s", found[FILE].measure(OURS, itemgetter("wall"))),
        Row(f"{what}: the reference's profile, once", "s", found[PROFILE].measure(OURS, itemgetter("wall"))),
    ]


def _theirs(peers: Peers | None, paths: Sequence[str], *, few: bool) -> dict[str, Outcome[Figures]]:
    """Of many rows one round, and without the preset, which takes minutes."""
    if peers is None:
        return {}
    python = peers.command("python")
    chosen = {name: _contestant(python, ["benchmarks.drift_peers", what, *paths], PATIENCE)
              for what, name in PEERS.items() if few or what != "preset"}  # fmt: skip
    return interleave(chosen, rounds=2 if few else 1)


def _contestant(python: str, words: Sequence[str], patience: float = TIMEOUT_S) -> Callable[[], Figures]:
    def once() -> Figures:
        _, output = run([python, "-m", *words], timeout=patience)
        try:
            return {key: float(value) for key, value in json.loads(output.strip().splitlines()[-1]).items()}
        except (ValueError, IndexError, AttributeError) as error:
            raise BenchError(f"no figures in its output: {error}") from error

    return once


def _long(scratch: Path) -> Row:
    """Peak memory of a check of 50 million rows, beside one of five; the files are deleted."""
    found: dict[int, Figures] = {}
    for size in LONG:
        path = drift_data.long(scratch, size)
        try:
            found[size] = _contestant(sys.executable, ["benchmarks.drift_ours", "long", str(path), str(path)])()
        finally:
            path.unlink()
    (_, few), (most, many) = found.items()
    told = f"drift, {most:,} rows x 4 columns in {many['wall']:.0f} s: peak memory"
    beside = Measure(f"{LONG[0]:,} rows, {few['wall']:.1f} s", few["mb"], extra=few)
    return Row(told, "MB", Measure(OURS, many["mb"], extra=many), floors=(beside,))
