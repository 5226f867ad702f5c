"""Other data: rows that come in days (flights, bicycles), the flights' months, and a segment that has shifted."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from benchmarks.drift_census import DATA
from benchmarks.drift_replay import RULES, Reference, rules
from benchmarks.drift_tables import Table, share

WEATHER = ("temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib")
FLIGHT = ("sched_dep_minute", "carrier", "origin", "dest", "distance", *WEATHER)
HOURS = ("hr", "holiday", "weekday", "workingday", "weathersit", "temp", "hum", "windspeed")
DAYS = 14  # of a window


def _flights() -> pl.DataFrame:
    frame = pl.read_parquet(DATA / "flights.parquet").filter(pl.col("arr_delay").is_not_null())
    local = pl.col("sched_dep").dt.convert_time_zone("America/New_York") if _zoned(frame) else pl.col("sched_dep")
    return frame.with_columns(
        (pl.col("arr_delay") > 15).cast(pl.Int8).alias("__label__"), local.dt.date().alias("day")
    ).sort("sched_dep")


def _zoned(frame: pl.DataFrame) -> bool:
    return getattr(frame.schema["sched_dep"], "time_zone", None) is not None


def _days(frame: pl.DataFrame) -> np.ndarray[Any, Any]:
    return frame.get_column("day").rank("dense").to_numpy().astype(np.int64) - 1


def clusters(seed: int, windows: int) -> list[Table]:
    """Random rows, and random whole days with and without the day declared as the unit; nothing changed in any."""
    rng = np.random.default_rng([seed, 3])
    table = Table("rows that come in days: windows in which nothing changed: how many are called changed",
                  ("data", "window", "unit", "windows", *RULES))  # fmt: skip
    bikes = pl.read_parquet(DATA / "bikeshare.parquet").sort("time")
    for name, frame, inputs in (("flights", _flights(), FLIGHT), ("bikeshare", bikes, HOURS)):
        roles = [(column, "input") for column in inputs]
        for unit in ("row", "day"):
            codes = _days(frame)
            reference = Reference(frame, roles, task="regression", unit=unit, codes=None if unit == "row" else codes)
            if unit == "row":
                looks = reference.unchanged(1000, windows // 2, rng)
                table.rows.append((name, "1,000 random rows", unit, len(looks), *rules(looks)))
                reference.codes = codes
            looks = reference.unchanged_units(DAYS, windows // 2, rng)
            table.rows.append((name, f"{DAYS} random days", unit, len(looks), *rules(looks)))
    return [table]


def flights() -> list[Table]:
    """Month by month against the first quarter."""
    from mfbench.drift.comparing import compare
    from mfbench.drift.judging import judge
    from mfbench.drift.settings import Settings

    frame, settings = _flights(), Settings()
    first = frame.filter(pl.col("day").dt.month() <= 3)
    roles = [*((column, "input") for column in FLIGHT), ("label", "label")]
    reference = Reference(first, roles, task="classification", unit="day", codes=_days(first))
    table = Table(f"flights: months against January to March ({_late(first):.1%} late), unit day",
                  ("month", "rows", "late", "p of 'late'", "effect", "tests that hold", "alarming",
                   "largest effects (weather aside)", "largest effects"))  # fmt: skip
    for month in range(4, 13):
        now = frame.filter(pl.col("day").dt.month() == month)
        tests = judge(compare(reference.profile, reference.count(now, now["day"].n_unique())), settings)
        held = sorted((t for t in tests if (t.adjusted or 1.0) <= settings.level or t.adjusted == 0.0),
                      key=lambda t: -(t.effect or 0.0))  # fmt: skip
        late = next(t for t in tests if t.column == "label")
        told = [f"{t.column} {t.effect:.2f}" for t in held]
        calm = [f"{t.column} {t.effect:.2f}" for t in held if t.column not in WEATHER]
        table.rows.append((
            month, f"{now.height:,}", f"{_late(now):.1%}", f"{late.adjusted:.2g}", f"{late.effect:.3f}",
            f"{len(held)}/{len(tests)}", sum(t.alarming for t in tests), ", ".join(calm[:2]), ", ".join(told[:2]),
        ))  # fmt: skip
    return [table]


def segment(seed: int, windows: int) -> list[Table]:
    """The temperature of flights from Newark before seven is shifted: 3 % of the rows. Are these told?"""
    from mfbench.drift.joint import joint
    from mfbench.drift.reference import Reference as Full

    rng = np.random.default_rng([seed, 4])
    frame = _flights().with_columns((pl.col("sched_dep_minute") // 60).alias("hour"))
    inputs = ["hour", "carrier", "origin", "distance", "temp", "humid", "pressure", "wind_speed", "visib"]
    frame = frame.select(inputs)
    planted = (pl.col("origin") == "EWR") & (pl.col("hour") < 7)
    table = Table("flights: temperature 25 °F higher where origin = EWR and hour < 7, 10,000 rows against as many",
                  ("seed", "AUC", "p", "segment", "of rows", "of the shift"))  # fmt: skip
    hits, quiet = [], []
    for number in range(max(windows // 50, 1)):
        picked = frame[rng.permutation(frame.height)[:20_000]]
        reference = Full.of(picked[:10_000], inputs=inputs, task="regression", seed=number)
        moved = pl.when(planted).then(pl.col("temp") + 25).otherwise(pl.col("temp")).alias("temp")
        found = joint(reference, picked[10_000:].with_columns(moved), seed=number)
        calm = joint(reference, picked[10_000:], seed=number)
        best = max((s for s in found.segments if s.confirmed), key=lambda s: s.of_shift, default=None)
        hits.append(best is not None and "EWR" in best.where and "hour" in best.where)
        quiet.append(bool(calm.p is not None and calm.p <= 0.01))
        told = (best.where, f"{best.share:.1%}", f"{best.of_shift:.0%}") if best else ("none", "", "")
        table.rows.append((number, found.auc, found.p, *told))
    table.notes += [f"recovered in {share(hits)} of the seeds; {planted_share(frame, planted):.1%} of the rows moved",
                    f"the same rows unmoved: p <= .01 in {share(quiet)}"]  # fmt: skip
    return [table]


def _late(frame: pl.DataFrame) -> float:
    return float(frame.select(pl.col("__label__").mean()).item())


def planted_share(frame: pl.DataFrame, where: pl.Expr) -> float:
    return float(frame.select(where.mean()).item())
