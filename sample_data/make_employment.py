"""Make employment.parquet and employment-2018.parquet: people in Massachusetts, and whether they were employed.

Needs `pip install polars` and `pip install --no-deps nannyml==0.13.1`; then `python sample_data/make_employment.py`
writes both files beside this one.

Source: the PyPI package nannyml 0.13.1, files nannyml/datasets/data/employment_MA_*.pq, licence Apache-2.0. They are
read as files; the package is not imported. README.md, beside this file, describes every column.
"""

import hashlib
import math
from importlib.util import find_spec
from pathlib import Path

import polars as pl
import polars.selectors as cs

HERE = Path(__file__).parent
KEEP = 0.4  # the part of each year's people that is kept
ROWS = {2015: 68_785, 2016: 69_126, 2017: 69_635, 2018: 70_131}
TEST_YEAR = 2018


def rank_of(person: int) -> bytes:
    """A number that depends on the id alone, the same with every version of every library."""
    return hashlib.sha256(str(person).encode()).digest()


def thin(people: pl.DataFrame) -> pl.DataFrame:
    """Of each year's people, the KEEP part (rounded up) whose ids have the lowest hashes."""
    kept: list[int] = []
    for year in ROWS:
        ids = people.filter(pl.col("year") == year)["id"].to_list()
        kept += sorted(ids, key=rank_of)[: math.ceil(KEEP * len(ids))]
    return people.filter(pl.col("id").is_in(kept))


def make() -> pl.DataFrame:
    data = Path(find_spec("nannyml").submodule_search_locations[0]) / "datasets" / "data"
    first = pl.read_parquet(data / "employment_MA_reference.pq")
    later = pl.read_parquet(data / "employment_MA_analysis.pq")
    labels = pl.read_parquet(data / "employment_MA_analysis_target.pq")
    later = later.join(labels, on="id", how="left", validate="1:1").select(first.columns)
    # The codes of the census are names, not numbers: text keeps them from being added up.
    people = pl.concat([part.with_columns(cs.categorical().cast(pl.String)) for part in (first, later)])
    assert dict(people["year"].value_counts().iter_rows()) == ROWS
    assert people["id"].n_unique() == people.height
    assert people.null_count().sum_horizontal()[0] == 0
    kept = thin(people).with_columns(
        pl.col("id").cast(pl.Int32),
        pl.col("year").cast(pl.Int16),
        pl.col("AGEP", "employed", "prediction").cast(pl.Int8),
    )
    return kept.sort("year", "id")


if __name__ == "__main__":
    people = make()
    for name, part in (
        ("employment.parquet", people.filter(pl.col("year") < TEST_YEAR)),
        ("employment-2018.parquet", people.filter(pl.col("year") == TEST_YEAR)),
    ):
        path = HERE / name
        part.write_parquet(path, compression="zstd", compression_level=19, statistics=False)
        print(f"{path.name}: {part.height:,} rows, {path.stat().st_size:,} bytes")
