"""What new rows are compared with: a profile of all held-out rows, and a sample of them with answers and labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray
from polars.exceptions import PolarsError

from mfbench.bundle.manifest import Manifest, verify
from mfbench.bundle.model import parse_dtype
from mfbench.core import jsonio
from mfbench.core.errors import DamageError, UsageError
from mfbench.core.text import did_you_mean
from mfbench.data.expressions import evaluate, roots
from mfbench.data.units import PERIODS, ROW
from mfbench.drift.building import build_profile
from mfbench.drift.clusters import dense
from mfbench.drift.kinds import as_moments, between
from mfbench.drift.profile import FORMAT, Profile, Role
from mfbench.drift.seen import LABEL, TIME, UNIT
from mfbench.drift.soundness import flaw

SAMPLE_ROWS = 20_000
SAMPLE_CELLS = 2_000_000  # of wide rows fewer are kept
PROFILE, SAMPLE, FEATURES = "reference.json", "reference.parquet", "features.json"


class Reference:
    """profile: of all reference rows; sample: some of them, in the layout of seen.py; manifest, digest: of the bundle
    (None and '' where it was made of rows); derived: expressions by the names of the columns that they make;
    inputs: type by name of the model's inputs, less the private ones."""

    def __init__(
        self,
        profile: Profile,
        sample: pl.DataFrame,
        inputs: Mapping[str, pl.DataType],
        derived: Mapping[str, str],
        manifest: Manifest | None = None,
        digest: str = "",
    ) -> None:
        self.profile, self.sample, self.manifest, self.digest = profile, sample, manifest, digest
        self.inputs, self.derived = dict(inputs), dict(derived)

    @classmethod
    def load(cls, folder: Path) -> Reference:
        """Of a bundle, every file of which is verified. Raises DamageError."""
        manifest, digest = verify(folder)
        private = tuple(manifest.monitored.private)
        derived = derived_columns(folder / FEATURES, private)
        inputs = {each.name: parse_dtype(each.dtype) for each in manifest.inputs if each.name not in private}
        if SAMPLE not in manifest.files:
            raise DamageError("the bundle has no reference", where=str(folder), hint="make it anew by a run")
        try:
            sample = pl.read_parquet(folder / SAMPLE, glob=False)
        except (PolarsError, OSError) as error:
            raise DamageError(f"the reference cannot be read: {error}", where=str(folder / SAMPLE)) from None
        if PROFILE in manifest.files:
            profile = _read_profile(folder / PROFILE)
        else:  # a bundle made before profiles were kept
            sample = sample.drop(*private, strict=False)
            answers = [each.name for each in manifest.outputs]
            absent = {*inputs, *map(between, answers)} - set(sample.columns)
            if absent:
                raise DamageError(f"the reference has no column {min(absent)!r}", where=str(folder / SAMPLE))
            profile = _profile(sample, inputs, derived, answers, manifest.task, manifest.classes, private=private)
        if wrong := flaw(profile, sample):
            raise DamageError(f"the reference makes no sense: {wrong}", where=str(folder))
        return cls(profile, sample, inputs, derived, manifest, digest)

    @classmethod
    def of(
        cls,
        frame: pl.DataFrame,
        *,
        inputs: Sequence[str],
        task: str,
        answers: Mapping[str, str] | None = None,
        label: str | None = None,
        unit: str | None = None,
        time: str | None = None,
        classes: Sequence[Any] = (),
        seed: int = 0,
        derived: Mapping[str, str] | None = None,
        private: Sequence[str] = (),
        codes: NDArray[np.int64] | None = None,
    ) -> Reference:
        """Of any rows. answers: column by the name that a model's signature has for it ({'probability': 'score'});
        unit: a column, or a period ('day') of `time`; codes: (n,) of the units, where they are known already; derived:
        row-wise expressions by name. Raises UsageError for columns that are not there."""
        answers, derived = dict(answers or {}), dict(derived or {})
        named = [*inputs, *answers.values(), *([label] if label else []), *([time] if time else [])]
        absent = next((name for name in named if name not in frame.columns), None)
        if absent is not None:
            raise UsageError(f"there is no column {absent!r}", hint=did_you_mean(absent, frame.columns))
        kept = [name for name in inputs if name not in private]
        columns = [frame[name] for name in kept]
        columns += [frame[column].alias(between(name)) for name, column in answers.items()]
        columns += [frame[label].alias(LABEL)] if label else []
        codes = unit_codes(frame, unit, time) if codes is None else codes
        columns.append(pl.Series(UNIT, codes if codes is not None else np.arange(frame.height), dtype=pl.Int64))
        columns += [as_moments(frame[time]).alias(TIME)] if time else []
        rows = pl.DataFrame(columns)
        types = {name: frame.schema[name] for name in kept}
        derived = {name: text for name, text in derived.items() if not set(roots(text)) & set(private)}
        profile = _profile(rows, types, derived, list(answers), task, classes, unit or ROW, codes, private)
        return cls(profile, _sampled(rows, seed), types, derived)

    def save(self, folder: Path) -> None:
        """The files of a bundle that hold it."""
        (folder / PROFILE).write_bytes(jsonio.dumps(self.profile) + b"\n")
        self.sample.write_parquet(folder / SAMPLE, statistics=False)

    @property
    def answers(self) -> list[str]:
        """Names of the model's answers, as in its signature."""
        if self.manifest is not None:
            return [each.name for each in self.manifest.outputs]
        aside = (LABEL, UNIT, TIME)
        return [name[2:-2] for name in self.sample.columns if name not in self.inputs and name not in aside]

    def columns_of(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Inputs and derived columns of rows, as far as they are there, under their names; nothing private."""
        there = self.with_derived(frame)
        # One by one: Polars reads a name such as '^.*$' as a pattern.
        return pl.DataFrame([there[name] for name in (*self.inputs, *self.derived) if name in there.columns])

    def with_derived(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows with their derived columns; one that cannot be computed of these rows is not there."""
        made = []
        for name, text in self.derived.items():
            try:
                made.append(evaluate(frame, text).alias(name))
            except ValueError:
                continue
        return frame.with_columns(made)


def derived_columns(path: Path, private: Iterable[str]) -> dict[str, str]:
    """Expressions by name of the features that a feature path derives, less those that read private columns and those
    that are moments of time. A name that is an input's too is told apart."""
    from mfbench.features.columns import Column as Feature

    try:
        note = msgspec.json.decode(path.read_bytes())
        features = msgspec.convert(note["columns"], list[Feature])
        taken, hidden = set(note["inputs"]), set(private)
    except (OSError, msgspec.MsgspecError, KeyError, TypeError) as error:
        raise DamageError(f"{FEATURES} cannot be read: {error}", where=str(path)) from None
    made = [each for each in features if each.expr is not None and each.kind not in ("datetime", "drop")]
    visible = [each for each in made if not set(roots(str(each.expr))) & hidden]
    return {f"{each.name} · derived" if each.name in taken else each.name: str(each.expr) for each in visible}


def unit_codes(frame: pl.DataFrame, unit: str | None, time: str | None) -> NDArray[np.int64] | None:
    """(n,) of what is independent of its like: a column's values, or a period of the time; None: each row. Rows of
    which it is not known share one code. Raises UsageError."""
    if unit in (None, ROW):
        return None
    assert unit is not None
    if unit in PERIODS and time is not None:
        values = as_moments(frame[time]).dt.truncate(PERIODS[unit])
    elif unit in frame.columns:
        values = frame[unit]
    else:
        raise UsageError(f"there is no column {unit!r} for the unit", hint=did_you_mean(unit, frame.columns))
    return dense(values.rank("dense").fill_null(0).to_numpy())[0]


def _profile(
    rows: pl.DataFrame,
    inputs: Mapping[str, pl.DataType],
    derived: Mapping[str, str],
    answers: Sequence[str],
    task: str,
    classes: Sequence[Any],
    unit: str = ROW,
    codes: NDArray[np.int64] | None = None,
    private: Sequence[str] = (),
) -> Profile:
    made = [evaluate(rows, text).alias(name) for name, text in derived.items()]
    roles: list[tuple[str, Role]] = [(name, "input") for name in inputs]
    roles += [(name, "derived") for name in derived]
    taken = {*inputs, *derived}
    # An answer with the name of an input keeps its underscores, so that every column of a report has its own name.
    roles += [(between(name) if name in taken else name, "prediction") for name in answers]
    roles += [(LABEL if "label" in taken else "label", "label")] if LABEL in rows.columns else []
    return build_profile(rows.with_columns(made), roles, task=task, classes=classes, unit=unit, codes=codes,
                         private=private)  # fmt: skip


def _sampled(rows: pl.DataFrame, seed: int) -> pl.DataFrame:
    most = max(min(SAMPLE_ROWS, SAMPLE_CELLS // max(rows.width, 1)), 1000)
    if rows.height <= most:
        return rows
    return rows[np.sort(np.random.default_rng(seed).choice(rows.height, most, replace=False))]


def _read_profile(path: Path) -> Profile:
    try:
        profile = msgspec.json.decode(path.read_bytes(), type=Profile)
    except (OSError, msgspec.MsgspecError) as error:
        raise DamageError(f"the profile cannot be read: {error}", where=str(path)) from None
    if profile.format > FORMAT:
        told = f"the profile has format {profile.format}, known is {FORMAT}"
        raise DamageError(told, where=str(path), hint="install a newer mfbench")
    return profile
