"""The figures of an evaluation as plain numbers: curves, confusion, calibration, residuals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mfbench.stats.calibration import reliability
from mfbench.stats.predicted import Numbers, Predicted

POINTS = 200
CURVES = 10  # classes with curves of their own: those with the most rows
BINS = 10
SAMPLE = 500


def confusion(predicted: Predicted, classes: Sequence[Any]) -> dict[str, Any]:
    """{classes, counts}: rows of the truth, columns of the prediction, as numbers of rows."""
    codes = predicted.target.astype(np.intp) * len(classes) + predicted.values.astype(np.intp)
    counts = np.bincount(codes, minlength=len(classes) ** 2).reshape(len(classes), len(classes))
    return {"classes": list(classes), "counts": counts.tolist()}


def curves(predicted: Predicted, names: Sequence[str]) -> dict[str, dict[str, list[list[float]]]]:
    """ROC [[fpr, tpr], …] and precision-recall [[recall, precision], …] of the positive class, or of each of several
    against the rest; a class that no row has, or every row, has none. `names`: of the classes."""
    from sklearn.metrics import precision_recall_curve, roc_curve

    roc: dict[str, list[list[float]]] = {}
    pr: dict[str, list[list[float]]] = {}
    for code in _shown(predicted, names):
        truth, score = predicted.target == code, np.asarray(predicted.scores)[:, code]
        fpr, tpr, _ = roc_curve(truth, score, sample_weight=predicted.weight)
        precision, recall, _ = precision_recall_curve(truth, score, sample_weight=predicted.weight)
        roc[names[code]] = _thinned(fpr, tpr)
        pr[names[code]] = _thinned(recall[::-1], precision[::-1])
    return {"roc": roc, "pr": pr}


def _shown(predicted: Predicted, names: Sequence[str]) -> list[int]:
    counts = np.bincount(predicted.target.astype(np.intp), minlength=len(names))
    able = [code for code in range(len(names)) if 0 < counts[code] < len(predicted)]
    if len(names) == 2:
        return [code for code in able if code == 1]
    return sorted(sorted(able, key=lambda code: -counts[code])[:CURVES])


def _thinned(x: Numbers, y: Numbers) -> list[list[float]]:
    """About POINTS of the points, evenly along the way: as many where it is steep as where it is flat."""
    if len(x) > POINTS:
        way = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
        kept = np.unique(np.searchsorted(way, np.linspace(0, way[-1], POINTS)).clip(0, len(x) - 1))
        x, y = x[kept], y[kept]
    return [[round(float(a), 6), round(float(b), 6)] for a, b in zip(x, y, strict=True)]


def calibration(predicted: Predicted, confidence: float) -> list[dict[str, float]]:
    """{mean, observed, low, high, rows} by rising prediction. Classes: probability against the share of positives, of
    several classes that of the predicted one against how often it is right; numbers: prediction against mean truth."""
    p = predicted
    if p.scores is None:
        return _means(p, confidence)
    if p.scores.shape[1] == 2:
        truth, probability = (p.target == 1).astype(float), p.scores[:, 1]
    else:
        top = p.scores.argmax(axis=1)
        truth, probability = (p.target == top).astype(float), p.scores.max(axis=1)
    return [found._asdict() for found in reliability(truth, probability, p.weight, BINS, confidence)]


def _means(p: Predicted, confidence: float) -> list[dict[str, float]]:
    """Means of ten parts of about equally many rows, equal predictions together; Student's interval of the mean."""
    from scipy.special import stdtrit

    edges = np.unique(np.quantile(p.values, np.linspace(0, 1, BINS + 1)[1:-1]))
    which = np.searchsorted(edges, p.values, side="right")
    found = []
    for part in np.unique(which):
        rows = which == part
        count, w = int(rows.sum()), None if p.weight is None else p.weight[rows]
        if w is not None and w.sum() <= 0:
            continue
        observed = float(np.average(p.target[rows], weights=w))
        spread = float(np.average((p.target[rows] - observed) ** 2, weights=w)) ** 0.5
        reach = float(stdtrit(count - 1, (1 + confidence) / 2)) * spread / (count - 1) ** 0.5 if count > 1 else np.nan
        found.append({"mean": float(np.average(p.values[rows], weights=w)), "observed": observed,
                      "low": observed - reach, "high": observed + reach, "rows": count})  # fmt: skip
    return found


def residuals(predicted: Predicted, seed: int) -> dict[str, Any]:
    """{edges, counts} of truth minus prediction, the outermost hundredths in the outer bins; {sample} of at most 500
    [predicted, observed]."""
    rest = predicted.target - predicted.values
    low, high = np.quantile(rest, [0.005, 0.995])
    if low == high:
        low, high = rest.min(), rest.max()
    counts, edges = np.histogram(rest.clip(low, high), bins=30)
    chosen = np.arange(len(rest))
    if len(rest) > SAMPLE:
        chosen = np.sort(np.random.default_rng(seed).choice(len(rest), SAMPLE, replace=False))
    pairs: NDArray[np.float64] = np.column_stack([predicted.values[chosen], predicted.target[chosen]])
    return {"edges": edges.tolist(), "counts": counts.tolist(), "sample": pairs.tolist()}
