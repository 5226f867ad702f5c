"""The fitted feature path, the same one in training and in serving.

Raw rows → derived columns and parts of dates (Polars, row by row) → one float matrix (scikit-learn's
ColumnTransformer, fitted on the training rows alone).
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from mfbench.core import jsonio
from mfbench.core.errors import DamageError, UsageError
from mfbench.data.expressions import evaluate
from mfbench.features.columns import Column
from mfbench.features.skops_file import load_skops, save_skops
from mfbench.features.traits import Traits
from mfbench.features.transformer import make_transformer, part_names


class Encoder:
    """`prepare` is row-wise and stateless, `transform` uses what was fitted."""

    def __init__(self, columns: list[Column], inputs: dict[str, str], transformer: Any = None) -> None:
        self.columns = [column for column in columns if column.kind != "drop"]
        self.inputs = inputs
        self._transformer = transformer

    @property
    def categorical_count(self) -> int:
        """How many of the matrix's first columns are categories as numbers."""
        return sum(c.kind == "categorical" and c.encode == "ordinal" for c in self.columns)

    @property
    def names(self) -> list[str]:
        """Names of the matrix's columns, in order."""
        full = [str(name) for name in self._transformer.get_feature_names_out()]
        short = [name.partition("__")[2] for name in full]
        return [part if short.count(part) == 1 else name for part, name in zip(short, full, strict=True)]

    def prepare(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The feature columns, before encoding: text, and float64 with NaN for what is missing or infinite."""
        made: dict[str, pl.Series] = {}
        for column in self.columns:
            value = frame[column.name] if column.expr is None else _derived(frame, column)
            if column.kind == "categorical":
                made[column.name] = value.cast(pl.String)
            elif column.kind == "datetime":
                names = part_names(column, self.columns)
                made |= {name: _part(value, part) for name, part in zip(names, column.parts, strict=True)}
            else:
                number = value.cast(pl.Float64)
                made[column.name] = number.set(~number.is_finite(), math.nan).fill_null(math.nan)
        return pl.DataFrame(made)

    def fit(self, frame: pl.DataFrame, traits: Traits) -> Encoder:
        """Learns categories, medians and scales from the training rows."""
        self.columns = [_settled(column, traits) for column in self.columns]
        self._transformer = make_transformer(self.columns, traits)
        self._transformer.fit(self.prepare(frame))
        return self

    def transform(self, frame: pl.DataFrame) -> Any:
        """(rows, features) float64; a category never seen in training is encoded as unknown."""
        import numpy as np

        matrix = self._transformer.transform(self.prepare(frame))
        return np.ascontiguousarray(matrix, dtype=np.float64)

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        note = {"columns": self.columns, "inputs": self.inputs}
        (folder / "features.json").write_bytes(jsonio.pretty(note))
        save_skops(self._transformer, folder / "features.skops")

    @classmethod
    def load(cls, folder: Path, trusted: list[str] | None = None) -> Encoder:
        try:
            note = msgspec.json.decode((folder / "features.json").read_bytes())
            columns = msgspec.convert(note["columns"], list[Column])
            inputs = msgspec.convert(note["inputs"], dict[str, str])
        except (OSError, msgspec.MsgspecError, KeyError, TypeError) as error:
            raise DamageError(f"features.json cannot be read: {error}", where=str(folder)) from None
        return cls(columns, inputs, load_skops(folder / "features.skops", trusted or []))


def _derived(frame: pl.DataFrame, column: Column) -> pl.Series:
    try:
        return evaluate(frame, str(column.expr))
    except ValueError as error:
        raise UsageError(f"the feature {column.name!r} cannot be computed: {error}") from None


def _part(value: pl.Series, part: str) -> pl.Series:
    parts = {
        "year": value.dt.year(),
        "month": value.dt.month(),
        "day": value.dt.day(),
        "weekday": value.dt.weekday(),
        "dayofyear": value.dt.ordinal_day(),
        "hour": value.cast(pl.Datetime("us")).dt.hour(),
        "minute": value.cast(pl.Datetime("us")).dt.minute(),
        "epoch": value.cast(pl.Datetime("us")).dt.epoch("s"),
    }
    return parts[part].cast(pl.Float64).fill_null(math.nan)


def _settled(column: Column, traits: Traits) -> Column:
    """The column with every open choice made for this kind of estimator."""
    encode = column.encode or ("ordinal" if traits.trees else "onehot")
    scale = column.scale or ("none" if traits.trees else "standard")
    impute = column.impute or ("none" if traits.missing else "median")
    return msgspec.structs.replace(column, encode=encode, scale=scale, impute=impute)
