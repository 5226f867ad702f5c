"""Which rows a model was trained on, as a set of fingerprints in its bundle.

A later model is compared with this one on rows that neither has learned from. The fingerprints are hashes: they
recognise a row that one has, and give none away.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mfbench.bundle.manifest import TrainedRows
from mfbench.data.fingerprint import fingerprints

TRAINED_ROWS = "trained_rows.bin"


def write_trained_rows(folder: Path, rows: pl.DataFrame, columns: list[str]) -> TrainedRows:
    """Writes the set, sorted little-endian uint64, into a bundle's folder; what the manifest says of it."""
    found = np.unique(fingerprints(rows, columns)).astype("<u8")
    (folder / TRAINED_ROWS).write_bytes(found.tobytes())
    return TrainedRows(tuple(columns), rows.height)


def seen_rows(folder: Path, trained: TrainedRows | None, frame: pl.DataFrame) -> NDArray[np.bool_] | None:
    """(n,) whether the bundle's model was trained on each row; None where that cannot be known.

    It cannot where the bundle tells nothing of its rows, or by columns that these rows lack.
    """
    path = folder / TRAINED_ROWS
    if trained is None or not path.is_file() or not set(trained.columns) <= set(frame.columns):
        return None
    known = np.frombuffer(path.read_bytes(), dtype="<u8")
    return np.isin(fingerprints(frame, trained.columns), known)
