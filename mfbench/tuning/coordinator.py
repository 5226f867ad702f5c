"""The search itself: one process asks and tells, evaluators work, and every trial is an event of the run."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from optuna.trial import Trial, TrialState

from mfbench.core.errors import MfbenchError
from mfbench.core.text import plural, seconds
from mfbench.journal.line import pack_number
from mfbench.recipe.environment import expand
from mfbench.recipe.schema import Feature, Model, Tune
from mfbench.tuning.evaluator import Order
from mfbench.tuning.goal import DEFAULT_TRIALS
from mfbench.tuning.pool import Evaluator, Pool
from mfbench.tuning.settings import settle
from mfbench.tuning.study import FINISHED, Search

STATES = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}
ALL_FAILED = 30  # so many, and none that did not fail: the next one would fail too
Emit = Callable[..., None]


@dataclass
class Told:
    """What is known of a trial beside the study: `interrupted` ones count for nothing."""

    state: str
    values: list[float] | None = None
    params: dict[str, Any] = field(default_factory=dict)
    scores: list[float] | None = None
    seconds: float | None = None
    error: str | None = None


class Coordinator:
    """`told`: trials that the run's journal knows of already, by number (a resumed search)."""

    def __init__(
        self, search: Search, tune: Tune, model: Model, features: dict[str, Feature], names: tuple[str, ...],
        greater: list[bool], emit: Emit, told: dict[int, Told],
    ) -> None:  # fmt: skip
        self.search, self.tune, self.model, self.features = search, tune, model, features
        self.names, self.greater, self.emit, self.told = names, greater, emit, told
        self.done = self._failed = 0
        self._open: dict[int, tuple[Trial, dict[str, Any]]] = {}
        self._exhausted = False
        self._since_better = 0
        self._best: float | None = None
        self.why = ""
        grid, bound = tune.sampler == "grid", (tune.trials, tune.timeout, tune.patience)
        self.limit = tune.trials or (DEFAULT_TRIALS if bound == (None, None, None) and not grid else None)

    def resume(self) -> int:
        """Takes up what a killed worker has left: (how many finished trials are kept)."""
        for trial in self.search.study.get_trials(deepcopy=False):
            if trial.number in self.told:  # the study has the very values; an event, what can be read
                self.told[trial.number].params = self.search.values_of(trial.params)
            if trial.state == TrialState.RUNNING:
                if self.told.get(trial.number, Told("")).state != "interrupted":
                    self._end(trial.number, Told("interrupted", params=self.search.values_of(trial.params)))
                self.search.again(trial.number)
            elif trial.state in FINISHED and trial.number not in self.told:  # told to the study, and not yet to us
                state = next(word for word, known in STATES.items() if known == trial.state)
                values = list(trial.values) if trial.values else None
                self.told[trial.number] = Told(state, values, self.search.values_of(trial.params))
        kept = {number: told for number, told in sorted(self.told.items()) if told.state != "interrupted"}
        for number, told in kept.items():  # told again: this worker's step tells of the whole search
            self.emit("trial.started", number, _readable(told.params))
            self._end(number, told)
            self._count(told)
        return len(kept)

    def run(self, pool: Pool, limit: float | None) -> None:
        """Until the budget is spent. After `limit` seconds, counted once evaluators are up, running trials are given
        up."""
        while pool.idle() is None:
            pool.answers(None)
        deadline = None if limit is None else time.monotonic() + limit
        while True:
            while self._may_start() and (evaluator := pool.idle()):
                self._start(pool, evaluator)
            if not self._open and not self._may_start():
                return
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                self._give_up()
                return
            for evaluator, message in pool.answers(left):
                self._take(evaluator, message)

    def _may_start(self) -> bool:
        if self._exhausted:
            return False
        if self.limit is not None and self.done + len(self._open) >= self.limit:
            self.why = self.why or f"{plural(self.limit, 'trial')} done"
            return False
        if self.done >= ALL_FAILED and self._failed == self.done:
            self.why = f"the first {plural(self.done, 'trial')} failed"
            return False
        if self.tune.patience is not None and self._since_better >= self.tune.patience:
            self.why = f"no better for {plural(self.tune.patience, 'trial')}"
            return False
        return True

    def _start(self, pool: Pool, evaluator: Evaluator) -> None:
        asked = self.search.ask()
        if asked is None:
            self._exhausted, self.why = True, "the grid is searched"
            return
        trial, values = asked
        self._open[trial.number] = (trial, values)
        self.emit("trial.started", trial.number, _readable(values))
        try:
            model, features = settle(expand(values), self.model, self.features, self.tune)
        except msgspec.ValidationError as error:
            self._finish(trial.number, Told("failed", error=str(error)))
            return
        pool.order(evaluator, Order(number=trial.number, model=model, features=features))

    def _take(self, evaluator: Evaluator, message: dict[str, Any]) -> None:
        number = message["number"]
        if "died" in message:
            if number is not None:
                self._finish(number, Told("failed", error=message["died"]))
        elif "step" in message:
            trial, _ = self._open[number]
            self.emit("m", f"{self.names[0]}.{'stage' if self.tune.prune_on == 'iterations' else 'fold'}",
                      message["step"], message["value"], number)  # fmt: skip
            if self.tune.pruner != "none":
                trial.report(message["value"], message["step"])
                evaluator.send(not trial.should_prune())
        else:
            evaluator.busy = None
            told = {key: message[key] for key in ("state", "values", "scores", "seconds", "error")}
            self._finish(number, Told(**told))

    def _finish(self, number: int, told: Told) -> None:
        trial, values = self._open.pop(number)
        told.params = values
        study, state = self.search.study, STATES[told.state]
        study.tell(trial, told.values if state == TrialState.COMPLETE else None, state=state)
        self._end(number, told)
        self._count(told)

    def _end(self, number: int, told: Told) -> None:
        self.told[number] = told
        self.done += told.state != "interrupted"
        self._failed += told.state == "failed"
        params = _readable(told.params)
        self.emit("trial.ended", number, told.state, told.values, told.error, params, told.scores, told.seconds)

    def _count(self, told: Told) -> None:
        """How many trials in a row were no better."""
        better = False
        if told.state == "complete" and told.values and len(told.values) == 1:
            value = told.values[0] if self.greater[0] else -told.values[0]
            better = self._best is None or value > self._best
            self._best = value if better else self._best
        self._since_better = 0 if better else self._since_better + 1

    def _give_up(self) -> None:
        """The time is over: what still runs counts for nothing."""
        self.why = f"its time of {self.tune.timeout} is over"
        for number, (trial, values) in sorted(self._open.items()):
            self.search.study.tell(trial, state=TrialState.FAIL)
            self._end(number, Told("interrupted", params=values, error=self.why))
        self._open.clear()

    def complete(self) -> dict[int, Told]:
        """The complete trials by number. Raises MfbenchError where there is none, saying why."""
        found = {number: told for number, told in self.told.items() if told.state == "complete"}
        if not found:
            failed = [told.error for told in self.told.values() if told.state == "failed" and told.error]
            common = max(set(failed), key=failed.count) if failed else None
            told = f"all {plural(len(failed), 'trial')} failed" if failed else f"no trial was completed: {self.why}"
            raise MfbenchError(f"the search found nothing: {told}", hint=common and f"most often: {common}")
        return found


def _readable(values: dict[str, Any]) -> dict[str, Any]:
    """JSON has no infinity."""
    return {name: pack_number(value) if isinstance(value, float) else value for name, value in values.items()}


def spent(began: float) -> str:
    return seconds(time.monotonic() - began)
