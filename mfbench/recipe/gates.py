"""The little language of [register] gates: `roc_auc >= 0.68`, `roc_auc >= champion - 0.005`."""

from __future__ import annotations

import operator
import re

import msgspec

_GATE = re.compile(
    r"\s*(?P<metric>[A-Za-z_]\w*)\s*(?P<op>>=|<=|>|<)\s*"
    r"(?:(?P<champion>champion)(?:\s*(?P<sign>[+-])\s*(?P<margin>\d+\.?\d*(?:e-?\d+)?))?"
    r"|(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?))\s*"
)
_COMPARE = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}


class Gate(msgspec.Struct, frozen=True):
    """`metric op number`, or `metric op champion + margin` (margin may be negative)."""

    text: str
    metric: str
    op: str
    number: float
    champion: bool

    def bound(self, champion_value: float | None) -> float | None:
        """The number to compare with; None where there is no champion yet."""
        if not self.champion:
            return self.number
        return None if champion_value is None else champion_value + self.number

    def passes(self, observed: float, bound: float) -> bool:
        """NaN passes nothing."""
        return bool(_COMPARE[self.op](observed, bound))


def parse_gate(text: str) -> Gate:
    """Raises ValueError that shows both forms."""
    match = _GATE.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is no gate; write 'roc_auc >= 0.68' or 'roc_auc >= champion - 0.005'")
    if match["champion"]:
        margin = float(match["margin"] or 0) * (-1 if match["sign"] == "-" else 1)
        return Gate(text, match["metric"], match["op"], margin, True)
    return Gate(text, match["metric"], match["op"], float(match["number"]), False)
