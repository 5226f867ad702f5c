"""What the children of the fault suite do. Everything is loaded here, once: the children are forked from this."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mfbench.core.errors import MfbenchError, StaleWarning
from mfbench.store import batch, store
from mfbench.store.runs import list_runs
from mfbench.store.store import Store
from mfbench.tracking.run import Run, start_run
from mfbench.workspace.workspace import Workspace
from tests.care.histories import register

MOST = 12  # points of one batch: what a writer that is killed may have written without having said so


class Said:
    """What was acknowledged to a writer: said only after the call returned, in a file that a kill does not touch."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._open(path)

    def _open(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def __call__(self, *words: Any) -> None:
        line = json.dumps(words).encode() + b"\n"
        try:
            written = os.write(self._descriptor, line)
        except OSError:  # where the size of files is limited, so is this one's
            written = 0
        if written < len(line):
            self._open(f"{self._path}.{time.monotonic_ns()}")
            os.write(self._descriptor, line)


def write_runs(root: str, log: str, seed: str, seconds: float, *, small: bool = False) -> None:
    """Runs one after the other, each logged to by this thread, another thread and a forked child."""
    chance, said = random.Random(seed), Said(log)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        run = start_run("written", workspace=root)
        said("run", run.id)
        threads = [threading.Thread(target=_log, args=(run, said, "thread", chance.random()))] if not small else []
        for thread in threads:
            thread.start()
        forked = 0 if small or chance.random() < 0.6 else os.fork()
        if not forked and os.getpid() != run._pid:
            _log(run, said, "fork", chance.random())
            os._exit(0)
        _log(run, said, "main", chance.random())
        for thread in threads:
            thread.join()
        if forked:
            os.waitpid(forked, 0)
        if chance.random() < 0.8:
            run.end()
            said("end", run.id)


def _log(run: Run, said: Said, who: str, seed: float) -> None:
    """Points whose steps count up from 0 under the key `who`, by ones and in batches; params; artifacts."""
    chance = random.Random(seed)
    step = 0
    while step < 60 and chance.random() < 0.97:
        what = chance.random()
        if what < 0.5:
            run.log_metric(who, chance.random(), step=step)
            step += 1
            said("points", run.id, who, step)
        elif what < 0.7:
            count = chance.randint(1, MOST)
            run.log_metrics([(who, chance.random(), at) for at in range(step, step + count)])
            step += count
            said("points", run.id, who, step)
        elif what < 0.8:
            run.log_param(f"{who}{step}", step)
            said("param", run.id, f"{who}{step}", str(step))
        elif what < 0.83:
            name = f"{who}{chance.randrange(10**12)}"
            source = run.workspace.root.parent / name
            source.write_bytes(b"content %d" % chance.randrange(20))
            said("artifact", run.id, name, run.log_artifact(source))
        else:
            time.sleep(chance.random() * 0.004)


def make_batches_small(events: int = 60, chunk: int = 1500, runs: int = 3) -> None:
    batch.EVENTS, batch.CHUNK, batch.RUNS = events, chunk, runs


def fold(root: str) -> None:
    make_batches_small()
    Store(Workspace(Path(root))).update()


def rebuild(root: str) -> None:
    make_batches_small()
    Store(Workspace(Path(root))).rebuild()


def until_stopped(root: str, what: Callable[[Workspace], object]) -> int:
    """Does it again and again until there is a file `stop`; how often."""
    count = 0
    while not (Path(root) / "stop").exists():
        what(Workspace(Path(root)))
        count += 1
    return count


def fold_on(root: str, *sizes: int) -> None:
    make_batches_small(*sizes)
    until_stopped(root, lambda workspace: Store(workspace).update())


def rebuild_on(root: str, *sizes: int) -> None:
    make_batches_small(*sizes)
    until_stopped(root, lambda workspace: Store(workspace).rebuild())


def read_on(root: str, patience: float = 3.0, *, less: bool = False) -> None:
    """Asks again and again; no answer holds anything twice, or less than one before it (unless `less`)."""
    store.PATIENCE = patience
    seen = 0

    def read(workspace: Workspace) -> None:
        nonlocal seen
        query = "SELECT count(*) AS n, count(DISTINCT (run, key, step)) AS other FROM metrics"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", StaleWarning)
            ((n, other),) = (row.values() for row in Store(workspace).rows(query))
            rows, total = list_runs(workspace, "metrics.main >= 0 or status = 'running'", limit=5)
        assert n == other, f"{n} points, of which {other} are different"
        assert less or n >= seen, f"{n} points where there were {seen}"
        assert len(rows) <= min(5, total)
        seen = n

    until_stopped(root, read)


def hold_a_query(root: str, seconds: float) -> None:
    with Store(Workspace(Path(root))).reading() as con:
        before = con.execute("SELECT count(*) FROM metrics").fetchall()
        time.sleep(seconds)
        assert con.execute("SELECT count(*) FROM metrics").fetchall() == before


def tolerant(task: Callable[..., object], root: str, *words: Any, **named: Any) -> None:
    """Does `task` again where mfbench itself said that it cannot be done."""
    while not (Path(root) / "stop").exists():
        try:
            task(root, *words, **named)
        except MfbenchError:
            pass


def fold_from_cold(root: str) -> None:
    make_batches_small()
    (Path(root) / "store.duckdb").unlink(missing_ok=True)
    Store(Workspace(Path(root))).update()


def fold_and_die(root: str, batches: int) -> None:
    """Ends with a log (WAL) that holds what was committed last: killed after a commit, before the file is closed."""
    make_batches_small()
    real = store.store

    def stored(*words: Any) -> None:
        nonlocal batches
        real(*words)
        batches -= 1
        if not batches:
            os.kill(os.getpid(), signal.SIGKILL)

    store.store = stored
    Store(Workspace(Path(root))).update()


def fill(root: str, log: str, told: str, seed: str, limit: int) -> None:
    """Logs, folds, stores and registers until it has failed some times; what fails has to say so as mfbench does."""
    chance, said, trouble = random.Random(seed), Said(log), Said(told)
    if limit:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    workspace = Workspace(Path(root))
    for number in range(60):
        run = None
        try:
            run = start_run("filled", workspace=root)
            said("run", run.id)
            for step in range(0, 300, 10):
                run.log_metrics([("main", chance.random(), at) for at in range(step, step + 10)])
                said("points", run.id, "main", step + 10)
            source = Path(log).with_name(f"artifact-{os.getpid()}")
            source.write_bytes(chance.randbytes(chance.choice([100, 3000])))
            said("artifact", run.id, source.name, run.log_artifact(source))
            what = chance.randrange(4)
            if what == 0:
                Store(workspace).update()
            elif what == 1:
                list_runs(workspace)
            elif what == 2:
                register(workspace, run.id, chance.randbytes(500), f"m{os.getpid()}")
                said("model", run.id, f"m{os.getpid()}")
            run.end()
            said("end", run.id)
        except MfbenchError as error:
            trouble(str(number), type(error).__name__, str(error))
            if number > 30:
                return
