"""Real rows split into a reference and windows, for the tests of joint and quality."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import polars as pl

from mfbench.drift.reference import Reference
from mfbench.drift.seen import UNIT

DATA = Path(__file__).parents[2] / "sample_data"
WEATHER = ["sched_dep_minute", "sched_weekday", "carrier", "origin", "dest", "distance", "temp", "dewp", "humid",
           "wind_dir", "wind_speed", "precip", "pressure", "visib", "hour"]  # fmt: skip
EWR_EARLY = (pl.col("origin") == "EWR") & (pl.col("hour") < 7)


@cache
def flights() -> pl.DataFrame:
    hour = (pl.col("sched_dep_minute") // 60).alias("hour")
    day = pl.col("sched_dep").dt.date().to_physical().cast(pl.Int64).alias("day")
    return pl.read_parquet(DATA / "flights.parquet").with_columns(hour, day)


def flight_sides(rows: int, seed: int, window: int | None = None) -> tuple[Reference, pl.DataFrame]:
    """Two random parts: nothing has changed."""
    both = flights().sample(rows + (window or rows), seed=seed)
    return Reference.of(both[:rows], inputs=WEATHER, task="classification", classes=(0, 1)), both[rows:][WEATHER]


@cache
def census() -> pl.DataFrame:
    years = [pl.read_parquet(DATA / name) for name in ("employment.parquet", "employment-2018.parquet")]
    return pl.concat(years).with_columns(pl.col("prediction", "employed").cast(pl.Int64))


INPUTS = ["AGEP", "SCHL", "MAR", "RELP", "DIS", "ESP", "CIT", "MIG", "MIL", "ANC", "NATIVITY", "DEAR", "DEYE", "DREM",
          "SEX", "RAC1P"]  # fmt: skip


@cache
def reference_2015() -> Reference:
    rows = census().filter(pl.col("year") == 2015)
    answers = {"prediction": "prediction", "probability": "predicted_probability"}
    return Reference.of(rows, inputs=INPUTS, task="classification", answers=answers, label="employed", classes=(0, 1))


def window_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of the census as a window's sample."""
    names = {"prediction": "__prediction__", "predicted_probability": "__probability__", "employed": "__label__"}
    kept = rows.select(*INPUTS, *names).rename(names)
    return kept.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias(UNIT))
