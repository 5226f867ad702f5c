"""A bundle in use: rows in, predictions out."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
from polars.exceptions import PolarsError

from mfbench.bundle.manifest import CODE, Field, Manifest, verify
from mfbench.core.errors import DamageError, UsageError
from mfbench.core.plugins import load as load_plugin
from mfbench.core.text import did_you_mean
from mfbench.data.forecast import STEPS_AHEAD
from mfbench.data.future import Settings, forecast_rows
from mfbench.data.intervals import Intervals, bounds
from mfbench.features.encoder import Encoder
from mfbench.flavors.base import Flavor, Prediction

PREDICTION = "prediction"


class Model:
    """A verified, loaded bundle. Safe to use from several threads: predicting changes nothing."""

    def __init__(self, manifest: Manifest, digest: str, encoder: Encoder, fitted: object, flavor: Flavor) -> None:
        self.manifest = manifest
        self.digest = digest
        self._encoder = encoder
        self._fitted = fitted
        self._flavor = flavor

    @classmethod
    def load(cls, folder: Path, trusted: list[str] | None = None) -> Model:
        """Verifies every digest before anything is loaded. Raises DamageError, or UsageError for a type
        that is trusted neither by mfbench nor by `trusted`."""
        manifest, digest = verify(folder)
        flavor: Flavor = load_plugin("mfbench.flavors", manifest.flavor)()
        trusted = trusted or []
        code = str((folder / CODE).resolve())
        if set(manifest.types) <= set(trusted):
            sys.path.append(code)  # last: it never hides an installed module
        try:
            encoder = Encoder.load(folder, trusted)
            return cls(manifest, digest, encoder, flavor.load(folder / "model", trusted), flavor)
        finally:
            if code in sys.path:
                sys.path.remove(code)

    def predict(self, frame: pl.DataFrame) -> pl.DataFrame:
        """One row per row of `frame`: `prediction`, and probabilities or scores where the model gives any.

        A forecasting model takes a history (see data.future) and gives a row for each series and step ahead: its time,
        series and `horizon`, `prediction`, and with intervals `low` and `high`.

        Columns that the model does not know are ignored; one that it needs and that is missing, or a value
        that does not fit its type, raises UsageError.
        """
        return self.answer(frame)

    def answer(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The same for rows that are prepared: of a forecast, one for each series, origin and step ahead."""
        if self.looks_ahead(frame):
            assert self.manifest.forecast is not None
            settings = msgspec.convert(self.manifest.forecast["settings"], Settings)
            rows = forecast_rows(frame, settings)
            about = [name for name in (settings.by, settings.series, STEPS_AHEAD) if name is not None]
            return rows.select(about).hstack(self._answers(rows))
        return self._answers(frame)

    def looks_ahead(self, frame: pl.DataFrame) -> bool:
        """Whether `frame` is a history to forecast from. Rows that hold what is made of the past are answered each."""
        made = any(field.name not in frame.columns for field in self.manifest.inputs)
        return self.manifest.forecast is not None and made

    def _answers(self, frame: pl.DataFrame) -> pl.DataFrame:
        rows = conform(frame, self.manifest.inputs)
        if rows.height == 0:
            return pl.DataFrame(schema={field.name: parse_dtype(field.dtype) for field in self.manifest.outputs})
        predicted = self._flavor.predict(self._fitted, self._encoder.transform(rows), self.manifest.task)
        predicted = decided(predicted, self.manifest.threshold)
        if self.manifest.forecast and self.manifest.forecast["intervals"] and STEPS_AHEAD in frame.columns:
            intervals = msgspec.convert(self.manifest.forecast["intervals"], Intervals)
            predicted = bounded(predicted, frame, STEPS_AHEAD, intervals)
        return predictions(predicted, list(self.manifest.classes))


def conform(frame: pl.DataFrame, fields: tuple[Field, ...]) -> pl.DataFrame:
    """The input columns in the signature's order and types."""
    columns = {}
    for field in fields:
        if field.name not in frame.columns:
            hint = did_you_mean(field.name, frame.columns)
            raise UsageError(f"the rows lack the column {field.name!r}, which the model needs", hint=hint)
        columns[field.name] = _cast(frame[field.name], field)
    return pl.DataFrame(columns)


def _cast(values: pl.Series, field: Field) -> pl.Series:
    dtype = parse_dtype(field.dtype)
    if values.dtype == dtype:
        return values
    try:
        if values.dtype == pl.String and isinstance(dtype, pl.Datetime):
            moment = values.str.to_datetime(time_zone=dtype.time_zone, strict=True)
            return moment.cast(dtype)
        if isinstance(dtype, pl.Datetime) and isinstance(values.dtype, pl.Datetime):
            naive = dtype.time_zone is not None and values.dtype.time_zone is None
            return (values.dt.replace_time_zone("UTC") if naive else values).cast(dtype)
        if values.dtype.is_float():
            values = values.fill_nan(None)
        cast = values.cast(dtype)
    except PolarsError as error:
        reason = str(error).splitlines()[0]
        raise UsageError(f"column {field.name!r} should be {field.dtype}, not {values.dtype}: {reason}") from None
    # 60.9 is no integer and 2 no truth: a cast that changes the value is an answer to another question.
    if values.dtype.is_numeric() and (dtype.is_integer() or dtype == pl.Boolean):
        changed = values.filter(values.cast(pl.Float64) != cast.cast(pl.Float64))
        if len(changed):
            raise UsageError(f"column {field.name!r} should be {field.dtype}: found {changed[0]}")
    return cast


_PLAIN = ("Boolean", "String", "Float32", "Float64", "Date", "Time", "Null", "Binary", "Int8", "Int16", "Int32",
          "Int64", "Int128", "UInt8", "UInt16", "UInt32", "UInt64")  # fmt: skip


def parse_dtype(text: str) -> pl.DataType:
    """The Polars type behind the signature's words."""
    match = re.fullmatch(r"(Datetime|Duration)\((ns|us|ms)(?:, (UTC))?\)", text)
    if match:
        unit: Any = match[2]
        return pl.Datetime(unit, match[3]) if match[1] == "Datetime" else pl.Duration(unit)
    if text not in _PLAIN:  # a manifest is a stranger's text: it names no function of ours to call
        raise DamageError(f"the signature has an unknown type {text!r}", hint="install a newer mfbench")
    dtype: pl.DataType = getattr(pl, text)()
    return dtype


def dtype_name(dtype: pl.DataType) -> str:
    """The signature's words for a Polars type; the inverse of parse_dtype."""
    if isinstance(dtype, pl.Datetime):
        return f"Datetime({dtype.time_unit}, {dtype.time_zone})" if dtype.time_zone else f"Datetime({dtype.time_unit})"
    if isinstance(dtype, pl.Duration):
        return f"Duration({dtype.time_unit})"
    return type(dtype).__name__


def decided(predicted: Prediction, threshold: float | None) -> Prediction:
    """The same scores, and as values the positive class of two where its probability reaches the threshold."""
    if threshold is None or predicted.scores is None or not predicted.probabilities:
        return predicted
    return replace(predicted, values=(predicted.scores[:, 1] >= threshold).astype(float))


def bounded(predicted: Prediction, rows: pl.DataFrame, ahead: str, intervals: Intervals) -> Prediction:
    """The same values with the interval that belongs to so many steps ahead (the column `ahead`) of a series."""
    series = rows[intervals.series] if intervals.series in rows.columns else None
    low, high = bounds(predicted.values, rows[ahead].to_numpy(), intervals, series)
    return replace(predicted, low=low, high=high)


def predictions(predicted: Prediction, classes: list[object]) -> pl.DataFrame:
    """`prediction` as class or number; `probability` (or `score`) of the positive class of two, else one each."""
    if not classes:
        sides = {"low": predicted.low, "high": predicted.high}
        return pl.DataFrame({PREDICTION: predicted.values} | {k: v for k, v in sides.items() if v is not None})
    columns = {PREDICTION: pl.Series([classes[int(code)] for code in predicted.values], dtype=_dtype(classes))}
    if predicted.scores is not None:
        word = "probability" if predicted.probabilities else "score"
        if len(classes) == 2:
            columns[word] = pl.Series(predicted.scores[:, 1])
        else:
            for code, label in enumerate(classes):
                columns[f"{word}_{label}"] = pl.Series(predicted.scores[:, code])
    return pl.DataFrame(columns)


def _dtype(classes: list[object]) -> pl.DataType:
    return pl.Series(classes).dtype
