"""Drift reports of many shapes, as a look at some data leaves them; fixed seeds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np

from mfbench.drift.findings import (
    Difference,
    Joint,
    Look,
    Matters,
    Metric,
    Quality,
    Report,
    Segment,
    Test,
    Verdict,
    Window,
)
from mfbench.drift.settings import Settings

DAY = 86_400_000_000
BEGAN = 1_704_067_200_000_000  # 2024-01-01
HOSTILE = '</svg><script>alert("x")</script>\x00\x1b[31m\u202e$\\frac{1}{0}$&amp;\'"|`@me' + "w" * 300
CARRIERS = ("EWR", "JFK", "LGA", "BOS", "ORD", "SFO", "LAX", "DFW", "ATL", "SEA", "MIA", "other")


@dataclass
class Shape:
    """One column: how far it has moved."""

    name: str
    shift: float
    kind: str = "numeric"
    role: str = "input"


SHAPES = (
    Shape("dep_delay", 0.6), Shape("origin", 0.2, "values"), Shape("distance", 0.05), Shape("temp", 0.0),
    Shape("carrier", 0.0, "values"), Shape("wind_speed", 0.0), Shape("prediction", 0.2, "numeric", "prediction"),
)  # fmt: skip


def difference(shape: Shape, rows: int, rng: np.random.Generator) -> Difference:
    common: dict[str, Any] = {"name": shape.name, "role": shape.role, "kind": shape.kind, "rows": rows,
                              "nulls": [0.01, 0.01 + shape.shift / 10]}  # fmt: skip
    if shape.kind == "values":
        weights = np.linspace(3, 1, len(CARRIERS))
        moved = weights * np.exp(shape.shift * np.linspace(1, -1, len(CARRIERS)))
        bars = [rng.multinomial(n, w / w.sum()).tolist() for n, w in ((20_000, weights), (rows, moved))]
        new = [["HNL", 12], ["ANC", 3]] if shape.shift else []
        return Difference(**common, dtype="String", psi=shape.shift**2, js=shape.shift / 3, distinct=[12, 14],
                          labels=list(CARRIERS), bars=pairs(*bars), new=new,
                          vanished=["MIA"] if shape.shift else [])  # fmt: skip
    reference, window = rng.gamma(3, 4, 20_000), rng.gamma(3, 4, rows) * (1 + shape.shift)
    edges = [float(x) for x in np.quantile(reference, np.linspace(0, 1, 11))]
    edges[0], edges[-1] = min(edges[0], float(window.min())), max(edges[-1], float(window.max()))
    bars = [np.histogram(values, edges)[0].tolist() for values in (reference, window)]
    return Difference(
        **common, dtype="Float64", ks=shape.shift / 2, wasserstein=shape.shift, psi=shape.shift**2, js=shape.shift / 3,
        outside=0.001, mean=[float(reference.mean()), float(window.mean())],
        sd=[float(reference.std()), float(window.std())], low=[float(reference.min()), float(window.min())],
        high=[float(reference.max()), float(window.max())],
        labels=[f"{a:.3g} to {b:.3g}" for a, b in pairwise(edges)], edges=edges, bars=pairs(*bars),
    )  # fmt: skip


def pairs(reference: list[int], window: list[int]) -> list[list[int]]:
    return [list(pair) for pair in zip(reference, window, strict=True)]


def tests_of(shape: Shape) -> list[Test]:
    moved = shape.shift > 0
    p = 1e-30 if shape.shift > 0.1 else 2e-5 if moved else 0.4
    effect = max(shape.shift * 0.4, 0.012)
    found = [Test(column=shape.name, about="values", test="chi-square", statistic=900 * shape.shift + 9, p=p,
                  adjusted=min(p * 20, 1.0), effect=effect, chance=0.011, visible=0.04, listed=moved,
                  alarming=effect >= 0.1)]  # fmt: skip
    if shape.kind == "numeric":
        found.append(msgspec.structs.replace(found[0], test="KS", statistic=effect * 0.9, effect=effect * 0.9,
                                             alarming=effect * 0.9 >= 0.1))  # fmt: skip
    return [*found, Test(column=shape.name, about="missing", test="chi-square", p=0.3, adjusted=1.0, effect=0.001,
                         chance=0.001)]  # fmt: skip


def window(
    name: str = "all rows", shapes: tuple[Shape, ...] = SHAPES, rows: int = 5000, seed: int = 1, **changes: Any
) -> Window:
    """One judged window; an alarm where something has moved far."""
    rng = np.random.default_rng(seed)
    tests = [test for shape in shapes for test in tests_of(shape)]
    listed = [test for test in tests if test.listed]
    most = max(listed or tests, key=lambda test: test.effect or 0.0)
    verdict: Verdict = "alarm" if any(test.alarming for test in tests) else "changed" if listed else "quiet"
    fields: dict[str, Any] = {
        "name": name, "rows": rows, "verdict": verdict, "units": rows, "needed": 1043, "significant": bool(listed),
        "p": min(test.adjusted or 1.0 for test in tests), "effect": most.effect, "column": most.column,
        "tests": tests,
    } | changes  # fmt: skip
    if "columns" not in fields:
        fields["columns"] = [difference(shape, rows, rng) for shape in shapes]
    return Window(**fields)


def joint() -> Joint:
    segments = [
        Segment(where="origin = 'EWR' and hour < 9", share=0.04, reference_share=0.041, of_shift=0.71, confirmed=True,
                p=1e-12, differs=["temp", "dep_delay"]),
        Segment(where="carrier = 'UA'", share=0.2, reference_share=0.1, of_shift=0.11, confirmed=False, p=0.09),
    ]  # fmt: skip
    return Joint(auc=0.713, low=0.702, high=0.724, p=1e-40, rows=20_000, segments=segments,
                 columns=[["dep_delay", 0.11], ["origin", 0.05], ["temp", 0.002]])  # fmt: skip


def measured(matters: Matters = "equivalent", value: float = 0.902) -> Quality:
    watched = Metric(
        name="roc_auc", kind="measured", value=value, low=value - 0.004, high=value + 0.004, reference=0.9034,
        reference_low=0.899, reference_high=0.907, difference=value - 0.9034, difference_low=value - 0.9084,
        difference_high=value - 0.8984, margin=0.01, verdict=matters, detectable=0.007, greater=True,
    )  # fmt: skip
    guess = Metric(name="roc_auc", kind="estimated", value=0.8989, low=0.893, high=0.905, reference=0.9034,
                   greater=True)  # fmt: skip
    loss = msgspec.structs.replace(watched, name="log_loss", value=0.31, low=None, high=None, reference=0.3,
                                   verdict="unknown", greater=False)  # fmt: skip
    return Quality(
        matters=matters, metric="roc_auc", told="With 20,000 labels ROC AUC was measured.", rows=20_000, labels=20_000,
        waiting=120, method="CBPE", inside=0.983, coverage=[0.95, 40], metrics=[watched, loss, guess],
        assumptions=["The labels depend on the inputs as they did."], off={"roc_auc": -0.0031},
        segments=[["origin = 'EWR'", 6000, "roc_auc", 0.871, 0.9, "worse"]],
        concept=[{"detector": "ADWIN", "changed": True, "at": 12_000, "before": 0.3, "after": 0.41}],
        notes=["The estimate is 0.003 too low here."],
    )  # fmt: skip


def estimated(value: float = 0.897) -> Quality:
    guess = Metric(name="roc_auc", kind="estimated", value=value, low=value - 0.01, high=value + 0.012,
                   reference=0.903, verdict="estimate", greater=True)  # fmt: skip
    return Quality(matters="estimate", metric="roc_auc", told="Estimated from the probabilities.", rows=5000, labels=0,
                   method="CBPE", assumptions=["The labels depend on the inputs as they did."], inside=0.97,
                   coverage=[0.93, 40], metrics=[guess])  # fmt: skip


def unseen() -> Quality:
    return Quality(matters="not visible", metric=None, told="The model gives no probabilities.", rows=5000, labels=0)


def report(*windows: Window, **changes: Any) -> Report:
    reference = {"rows": 26_339, "sample": 20_000, "unit": "day", "units": 28, "needed": 1043, "private": ["ssn"],
                 "tests": 27}  # fmt: skip
    fields: dict[str, Any] = {
        "id": "20240201-071512123-k3f9a", "model": "flight-delay", "version": 3, "digest": "ab" * 32,
        "made": BEGAN + 31 * DAY, "source": "check", "data": "january/*.parquet", "files": 2,
        "rows": sum(one.rows for one in windows), "settings": Settings(), "run_length": None, "reference": reference,
        "windows": list(windows), "alarms": sum(1 for one in windows if one.verdict == "alarm"),
        "notes": ["3 rows came too late for their window."], "state": {"detector": [1.0]},
    }  # fmt: skip
    return Report(**(fields | changes))


STILL = tuple(Shape(shape.name, 0.0, shape.kind, shape.role) for shape in SHAPES)
SMALL = (Shape("dep_delay", 0.15), *STILL[1:])


def alarm() -> Report:
    return report(window(joint=joint(), quality=measured(), notes=["units: 31 days"]))


def quiet() -> Report:
    return report(window(shapes=STILL, quality=estimated()))


def changed() -> Report:
    return report(window(shapes=SMALL, quality=unseen()))


def too_small() -> Report:
    few = window(shapes=STILL, rows=120, verdict="too small", p=None, effect=None, column=None, tests=[], columns=[])
    return report(few)


def missing_column() -> Report:
    gone = window(shapes=STILL)
    nulls = Test(column="temp", about="missing", test="chi-square", p=0.0, adjusted=0.0, effect=1.0, listed=True,
                 alarming=True, chance=0.0)  # fmt: skip
    odd = Test(column="distance", about="type", test="chi-square", p=0.0, adjusted=0.0, effect=0.2, listed=True,
               alarming=True)  # fmt: skip
    clustered = Test(column="carrier", about="values", test="KS", effect=0.3, why="rows of one day are alike")
    columns = [msgspec.structs.replace(item, nulls=[0.01, 1.0], mean=None, bars=[[bar[0], 0] for bar in item.bars])
               if item.name == "temp" else item for item in gone.columns]  # fmt: skip
    return report(msgspec.structs.replace(
        gone, verdict="alarm", significant=True, p=0.0, effect=1.0, column="temp", tests=[nulls, odd, clustered],
        columns=columns, notes=["column temp is not in the data"],
    ))  # fmt: skip


def series(days: int = 31, alarms: tuple[int, ...] = (12, 20), changes: tuple[int, ...] = (5,)) -> Report:
    """Days in a row; labels come for the first half of them."""
    windows, statistic = [], 0.0
    rng = np.random.default_rng(3)
    for i in range(days):
        fired = i in alarms
        e = float(rng.uniform(0.3, 1.4))
        statistic = 400.0 if fired else (statistic + 1) * e
        shapes = SHAPES if fired else SMALL if i in changes else STILL
        look = Look(e=e, statistic=statistic, threshold=365.0, fired=fired, column="dep_delay")
        kept: dict[str, Any] = {} if fired or i in changes else {"columns": []}
        one = window(f"day {i + 1}", shapes, seed=i, begins=BEGAN + i * DAY, ends=BEGAN + (i + 1) * DAY, look=look,
                     rows=900 + 7 * i, quality=measured() if i < days / 2 else estimated(), **kept)  # fmt: skip
        if fired:
            one = msgspec.structs.replace(one, joint=joint(), quality=measured("worse", 0.86))
            statistic = 0.0
        elif i not in changes:
            one = msgspec.structs.replace(one, tests=[])
        if i == days - 1:
            one = msgspec.structs.replace(one, verdict="too small", rows=31, look=None, tests=[], quality=None,
                                          effect=None, significant=False)  # fmt: skip
        windows.append(one)
    return report(*windows, settings=Settings(window="1d", false_alarms="1/year"), run_length=365.25)


def wide(columns: int = 300) -> Report:
    shapes = tuple(Shape(f"column_{i:03}", 0.3 if i % 7 == 0 else 0.0) for i in range(columns))
    return report(window(shapes=shapes, rows=2000))


def hostile() -> Report:
    """Every text that comes from data turned hostile."""
    fixed = {"role", "kind", "verdict", "about", "matters", "source", "false_alarms", "window"}

    def turned(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: item if key in fixed else turned(item) for key, item in value.items()}
        if isinstance(value, list):
            return [turned(item) for item in value]
        return HOSTILE + value if isinstance(value, str) else value

    return msgspec.convert(turned(msgspec.to_builtins(series(4, alarms=(1,), changes=(2,)))), Report)


def empty() -> Report:
    return report()


_ALL: dict[str, Callable[[], Report]] = {
    "alarm": alarm, "quiet": quiet, "changed": changed, "too small": too_small, "missing column": missing_column,
    "series": series, "quiet series": lambda: series(31, (), ()), "year": lambda: series(365, (100,), (7, 8, 200)),
    "wide": wide, "hostile": hostile, "empty": empty,
}  # fmt: skip
ALL = {name: cache(make) for name, make in _ALL.items()}  # nothing of a report can be changed
