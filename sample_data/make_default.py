"""Make default.csv: the credit card default data of "An Introduction to Statistical Learning".

Needs `pip install polars` and `pip install --no-deps ISLP==0.6.0` (without --no-deps, ISLP brings
torch); then `python sample_data/make_default.py` writes default.csv beside this file.

Source: the PyPI package ISLP 0.6.0, file ISLP/data/Default.csv, licence BSD (3 clauses; README.md,
beside this file, has its text). The file is copied byte for byte.
"""

import shutil
from importlib.util import find_spec
from pathlib import Path

import polars as pl

HERE = Path(__file__).parent

if __name__ == "__main__":
    source = Path(find_spec("ISLP").submodule_search_locations[0]) / "data" / "Default.csv"
    path = HERE / "default.csv"
    shutil.copyfile(source, path)
    frame = pl.read_csv(path)
    assert frame.shape == (10_000, 4)
    assert frame.columns == ["default", "student", "balance", "income"]
    print(f"{path.name}: {frame.height:,} rows, {path.stat().st_size:,} bytes")
