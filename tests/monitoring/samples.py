"""Small reports and windows for tests of what is done with them."""

from __future__ import annotations

from typing import Any

from mfbench.core.ids import new_id
from mfbench.drift.findings import Look, Metric, Quality, Report, Window
from mfbench.drift.settings import Settings

NOW = 1_795_000_000_000_000  # microseconds
DAY = 86_400_000_000


def window(name: str = "1", verdict: Any = "quiet", **facts: Any) -> Window:
    return Window(name=name, rows=1000, verdict=verdict, **facts)


def alarming(name: str = "1", effect: float = 0.3, column: str = "carrier") -> Window:
    look = Look(e=1e9, statistic=1e9, threshold=365.0, fired=True, column=column)
    return window(name, "alarm", significant=True, p=1e-12, effect=effect, column=column, look=look)


def changed(name: str = "1", effect: float = 0.3) -> Window:
    return window(name, "changed", significant=True, p=1e-12, effect=effect, column="carrier")


def quality(matters: Any = "worse", value: float = 0.7) -> Quality:
    metric = Metric(name="roc_auc", kind="measured", value=value, verdict=matters)
    told = f"with labels: {matters}"
    return Quality(matters=matters, metric="roc_auc", told=told, rows=1000, labels=900, metrics=[metric])


def report(windows: list[Window], **facts: Any) -> Report:
    given: dict[str, Any] = {
        "id": new_id(), "model": "tiny", "version": 1, "digest": "d" * 64, "made": NOW, "source": "check",
        "data": "new.csv", "rows": 1000 * len(windows), "files": 1, "settings": Settings(), "run_length": 365.0,
        "reference": {"rows": 5000}, "alarms": sum(each.verdict == "alarm" for each in windows),
    }  # fmt: skip
    return Report(**{**given, **facts}, windows=windows)
