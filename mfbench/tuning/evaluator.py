"""The process that evaluates trials: fits on each fold and reports its scores. It decides nothing.

It reads orders as JSON lines and answers the same way over a pipe of its own, because estimators print. It ends
when the pipe that it reads from does, so that nothing outlives the worker that has started it.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any

import msgspec

from mfbench.core import jsonio
from mfbench.core.errors import MfbenchError
from mfbench.flavors.base import Flavor, Prediction
from mfbench.recipe.schema import Data, Feature, Model

LONGEST = 2000  # characters of an error; some estimators put their data into it


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What every trial of a search shares. `names`: the objectives; `stages`: of a fit, when it is told in stages."""

    data_file: str
    split_file: str
    folder: str
    recipe_folder: str
    data: Data
    task: str
    outcome: list[str]
    names: tuple[str, ...]
    seed: int
    cpus: int
    stages: int = 0
    ask: bool = False  # whether to wait after each report for word to go on


class Order(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    model: Model
    features: dict[str, Feature]


def main(orders: IO[bytes], answers: int) -> None:
    """The first line is the Job, each further one an Order, or after a report `true` (go on) or `false`."""
    job = msgspec.convert(jsonio.loads(orders.readline()), Job)
    queue: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_listen, args=(orders, queue), daemon=True).start()

    def answer(message: dict[str, Any]) -> None:
        os.write(answers, msgspec.json.encode(message) + b"\n")

    try:
        trials = Trials(job)
    except MfbenchError as problem:
        answer({"broken": problem.message})
        return
    answer({"ready": True})
    while True:
        order = msgspec.convert(jsonio.loads(queue.get()), Order)
        answer(trials.run(order, lambda report: _told(report, answer, queue, job.ask)))


def _listen(orders: IO[bytes], queue: SimpleQueue[bytes]) -> None:
    for line in orders:
        queue.put(line)
    os._exit(0)


def _told(
    report: dict[str, Any], answer: Callable[[dict[str, Any]], None], queue: SimpleQueue[bytes], ask: bool
) -> bool:
    answer(report)
    return not ask or bool(msgspec.json.decode(queue.get()))


class Trials:
    def __init__(self, job: Job) -> None:
        import polars as pl

        from mfbench.data.split import PART
        from mfbench.recipe.own_code import make_importable
        from mfbench.tuning.folds import Folds

        make_importable(Path(job.recipe_folder))
        parts = pl.read_parquet(job.split_file, glob=False)[PART]
        frame = pl.read_parquet(job.data_file, glob=False).filter(parts == "train")
        self.job = job
        self.folds = Folds(frame, job.data, job.task, job.outcome, job.seed, job.cpus, Path(job.folder))

    def run(self, order: Order, tell: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """{number, state, values?, scores?, seconds, error?}; `tell` says whether to go on after a report."""
        began = time.perf_counter()
        state, values, error = "complete", None, None
        scores: list[list[float]] = []
        try:
            staged = self.job.stages > 0
            for step, scores in enumerate(self._staged(order) if staged else self._folded(order)):
                _refuse_nan(self.job.names, scores)
                values = [math.fsum(column) / len(column) for column in zip(*scores, strict=True)]
                last = step + 1 == (self.job.stages if staged else len(self.folds))
                report = {"number": order.number, "step": step, "value": values[0], "last": scores[-1]}
                if not last and not tell(report):
                    state = "pruned"
                    break
        except MfbenchError as problem:
            state, error = "failed", problem.message
        except BaseException as problem:  # an estimator may raise SystemExit too: it ends the trial, not the process
            text = f"{type(problem).__name__}: {problem}".removesuffix(": ")
            state, error = "failed", text[:LONGEST].encode(errors="replace").decode()
        firsts = [score[0] for score in scores]
        return {"number": order.number, "state": state, "values": values if state != "failed" else None,
                "scores": firsts, "seconds": round(time.perf_counter() - began, 4), "error": error}  # fmt: skip

    def _folded(self, order: Order) -> Iterator[list[list[float]]]:
        """After each fold: the scores of all so far."""
        flavor, traits = self._flavor(order.model)
        scores: list[list[float]] = []
        for number in range(len(self.folds)):
            fold = self.folds.get(number, order.features, traits)
            fitted = flavor.fit(order.model, self.job.task, fold.fit)
            scores.append(self._scores(flavor, fitted, fold))
            yield scores

    def _staged(self, order: Order) -> Iterator[list[list[float]]]:
        """After each stage of the fits, which go on side by side in all folds: the scores of all folds."""
        flavor, traits = self._flavor(order.model)
        folds = [self.folds.get(number, order.features, traits) for number in range(len(self.folds))]
        fits = [flavor.fit_stages(order.model, self.job.task, fold.fit, self.job.stages) for fold in folds]
        for fitted in zip(*fits, strict=True):
            yield [self._scores(flavor, model, fold) for model, fold in zip(fitted, folds, strict=True)]

    def _flavor(self, model: Model) -> tuple[Flavor, Any]:
        from mfbench.core.plugins import load as load_plugin

        flavor: Flavor = load_plugin("mfbench.flavors", model.flavor)()
        return flavor, flavor.check(model, self.job.task, weighted=self.job.data.weight is not None)

    def _scores(self, flavor: Flavor, fitted: Any, fold: Any) -> list[float]:
        from mfbench.stats.metrics import compute
        from mfbench.tuning.resources import RESOURCES, measure

        task = self.job.task
        predicted: Prediction = flavor.predict(fitted, fold.x, task)
        chosen = [name for name in self.job.names if name not in RESOURCES]
        found = compute(chosen, fold.y, predicted.values, predicted.scores, fold.weight, scale=fold.scale)
        wanted = [name for name in self.job.names if name in RESOURCES]
        if wanted:
            found |= measure(wanted, flavor, fitted, fold.x, task)
        return [found[name] for name in self.job.names]


def _refuse_nan(names: tuple[str, ...], scores: list[list[float]]) -> None:
    for fold, found in enumerate(scores):
        for name, value in zip(names, found, strict=True):
            if not math.isfinite(value):
                raise MfbenchError(f"{name} is {value} on fold {fold + 1}")
