"""p-values of several tests at once, corrected for how many were looked at. One that is nan counts as 1."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mfbench.stats.predicted import Numbers


def holm(p: Sequence[float] | Numbers) -> Numbers:
    """(k,) adjusted so that one false find among all of them is as rare as the level says (Holm 1979)."""
    values = _proper(p)
    order = np.argsort(values, kind="stable")
    steps = values[order] * np.arange(len(values), 0, -1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


def benjamini_hochberg(p: Sequence[float] | Numbers) -> Numbers:
    """(k,) adjusted so that the share of false finds among the finds is as small as the level says (1995)."""
    from scipy.stats import false_discovery_control

    values = _proper(p)
    return np.asarray(false_discovery_control(values)) if len(values) else values


def _proper(p: Sequence[float] | Numbers) -> Numbers:
    values = np.asarray(p, dtype=np.float64)
    values = np.where(np.isnan(values), 1.0, values)
    if ((values < 0) | (values > 1)).any():
        raise ValueError("a p-value lies between 0 and 1")
    return values
