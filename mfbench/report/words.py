"""Names and numbers for readers: a name cannot steer the page, a number shows the digits that mean something."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any, TypeGuard

NOTHING = "–"
_TITLES = {
    "roc_auc": "ROC AUC", "average_precision": "average precision", "log_loss": "log loss", "brier": "Brier score",
    "balanced_accuracy": "balanced accuracy", "f1": "F1", "mcc": "Matthews correlation", "mae": "mean absolute error",
    "mse": "mean squared error", "rmse": "root mean squared error", "r2": "R²", "mape": "mean absolute % error",
    "median_ae": "median absolute error", "mase": "MASE", "ece": "calibration error",
    "calibration_error": "calibration error", "poisson_deviance": "Poisson deviance", "pinball": "pinball loss",
}  # fmt: skip


def title(metric: str) -> str:
    """A metric's name in a sentence."""
    return _TITLES.get(metric) or name(metric)


def sense(greater: bool | None) -> str:
    """Which way a metric is better."""
    return {True: "higher", False: "lower", None: "neither"}[greater]


def name(value: Any, most: int = 80) -> str:
    """A name or value from a user: one line, printable, no longer than `most`."""
    if value is None:
        return "(missing)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number(value)
    text = value if isinstance(value, str) else str(value)
    if not text.strip():
        return "(empty)"
    # Cut before it is looked at sign by sign: a value may be megabytes.
    text = "".join(sign if sign.isprintable() else _shown(sign) for sign in text[: most + 1])
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def prose(text: Any, most: int = 600) -> str:
    """A sentence or message, on one line."""
    return "" if text is None or not str(text).strip() else name(str(text), most)


def block(text: str, most: int = 100_000) -> str:
    """Text of several lines as it stands, without signs that steer."""
    cut = text[:most] + ("\n…" if len(text) > most else "")
    return "".join(sign if sign.isprintable() or sign in "\n\t" else _shown(sign) for sign in cut)


def _shown(sign: str) -> str:
    return " " if sign in "\n\r\t" or sign.isspace() else "\N{REPLACEMENT CHARACTER}"


def known(value: Any) -> TypeGuard[float]:
    """Whether it is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def number(value: Any, digits: int = 4) -> str:
    """Four significant digits; whole numbers in full, with commas; '–' for what is not defined."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return NOTHING
    if isinstance(value, float) and math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if isinstance(value, int) or (float(value).is_integer() and 1000 <= abs(value) < 1e12):
        return f"{int(value):,}".replace("-", "−")
    if 1000 <= abs(value) < 1e12:
        whole = len(str(int(abs(value))))
        return f"{value:,.{max(digits - whole, 0)}f}".replace("-", "−")
    text = f"{value:.{digits}g}"
    return text if "e" in text else text.replace("-", "−")


def measured(value: Any) -> str:
    """Four significant digits, zeros too: what stands in a column beside its like."""
    if not known(value) or not 1e-4 <= abs(value) < 1000:
        return number(value)
    return f"{value:#.4g}".rstrip(".").replace("-", "−")


def fixed(value: Any, decimals: int) -> str:
    if not known(value):
        return number(value)
    text = f"{value:,.{decimals}f}"
    return text.removeprefix("-") if not text.strip("-0.,") else text.replace("-", "−")


def probability(value: Any) -> str:
    """A p-value: two digits, and no more zeros than anybody can use."""
    return "<0.0001" if known(value) and value < 1e-4 else number(value, 2)


def decimals_of(low: Any, high: Any) -> int | None:
    """Decimals that show two digits of an interval's width; None where that is no help."""
    if not (known(low) and known(high)) or high <= low:
        return None
    decimals = 1 - math.floor(math.log10(high - low))
    return max(decimals, 0) if decimals <= 6 else None


def estimate(value: Any, low: Any = None, high: Any = None) -> tuple[str, str, str]:
    """(value, low, high) with as many decimals as the interval deserves."""
    decimals = decimals_of(low, high)
    if decimals is None:
        return number(value), number(low), number(high)
    return fixed(value, decimals), fixed(low, decimals), fixed(high, decimals)


def with_interval(item: Any, join: str = "to") -> str:
    """'0.717 (0.709 to 0.725)', or the number alone."""
    value, low, high = estimate(item["value"], item["low"], item["high"])
    return value if low == NOTHING or high == NOTHING else f"{value} ({low} {join} {high})"


def signed(value: Any, low: Any = None, high: Any = None) -> str:
    text, *_ = estimate(value, low, high)
    return f"+{text}" if known(value) and value > 0 else text


def share(value: Any) -> str:
    """A share as per cent; what is there is never shown as nothing."""
    if not known(value):
        return NOTHING
    if 0 < value < 0.0005:
        return "<0.1\N{NO-BREAK SPACE}%"
    return f"{value * 100:.{1 if 0 < value < 0.1 else 0}f}\N{NO-BREAK SPACE}%"


def moment(value: Any) -> str:
    """To the second, in UTC: a report is read elsewhere."""
    if not isinstance(value, datetime):
        return NOTHING if value is None else name(value)
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def join(items: list[str]) -> str:
    """'a', 'a and b', 'a, b and c'."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else ""
