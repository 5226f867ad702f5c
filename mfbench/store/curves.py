"""Histories of metrics, reduced in SQL to what a plot can show.

A history of more points than asked for is cut into buckets of equal width, each with its least and greatest value, so
that no spike is lost; a shorter one comes as it is. Only the run's own points, not those of its trials.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import duckdb

from mfbench.core.errors import NotFoundError, UsageError
from mfbench.core.text import did_you_mean
from mfbench.store.store import Store
from mfbench.workspace.workspace import Workspace

if TYPE_CHECKING:
    import polars as pl

Axis = Literal["step", "time", "relative"]
MOST = 100_000  # points of one curve: more are a table, not a plot

_OF = "FROM t_metrics WHERE run = $run AND key = $key AND trial IS NULL"
# First and last are by step, then by time (or the other way round), as one number: a struct takes five times as long.
_AXES = {"step": ("step", "step::HUGEINT * 9223372036854775808 + time"),
         "time": ("time", "time::HUGEINT * 18446744073709551616 + step")}  # fmt: skip
_FINITE = "CASE WHEN isfinite(value) THEN value END"


@dataclass(frozen=True)
class _History:
    """The points of one metric of one run along one axis."""

    run: str
    key: str
    axis: str
    n: int
    low: int
    high: int
    finite: bool


def curve(
    workspace: Workspace, runs: Sequence[str], keys: Sequence[str], points: int = 1000, x: Axis = "step"
) -> pl.DataFrame:
    """Rows run, key, x, step_min, step_max, first, last, min, max, mean, n, nan, inf: at most `points` a run and key.

    x: the least in the bucket: a step, a time (UTC), or the seconds since the curve's first point. first, last: values
    as they were logged; of a step that was logged twice (in a resumed run), the later is the later one. min, max, mean:
    of finite values, null where there are none. n: how many points, of which `nan` and `inf` were not finite. Raises
    NotFoundError for a key that none of the runs has.
    """
    import polars as pl

    with Store(workspace).reading() as con:
        found = [history for run in runs for history in _histories(con, run, keys, _axis(x, points))]
        parts = [_reduced(con, one, points) for one in found]
        if not parts:
            raise _no_key(con, runs, keys)
    names = [pl.lit(one.run).alias("run") for one in found], [pl.lit(one.key).alias("key") for one in found]
    starts = [one.low for one in found]
    frames = [
        part.select(run, key, _shown(x, start), pl.exclude("x"))
        for part, run, key, start in zip(parts, *names, starts, strict=True)
    ]
    return pl.concat(frames)


def compare_curves(
    workspace: Workspace, runs: Sequence[str], key: str, points: int = 1000, x: Axis = "step"
) -> pl.DataFrame:
    """One metric of several runs side by side: x, and for each run that has it a column of its last values.

    All share the same buckets, at most `points`; x is where a bucket begins. A run without a point in one has null.
    """
    import polars as pl

    with Store(workspace).reading() as con:
        found = [one for run in runs for one in _histories(con, run, [key], _axis(x, points))]
        if not found:
            raise _no_key(con, runs, [key])
        starts = [one.low if x == "relative" else 0 for one in found]
        low = min(one.low - start for one, start in zip(found, starts, strict=True))
        high = max(one.high - start for one, start in zip(found, starts, strict=True))
        width = max(1, -(-(high - low + 1) // points))
        wide = pl.DataFrame(schema={"x": pl.Int64})
        for one, start in zip(found, starts, strict=True):
            values = _bucketed(con, one, low + start, width)
            part = values.select(x=pl.col("bucket").cast(pl.Int64) * width + low, **{one.run: "last"})
            wide = wide.join(part, on="x", how="full", coalesce=True)
    return wide.sort("x").with_columns(_shown(x, 0))


def _axis(x: str, points: int) -> str:
    if x not in ("step", "time", "relative"):
        raise UsageError(f"there is no axis {x!r}", hint="known: step, time, relative")
    if not 1 <= points <= MOST:
        raise UsageError(f"a curve has 1 to {MOST:,} points", hint="for all of them: Workbench.metrics, or mfbench sql")
    return "step" if x == "step" else "time"


def _histories(con: duckdb.DuckDBPyConnection, run: str, keys: Sequence[str], axis: str) -> list[_History]:
    bounds = f"SELECT count(*), min({axis}), max({axis}), isfinite(min(value)) AND isfinite(max(value)) {_OF}"
    rows = [(key, con.execute(bounds, {"run": run, "key": key}).fetchall()[0]) for key in dict.fromkeys(keys)]
    return [_History(run, key, axis, *row) for key, row in rows if row[0]]


def _reduced(con: duckdb.DuckDBPyConnection, one: _History, points: int) -> pl.DataFrame:
    if one.n > points:
        return _bucketed(con, one, one.low, max(1.0, (one.high - one.low) / points), points).drop("bucket")
    column, order = _AXES[one.axis]
    query = f"""
        SELECT {column} AS x, step AS step_min, step AS step_max, value AS first, value AS last,
            finite AS min, finite AS max, finite AS mean, 1::BIGINT AS n,
            isnan(value)::BIGINT AS nan, isinf(value)::BIGINT AS inf
        FROM (SELECT *, rowid AS place, {_FINITE} AS finite {_OF}) ORDER BY {order}, place
    """
    return _frame(con, query, run=one.run, key=one.key)


def _bucketed(
    con: duckdb.DuckDBPyConnection, one: _History, low: int, width: float, most: int = 2**31 - 1
) -> pl.DataFrame:
    """By bucket; `low` is where the first begins. Taking values apart that are all finite would double the time."""
    column, order = _AXES[one.axis]
    counts = "0::BIGINT AS nan, 0::BIGINT AS inf" if one.finite else (
        "count(*) FILTER (isnan(value)) AS nan, count(*) FILTER (isinf(value)) AS inf")  # fmt: skip
    query = f"""
        SELECT least(floor(({column}::DOUBLE - $low) / $width), $most)::INTEGER AS bucket, min({column}) AS x,
            min(step) AS step_min, max(step) AS step_max, arg_min(value, place) AS first, arg_max(value, place) AS last,
            min(finite) AS min, max(finite) AS max, avg(finite) AS mean, count(*) AS n, {counts}
        FROM (SELECT *, {order} AS place, {"value" if one.finite else _FINITE} AS finite {_OF})
        GROUP BY bucket ORDER BY bucket
    """
    return _frame(con, query, run=one.run, key=one.key, low=float(low), width=float(width), most=most - 1)


def _frame(con: duckdb.DuckDBPyConnection, query: str, **parameters: object) -> pl.DataFrame:
    frame: pl.DataFrame = con.sql(query, params=parameters).pl()
    return frame


def _shown(x: Axis, start: int) -> pl.Expr:
    """The axis as people read it; in the tables times are microseconds."""
    import polars as pl

    column = pl.col("x")
    if x == "time":
        return column.cast(pl.Datetime("us"))
    return (column - start) / 1e6 if x == "relative" else column


def _no_key(con: duckdb.DuckDBPyConnection, runs: Sequence[str], keys: Sequence[str]) -> NotFoundError:
    query = "SELECT DISTINCT key FROM t_run_metrics WHERE run IN (SELECT unnest(?))"
    known = [key for (key,) in con.execute(query, [list(runs)]).fetchall()]
    what = f"run {runs[0]} has" if len(runs) == 1 else "these runs have"
    return NotFoundError(
        f"{what} no metric {keys[0] if keys else ''!r}", hint=did_you_mean(str(keys[0] if keys else ""), known)
    )
