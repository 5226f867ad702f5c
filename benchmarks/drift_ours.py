"""What mfbench does with a window, reading included, the reference's profile made before:

    python -m benchmarks.drift_ours frame|file|reference|long PATH-OF-REFERENCE PATH-OF-WINDOW

``frame`` and ``file``: a window counted, compared (KS, chi-square, nulls, types, with Holm's correction) and described
(KS, Wasserstein, PSI, Jensen-Shannon, moments, new and vanished values), from a frame in memory or a Parquet file, with
the sample of its rows taken; ``reference``: the profile made of the reference, which is done once, when a model is
packed; ``long``: a file that is larger than memory needs to be, once.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.drift_timing import tell
from mfbench.bundle.manifest import Field, Manifest
from mfbench.bundle.model import dtype_name
from mfbench.drift.looking import look_at
from mfbench.drift.reading import open_data
from mfbench.drift.reference import Reference
from mfbench.drift.scanning import scan
from mfbench.drift.settings import Settings


def reference_of(frame: pl.DataFrame) -> Reference:
    """As a bundle's, of a model that makes no answers."""
    made = Reference.of(frame, inputs=frame.columns, task="regression")
    made.manifest = Manifest(
        name="bench", task="regression", flavor="", estimator="", target="target", classes=(), outputs=(), metrics={},
        inputs=tuple(Field(name, dtype_name(dtype)) for name, dtype in frame.schema.items()),
        features=tuple(frame.columns), requirements=(), python="", files={},
    )  # fmt: skip
    return made


def check(reference: Reference, data: Any) -> None:
    settings = Settings()
    opened = open_data(data, reference.manifest, time=None, label=None, labels=None, separator=None)
    for seen in scan(opened, reference, settings, seed=0, model=None):
        look_at(reference, seen, settings)


def main(what: str, before: Path, now: Path) -> None:
    if what == "long":
        known = reference_of(pl.read_parquet(before, n_rows=100_000))
        tell(lambda: check(known, now))
        return
    rows = pl.read_parquet(before)
    few = rows.head(1000)
    if what == "reference":
        tell(lambda: reference_of(rows), warm=lambda: reference_of(few), times=3)
        return
    known = reference_of(rows)
    data = now if what == "file" else pl.read_parquet(now)
    tell(lambda: check(known, data), warm=lambda: check(known, few), times=5)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
