"""Runs as one wide Polars frame: a column for each param, metric and tag that any of them has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mfbench.core.errors import UsageError
from mfbench.store.engine import ASKED_WRONG
from mfbench.store.filters import COLUMNS, column_sql
from mfbench.store.runs import selection, wrong_condition
from mfbench.store.store import Store
from mfbench.workspace.workspace import Workspace

if TYPE_CHECKING:
    import polars as pl

_MAPS = ("params", "metrics", "tags")
_KEY, _VALUE, _ROW = "key", "value", "row"


def run_table(
    workspace: Workspace,
    where: str | None = None,
    sort: str | None = None,
    limit: int | None = None,
    columns: Sequence[str] | None = None,
) -> pl.DataFrame:
    """One row a run: its own columns, then `params.KEY` (text), `metrics.KEY` (Float64), `tags.KEY` (text), by name.

    columns: only these, in this order. Memory grows with runs times keys: where there are thousands of keys, name
    those that are wanted. Raises UsageError for a condition, an order or a column that cannot be.
    """
    if limit is not None and limit < 0:
        raise UsageError("a page holds 0 runs or more")
    wanted = ", ".join(_COLUMNS if columns is None else [f"{column_sql(name)} AS {_quoted(name)}" for name in columns])
    if not wanted:
        raise UsageError("a table needs a column", hint="name one, or leave `columns` out for all")
    page = "" if limit is None else f"LIMIT {int(limit)}"
    with Store(workspace).reading() as con:
        condition, order = selection(con, where, sort)
        try:
            found: pl.DataFrame = con.sql(f"SELECT {wanted} FROM run_rows {condition} ORDER BY {order} {page}").pl()
        except ASKED_WRONG as error:
            raise wrong_condition(error) from None
    return found if columns is not None else _spread(found)


# A map becomes a list of structs in Arrow, which costs twice what its keys and values cost as lists.
_COLUMNS = [*COLUMNS, *(f"map_keys({name}) AS {name}, map_values({name}) AS {name}_values" for name in _MAPS)]


def _spread(found: pl.DataFrame) -> pl.DataFrame:
    """The maps' entries as columns of their own. A pivot would take fifty times as long for thousands of keys."""
    import polars as pl

    rows = pl.int_range(pl.len(), dtype=pl.Int64).alias(_ROW)
    columns = found.select(*COLUMNS).get_columns()
    for name in _MAPS:
        entries = found.select(rows, pl.col(name).alias(_KEY), pl.col(f"{name}_values").alias(_VALUE))
        long = entries.filter(pl.col(_KEY).list.len() > 0).explode(_KEY, _VALUE)
        parts = long.partition_by(_KEY, as_dict=True, include_key=False)
        columns += [_column(parts[key], found.height).alias(f"{name}.{key[0]}") for key in sorted(parts)]
    return pl.DataFrame(columns)


def _column(part: pl.DataFrame, height: int) -> pl.Series:
    """The values of one key, each in its row; null in the others."""
    import numpy as np
    import polars as pl

    places = np.full(height, -1, dtype=np.int64)
    places[part[_ROW].to_numpy()] = np.arange(part.height)
    index = pl.Series(places)
    return part[_VALUE].gather(index.set(index < 0, None))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
