"""What in the data makes a test look better than service will be, or worse: each with its column and its rows.

An alarm is about something that cannot be right as it stands; a remark is for a person to judge. What follows by chance
from few different values is a remark.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
import polars as pl

from mfbench.core.text import plural
from mfbench.data.split import GIVEN
from mfbench.data.target import TARGET, WEIGHT
from mfbench.data.units import PERIODS
from mfbench.recipe.schema import Data

SHOWN = 10
NEARLY_UNIQUE = 0.5  # share of different values in a column from which equal rows may be no chance
REPEATED, FEW_REPEATED = 0.01, 5  # share and number of the test's rows beyond which repeated ones are worth a word
BY_CHANCE = 10  # times as many repeated rows as independent columns would give: those are copies
FILLED = 0.5  # how much more a column is missing where there is no target, to be known only with it
FEW_DROPPED = 20
FEW_FILLED = 30  # values of one class alone: with fewer, it may be chance
EXPECTED = 15.0  # rows of other classes that would be filled if it were
NEWEST, ABSENT, PRESENT = 0.1, 0.9, 0.5
_OURS = re.compile(r"__.*__")


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """`level`: alarm or remark. `examples`: keys where the data has one, else row numbers from 0; ten at most."""

    name: str
    level: str
    column: str | None = None
    rows: int
    told: str
    examples: list[Any] = []


class Sides(msgspec.Struct, frozen=True, kw_only=True):
    """The two parts with their row numbers; `features` are the raw columns that features read."""

    train: pl.DataFrame
    test: pl.DataFrame
    test_rows: pl.Series
    data: Data
    features: list[str]

    def examples(self, hits: pl.Series) -> list[Any]:
        """Keys or row numbers of the first test rows that are hit."""
        key = self.data.key
        values = self.test[key] if key in self.test.columns else self.test_rows
        return [value if isinstance(value, int | float) else str(value) for value in values.filter(hits).head(SHOWN)]


def repeated_keys(sides: Sides) -> list[Finding]:
    """A key that is in the given test and in the training data: the same thing, learned and tested."""
    key = sides.data.key
    if key is None or key not in sides.train.columns or GIVEN not in sides.train.columns:
        return []
    hits = sides.test[key].is_in(sides.train[key].drop_nulls().unique().implode()).fill_null(value=False)
    if not hits.any():
        return []
    count = int(hits.sum())
    told = f"{plural(count, 'row')} of the test have a {key!r} that is in the training data too"
    return [Finding(name="keys", level="alarm", column=key, rows=count, told=told, examples=sides.examples(hits))]


def repeated_rows(sides: Sides) -> list[Finding]:
    """Equal rows on both sides. With few different values they are to be expected; else rows were copied."""
    if sides.data.key is not None:
        return []
    names = [name for name, dtype in sides.train.schema.items() if not (_OURS.fullmatch(name) or dtype.is_nested())]
    learned, held = sides.train.select(names), sides.test.select(names)
    hits = held.hash_rows().is_in(learned.hash_rows().unique().implode())
    count = int(hits.sum())
    if count <= max(REPEATED * held.height, FEW_REPEATED):
        return []
    unique = max(names, key=lambda name: learned[name].n_unique())
    copied = learned[unique].n_unique() >= NEARLY_UNIQUE * learned.height
    copied = copied and count > BY_CHANCE * _by_chance(learned, held.filter(hits))
    told = f"{plural(count, 'row')} of the test ({count / held.height:.0%}) are equal to a row of the training data"
    rest: dict[str, Any] = {"name": "rows", "rows": count, "examples": sides.examples(hits)}
    if not copied:
        told += ": the columns have few different values, so some are by chance; a data.key would tell"
        return [Finding(level="remark", told=told, **rest)]
    told += f", though {unique!r} is different in nearly every row: were rows copied? Drop the copies"
    return [Finding(level="alarm", column=unique, told=told, **rest)]


def _by_chance(learned: pl.DataFrame, held: pl.DataFrame) -> float:
    """How many of these rows would have an equal one among the learned if columns had nothing to do with each other."""
    chance = pl.Series([1.0]).new_from_index(0, held.height)
    for name in learned.columns:
        counts = learned.group_by(name).agg(pl.len().alias("count"))
        met = held.select(name).join(counts, on=name, how="left", nulls_equal=True, maintain_order="left")
        chance = chance * (met["count"].fill_null(0) / learned.height)
    return float((chance * learned.height).clip(0, 1).sum())


def shared_groups(sides: Sides) -> list[Finding]:
    """A declared group or unit whose rows are on both sides."""
    split = sides.data.split
    name = split.group or (split.unit if split.unit not in (None, "row", *PERIODS) else None)
    if name is None or name not in sides.train.columns:
        return []
    hits = sides.test[name].is_in(sides.train[name].drop_nulls().unique().implode()).fill_null(value=False)
    if not hits.any():
        return []
    shared = sides.test[name].filter(hits).n_unique()
    told = f"{shared:,} of the {sides.test[name].n_unique():,} values of {name!r} in the test are in the training data"
    later = split.by is not None or _separated(sides)
    if later:
        told += ": only its time is new, so the test says nothing about new ones"
    else:
        told += f', and rows of one value are alike: hold out whole ones (data.split.group = "{name}")'
    level = "remark" if later else "alarm"
    rows = int(hits.sum())
    return [Finding(name="groups", level=level, column=name, rows=rows, told=told, examples=sides.examples(hits))]


def backward_time(sides: Sides) -> list[Finding]:
    """A test that is older than the training data, or that is not newer though the data has a time."""
    if sides.data.split.by is not None:
        return []
    given = GIVEN in sides.train.columns
    found = []
    for name in _times(sides.train):
        newest, oldest = sides.train[name].max(), sides.train[name].min()
        held = sides.test[name].drop_nulls()
        if newest is None or not len(held):
            continue
        if given and held.max() <= oldest and held.min() != newest:  # type: ignore[operator]
            told = f"the test is older than the training data: {name!r} ends at {held.max()!s}, training begins at "
            told += f"{oldest!s}; predicting the past from the future looks too easy"
            hits = sides.test[name].is_not_null()
            rest: dict[str, Any] = {"rows": len(held), "examples": sides.examples(hits)}
            found.append(Finding(name="time", level="alarm", column=name, told=told, **rest))
        elif not found:
            share = float((held > newest).mean() or 0)  # type: ignore[arg-type]
            if share < 0.5:
                hint = "" if given else f'; if the model is for the future, split by time (by = "{name}")'
                told = f"{share:.0%} of the test's rows are newer than the newest training row by {name!r}{hint}"
                found.append(Finding(name="time", level="remark", column=name, rows=len(held), told=told))
    return found


def missing_later(sides: Sides, dropped: int, dropped_nulls: dict[str, float]) -> list[Finding]:
    """A feature that is there in training and will not be when the model is used."""
    found = []
    newest = _newest(sides)
    for name in sides.features:
        known = sides.train[name].null_count() / max(sides.train.height, 1)
        unknown = dropped_nulls.get(name, 0.0)
        if dropped >= FEW_DROPPED and unknown - known >= FILLED:
            told = (
                f"{name!r} is missing in {unknown:.0%} of the {dropped:,} rows without a target, and in {known:.0%} of "
            )
            told += "the others: it seems to be known only once the outcome is"
            found.append(Finding(name="missing", level="alarm", column=name, rows=round(unknown * dropped), told=told))
            continue
        absent = sides.test[name].is_null() & newest
        share = int(absent.sum()) / max(int(newest.sum()), 1)
        if share >= ABSENT and known <= PRESENT:
            which = "newest" if sides.data.split.by else "test's"
            told = f"{name!r} is missing in {share:.0%} of the {which} rows, and in {known:.0%} of the training rows: "
            told += "the model would learn from what it will not see"
            rows = int(absent.sum())
            rest: dict[str, Any] = {"rows": rows, "examples": sides.examples(absent)}
            found.append(Finding(name="missing", level="alarm", column=name, told=told, **rest))
    return found


def filled_by_outcome(sides: Sides, classes: list[Any]) -> list[Finding]:
    """A feature that has values for one class alone, and often: it is written down once the outcome is known."""
    found = []
    codes = sides.train[TARGET]
    for name in sides.features if classes else ():
        there = sides.train[name].is_not_null()
        filled = int(there.sum())
        if not FEW_FILLED <= filled < sides.train.height:
            continue
        met = codes.filter(there).unique().to_list()
        others = int((codes != met[0]).sum())
        # By chance the others would be filled as often; none of so many is no chance.
        if len(met) == 1 and others * filled / sides.train.height >= EXPECTED:
            share = filled / max(1, int((codes == met[0]).sum()))
            told = f"{name!r} is filled in {share:.0%} of the training rows of the class {classes[met[0]]!r} and in "
            told += f"none of the {others:,} others: it seems to be known only once the outcome is"
            found.append(Finding(name="missing", level="alarm", column=name, rows=filled, told=told))
    return found


def _newest(sides: Sides) -> pl.Series:
    """Which of the test's rows are the last in time; all where they have no order."""
    by = sides.data.split.by
    if by is None:
        return pl.Series([True]).new_from_index(0, sides.test.height)
    times = sides.test[by]
    newest: pl.Series = times >= times.sort()[min(int((1 - NEWEST) * len(times)), len(times) - 1)]
    return newest


def _separated(sides: Sides) -> bool:
    """Whether some time puts every test row after every training row."""
    for name in _times(sides.train):
        newest, held = sides.train[name].max(), sides.test[name].min()
        if newest is not None and held is not None and held > newest:  # type: ignore[operator]
            return True
    return False


def _times(frame: pl.DataFrame) -> list[str]:
    """Columns that say when; a number called year is one."""
    dated = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Date | pl.Datetime)]
    years = [name for name, dtype in frame.schema.items() if name.lower() == "year" and dtype.is_integer()]
    return [name for name in (*dated, *years) if name not in (TARGET, WEIGHT) and not _OURS.fullmatch(name)]
