"""One gate's verdict: against a number, or as a paired test against the champion on the same rows.

A model passes a gate against the champion when it is shown not to be worse by more than the margin, at the recipe's
confidence. What is not shown is 'unknown', and no reason to replace anything.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from mfbench.core.text import plural
from mfbench.data.units import PERIODS, ROW
from mfbench.recipe.gates import Gate
from mfbench.stats.delong import delong
from mfbench.stats.metrics import compute
from mfbench.stats.noninferiority import judge
from mfbench.stats.predicted import Predicted
from mfbench.stats.resampling import MIN_UNITS, Bootstrap, Difference

Word = Literal["passed", "refused", "unknown"]


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """One segment's verdict; `p` is Holm's, of 'not good enough' where it passed, else of 'good enough'."""

    value: str
    rows: int
    units: int
    verdict: Word
    observed: float
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    detectable: float | None = None


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in gates.json of one gate. `difference` is this model's metric minus the champion's, `low` and `high`
    its one-sided bounds; of a gate against a number, the metric's own interval."""

    name: str
    verdict: Word
    passed: bool
    observed: float
    bound: float | None = None
    against: str | None = None
    note: str = ""
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    rows: int
    units: int | None = None
    method: str
    detectable: float | None = None
    segments: list[Segment] = []


@dataclass(frozen=True)
class Evidence:
    """Answers of the model and of the champion to the same n rows; units: (n,) what is independent of its like."""

    ours: Predicted
    theirs: Predicted | None
    units: NDArray[np.intp]
    unit: str
    resamples: int
    seed: int

    @cached_property
    def bootstrap(self) -> Bootstrap:
        return Bootstrap(self.units, resamples=self.resamples, seed=self.seed)

    def take(self, which: NDArray[Any]) -> Evidence:
        theirs = None if self.theirs is None else self.theirs.take(which)
        return Evidence(self.ours.take(which), theirs, self.units[which], self.unit, self.resamples, self.seed)

    def difference(self, metric: str, confidence: float) -> tuple[Difference, str]:
        """(the model's metric minus the champion's with one-sided bounds, how they were made)."""
        assert self.theirs is not None
        ours, theirs = self.ours, self.theirs
        ranks = metric == "roc_auc" and ours.scores is not None and theirs.scores is not None
        if ranks and self.unit == ROW and ours.weight is None and ours.binary and len(ours) >= MIN_UNITS:
            found = delong(ours.target, ours.scores[:, 1], theirs.scores[:, 1], confidence, one_sided=True)  # type: ignore[index]
            method = "delong"
        else:
            found = self.bootstrap.difference(metric, ours, theirs, confidence, one_sided=True)
            method = f"bootstrap by {self.unit}"
        return found, "equal" if found.equal else method


def measure(metric: str, answers: Predicted) -> float:
    """The metric of these answers; nan where they give none."""
    parts = (answers.target, answers.values, answers.scores, answers.weight)
    return compute([metric], *parts, low=answers.low, high=answers.high, scale=answers.scale)[metric]


def against_number(gate: Gate, observed: float, rows: int, interval: dict[str, Any] | None) -> Finding:
    """interval: what the evaluation says of this metric, for the reader; the verdict looks at the figure alone."""
    passed = gate.passes(observed, gate.number)
    low, high = (interval or {}).get("low"), (interval or {}).get("high")
    note = f"{gate.metric} has no value on these rows" if math.isnan(observed) else ""
    return Finding(
        name=gate.text, verdict="passed" if passed else "refused", passed=passed, observed=observed, bound=gate.number,
        note=note, low=low, high=high, rows=rows, method="point",
    )  # fmt: skip


def against_champion(gate: Gate, evidence: Evidence, champion: str, confidence: float) -> Finding:
    """A paired test on the rows of the evidence, which neither model was trained on."""
    assert evidence.theirs is not None
    observed, theirs = measure(gate.metric, evidence.ours), measure(gate.metric, evidence.theirs)
    found, method = evidence.difference(gate.metric, confidence)
    told = judge(found, gate.margin, confidence, gate.greater)
    verdict: Word = told.verdict
    if gate.op in (">", "<") and found.equal and gate.margin == 0:
        verdict = "refused"
    return Finding(
        name=gate.text, verdict=verdict, passed=verdict == "passed", observed=observed, bound=gate.bound(theirs),
        against=champion, note=_note(gate, found, verdict, confidence, evidence.unit), difference=found.value,
        low=found.low, high=found.high, rows=len(evidence.ours), units=found.units, method=method,
        detectable=told.detectable,
    )  # fmt: skip


def _note(gate: Gate, found: Difference, verdict: Word, confidence: float, unit: str) -> str:
    """What was seen, and for an open verdict how much more would have to be seen."""
    if math.isnan(found.value):
        return f"{gate.metric} has no value on these rows"
    if found.low is None or found.high is None:
        return f"{gate.metric} has no value in too many resamples: a class is too rare on these rows"
    if found.equal:
        return "the two models answer alike on these rows"
    level = f"at {confidence:.1%} confidence".replace(".0%", "%")
    if verdict == "passed":
        edge = f"at least {found.low:+.3g}" if gate.greater else f"at most {found.high:+.3g}"
        return f"difference {found.value:+.3g}, {edge} {level}"
    if verdict == "refused":
        edge = f"at most {found.high:+.3g}" if gate.greater else f"at least {found.low:+.3g}"
        return f"difference {found.value:+.3g}, {edge} {level}: it is worse than the gate allows"
    seen = f"difference {found.value:+.3g}, between {found.low:+.3g} and {found.high:+.3g}: not shown {level}"
    return f"{seen}; {_more(gate, found, confidence, unit)}"


def _more(gate: Gate, found: Difference, confidence: float, unit: str) -> str:
    """How many more units would show it, if the difference stays what it is: the bound shrinks with their root."""
    room = (found.value if gate.greater else -found.value) + gate.margin
    if room <= 0:
        return "the difference seen lies beyond the margin, so that more rows would hardly help"
    needed = found.units * (NormalDist().inv_cdf(confidence) * (found.se or 0) / room) ** 2
    more = max(1, math.ceil(needed - found.units))
    if more > 1000 * found.units:
        return "no affordable number of rows would show it"
    return f"if it stays so, about {counted(_round(more), unit, 'more ')} would show it"


def counted(count: int, unit: str, more: str = "") -> str:
    """'3 days', '1 more row', '4 values of shop'."""
    return plural(count, f"{more}{unit}") if unit in (ROW, *PERIODS) else f"{plural(count, f'{more}value')} of {unit}"


def _round(count: int) -> int:
    """Two digits are more than such a forecast knows."""
    scale: int = 10 ** max(0, len(str(count)) - 2)
    return math.ceil(count / scale) * scale
