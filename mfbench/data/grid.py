"""The steps of a time series: how far apart its moments are, and which step a moment is.

Months and years have no fixed length, so a step is either microseconds or calendar months.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DAY = 86_400_000_000
_UNITS = (("w", 7 * DAY), ("d", DAY), ("h", DAY // 24), ("m", DAY // 1440), ("s", 1_000_000), ("ms", 1000))
_CALENDAR = ((28, 31, 1), (89, 92, 3), (181, 184, 6), (365, 366, 12))  # days from, days to, months


class Step(msgspec.Struct, frozen=True):
    """`months` of the calendar, or else `micros`. A series of months' ends stays at months' ends (`at_end`)."""

    micros: int = 0
    months: int = 0
    at_end: bool = False

    def __str__(self) -> str:
        if self.months:
            return f"{self.months} month{'s' if self.months > 1 else ''}"
        return next((f"{self.micros // size}{unit}" for unit, size in _UNITS if not self.micros % size), "?")


def infer_step(times: NDArray[np.int64], first: NDArray[np.bool_]) -> Step | None:
    """The commonest distance between neighbours; None without any two moments.

    times: (n,) microseconds, in order within each series; first: (n,) whether a series begins here.
    """
    import numpy as np

    apart = np.diff(times)[~first[1:]]
    if not len(apart):
        return None
    values, counts = np.unique(apart, return_counts=True)
    commonest = int(values[counts.argmax()])
    for low, high, months in _CALENDAR:
        if low * DAY <= commonest <= high * DAY:
            day = _days(times)
            at_end = bool((_days(times + DAY) == 1).all())
            if at_end or (day == day[0]).all():
                return Step(months=months, at_end=at_end)
    return Step(micros=commonest)


def positions(times: NDArray[np.int64], anchors: NDArray[np.int64], step: Step) -> tuple[Any, NDArray[np.bool_]]:
    """(steps from the anchor to each moment, whether the moment lies on a step). All (n,), in microseconds."""
    if not step.months:
        return (times - anchors) // step.micros, (times - anchors) % step.micros == 0
    apart = _months(times) - _months(anchors)
    place = apart // step.months
    return place, moments_at(place, anchors, step) == times


def moments_at(place: NDArray[np.int64], anchors: NDArray[np.int64], step: Step) -> NDArray[np.int64]:
    """The inverse of `positions`: microseconds of a step counted from its anchor."""
    import numpy as np

    if not step.months:
        return anchors + place * step.micros
    month = (_months(anchors) + place * step.months).astype("datetime64[M]")
    length = _whole_days((month + 1).astype("datetime64[D]") - month.astype("datetime64[D]"))
    day = length if step.at_end else np.minimum(_days(anchors), length)
    moments: NDArray[np.int64] = month.astype("datetime64[us]").astype(np.int64) + (day - 1) * DAY + anchors % DAY
    return moments


def _months(times: NDArray[np.int64]) -> Any:
    return times.astype("datetime64[us]").astype("datetime64[M]").astype("int64")


def _days(times: NDArray[np.int64]) -> Any:
    """The day of the month."""
    moment = times.astype("datetime64[us]")
    return _whole_days(moment.astype("datetime64[D]") - moment.astype("datetime64[M]").astype("datetime64[D]")) + 1


def _whole_days(spans: Any) -> Any:
    return spans.astype("timedelta64[D]").astype("int64")
