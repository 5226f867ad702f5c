"""Free queries on the documented views, read-only.

The database is attached read-only, DuckDB is told to touch nothing outside it and locked so; and before a query runs,
the functions that it reads rows from are compared with a short list. A query that goes around one meets the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain, count
from typing import TYPE_CHECKING, Any

import duckdb
import msgspec

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

from mfbench.core.errors import MfbenchError, UsageError
from mfbench.core.text import did_you_mean
from mfbench.store.engine import ASKED_WRONG
from mfbench.store.store import Store
from mfbench.workspace.workspace import Workspace

MEMORY = "50%"  # of the machine's; nothing is written to disk instead
ROWS = 20_000  # of a result that is taken to Python at once
ABOUT = {
    "runs": "One row a run: what it is, how it went, its tags, params and last metrics as maps.",
    "params": "One row a run and param; values are text.",
    "metrics": "Every point that was logged; `trial` is null where the run itself logged it.",
    "run_metrics": "One row a run and metric: last, least, greatest and best value, how many points.",
    "trials": "One row a trial of a run's search.",
    "steps": "One row a run and step: how it ended, whether it came from the cache, how long it took.",
    "system": "What runs have taken: cpu in cores, memory in bytes, sampled; memory.peak at the end.",
    "artifacts": "Files that runs have kept, by the digest of their content.",
    "data": "The data that runs have read.",
    "gates": "What a model had to reach, and what it reached.",
    "checks": "What the data had to fulfil, and what was found.",
    "events": "Events that have no view of their own, as they were written.",
    "models": "One row a registered version.",
    "model_history": "Who did what to a model, when and why.",
    "drift_reports": "One row a drift report: how many windows alarmed, the largest effect, quality.",
    "ledger": "Every entry of every ledger in this workspace.",
}
_SETTINGS = f"""
SET TimeZone = 'UTC'; SET memory_limit = '{MEMORY}'; SET temp_directory = ''; SET enable_progress_bar = false;
SET python_enable_replacements = false; SET enable_external_access = false; SET lock_configuration = true
"""
_FUNCTIONS = {"range", "generate_series", "unnest", "repeat", "json_each", "json_tree"}  # that rows may come from
_AS_TEXT = ("INTERVAL", "UNION", "BIT", "BIGNUM", "VARIANT", "ENUM", "TIME WITH TIME ZONE", "GEOMETRY")
_NO_TABLE = re.compile(r"Catalog Error: Table with name (.+) does not exist!")
_VIEWS = "SELECT view_name FROM duckdb_views() WHERE NOT internal AND database_name = 'store'"


@contextmanager
def read_only(
    workspace: Workspace, query: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None
) -> Iterator[Result]:
    """The result of one SELECT. Times are UTC.

    It can read no file, attach nothing, set nothing and change nothing. parameters: for `?`, or by name for `$name`.
    Raises UsageError for anything else, with the nearest view or column, and MfbenchError where it needs too much
    memory.
    """
    with Store(workspace).reading(keep=False) as con:
        try:
            _refuse_others(con, query)
            con.execute(_SETTINGS)
            yield Result(con, _simple(con.sql(query, params=parameters)))
        except duckdb.CatalogException as error:
            if not (missing := _NO_TABLE.match(str(error))):
                raise _wrong(str(error)) from None
            names = [name for (name,) in con.execute(_VIEWS).fetchall()]
            hint = did_you_mean(missing[1], names, limit=30)
            raise UsageError(f"there is no view {missing[1]!r}", hint=hint) from None
        except (*ASKED_WRONG, duckdb.OutOfMemoryException) as error:
            raise _wrong(str(error)) from None


class Result:
    """The rows of one query, to be read once and before the block of `read_only` ends."""

    def __init__(self, con: duckdb.DuckDBPyConnection, relation: duckdb.DuckDBPyRelation) -> None:
        self._con = con
        self._relation = relation

    def limit(self, count: int) -> Result:
        """At most so many rows."""
        return Result(self._con, self._relation.limit(count))

    def batches(self) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        """(schema, the rows bit by bit): a result of any size passes through little memory."""
        reader = self._told(lambda: self._relation.to_arrow_reader(ROWS))
        return reader.schema, iter(lambda: self._told(lambda: next(reader, None)), None)

    def frame(self) -> pl.DataFrame:
        """All rows."""
        import polars as pl
        import pyarrow as pa

        schema, parts = self.batches()
        frame = pl.from_arrow(pa.Table.from_batches(parts, schema))
        assert isinstance(frame, pl.DataFrame)
        return frame

    def _told(self, work: Callable[[], Any]) -> Any:
        """What `work` gives. It is done by another thread: DuckDB itself looks for Ctrl-C once in some seconds."""
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(work)
            try:
                return future.result()
            except KeyboardInterrupt:
                self._con.interrupt()
                raise
            except OSError as error:  # Arrow's name for whatever goes wrong behind its stream
                raise _wrong(str(error)) from None


def schema(workspace: Workspace) -> list[dict[str, str]]:
    """Every view's columns: view, column, type, and what the view holds."""
    query = (
        "SELECT table_name AS view, column_name AS column, data_type AS type FROM duckdb_columns() "
        f"WHERE NOT internal AND database_name = 'store' AND table_name IN ({_VIEWS}) "
        "ORDER BY table_name, column_index"
    )
    return [{**row, "about": ABOUT.get(row["view"], "")} for row in Store(workspace).rows(query)]


def _refuse_others(con: duckdb.DuckDBPyConnection, query: str) -> None:
    """Raises UsageError for what is not one SELECT, or takes rows from a function that is not on the list."""
    statements = con.extract_statements(query)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise UsageError("one SELECT is expected", hint="the views are listed by: mfbench sql --schema")
    ((text,),) = con.execute("SELECT json_serialize_sql(?)", [query]).fetchall()
    try:
        tree = msgspec.json.decode(text)
    except RecursionError:
        raise UsageError("the query is nested too deeply") from None
    if tree["error"]:
        raise UsageError(f"the query cannot be checked: {tree.get('error_message', '')}")
    todo: list[Any] = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, list):
            todo += node
        elif isinstance(node, dict):
            todo += node.values()
            if node.get("type") == "TABLE_FUNCTION":
                name = str((node.get("function") or {}).get("function_name", "")).lower()
                if name not in _FUNCTIONS:
                    known = ", ".join(sorted(_FUNCTIONS))
                    raise UsageError(f"rows cannot come from {name}()", hint=f"from the views, or from: {known}")


def _simple(result: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """Times with a zone as plain UTC ones, like all others; what no other program knows as text; every name once."""
    casts, names = [_cast(str(kind)) for kind in result.types], _once(result.columns)
    if not any(casts) and names == result.columns:
        return result
    columns = [
        f"#{place}{cast} AS " + '"' + name.replace('"', '""') + '"'
        for place, (name, cast) in enumerate(zip(names, casts, strict=True), 1)
    ]
    return result.project(", ".join(columns))


def _once(names: list[str]) -> list[str]:
    """A join has columns of one name: the second becomes `name_1`. JSON would lose one, Polars refuses them."""
    taken: dict[str, None] = {}
    for name in names:
        free = (each for each in chain([name], (f"{name}_{i}" for i in count(1))) if each not in taken)
        taken[next(free)] = None
    return list(taken)


def _cast(kind: str) -> str:
    if kind == "TIMESTAMP WITH TIME ZONE":
        return "::TIMESTAMP"
    return "::VARCHAR" if kind.startswith(_AS_TEXT) else ""


def _wrong(told: str) -> MfbenchError:
    first, *more = told.splitlines()
    if first.startswith("Out of Memory"):
        hint = "aggregate or filter earlier; a result may be of any size, but what sorts or groups it has to fit"
        return MfbenchError(f"the query needs more than {MEMORY} of the memory", hint=hint)
    names = next((line for line in more if line.startswith(("Candidate", "Did you mean"))), None)
    return UsageError(f"the query fails: {first}", hint=names)
