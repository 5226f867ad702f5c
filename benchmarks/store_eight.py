"""Eight processes that log to one workspace at once, point by point: points a second of all of them together.

Each process has a run of its own and stays up over the rounds (see ``store_writers``). What was acknowledged is
counted afterwards in what a reader sees; a contestant that lost a point has failed.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.model import OURS, Row
from benchmarks.peers import Peers
from benchmarks.store_service import Team
from benchmarks.timing import BenchError, Outcome, interleave

PROCESSES = 8
ROUNDS = 5
POINTS = 25_000  # a process and round
SQLITE_POINTS = 5_000
MLFLOW_POINTS = 30
TARGET_SHARE = 0.8
FLOOR = "msgspec + os.write"
LINE = "our line + os.write"
SQLITE = "SQLite, WAL"


def measure(peers: Peers | None, scratch: Path, share: float) -> Row:
    """One row; `share` of the usual points."""
    folder = scratch / "eight"
    few = max(2, int(MLFLOW_POINTS * share))
    words = {
        FLOOR: ("floor", POINTS),
        OURS: ("mfbench", POINTS),
        LINE: ("line", POINTS),
        SQLITE: ("sqlite", SQLITE_POINTS),
    }
    plan = {name: (who, sys.executable, max(20, int(points * share))) for name, (who, points) in words.items()}
    if peers is not None:
        plan["mlflow"] = ("mlflow", peers.command("python"), few)
    teams: dict[str, Team] = {}
    try:
        for name, (who, python, _) in plan.items():
            (folder / who).mkdir(parents=True)
            teams[name] = Team(PROCESSES, python, "benchmarks.store_writers", who, str(folder / who))
        contestants = {name: partial(_round, teams[name], points) for name, (_, _, points) in plan.items()}
        outcomes = interleave(contestants, rounds=ROUNDS, warmup=1)
    finally:
        for team in teams.values():
            team.close()
    for name, (who, _, points) in plan.items():
        _check(outcomes[name], partial(COUNTS[who], folder / who), PROCESSES * points * (ROUNDS + 1))
    ours, floor, *others = (outcomes[name].measure(name, float) for name in (OURS, FLOOR, LINE, SQLITE))
    return Row(
        what=f"{PROCESSES} processes, metrics one by one",
        unit="points/s",
        ours=ours,
        peers=tuple(outcomes[name].measure(name, float) for name in ("mlflow",) if name in outcomes),
        floors=(floor, *others),
        target=floor.value and TARGET_SHARE * floor.value,
        higher_is_better=True,
    )


def _round(team: Team, points: int) -> float:
    team.ask_first_alone("open")
    times = team.ask("log", points)
    seconds = float(max(end for _, end in times) - min(start for start, _ in times))
    return PROCESSES * points / seconds


def _check(outcome: Outcome[float], count: Callable[[], int], logged: int) -> None:
    if outcome.error is None and (found := count()) != logged:
        outcome.error = f"{found:,} of {logged:,} points are there"


def _count_ours(folder: Path) -> int:
    from mfbench.api.workbench import Workbench

    return int(Workbench.open(folder).sql("SELECT count(*) AS n FROM metrics")["n"][0])


def _count_rows(name: str, folder: Path) -> int:
    con = sqlite3.connect(folder / name)
    try:
        return int(con.execute("SELECT count(*) FROM metrics").fetchone()[0])
    except sqlite3.Error as error:
        raise BenchError(f"{name}: {error}") from error
    finally:
        con.close()


def _count_lines(folder: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in folder.glob("*.jsonl"))


COUNTS: dict[str, Callable[[Path], int]] = {
    "mfbench": _count_ours,
    "mlflow": partial(_count_rows, "mlflow.db"),
    "sqlite": partial(_count_rows, "floor.db"),
    "floor": _count_lines,
    "line": _count_lines,
}
