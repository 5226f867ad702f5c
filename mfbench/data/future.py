"""A history in service: the rows that a forecasting model needs, one for each series and step ahead."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import polars as pl
from polars.exceptions import PolarsError

from mfbench.core.errors import FitError, UsageError
from mfbench.core.structs import make_ready
from mfbench.core.text import did_you_mean, plural
from mfbench.data.expressions import evaluate
from mfbench.data.forecast import SEASONAL, STEPS_AHEAD
from mfbench.data.grid import Step, moments_at
from mfbench.data.series import NAIVE, History, made_of_past, on_grid, series_codes
from mfbench.data.tidy import with_times


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What a bundle keeps of [forecast]; `covariates` are the columns that have to be known of the steps ahead."""

    by: str
    series: str | None
    target: str
    horizon: int
    season: int | None
    lags: tuple[int, ...]
    step: Step
    covariates: tuple[str, ...] = ()


def forecast_rows(frame: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """(series x horizon) rows: time, series, covariates, what is made of the past, `horizon`.

    `frame` holds the history, and where there are covariates the rows of the steps ahead, without a target. The origin
    of each series is its last row with a target. Raises UsageError where something of that is missing.
    """
    known = (settings.by, settings.series, *settings.covariates)
    lacking = next((name for name in known if name is not None and name not in frame.columns), None)
    if lacking is not None:
        hint = did_you_mean(lacking, frame.columns)
        raise UsageError(f"the history lacks the column {lacking!r}, which the model needs", hint=hint)
    if frame.height == 0:
        raise UsageError("the history has no rows: a forecast begins at its last value")
    frame = with_times(frame)
    times = _times(frame, settings.by)
    try:
        codes, labels = series_codes(frame, settings.series)
        _, series, _ = on_grid(
            codes, times, _target(frame, settings.target), settings.by, settings.series, settings.step
        )
    except FitError as error:  # it points into a recipe, and there is none here
        raise UsageError(error.message, hint=error.hint) from None
    parts = [_ahead(past, labels[code], settings) for code, past in series.items()]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return _rows(frame, columns, settings)


def _times(frame: pl.DataFrame, by: str) -> Any:
    times = frame[by]
    if not isinstance(times.dtype, pl.Date | pl.Datetime) or times.null_count():
        raise UsageError(f"{by!r} has to be a date or a time in every row; it is {times.dtype}")
    return times.cast(pl.Datetime("us")).to_physical().to_numpy()


def _target(frame: pl.DataFrame, target: str) -> Any:
    try:
        values = frame[target] if target in frame.columns else evaluate(frame, target)
        return values.cast(pl.Float64).fill_null(np.nan).to_numpy()
    except (ValueError, PolarsError):
        told = f"the history has no numbers for the target, {target!r}"
        raise UsageError(told, hint="a forecast begins at its last values; those ahead are left empty") from None


def _ahead(past: History, label: str, settings: Settings) -> dict[str, Any]:
    """The steps ahead of one series."""
    there = np.flatnonzero(~np.isnan(past.values))
    season = settings.season or 1
    need = max(settings.lags[-1], season)
    if not len(there) or there[-1] + 1 < need:
        found = int(there[-1]) + 1 if len(there) else 0
        raise UsageError(f"{label} has {plural(found, 'step')} of history; this model needs {need:,}")
    ahead = np.arange(1, settings.horizon + 1)
    origin = np.full(settings.horizon, there[-1])
    place = origin + ahead
    rows = np.full(settings.horizon, -1)
    inside = place < len(past.rows)
    rows[inside] = past.rows[place[inside]]
    moments = moments_at(place, np.full(settings.horizon, past.anchor), settings.step)
    if settings.covariates and (rows < 0).any():
        first = moments[rows < 0][0].astype("datetime64[us]").item()
        told = f"{label} lacks the rows of {int((rows < 0).sum())} of the {settings.horizon} steps ahead, from {first}"
        hint = f"known in advance, and needed: {', '.join(settings.covariates)}; leave the target empty there"
        raise UsageError(told, hint=hint)
    made = made_of_past(past.values, origin, ahead, settings.lags, season)
    return {"row": rows, "last": np.full(settings.horizon, past.rows[there[-1]]), "moment": moments,
            STEPS_AHEAD: ahead, **made}  # fmt: skip


def _rows(frame: pl.DataFrame, columns: dict[str, Any], settings: Settings) -> pl.DataFrame:
    kind = frame.schema[settings.by]
    moment = pl.Series(settings.by, columns["moment"], dtype=pl.Int64).cast(pl.Datetime("us"))
    zone = getattr(kind, "time_zone", None)
    found = [(moment.dt.replace_time_zone(zone) if zone else moment).cast(kind)]
    if settings.series is not None:
        found.append(frame[settings.series][columns["last"]])
    found += [frame[name][columns["row"]] for name in settings.covariates]
    found += [pl.Series(f"lag_{lag}", columns[f"lag_{lag}"]).fill_nan(None) for lag in settings.lags]
    if settings.season:
        found.append(pl.Series(SEASONAL, columns[NAIVE]).fill_nan(None))
    return pl.DataFrame([*found, pl.Series(STEPS_AHEAD, columns[STEPS_AHEAD], dtype=pl.Int64)])


make_ready(Settings)
