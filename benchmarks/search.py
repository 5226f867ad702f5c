"""A search's own cost: trials a second with an objective that costs nothing, everything recorded.

Ours asks, sends each trial to an evaluator process, tells, and writes the run's events; the peer is bare Optuna in
one process with the same sampler and its own journal file on the same disk. Each contestant takes its turn.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.model import OURS, Row
from benchmarks.timing import interleave

TRIALS = 200
ROUNDS = 5
TARGET_SHARE = 0.95
SPACE = {"model.learning_rate": "log 0.01..0.3", "model.max_leaf_nodes": "15..127", "model.l2": "0.0..1.0"}


def measure(scratch: Path) -> list[Row]:
    """One row: trials a second."""
    numbers = itertools.count()

    def folder() -> Path:
        made = scratch / f"search-{next(numbers)}"
        made.mkdir()
        return made

    outcomes = interleave(
        {OURS: lambda: _ours(folder()), "optuna, journal file": lambda: _optuna(folder())}, rounds=ROUNDS, warmup=1
    )
    ours, bare = (outcomes[name].measure(name, float) for name in (OURS, "optuna, journal file"))
    target = bare.value and TARGET_SHARE * bare.value
    return [Row("search, TPE, everything recorded", "trials/s", ours, floors=(bare,), target=target,
                higher_is_better=True)]  # fmt: skip


def score(values: dict[str, Any]) -> float:
    """The same objective for both."""
    return float(values["model.learning_rate"] * values["model.max_leaf_nodes"] + values["model.l2"])


def _ours(folder: Path) -> float:
    from mfbench.journal.segment import SegmentWriter
    from mfbench.recipe.schema import Data, Model, Space, Tune
    from mfbench.recipe.space import axes
    from mfbench.tuning.coordinator import Coordinator
    from mfbench.tuning.evaluator import Job
    from mfbench.tuning.pool import Pool
    from mfbench.tuning.study import Search

    tune = Tune(trials=TRIALS, space={name: Space(range=text) for name, text in SPACE.items()})
    (folder / "events").mkdir()
    writer = SegmentWriter(folder / "events", "worker", run="bench")
    search = Search(folder, "bench", tune, axes(tune), [True], seed=0, steps=1)
    coordinator = Coordinator(search, tune, Model(), {}, ("score",), [True], writer.write, {})
    job = Job(data_file="", split_file="", folder="", recipe_folder="", data=Data(source="", target=""),
              task="regression", outcome=[], names=("score",), seed=0, cpus=1)  # fmt: skip
    pool = Pool(job, 1, 1, module="benchmarks.echo_evaluator")
    try:
        pool.answers(None)  # until it is up: starting a process is not what is measured
        began = time.perf_counter()
        coordinator.run(pool, None)
        return TRIALS / (time.perf_counter() - began)
    finally:
        pool.close()
        writer.close()


def _optuna(folder: Path) -> float:
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = JournalStorage(JournalFileBackend(str(folder / "study.log")))
    study = optuna.create_study(storage=storage, sampler=optuna.samplers.TPESampler(seed=0), direction="maximize")
    began = time.perf_counter()
    for _ in range(TRIALS):
        trial = study.ask()
        values = {
            "model.learning_rate": trial.suggest_float("model.learning_rate", 0.01, 0.3, log=True),
            "model.max_leaf_nodes": trial.suggest_int("model.max_leaf_nodes", 15, 127),
            "model.l2": trial.suggest_float("model.l2", 0.0, 1.0),
        }
        study.tell(trial, score(values))
    return TRIALS / (time.perf_counter() - began)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        for row in measure(Path(scratch)):
            print(row, file=sys.stdout)
