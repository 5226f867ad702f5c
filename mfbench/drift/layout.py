"""Which columns of the data are what: inputs, answers, label, time, key; and rows put into the layout of seen.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

from mfbench.bundle.manifest import Manifest
from mfbench.bundle.model import parse_dtype
from mfbench.core.errors import UsageError
from mfbench.core.text import did_you_mean
from mfbench.data.expressions import evaluate, roots
from mfbench.data.forecast import STEPS_AHEAD
from mfbench.data.tidy import trimmed, with_times
from mfbench.data.units import ORIGIN, PERIODS, ROW
from mfbench.drift.capture import REQUEST, flat, is_capture
from mfbench.drift.casting import as_labels
from mfbench.drift.kinds import as_moments, between
from mfbench.drift.seen import KEY, LABEL, TIME
from mfbench.recipe.schema import Csv

OURS = (LABEL, TIME, KEY)


@dataclass
class Layout:
    """Of one kind of data. time, label, key, unit: columns of it, where they were named or follow from the bundle; an
    absent one that the user named is an error, of the others only a lack."""

    manifest: Manifest
    digest: str | None
    time: str | None
    label: str | None
    csv: Csv
    named: tuple[str, ...] = ()
    notes: dict[str, None] = field(default_factory=dict)  # in order, each once
    left_out: dict[str, int] = field(default_factory=dict)  # captured rows, by who answered them
    text_types: dict[str, Any] = field(default_factory=dict)  # of columns that only the label reads, in files of text

    def note(self, text: str) -> None:
        self.notes[text] = None

    @property
    def inputs(self) -> list[str]:
        return [each.name for each in self.manifest.inputs]

    @property
    def key(self) -> str | None:
        return self.manifest.monitored.key

    @property
    def unit(self) -> str | None:
        unit = self.manifest.monitored.unit
        return None if unit == ROW or (unit in PERIODS and self.manifest.monitored.time is not None) else unit

    def wanted(self, schema: Mapping[str, Any]) -> list[str]:
        """The columns of a file that are needed. Raises UsageError where it has none of the model's inputs."""
        if is_capture(schema):
            return list(schema)
        there = [name for name in self.inputs if name in schema]
        if not there:
            needs = ", ".join(self.inputs[:8]) + (" …" if len(self.inputs) > 8 else "")
            hint = f"the model needs {needs}; {did_you_mean(self.inputs[0], schema)}"
            raise UsageError("the data has none of the model's columns", hint=hint)
        absent = next((name for name in self.named if name not in schema), None)
        if absent is not None:
            raise UsageError(f"the data has no column {absent!r}", hint=did_you_mean(absent, schema))
        more = [*OURS, ORIGIN, STEPS_AHEAD, self.time, self.key, REQUEST, self.unit, *self._label_columns(schema)]
        more += self.answers(schema).values()
        ordered = dict.fromkeys([*there, *(name for name in more if name is not None and name in schema)])
        return list(ordered)

    def answers(self, schema: Mapping[str, Any]) -> dict[str, str]:
        """Column by the name of the answer, where the data has all of the model's answers; else none of them."""
        found: dict[str, str] = {}
        for each in self.manifest.outputs:
            names = [between(each.name), *([] if each.name in self.inputs else [each.name])]
            there = next((name for name in names if name in schema), None)
            if there is None:
                return {}
            found[each.name] = there
        return found

    def _label_columns(self, schema: Mapping[str, Any]) -> list[str]:
        if LABEL in schema:
            return []
        if self.label is not None:
            return [self.label]
        if self.manifest.target in schema:
            return [self.manifest.target]
        try:
            needed = roots(self.manifest.target)
        except (PolarsError, ValueError):
            return []
        return needed if all(name in schema for name in needed) else []

    def arrange(self, frame: pl.DataFrame, where: str, *, text: bool = False) -> pl.DataFrame:
        """Inputs as they are, and in our own names answers, label (of the classes' type), time (UTC) and key; the unit
        under its name. text: whether all columns came as text."""
        if is_capture(frame.schema):
            frame, gone = flat(frame, digest=self.digest, name=self.manifest.name)
            for who, rows in gone.items():
                self.left_out[who] = self.left_out.get(who, 0) + rows
        columns = {name: frame[name] for name in self.inputs if name in frame.columns}
        for name, column in self.answers(frame.schema).items():
            columns[between(name)] = frame[column]
        label = self._label(frame, where, text=text)
        if label is not None:
            columns[LABEL] = as_labels(label, self.manifest.classes, where)
        time = TIME if TIME in frame.columns else self.time
        if time is not None and time in frame.columns:
            columns[TIME] = as_moments(frame[time])
        key = next((name for name in (KEY, self.key, REQUEST) if name is not None and name in frame.columns), None)
        if key is not None:
            columns[KEY] = frame[key].cast(pl.String, strict=False)
        for extra in (self.unit, ORIGIN, STEPS_AHEAD):
            if extra is not None and extra in frame.columns:
                columns[extra] = frame[extra]
        return pl.DataFrame([values.alias(name) for name, values in columns.items()])

    def _label(self, frame: pl.DataFrame, where: str, *, text: bool) -> pl.Series | None:
        if LABEL in frame.columns:
            return frame[LABEL]
        needed = self._label_columns(frame.schema)
        if not needed:
            return None
        if text:
            frame = frame.with_columns(self._typed(frame[name]) for name in needed)
        if len(needed) == 1 and needed[0] in (self.label, self.manifest.target):
            return frame[needed[0]]
        try:
            return evaluate(frame, self.manifest.target)
        except ValueError as error:
            raise UsageError(f"the label cannot be computed: {error}", where=where, hint="name it by --label") from None

    def _typed(self, values: pl.Series) -> pl.Series:
        """A column of text in the type that it was trained with: the model's own, else as its first batch reads."""
        name = values.name
        if name not in self.text_types:
            own = {each.name: each.dtype for each in self.manifest.inputs}
            if name in own:
                self.text_types[name] = parse_dtype(own[name])
            else:
                seen = with_times(trimmed(values.to_frame(), self.csv.nulls))[name].dtype
                truths = values.drop_nulls().str.to_lowercase().is_in(["true", "false"]).all()
                integer = pl.Float64() if seen.is_integer() else seen  # a later row may hold a fraction
                self.text_types[name] = pl.Boolean() if truths and values.null_count() < len(values) else integer
        from mfbench.drift.casting import cast

        return cast(values, self.text_types[name])


def types_of(manifest: Manifest) -> dict[str, pl.DataType]:
    """Type by name of all inputs, private ones too: the model needs them."""
    return {each.name: parse_dtype(each.dtype) for each in manifest.inputs}
