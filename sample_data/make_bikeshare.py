"""Make bikeshare.parquet: bicycles rented in Washington, D.C., in every hour of 2011.

Needs `pip install polars` and `pip install --no-deps ISLP==0.6.0` (without --no-deps, ISLP brings torch); then
`python sample_data/make_bikeshare.py` writes bikeshare.parquet beside this file.

Source: the PyPI package ISLP 0.6.0, file ISLP/data/Bikeshare.csv, licence BSD (3 clauses). It is read as a file; the
package is not imported. README.md, beside this file, describes every column.
"""

from importlib.util import find_spec
from pathlib import Path

import polars as pl

HERE = Path(__file__).parent
SMALL = {"season": pl.Int8, "hr": pl.Int8, "holiday": pl.Int8, "weekday": pl.Int8, "workingday": pl.Int8}
COUNTS = ("casual", "registered", "bikers")


def make() -> pl.DataFrame:
    path = Path(find_spec("ISLP").submodule_search_locations[0]) / "data" / "Bikeshare.csv"
    frame = pl.read_csv(path)
    assert frame.shape == (8_645, 15)
    time = pl.datetime(2011, 1, 1) + pl.duration(days=pl.col("day") - 1, hours="hr")
    frame = frame.with_columns(time=time.cast(pl.Datetime("us")))
    # The file names no year. 2011 is the one whose weekdays are those of every row (Sunday 0), and the book's.
    assert (frame["time"].dt.weekday() % 7 == frame["weekday"]).all()
    assert (frame["time"].dt.strftime("%b") == frame["mnth"].str.slice(0, 3)).all()
    assert frame["time"].is_sorted()
    assert frame["time"].n_unique() == frame.height
    assert (frame["casual"] + frame["registered"] == frame["bikers"]).all()
    small = {**SMALL, "day": pl.Int16, **dict.fromkeys(COUNTS, pl.Int16)}
    return frame.cast(small).select("time", pl.exclude("time"))


if __name__ == "__main__":
    frame = make()
    path = HERE / "bikeshare.parquet"
    frame.write_parquet(path, compression="zstd", compression_level=19, statistics=False)
    print(f"{path.name}: {frame.height:,} rows, {path.stat().st_size:,} bytes")
