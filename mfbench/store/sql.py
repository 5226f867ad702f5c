"""Free queries on the documented views, read-only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    import polars as pl

from mfbench.core.errors import UsageError
from mfbench.core.text import did_you_mean
from mfbench.store.engine import ASKED_WRONG
from mfbench.store.store import Store
from mfbench.workspace.workspace import Workspace


@contextmanager
def read_only(workspace: Workspace, query: str) -> Iterator[duckdb.DuckDBPyRelation]:
    """The result of one SELECT. It can read no file, attach nothing and change nothing. Times are UTC.

    Raises UsageError for anything else, with the nearest view or column.
    """
    with Store(workspace).reading(keep=False) as con:
        try:
            statements = con.extract_statements(query)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise UsageError("one SELECT is expected", hint="the views are listed by: mfbench sql --schema")
            con.execute("SET TimeZone = 'UTC'; SET enable_external_access = false; SET lock_configuration = true")
            yield _in_utc(con.sql(query))
        except duckdb.CatalogException as error:
            names = [name for (name,) in con.execute(_VIEWS).fetchall()]
            raise UsageError(_first(error), hint="the views: " + did_you_mean("", names, limit=30)) from None
        except ASKED_WRONG as error:
            raise UsageError(f"the query fails: {_first(error)}") from None


def _in_utc(result: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """Times with a zone as plain ones, like all others: taking them to Python would need pytz."""
    zoned = [str(kind) == "TIMESTAMP WITH TIME ZONE" for kind in result.types]
    if not any(zoned):
        return result
    names = [name.replace('"', '""') for name in result.columns]
    columns = [
        f'#{place}::TIMESTAMP AS "{name}"' if one else f"#{place}"
        for place, (name, one) in enumerate(zip(names, zoned, strict=True), 1)
    ]
    return result.project(", ".join(columns))


def frame_of(result: duckdb.DuckDBPyRelation) -> pl.DataFrame:
    """A relation's rows as a Polars frame, read once."""
    frame: pl.DataFrame = result.pl()
    return frame


_VIEWS = "SELECT view_name FROM duckdb_views() WHERE NOT internal AND database_name = 'store'"


def schema(workspace: Workspace) -> list[dict[str, str]]:
    """Every view's columns: view, column, type."""
    query = (
        "SELECT table_name AS view, column_name AS column, data_type AS type FROM duckdb_columns() "
        f"WHERE NOT internal AND database_name = 'store' AND table_name IN ({_VIEWS}) "
        "ORDER BY table_name, column_index"
    )
    return Store(workspace).rows(query)


def _first(error: duckdb.Error) -> str:
    return str(error).splitlines()[0]
