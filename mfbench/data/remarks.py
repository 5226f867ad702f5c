"""What a person would want to know of a table before trusting figures about it."""

from __future__ import annotations

import polars as pl

from mfbench.core.text import plural
from mfbench.data.complaints import as_toml
from mfbench.data.leakage import Finding, Sides
from mfbench.data.target import TARGET

FEW_ROWS, FEW_OF_CLASS = 50, 30
DAYS_OF_A_MONTH = 12
SOME_DAYS = 5


def small_test(sides: Sides, classes: list[object]) -> list[Finding]:
    """A test too small to say much."""
    height = sides.test.height
    if height < FEW_ROWS:
        told = f"the test has {plural(height, 'row')}: its figures are rough"
        return [Finding(name="size", level="remark", rows=height, told=told)]
    counts = dict(sides.test[TARGET].value_counts().iter_rows()) if classes else {}
    rare = [(counts.get(code, 0), label) for code, label in enumerate(classes) if counts.get(code, 0) < FEW_OF_CLASS]
    if not rare:
        return []
    count, label = min(rare, key=lambda item: item[0])
    told = f"the test has {plural(count, 'row')} of the class {as_toml(label)}: figures about it are rough"
    return [Finding(name="size", level="remark", rows=count, told=told)]


def running_numbers(sides: Sides, frame: pl.DataFrame) -> list[Finding]:
    """Whole numbers that are all different and only grow: ids, which a model learns by heart."""
    found = []
    for name in sides.features:
        values = frame[name]
        if not values.dtype.is_integer() or values.null_count() or len(values) < FEW_ROWS:
            continue
        if values[0] != values[1] and bool((values.diff().drop_nulls() > 0).all()):
            told = f'{name!r} is different in every row and only grows, like an id: data.key = "{name}" makes it one, '
            told += f'exclude = ["{name}"] leaves it out'
            found.append(Finding(name="ids", level="remark", column=name, rows=len(values), told=told))
    return found


def unproven_dates(frame: pl.DataFrame) -> list[Finding]:
    """Dates of which none is after the twelfth: 03/04/2024 may have been read the wrong way round."""
    found = []
    for name, dtype in frame.schema.items():
        if isinstance(dtype, pl.Date | pl.Datetime) and not name.startswith("__"):
            days = frame[name].dt.day()
            if days.n_unique() >= SOME_DAYS and int(days.max() or 0) <= DAYS_OF_A_MONTH:  # type: ignore[arg-type]
                told = (
                    f"no day of {name!r} is after the 12th of its month: were day and month read the wrong way round?"
                )
                found.append(Finding(name="dates", level="remark", column=name, rows=len(days), told=told))
    return found
