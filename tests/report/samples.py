"""Runs as their steps leave them: every part filled, with modest sizes and fixed seeds."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from mfbench.core import jsonio

BEGAN = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
Files = dict[str, bytes]


def run_facts(**changes: Any) -> dict[str, Any]:
    """What `show_run` gives of a finished, registered run."""
    params = {
        "recipe.name": "flight-delay", "recipe.task": "classification", "data.target": "arr_delay > 15",
        "recipe.description": "Arrival more than 15 minutes late.", "data.positive": "true", "rows.train": "288000",
        "rows.test": "26339", "evaluate.importance": "true", "evaluate.repeats": "5",
        "evaluate.metrics": '["roc_auc", "average_precision", "log_loss"]', "tune.trials": "60",
        "model.estimator": "HistGradientBoostingClassifier", "model.learning_rate": "0.06",
        "register.gates": '["roc_auc >= champion - 0.005"]', "git.commit": "6f0c5a8b" * 5, "git.dirty": "true",
    }  # fmt: skip
    steps = ["ingest", "split", "leakage", "search", "features", "train", "evaluate", "explain", "package", "gate"]
    return {
        "run": "20260304-093000000-abcde", "name": "flight-delay", "recipe": "flight-delay", "status": "finished",
        "executor": "local", "started": BEGAN, "ended": BEGAN + timedelta(seconds=312), "host": "lab-7",
        "tags": {"team": "ops"}, "params": params, "metrics": {"roc_auc": 0.7173}, "error": None,
        "model": "flight-delay", "model_version": 3, "run_metrics": [],
        "steps": [{"step": s, "status": "finished", "cached": s == "ingest", "seconds": 1.5} for s in steps],
        "gates": [], "checks": [{"name": "distance: min 1", "passed": True, "observed": "17", "bound": "1"}],
        "data": [{"name": "source", "digest": "ab" * 32, "rows": 327346, "schema": '{"carrier": "String"}'}],
        "artifacts": [{"path": "recipe.toml", "digest": "cd" * 32},
                      {"path": "ingest/data.parquet", "digest": "ef" * 32},
                      {"path": "split/split.parquet", "digest": "0a" * 32}],
        "about": {"mfbench": "0.1.0", "python": "3.11.7", "system": "Linux 6.1", "machine": "x86_64", "actor": "ada",
                  "cpus": 8, "seed": 7, "overrides": []},
        "damages": [], **changes,
    }  # fmt: skip


def reader(files: Files) -> Callable[[str], bytes | None]:
    return files.get


def packed(values: dict[str, Any]) -> Files:
    return {path: jsonio.pretty(value) for path, value in values.items()}


def estimate(value: float, half: float) -> dict[str, float]:
    return {"value": value, "low": value - half, "high": value + half}


def binary() -> Files:
    """Two classes, a search, gates against a champion: everything there is."""
    values = {
        "evaluate/evaluation.json": evaluation(), "explain/explain.json": explain(), "search/trials.json": search(),
        "gate/gates.json": gates(), "profile/profile.json": profile(),
        "repeats/repeats.json": {
            "seeds": [7, 8, 9, 10, 11], "metrics": {"roc_auc": [0.7173, 0.7181, 0.716, 0.7169, 0.7177]},
            "spread": {"roc_auc": {"mean": 0.7172, "sd": 0.0008}},
        },
        "leakage/leakage.json": [
            {"name": "one column tells the target", "level": "alarm", "column": "dep_delay", "rows": 26339,
             "told": "dep_delay alone reaches a ROC AUC of 0.981", "examples": [12, 77, 104]},
            {"name": "repeated rows", "level": "remark", "column": None, "rows": 31,
             "told": "31 rows are the same in training and test", "examples": []},
        ],
    }  # fmt: skip
    texts = {"recipe.toml": b'[recipe]\nname = "flight-delay"\n', "environment.txt": b"numpy==2.3.1\npolars==2.1.0\n"}
    return packed(values) | texts


def evaluation() -> dict[str, Any]:
    grid = np.linspace(0, 1, 60)
    carriers = ["UA", "B6", "EV", "DL", "AA", "MQ", "US", "9E", "WN", "VX"]
    return {
        "task": "classification", "classes": [False, True], "positive": True, "rows": 26339, "unit": "day", "units": 28,
        "confidence": 0.95, "resamples": 1000,
        "metrics": {
            "roc_auc": {**estimate(0.7173, 0.0121), "greater": True, "baseline": 0.5},
            "average_precision": {**estimate(0.4312, 0.031), "greater": True, "baseline": 0.2104},
            "log_loss": {**estimate(0.4561, 0.0188), "greater": False, "baseline": 0.5147},
            "brier": {**estimate(0.1454, 0.0072), "greater": False, "baseline": 0.1661},
            "f1": {"value": 0.4271, "low": None, "high": None, "greater": True, "baseline": math.nan},
        },
        "notes": ["28 days are few units: the intervals are rough."],
        "threshold": {"value": 0.22, "source": "costs", "costs": {"false_positive": 1.0, "false_negative": 4.0},
                      "cost_per_row": 0.493,
                      "curve": [[float(t), float(0.49 + 1.5 * (t - 0.22) ** 2)] for t in np.linspace(0, 1, 101)]},
        "confusion": {"classes": [False, True], "counts": [[14810, 5987], [1871, 3671]]},
        "curves": {"roc": {"true": [[float(x), float(x**0.38)] for x in grid]},
                   "pr": {"true": [[float(x), float(0.21 + 0.6 * (1 - x) ** 1.6)] for x in grid]}},
        "calibration": [{"mean": m, "observed": m * 1.04 - 0.01, "low": m * 1.04 - 0.04, "high": m * 1.04 + 0.025,
                         "rows": int(6000 * math.exp(-4 * m))} for m in np.linspace(0.05, 0.85, 10).tolist()],
        "residuals": None,
        "slices": {
            "carrier": [{"value": c, "rows": 4800 - 450 * i, "metrics": {
                "roc_auc": estimate(0.73 - 0.01 * i, 0.015 + 0.004 * i), "log_loss": estimate(0.44 + 0.005 * i, 0.02)}}
                for i, c in enumerate(carriers)],
            "origin": [{"value": o, "rows": 9000, "metrics": {"roc_auc": estimate(v, 0.018)}}
                       for o, v in (("EWR", 0.69), ("JFK", 0.73), ("LGA", 0.72))],
        },
        "weak": {"metric": "roc_auc", "looked_at": 184, "found": [
            {"where": "origin = EWR and hour < 9", "rows": 1892, "share": 0.0718, "value": 0.6421, "rest": 0.7225,
             "difference": -0.0804, "low": -0.114, "high": -0.046, "p": 0.0004, "confirmed": True},
            {"where": "wind_speed >= 23", "rows": 420, "share": 0.0159, "value": 0.671, "rest": 0.718,
             "difference": -0.047, "low": -0.11, "high": 0.016, "p": 0.31, "confirmed": False}]},
        "horizons": None,
    }  # fmt: skip


def explain() -> dict[str, Any]:
    names = ["hour", "visib", "dewp", "precip", "carrier", "dest", "pressure", "wind_speed", "temp", "humid"]
    return {
        "metric": "roc_auc",
        "importance": [{"feature": f, "mean": 0.09 / (i + 1), "low": 0.08 / (i + 1) - 0.004, "high": 0.1 / (i + 1)}
                       for i, f in enumerate(names)],
        "partial": [
            *({"feature": f, "kind": "numeric", "grid": np.linspace(0, 23, 24).tolist(),
               "mean": (0.18 + 0.05 * np.sin(np.linspace(0, 3, 24) + i)).tolist(), "share": [1 / 24] * 24}
              for i, f in enumerate(("hour", "visib", "pressure"))),
            {"feature": "carrier", "kind": "categorical", "grid": ["UA", "B6", "EV", None],
             "mean": [0.18, 0.22, 0.26, 0.2],
             "share": [0.3, 0.3, 0.3, 0.1]},
        ],
        "interactions": [],
    }  # fmt: skip


def search(trials: int = 60) -> dict[str, Any]:
    random = np.random.default_rng(4)
    made: list[dict[str, Any]] = []
    for number in range(trials):
        rate, leaves = float(10 ** random.uniform(-2, -0.5)), int(random.integers(15, 128))
        params = {"model.learning_rate": rate, "model.max_leaf_nodes": leaves,
                  "model.estimator": str(random.choice(["boosting", "forest"])),
                  "features.dest.min_frequency": int(random.choice([5, 20, 100]))}  # fmt: skip
        score = 0.715 - 0.02 * (math.log10(rate) + 1.2) ** 2 + float(random.normal(0, 0.002))
        trial = {"number": number, "state": "complete", "values": [score], "params": params, "seconds": 4.2,
                 "scores": [score - 0.01, score + 0.01], "error": None}  # fmt: skip
        if number % 9 == 5:
            trial |= {"state": "pruned", "values": None}
        if number == 33:
            trial |= {"state": "failed", "values": None, "error": "ValueError: max_bins must be at most 255"}
        made.append(trial)
    done = [trial for trial in made if trial["values"]]
    best = max(done, key=lambda trial: trial["values"][0])
    importance = {"model.learning_rate": 0.71, "model.max_leaf_nodes": 0.2, "features.dest.min_frequency": 0.06}
    return {"objectives": [{"name": "roc_auc", "greater": True}], "sampler": "tpe", "pruner": "median", "folds": 4,
            "best": best["number"], "front": [], "importance": importance, "trials": made}  # fmt: skip


def gates() -> dict[str, Any]:
    plain = {"difference": None, "low": None, "high": None, "rows": 26339, "units": 28, "method": "point",
             "detectable": None, "segments": None, "note": ""}  # fmt: skip
    return {
        "rows": 25120, "excluded": 1219, "excluded_known": True, "against": "flight-delay:2", "confidence": 0.95,
        "used": 7,
        "champion_metrics": {"roc_auc": {"value": 0.7139}, "average_precision": {"value": 0.4287}},
        "gates": [
            {"name": "roc_auc >= 0.68", "verdict": "passed", "passed": True, "observed": 0.7173, "bound": 0.68,
             "against": None, **plain},
            {"name": "roc_auc >= champion - 0.005", "verdict": "passed", "passed": True, "observed": 0.7173,
             "bound": 0.7089, "against": "flight-delay:2", **plain, "difference": 0.0034, "low": -0.0011,
             "high": 0.0079, "method": "bootstrap by day", "detectable": 0.0062, "segments": [
                {"value": "EWR", "rows": 9100, "units": 28, "observed": 0.69, "difference": -0.001, "low": -0.009,
                 "high": 0.007, "p": 0.41, "verdict": "passed", "detectable": 0.011},
                {"value": "JFK", "rows": 310, "units": 12, "observed": 0.73, "difference": -0.012, "low": -0.06,
                 "high": 0.036, "p": 0.6, "verdict": "unknown", "detectable": 0.07}]},
        ],
    }  # fmt: skip


def column(name: str, kind: str, **facts: Any) -> dict[str, Any]:
    empty = {"numeric": None, "histogram": None, "top": None, "distinct": 174}
    return {"name": name, "kind": kind, "dtype": "String", "missing": {"train": 0.0005, "test": 0.11}, **empty, **facts}


def profile() -> dict[str, Any]:
    random = np.random.default_rng(1)
    edges = np.linspace(1.357e9, 1.388e9, 21).tolist()
    columns = [
        column("arr_delay > 15", "target", top=[[False, 0.79, 0.81], [True, 0.21, 0.19]],
               missing={"train": 0, "test": 0}),
        column("carrier", "categorical", top=[[c, 0.2 / (i + 1), 0.19 / (i + 1)] for i, c in enumerate("UBEDAMUN")]),
        column("sched_dep", "datetime",
               histogram={"edges": edges, "train": [100] * 19 + [0], "test": [0] * 19 + [90]}),
    ]  # fmt: skip
    numeric = {"min": 10.9, "max": 100.0, "mean": 57.2, "sd": 17.9, "quantiles": [28.0, 43.0, 57.9, 71.6, 84.0]}
    for name in ("temp", "dewp", "humid", "precip", "pressure", "visib"):
        counts, bounds = np.histogram(random.normal(50, 12, 3000), 20)
        bars = {"edges": bounds.tolist(), "train": counts.tolist(), "test": (counts[::-1] // 10).tolist()}
        columns.append(column(name, "numeric", numeric=numeric, histogram=bars, dtype="Float64"))
    columns.append(column("tailnum", "drop", distinct=4000))
    return {"rows": {"train": 288000, "test": 26339}, "columns": columns}


def classes(count: int = 4) -> Files:
    """Several classes."""
    random = np.random.default_rng(2)
    names = [f"kind {i}" for i in range(count)]
    counts = random.integers(0, 60, (count, count)) + np.eye(count, dtype=int) * 400
    grid = np.linspace(0, 1, 40)
    found = evaluation() | {
        "classes": names, "positive": None, "threshold": None, "weak": None, "slices": {}, "unit": "row", "units": None,
        "confusion": {"classes": names, "counts": counts.tolist()},
        "curves": {"roc": {n: [[float(x), float(x ** (0.2 + 0.08 * i))] for x in grid] for i, n in enumerate(names)},
                   "pr": {n: [[float(x), float(1 - 0.3 * x - 0.05 * i)] for x in grid] for i, n in enumerate(names)}},
    }  # fmt: skip
    return packed({"evaluate/evaluation.json": found})


def forecast() -> Files:
    """A number, ahead of time."""
    random = np.random.default_rng(3)
    predicted = random.gamma(3, 60, 500)
    observed = predicted + random.normal(0, 30, 500)
    counts, edges = np.histogram(observed - predicted, 24)
    found = {
        "task": "forecasting", "classes": [], "positive": None, "rows": 4300, "unit": "week", "units": 26,
        "confidence": 0.9, "resamples": 1000,
        "metrics": {"mae": {**estimate(38.21, 2.4), "greater": False, "baseline": 71.9},
                    "mase": {**estimate(0.53, 0.034), "greater": False, "baseline": 1.0},
                    "r2": {**estimate(0.87, 0.02), "greater": True, "baseline": 0.41}},
        "notes": [], "calibration": [{"mean": m, "observed": m + 4, "low": m - 8, "high": m + 15, "rows": 430}
                                     for m in np.linspace(20, 420, 10).tolist()],
        "residuals": {"edges": edges.tolist(), "counts": counts.tolist(),
                      "sample": np.column_stack([predicted, observed]).tolist()},
        "horizons": [{"horizon": h, "rows": 180, "metrics": {"mae": estimate(25 + 1.1 * h, 2.0 + 0.1 * h),
                      "mase": estimate(0.4 + 0.01 * h, 0.03)}} for h in range(1, 25)],
    }  # fmt: skip
    return packed({"evaluate/evaluation.json": found})
