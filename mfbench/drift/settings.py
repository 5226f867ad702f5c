"""How closely a model is watched: what counts as a change, and how many false alarms one is willing to bear."""

from __future__ import annotations

import msgspec

from mfbench.core.text import YEAR, parse_duration
from mfbench.core.text import parse_rate as parse_rate

ROWS, RUN = 5000, 1000  # of a window, and windows to a false alarm, where nothing else is said


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """window: a duration ("1d"), a number of rows ("5000"), or None: all rows are one window.

    false_alarms: of windows that keep coming, "1/year", "2/month" or "1/1000" windows. level: the chance of a false
    find in one look at one window, over all its columns. min_effect: the share of the rows that must have moved for an
    alarm. margin: what of `metric` may be lost before it matters (None: 0.01, of errors 5 % of the reference's).
    """

    window: str | None = None
    false_alarms: str | None = None
    level: float = 0.01
    min_effect: float = 0.1
    margin: float | None = None
    metric: str | None = None

    def rows(self) -> int | None:
        """Rows of a window, where it is counted in rows."""
        return int(self.window) if self.window is not None and self.window.isdecimal() else None

    def seconds(self) -> float | None:
        """Length of a window, where it is a time."""
        return parse_duration(self.window) if self.window is not None and not self.window.isdecimal() else None

    def run_length(self, seconds: float | None = None) -> float:
        """Windows from one false alarm to the next, on average; seconds: what a window takes, where it is known.

        Raises ValueError where the rate is one in a time and the time of a window is not known.
        """
        if self.false_alarms is None:
            return YEAR / self.seconds() if self.seconds() else RUN  # type: ignore[operator]
        times, count, period = parse_rate(self.false_alarms)
        if period is None:
            return count / times
        length = self.seconds() or seconds
        if not length:
            raise ValueError(f"false_alarms = {self.false_alarms!r}: how long a window takes is not known")
        return max(count * period / length / times, 1.0)
