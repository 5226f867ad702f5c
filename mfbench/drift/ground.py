"""What the reference's labelled rows tell of quality, worked out once for all windows that are held against them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mfbench.core.errors import UsageError
from mfbench.core.text import did_you_mean
from mfbench.drift import estimated, loss_model
from mfbench.drift.answered import Answered, answered, classes_of
from mfbench.drift.measured import intervals
from mfbench.stats.metrics import METRICS, defaults, fits, names, suffices, usual_order
from mfbench.stats.predicted import Numbers, Predicted
from mfbench.stats.resampling import MIN_UNITS, Bootstrap, Interval
from mfbench.stats.rowwise import row_loss

if TYPE_CHECKING:
    from mfbench.drift.reference import Reference

MOST = 6  # metrics
LEAST = 200  # labelled rows of the reference, for an estimate
LEAST_OF_CLASS = 20
FOLDS = 5
RESAMPLES = 300


class Ground:
    """answers: labelled rows of the reference's sample, None where there are none."""

    def __init__(self, reference: Reference) -> None:
        sample, profile = reference.sample, reference.profile
        self.task = profile.task
        self.classes = classes_of(profile, sample)
        found = answered(sample, self.task, self.classes)
        self.answers: Answered | None = found.take(found.labelled) if found is not None else None
        if self.answers is not None and not len(self.answers.predicted):
            self.answers = None
        self.gives = found.gives if found is not None else ""
        self._intervals: dict[str, Interval] = {}
        self._off: dict[str, float] = {}
        self._errors: dict[str, tuple[float, float]] = {}
        self.covered: dict[tuple[str, int], tuple[float, int] | None] = {}
        self.columns = reference.columns_of(sample)

    def intervals(self, wanted: tuple[str, ...]) -> dict[str, Interval]:
        """The measured metrics of the reference."""
        assert self.answers is not None
        new = [name for name in wanted if name not in self._intervals]
        if new:
            self._intervals |= intervals(new, self.answers, seed=0)
        return {name: self._intervals[name] for name in wanted}

    @cached_property
    def estimable(self) -> tuple[tuple[str, ...], str]:
        """(metrics that can be estimated without labels, why none can)."""
        answers = self.answers
        if answers is None:
            return (), "the reference holds no labels"
        if len(answers.predicted) < LEAST or answers.count < 2 * MIN_UNITS:
            return (), f"the reference holds too few labels: {len(answers.predicted)} rows, {LEAST} are needed"
        if self.task != "classification":
            return tuple(loss_model.KNOWN), ""
        if self.gives != "probabilities":
            return (), "the model gives no probabilities"
        fewest = np.bincount(answers.predicted.target.astype(np.intp), minlength=len(self.classes)).min()
        if fewest < LEAST_OF_CLASS:
            return (), f"a class has only {fewest} labelled rows in the reference, {LEAST_OF_CLASS} are needed"
        return estimated.KNOWN, ""

    @cached_property
    def shares(self) -> Numbers:
        """(n, k) the calibrated probabilities of the reference's rows, told without their own units."""
        assert self.answers is not None
        predicted = self.answers.predicted
        assert predicted.scores is not None
        fold = loss_model.folds(self.answers.units, FOLDS, 0)
        held: Numbers = np.empty(predicted.scores.shape)
        for k in range(FOLDS):
            part = predicted.take(fold != k)
            held[fold == k] = _calibrator(part).shares(predicted.scores[fold == k])
        after, before = (
            float(row_loss("log_loss", _with(predicted, each)).mean()) for each in (held, predicted.scores)
        )
        self.calibrator = _calibrator(predicted) if after < before else None
        return held if self.calibrator is not None else predicted.scores

    def calibrated(self, scores: Numbers) -> Numbers:
        """(n, k) probabilities of new rows, calibrated where the model's own are off."""
        self.shares  # noqa: B018 - fits the calibrator
        return self.calibrator.shares(scores) if self.calibrator is not None else scores

    @cached_property
    def losses(self) -> loss_model.LossModel:
        assert self.answers is not None
        columns = self.columns[self.answers.rows]
        own = {name: row_loss(name, self.answers.predicted) for name in ("mae", "mse")}
        return loss_model.LossModel(columns, self.answers, own, 0)

    def off(self, wanted: Sequence[str], rows: NDArray[np.intp] | None = None) -> dict[str, float]:
        """How much more the estimates are than the measured metrics, over (some of) the reference's rows."""
        assert self.answers is not None
        if rows is None and not set(wanted) <= set(self._off):
            self._off |= self.off(wanted, np.arange(len(self.answers.predicted)))
        if rows is None:
            return {name: self._off[name] for name in wanted}
        predicted = self.answers.predicted.take(rows)
        if self.task != "classification":
            of = {name: loss_model.KNOWN[name] for name in wanted}
            return {name: float((self.losses.held[loss][rows] - row_loss(loss, predicted)).mean())
                    for name, loss in of.items()}  # fmt: skip
        guess, truth = (estimated.expected(wanted, predicted, each) for each in
                        (self.shares[rows], estimated.observed(predicted)))  # fmt: skip
        return {name: guess[name] - truth[name] for name in wanted}

    def error(self, name: str) -> tuple[float, float]:
        """(the standard error of measured less estimated over the reference's rows, its design effect by unit)."""
        if name not in self._errors:
            self._errors[name] = self._error(name)
        return self._errors[name]

    def _error(self, name: str) -> tuple[float, float]:
        answers = self.answers
        assert answers is not None
        predicted, k = answers.predicted, len(self.classes)
        if self.task == "classification":
            truth, fractions = (estimated.each_class(predicted, each) for each in
                                (estimated.observed(predicted), self.shares))  # fmt: skip
            units = np.tile(answers.units, k)
            se = Bootstrap(units, resamples=RESAMPLES).difference(name, truth, fractions).se
            alone = estimated.label_noise([name], predicted, self.shares, 0)[name]
            noise = se if se is not None else np.inf
            return noise, max(1.0, (noise / alone) ** 2) if answers.clustered and alone > 0 else 1.0
        off = row_loss(loss_model.KNOWN[name], predicted) - self.losses.held[loss_model.KNOWN[name]]
        alone = float(off.std(ddof=1) / len(off) ** 0.5)
        sums = np.bincount(answers.units, weights=off - off.mean())
        by_unit = float(np.sqrt((sums**2).sum() * len(sums) / (len(sums) - 1)) / len(off))
        return max(by_unit, alone), max(1.0, (by_unit / alone) ** 2) if answers.clustered and alone > 0 else 1.0


_KNOWN: WeakKeyDictionary[Reference, Ground] = WeakKeyDictionary()


def ground_of(reference: Reference) -> Ground:
    """The same for every window that is held against this reference."""
    if reference not in _KNOWN:
        _KNOWN[reference] = Ground(reference)
    return _KNOWN[reference]


def watched(reference: Reference, ground: Ground, wanted: str | None) -> tuple[str, ...]:
    """The metrics to look at, first the one that is watched. Raises UsageError for one that is none of the task."""
    manifest = reference.manifest
    if wanted is None and manifest is not None:
        wanted = manifest.monitored.metric
    if wanted is not None and (wanted not in METRICS or not fits(wanted, ground.task)):
        known = names(ground.task)
        raise UsageError(f"there is no metric {wanted!r} for {ground.task}", hint=did_you_mean(wanted, known))
    listed = usual_order(manifest.metrics) if manifest is not None and manifest.metrics else []
    probabilities = ground.gives == "probabilities"
    chosen = [*([wanted] if wanted else []), *(listed or defaults(ground.task, probabilities=probabilities))]
    # MASE needs the training rows' own errors, which no sample holds.
    usable = [name for name in chosen if name in METRICS and fits(name, ground.task) and name != "mase"]
    given = [name for name in usable if ground.gives and suffices(ground.gives, name)]
    return tuple(dict.fromkeys(given))[:MOST]


def inside(reference: pl.DataFrame, window: pl.DataFrame) -> float | None:
    """The share of the rows in which no number lies beyond the reference's, and no word or gap is new to it."""
    from mfbench.drift.classifier import VALUES, readable
    from mfbench.drift.kinds import known as known_rows

    like: NDArray[np.bool_] = np.ones(window.height, dtype=bool)
    looked = False
    for own in reference:
        if own.name not in window.columns or not readable(own.dtype) or not known_rows(own):
            continue
        new = window[own.name].cast(own.dtype, strict=False)
        if own.dtype.is_numeric():
            own, new = own.cast(pl.Float64).fill_nan(None), new.cast(pl.Float64).fill_nan(None)
            known = new.is_between(own.min(), own.max())
        elif own.n_unique() > max(VALUES, len(own) / 20):
            continue  # names and texts: most are new in any window
        else:
            known = new.cast(pl.String).is_in(own.cast(pl.String).unique().to_list())
        looked = True
        like &= known.fill_null(own.null_count() > 0).to_numpy()
    return float(like.mean()) if looked and window.height else None


def _calibrator(predicted: Predicted) -> estimated.Calibrator:
    assert predicted.scores is not None
    return estimated.Calibrator(predicted.scores, predicted.target)


def _with(predicted: Predicted, scores: Numbers) -> Predicted:
    return Predicted(predicted.target, predicted.values, scores)
