"""Data to be looked at: a file, a glob, a folder, captured requests or a frame, as batches in one layout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from mfbench.bundle.manifest import Manifest
from mfbench.core.errors import FitError, UsageError
from mfbench.core.text import did_you_mean, plural
from mfbench.data.source import read_table
from mfbench.drift import capture
from mfbench.drift.capture import REQUEST, is_capture
from mfbench.drift.casting import as_labels
from mfbench.drift.files import ROWS, Listed, batches, kind_of, list_files
from mfbench.drift.history import expanded, is_history
from mfbench.drift.kinds import as_moments
from mfbench.drift.layout import Layout
from mfbench.drift.seen import KEY, LABEL
from mfbench.recipe.schema import Csv

FRAME = "a frame"
LATER = "__later__"  # a label from a file of its own


class Data:
    """name: as it was named; files: how many; notes: what a person should know, complete once all batches were read."""

    def __init__(
        self, name: str, source: list[Path] | pl.DataFrame, layout: Layout, labels: pl.DataFrame | None
    ) -> None:
        self.name, self.layout = name, layout
        self.files = 0 if isinstance(source, pl.DataFrame) else len(source)
        self._source, self._labels = source, labels
        self.read: list[str] = []  # columns, that rows without a time can be told what to name
        self.times: list[str] = []
        self.file = ""  # the one that is being read

    @property
    def notes(self) -> list[str]:
        gone = {who: rows for who, rows in self.layout.left_out.items() if rows}
        told = [f"{plural(rows, 'captured row')} left out: {who} answered" for who, rows in gone.items()]
        return [*self.layout.notes, *told]

    def batches(self, digest: str | None = None) -> Iterator[pl.DataFrame]:
        """Rows in order, see Layout.arrange. digest: of the bundle; captured rows of others are left out."""
        self.layout.digest = digest or None
        for frame, where, text in self._raw():
            rows = self.layout.arrange(frame, where, text=text)
            yield self._with_labels(rows) if self._labels is not None else rows

    def _raw(self) -> Iterator[tuple[pl.DataFrame, str, bool]]:
        if isinstance(self._source, pl.DataFrame):
            yield from self._of_frame(self._source, FRAME)
            return
        manifest, csv = self.layout.manifest, self.layout.csv
        lacking: dict[str, int] = {}
        for file in self._source:
            self.file = str(file)
            kind = kind_of(file, manifest.reading.get("format"))
            schema: dict[str, Any] = {}

            def wanted(found: dict[str, Any], seen: dict[str, Any] = schema) -> list[str]:
                seen.update(found)
                if is_history(manifest, found) and not is_capture(found):
                    return list(found)
                self._look(found)
                return self.layout.wanted(found)

            for batch in batches(file, kind, csv, wanted):
                if is_history(manifest, schema) and not is_capture(schema):
                    self.file = ""  # of all of them
                    yield from self._of_frame(_whole(self._source, kind, csv), self.name)
                    return
                yield batch, str(file), kind == "csv"
            for name in self.layout.inputs if schema and not is_capture(schema) else ():
                lacking[name] = lacking.get(name, 0) + (name not in schema)
        for name, times in lacking.items():
            if times:
                of = "the data has" if times == len(self._source) else f"{plural(times, 'file')} of {self.files} have"
                self.layout.note(f"{of} no column {name!r}")

    def _of_frame(self, frame: pl.DataFrame, where: str) -> Iterator[tuple[pl.DataFrame, str, bool]]:
        if is_history(self.layout.manifest, frame.schema) and not is_capture(frame.schema):
            frame = expanded(frame, self.layout.manifest)
        self._look(dict(frame.schema))
        needed = frame.select(self.layout.wanted(frame.schema))
        for name in self.layout.inputs if not is_capture(frame.schema) else ():
            if name not in frame.columns:
                self.layout.note(f"the data has no column {name!r}")
        for part in needed.iter_slices(ROWS):
            yield part, where, False

    def _look(self, schema: dict[str, Any]) -> None:
        self.read = list(schema)
        self.times = [name for name, dtype in schema.items() if dtype.is_temporal()]

    def _with_labels(self, rows: pl.DataFrame) -> pl.DataFrame:
        assert self._labels is not None
        if KEY not in rows.columns:
            key = self.layout.key or REQUEST
            raise UsageError(f"labels are joined by {key!r}, and the data has no such column",
                             hint=did_you_mean(key, self.read))  # fmt: skip
        joined = rows.join(self._labels, on=KEY, how="left", maintain_order="left")
        if LABEL not in rows.columns:
            return joined.rename({LATER: LABEL})
        return joined.with_columns(pl.coalesce(LATER, LABEL).alias(LABEL)).drop(LATER)


def open_data(
    data: Any,
    manifest: Manifest | None,
    *,
    time: str | None = None,
    label: str | None = None,
    labels: Listed | None = None,
    separator: str | None = None,
) -> Data:
    """data: a file, glob, folder with all below it, a folder of captured requests, a list of these, or a frame.

    time, label: columns, else as the model's recipe has them; labels: files of a key and a label that came later.
    CSV is read as the training data was, or with another `separator`. Only labels are read yet. Raises UsageError.
    """
    if manifest is None:
        raise UsageError("rows can be read for a model's bundle only")
    written = msgspec.convert(manifest.reading.get("csv", {}), Csv)
    csv = msgspec.structs.replace(written, separator=separator) if separator else written
    named = tuple(name for name in (time, label) if name is not None)
    layout = Layout(manifest, None, time or manifest.monitored.time, label, csv, named)
    if isinstance(data, pl.DataFrame):
        source: list[Path] | pl.DataFrame = data
        name = FRAME
    else:
        name = ", ".join(str(each) for each in ([data] if isinstance(data, str | Path) else data))
        files = list_files(data)
        source, later = _apart(files)
        labels = later if labels is None and later else labels
    return Data(name, source, layout, _read_labels(labels, layout) if labels is not None else None)


def _apart(files: list[Path]) -> tuple[list[Path], list[Path]]:
    """(files of rows, files of labels that lie beside captured requests)."""
    later = [file for file in files if file.parent.name == capture.LABELS]
    rows = [file for file in files if file not in set(later)]
    return (rows, later) if rows else (files, [])


def _whole(files: Sequence[Path], kind: str, csv: Csv) -> pl.DataFrame:
    try:
        return read_table(list(files), kind, csv)
    except FitError as error:
        raise UsageError(error.message) from None


def _read_labels(labels: Listed, layout: Layout) -> pl.DataFrame:
    """KEY and LATER, the label; of several of one key the latest."""
    parts = []
    for i, file in enumerate(list_files(labels)):
        table = _whole([file], kind_of(file, None), layout.csv)
        key = next((name for name in (KEY, layout.key, REQUEST) if name is not None and name in table.columns), None)
        if key is None:
            told = f"labels are told by {layout.key or REQUEST!r}: there is no such column"
            raise UsageError(told, where=str(file), hint=did_you_mean(layout.key or REQUEST, table.columns))
        values = _label_of(table, key, layout, file)
        when = as_moments(table["time"]) if "time" in table.columns else pl.Series([None] * table.height)
        parts.append(
            pl.DataFrame([
                table[key].cast(pl.String).alias(KEY),
                as_labels(values, layout.manifest.classes, str(file)).alias(LATER),
                when.cast(pl.Datetime("us", "UTC")).alias("when"),
                pl.Series("file", [i] * table.height, dtype=pl.Int64),
            ])
        )  # fmt: skip
    both = pl.concat(parts).filter(pl.col(KEY).is_not_null() & pl.col(LATER).is_not_null())
    ordered = both.sort("when", "file", nulls_last=False, maintain_order=True)
    return ordered.unique(KEY, keep="last", maintain_order=True).select(KEY, LATER)


def _label_of(table: pl.DataFrame, key: str, layout: Layout, file: Path) -> pl.Series:
    others = [name for name in table.columns if name not in (key, "time")]
    names = (layout.label, LABEL, "label", layout.manifest.target)
    found = next((name for name in names if name is not None and name in others), None)
    if found is None and len(others) == 1:
        found = others[0]
    if found is None:
        raise UsageError("there is no column 'label'", where=str(file), hint="name it by --label")
    return table[found]
