"""The screen: from the command to the first paint, to the first page of runs, the next page, and its memory.

`python -m benchmarks.screen 0.01` takes a hundredth of the usual sizes.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from benchmarks import report
from benchmarks.model import OURS, Measure, Row
from benchmarks.peers import Peers
from benchmarks.screen_terminal import Terminal
from benchmarks.store_ours import fold, write_histories, write_runs
from benchmarks.timing import BenchError, Outcome

SIZES = (10_000, 100_000)
POINTS = 10_000_000  # in ten runs more, where there are 100,000
FIRST_PAINT_MS = 500.0
ROUNDS = 5


def measure(peers: Peers | None, scratch: Path, share: float = 1.0) -> list[Row]:
    rows: list[Row] = []
    theirs = _harlequin(peers, scratch)
    for size in SIZES:
        count = int(size * share)
        folder = scratch / f"screen-{count}"
        folder.mkdir()
        home = write_runs(folder, count)
        points = int(POINTS * share) if size == max(SIZES) else 0
        if points:
            write_histories(folder, points // 10, 10)
        fold(home)
        rows += _rows(folder, f"{count:,} runs" + (f", {points:,} points" if points else ""), theirs)
    return rows


def _harlequin(peers: Peers | None, scratch: Path) -> Outcome[tuple[float, float]]:
    """(first paint, memory) of the SQL workbench, made with the same library, on an empty database."""
    found = Outcome[tuple[float, float]]()
    if peers is None:
        return found
    for i in range(ROUNDS + 1):
        try:
            with Terminal([peers.command("harlequin")], scratch, {"HOME": str(scratch)}) as screen:
                paint = screen.until("Query")
                time.sleep(1.0)  # it goes on loading
                if i:
                    found.values.append((paint, screen.peak()))
        except BenchError as error:
            found.error = str(error)
            break
    return found


def _rows(folder: Path, what: str, theirs: Outcome[tuple[float, float]]) -> list[Row]:
    paint, page, following, memory = (Outcome[float]() for _ in range(4))
    _round(folder)  # bytecode and the disk's cache
    for _ in range(ROUNDS):
        try:
            for outcome, value in zip((paint, page, following, memory), _round(folder), strict=True):
                outcome.values.append(value)
        except BenchError as error:
            paint.error = page.error = following.error = memory.error = str(error)
            break

    def beside(place: int, of: Callable[[float], float]) -> tuple[Measure, ...]:
        empty = not theirs.values and theirs.error is None
        return () if empty else (theirs.measure("harlequin", lambda pair: of(pair[place])),)

    return [
        Row(f"screen, {what}: first paint", "ms", paint.measure(OURS, _ms), beside(0, _ms), target=FIRST_PAINT_MS),
        Row(f"screen, {what}: first page of runs", "ms", page.measure(OURS, _ms)),
        Row(f"screen, {what}: next page", "ms", following.measure(OURS, _ms)),
        Row(f"screen, {what}: memory", "MB", memory.measure(OURS, _mb), beside(1, _mb)),
    ]


def _mb(size: float) -> float:
    return size / 1e6


def _ms(seconds: float) -> float:
    return seconds * 1000


def _round(folder: Path) -> tuple[float, float, float, float]:
    with Terminal([sys.executable, "-m", "mfbench"], folder) as screen:
        paint = screen.until("Deployments")
        page = screen.until("1 to 100 of")
        screen.press("]")
        following = screen.until("101 to 200 of")
        return paint, page, following, screen.peak()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="mfbench-bench-") as scratch:
        rows = measure(None, Path(scratch), float(sys.argv[1]) if sys.argv[1:] else 1.0)
        report.print_table(rows, Console(width=160))
        if any(isinstance(row.ours, Measure) and row.ours.error for row in rows):
            sys.exit(1)
