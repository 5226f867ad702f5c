"""The study behind a search: Optuna's, in Optuna's own journal file, so that `optuna-dashboard` opens it.

Ownership: one process at a time writes the file (the worker whose driver holds the run).
"""

from __future__ import annotations

import random
import warnings
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, Trial, TrialState

from mfbench.core.errors import DamageError
from mfbench.recipe.schema import Scalar, Tune
from mfbench.recipe.space import Axis, as_word, grid

FILE = "study.log"
REPEATS = "repeats"  # a trial's attribute: the number of the interrupted one that it does again
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


class Search:
    """`study` with the space laid over it: what to try next, in the recipe's own values."""

    def __init__(
        self, folder: Path, name: str, tune: Tune, space: dict[str, Axis], greater: list[bool], seed: int, steps: int
    ) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        path = folder / FILE
        self.begun_before = path.exists() and path.stat().st_size > 0
        _heal(path)
        self.space, self.seed = space, seed
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            self.study = optuna.create_study(
                study_name=name,
                storage=_storage(path),
                directions=["maximize" if more else "minimize" for more in greater],
                pruner=_pruner(tune, steps),
                load_if_exists=True,
            )
            # Seeded by how many trials there are: a resumed search does not draw again what it has drawn.
            self.study.sampler = _sampler(tune, seed, len(self.study.get_trials(deepcopy=False)))
        self._points = self._shuffled() if tune.sampler == "grid" else None

    def start_from(self, values: dict[str, Any]) -> None:
        """The first trial's values, as far as they are given."""
        if values and self._points is None:
            self._enqueue(values)

    def interrupted(self) -> list[Trial]:
        """The trials that a killed worker has left unfinished."""
        return [t for t in self.study.get_trials(deepcopy=False) if t.state == TrialState.RUNNING]  # type: ignore[misc]

    def again(self, number: int) -> None:
        """Ends an interrupted trial, and has its values tried once more."""
        trials = self.study.get_trials(deepcopy=False)
        if not any(trial.user_attrs.get(REPEATS) == number for trial in trials):
            self._enqueue(_params(trials[number]), {REPEATS: number}, inner=True)
        self.study.tell(number, state=TrialState.FAIL)

    def ask(self) -> tuple[Trial, dict[str, Any]] | None:
        """The next trial and its values; None where a grid has none left."""
        if self._points is not None and not self._waiting():
            if not self._points:
                return None
            self._enqueue(self._points.pop())
        trial = self.study.ask()
        values: dict[str, Any] = {}
        for name, axis in self.space.items():
            if axis.exists(values):
                values[name] = _outer(axis, _suggest(trial, axis))
        return trial, values

    def values_of(self, params: dict[str, Any]) -> dict[str, Any]:
        """Optuna's params as the recipe's values."""
        return {name: _outer(self.space[name], value) for name, value in params.items() if name in self.space}

    def _waiting(self) -> bool:
        return any(t.state == TrialState.WAITING for t in self.study.get_trials(deepcopy=False))

    def _enqueue(self, values: dict[str, Any], attrs: dict[str, Any] | None = None, *, inner: bool = False) -> None:
        params = values if inner else {name: _inner(self.space[name], value) for name, value in values.items()}
        self.study.enqueue_trial(params, user_attrs=attrs)

    def _shuffled(self) -> list[dict[str, Any]]:
        """The points of the grid that no trial has tried, in an order of the seed's."""
        tried = {as_word(self.values_of(_params(t))) for t in self.study.get_trials(deepcopy=False)}
        points = [point for point in grid(self.space) if as_word(point) not in tried]
        random.Random(self.seed).shuffle(points)
        return points


def _params(trial: FrozenTrial) -> dict[str, Any]:
    """What a trial has tried, or was told to: its process may have been killed before it came to that."""
    return {**trial.system_attrs.get("fixed_params", {}), **trial.params}


def _storage(path: Path) -> JournalStorage:
    try:
        return JournalStorage(JournalFileBackend(str(path)))
    except ValueError as error:  # a line in its midst is no JSON
        hint = "move the file away and resume the run: its search begins anew"
        raise DamageError(f"the study is damaged: {error}", where=str(path), hint=hint) from None


def _heal(path: Path) -> None:
    """What a killed writer leaves: half a line, which Optuna would refuse for ever, and its lock."""
    path.with_name(path.name + ".lock").unlink(missing_ok=True)
    if path.exists():
        content = path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            with path.open("rb+") as stream:
                stream.truncate(whole)


def _suggest(trial: Trial, axis: Axis) -> Any:
    if axis.choices:
        return trial.suggest_categorical(axis.name, [_inner(axis, choice) for choice in axis.choices])
    if axis.integer:
        return trial.suggest_int(axis.name, int(axis.low), int(axis.high), log=axis.log, step=int(axis.step or 1))
    return trial.suggest_float(axis.name, axis.low, axis.high, log=axis.log, step=axis.step)


def _inner(axis: Axis, value: Any) -> Any:
    """Optuna's choices are scalars that differ: where some are not (a list; 1 and 1.0), all are their JSON text."""
    if not axis.choices:
        return value
    plain = all(isinstance(choice, Scalar) for choice in axis.choices)
    return value if plain and len(set(axis.choices)) == len(axis.choices) else as_word(value)


def _outer(axis: Axis, value: Any) -> Any:
    return next((c for c in axis.choices if as_word(_inner(axis, c)) == as_word(value)), value)


def _sampler(tune: Tune, seed: int, drawn: int) -> optuna.samplers.BaseSampler:
    kinds = optuna.samplers
    if tune.sampler == "tpe":
        return kinds.TPESampler(seed=seed + drawn)
    if tune.sampler == "cmaes":
        return kinds.CmaEsSampler(seed=seed + drawn, warn_independent_sampling=False)
    if tune.sampler == "qmc":
        # Its points are counted in the study, and are one sequence only where the seed stays what it was.
        return kinds.QMCSampler(seed=seed, scramble=True, warn_independent_sampling=False)
    if tune.sampler == "nsga2":
        return kinds.NSGAIISampler(seed=seed + drawn, population_size=max(10, min(50, (tune.trials or 100) // 4)))
    return kinds.RandomSampler(seed=seed + drawn)  # of a grid, every point is told beforehand


def _pruner(tune: Tune, steps: int) -> optuna.pruners.BasePruner:
    if tune.pruner == "median":
        return optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=0)
    if tune.pruner == "halving":
        return optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3)
    if tune.pruner == "hyperband":
        return optuna.pruners.HyperbandPruner(min_resource=1, max_resource=steps, reduction_factor=3)
    return optuna.pruners.NopPruner()
