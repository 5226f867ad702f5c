"""A history of series as the forecasts that could have been made along it: the rows that a forecasting model sees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import polars as pl
from polars.exceptions import PolarsError

from mfbench.bundle.manifest import Manifest
from mfbench.core.errors import FitError, UsageError
from mfbench.data.expressions import evaluate
from mfbench.data.forecast import HORIZON, SCALE, expand
from mfbench.data.future import Settings
from mfbench.data.series import NAIVE
from mfbench.data.target import TARGET
from mfbench.recipe.schema import Forecast, Split


def is_history(manifest: Manifest, schema: Mapping[str, Any]) -> bool:
    """Whether the rows lack what a forecasting model makes of the past."""
    return manifest.forecast is not None and any(each.name not in schema for each in manifest.inputs)


def expanded(frame: pl.DataFrame, manifest: Manifest) -> pl.DataFrame:
    """A row for each series, origin and step ahead, as the training data was made. Rows without a target only end the
    history. Raises UsageError for one that is too short or has no step."""
    assert manifest.forecast is not None
    settings = msgspec.convert(manifest.forecast["settings"], Settings)
    try:
        target = frame[settings.target] if settings.target in frame.columns else evaluate(frame, settings.target)
        known = frame.with_columns(target.cast(pl.Float64).fill_nan(None).alias(TARGET)).filter(
            pl.col(TARGET).is_not_null()
        )
        forecast = Forecast(
            horizon=settings.horizon, season=settings.season, lags=settings.lags, series=settings.series
        )
        rows = expand(known, forecast, Split(by=settings.by)).frame
    except FitError as error:  # it points into a recipe, and there is none here
        raise UsageError(error.message) from None
    except (ValueError, PolarsError) as error:
        raise UsageError(f"the history has no numbers for the target, {settings.target!r}: {error}") from None
    return rows.drop(TARGET, HORIZON, SCALE, NAIVE, strict=False)
