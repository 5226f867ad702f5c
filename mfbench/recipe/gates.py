"""The little language of [register] gates.

roc_auc >= 0.68                         against a number
roc_auc >= champion - 0.005             not worse than the champion by more than a margin
roc_auc >= champion - 0.02 by carrier   the same in every segment; `accuracy >= 0.6 by origin` too
recall gap by sex <= 0.1                the largest group's figure minus the smallest's
latency_ms <= 5, size_mb <= 20          what using the model costs
"""

from __future__ import annotations

import operator
import re

import msgspec

_COLUMN = r'"[^"]+"|[^\s"<>=]+'
_NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?"
_GATE = re.compile(
    rf"\s*(?P<metric>[A-Za-z_]\w*)(?:\s+gap\s+by\s+(?P<gap>{_COLUMN}))?\s*(?P<op>>=|<=|>|<)\s*"
    rf"(?:(?P<champion>champion)(?:\s*(?P<sign>[+-])\s*(?P<margin>{_NUMBER}))?|(?P<number>[+-]?{_NUMBER}))"
    rf"(?:\s+by\s+(?P<by>{_COLUMN}))?\s*"
)
_COMPARE = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
_FORMS = (
    "write 'roc_auc >= 0.68', 'roc_auc >= champion - 0.005', the same with 'by COLUMN' for every segment, "
    "or 'recall gap by COLUMN <= 0.1'"
)


class Gate(msgspec.Struct, frozen=True):
    """`metric op number`, or `metric op champion + number` (the number may be negative), in each segment `by` a column.

    `gap`: the metric's largest minus smallest value over the groups of `by`, compared with the number.
    """

    text: str
    metric: str
    op: str
    number: float
    champion: bool
    by: str | None = None
    gap: bool = False

    @property
    def greater(self) -> bool:
        """Whether the gate wants more of its metric."""
        return self.op in (">=", ">")

    @property
    def margin(self) -> float:
        """How much worse than the champion is allowed; negative where it has to be better by so much."""
        return -self.number if self.greater else self.number

    def bound(self, champion_value: float | None) -> float | None:
        """The number to compare with; None where there is no champion yet."""
        if not self.champion:
            return self.number
        return None if champion_value is None else champion_value + self.number

    def passes(self, observed: float, bound: float) -> bool:
        """NaN passes nothing."""
        return bool(_COMPARE[self.op](observed, bound))


def parse_gate(text: str) -> Gate:
    """Raises ValueError that shows the forms."""
    match = _GATE.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is no gate; {_FORMS}")
    champion, gap, by = match["champion"] is not None, match["gap"], match["by"]
    if gap and (champion or by or match["op"] not in ("<=", "<")):
        raise ValueError(f"{text!r} is no gate: a gap has an upper bound, as in 'recall gap by {gap} <= 0.1'")
    number = float(match["margin"] or 0) * (-1 if match["sign"] == "-" else 1) if champion else float(match["number"])
    column = (gap or by or "").strip('"') or None
    return Gate(text, match["metric"], match["op"], number, champion, column, gap is not None)
