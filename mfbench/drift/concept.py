"""Whether the errors of a labelled stream have changed: river's detectors over lots of rows in order.

They have no declared rate of false alarms. So they are also run over the reference's own lots in many random orders,
in which nothing has changed, and what they do there is told beside what they say here. They never count for alarms.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mfbench.drift.answered import Answered
from mfbench.stats.predicted import Numbers
from mfbench.stats.rowwise import row_loss

LOT = 50  # rows
LEAST = 20  # lots of the reference
BASE = 400  # lots of the reference that the stream begins with, at most
SHUFFLES = 200
# Losses come to them in standard deviations of the reference's lots: about exp(2 * delta * threshold) unchanged lots
# to a false alarm of Page and Hinkley, were they independent and normal (Siegmund 1985).
_PAGE_HINKLEY = {"min_instances": 1, "delta": 0.25, "threshold": 20.0, "alpha": 1.0, "mode": "up"}
_ADWIN = {"delta": 0.002, "clock": 1, "grace_period": 10}


def losses_of(answers: Answered) -> Numbers:
    """(n,) of labelled rows: log loss where there are probabilities, else 1 for an error; absolute errors."""
    predicted = answers.predicted
    if answers.gives == "probabilities":
        return row_loss("log_loss", predicted)
    return (
        row_loss("mae", predicted) if answers.gives in ("values", "intervals") else 1 - row_loss("accuracy", predicted)
    )


def lots(loss: Numbers) -> Numbers:
    """The means of whole lots of LOT rows, in order; what is left over at the end is dropped."""
    whole = len(loss) // LOT
    means: Numbers = loss[: whole * LOT].reshape(whole, LOT).mean(axis=1)
    return means


def changes(
    reference: Numbers, earlier: Sequence[float], new: Numbers, moments: NDArray[np.int64] | None
) -> list[dict[str, Any]]:
    """What each detector says of the new lots, after those of the reference and of earlier windows.

    at: the row of this window, `time`: its moment (microseconds since 1970, UTC) at which it was noticed, after the
    change itself; before, after: mean loss up to there and from there on. false_alarms: share of SHUFFLES orders of
    the reference's lots, as many as there are, in which it alarms too. moments: (rows,) of the new lots' rows.
    """
    base = reference[-BASE:]
    if len(base) < LEAST or not len(new) or base.std() == 0:
        return []
    middle, scale = float(base.mean()), float(base.std(ddof=1))
    stream = (np.concatenate([base, np.asarray(earlier, dtype=np.float64), new]) - middle) / scale
    begins = len(stream) - len(new)
    found = []
    for name, make in _detectors().items():
        at = next((i for i in _alarms(make(), stream) if i >= begins), None)
        row = None if at is None else (at - begins + 1) * LOT - 1
        told = {"detector": name, "changed": at is not None, "at": row, "time": None, "before": None, "after": None}
        if at is not None and row is not None:
            told["time"] = int(moments[row]) if moments is not None else None
            told["before"], told["after"] = (float(part.mean() * scale + middle) for part in (stream[:at], stream[at:]))
        found.append(told | {"false_alarms": _false_alarms(make, stream[: len(base)])})
    return found


def _detectors() -> dict[str, Callable[[], Any]]:
    from river import drift  # two to three seconds the first time

    library: Any = drift  # typed in part
    return {"ADWIN": lambda: library.ADWIN(**_ADWIN), "Page-Hinkley": lambda: library.PageHinkley(**_PAGE_HINKLEY)}


def _alarms(detector: Any, stream: Numbers) -> list[int]:
    found = []
    for i, value in enumerate(stream.tolist()):
        detector.update(value)
        if detector.drift_detected:
            found.append(i)
    return found


def _false_alarms(make: Callable[[], Any], base: Numbers) -> float:
    rng = np.random.default_rng(0)
    return sum(bool(_alarms(make(), rng.permutation(base))) for _ in range(SHUFFLES)) / SHUFFLES
