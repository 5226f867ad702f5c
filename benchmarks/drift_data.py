"""The rows that every contestant of the drift benchmarks looks at: 20 columns of numbers and five of categories.

Nothing changes between the reference and the window: what is measured is the work, not the finding.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

NUMBERS = tuple(f"n{i}" for i in range(20))
CATEGORIES = {f"c{i}": 10 * (i + 1) for i in range(5)}  # how many values each has
GROUP = 1_000_000  # rows in a row group of a large file


def paths(folder: Path, rows: int) -> tuple[Path, Path]:
    """(reference, window); made where they are not there."""
    made = folder / f"reference-{rows}.parquet", folder / f"window-{rows}.parquet"
    for seed, path in enumerate(made):
        if not path.exists():
            _frame(rows, seed).write_parquet(path)
    return made


def _frame(rows: int, seed: int) -> Any:
    import numpy as np
    import polars as pl

    rng = np.random.default_rng(seed)
    columns: dict[str, Any] = {name: rng.normal(size=rows) for name in NUMBERS}
    for name, values in CATEGORIES.items():
        weights = 1 / np.arange(1, values + 1)  # a few frequent values, many rare ones
        codes = rng.choice(values, rows, p=weights / weights.sum())
        columns[name] = np.array([f"v{value:02d}" for value in range(values)])[codes]
    return pl.DataFrame(columns)


def long(folder: Path, rows: int) -> Path:
    """A file of so many rows and four columns (two of numbers, a whole number, a category), in row groups."""
    import numpy as np
    import polars as pl
    import pyarrow.parquet as pq

    path = folder / f"long-{rows}.parquet"
    if path.exists():
        return path
    rng, writer = np.random.default_rng(rows), None
    values = np.array([f"v{value:02d}" for value in range(20)])
    for begin in range(0, rows, GROUP):
        n = min(GROUP, rows - begin)
        frame = pl.DataFrame({"x": rng.normal(size=n), "y": rng.exponential(size=n), "k": rng.poisson(8, n),
                              "c": values[rng.integers(0, 20, n)]})  # fmt: skip
        table = frame.to_arrow()
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()
    return path
