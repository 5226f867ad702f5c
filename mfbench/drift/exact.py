"""Kolmogorov-Smirnov row by row, on request: what SciPy says of the reference's sample and the window's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from msgspec.structs import replace

from mfbench.drift.findings import Difference
from mfbench.drift.reference import Reference
from mfbench.stats.predicted import Numbers
from mfbench.stats.twosample import exact_ks


def with_exact_ks(differences: Sequence[Difference], reference: Reference, sample: pl.DataFrame) -> list[Difference]:
    """Adds [statistic, p] of the rows of both samples to numeric columns; rows are taken as independent."""
    theirs, ours = reference.columns_of(reference.sample), reference.columns_of(sample)
    found = []
    for each in differences:
        if each.kind == "numeric" and each.name in theirs.columns and each.name in ours.columns:
            a, b = (_numbers(frame[each.name]) for frame in (theirs, ours))
            if len(a) and len(b):
                each = replace(each, exact_ks=[*exact_ks(a, b)])
        found.append(each)
    return found


def _numbers(values: pl.Series) -> Numbers:
    numbers: Numbers = values.cast(pl.Float64, strict=False).to_numpy()
    return numbers[~np.isnan(numbers)]
