"""Whether the database is whole, and what it knows: for whoever compares it with the journals."""

from __future__ import annotations

import re
import warnings
from collections import defaultdict
from dataclasses import dataclass, field

import duckdb

from mfbench.core.errors import DamageError, StaleWarning
from mfbench.store.ledgers import replaced_ledgers
from mfbench.store.schema import TABLES, VIEWS
from mfbench.store.store import Store
from mfbench.workspace.workspace import Workspace

_NAMES = re.compile(r"CREATE (?:TABLE|VIEW) (\w+)")
_COUNTED = ("t_params", "t_metrics", "t_artifacts", "t_events")  # every event but a header is one row in one of them
_SUMMARIES = """
SELECT (SELECT count(*) FROM run_base) = (SELECT count(*) FROM run_rows JOIN run_base USING (run))
   AND (SELECT count(*) FROM run_rows) = (SELECT count(*) FROM run_base)
   AND (SELECT coalesce(sum(n), 0) FROM t_run_metrics) = (SELECT count(*) FROM t_metrics WHERE trial IS NULL)
"""


@dataclass
class Known:
    """What the database says. `ended`: for each run whether it is over; `places`: how far each segment was read, and
    the end of the last line there; `rows`: of each run the events that have a row; `damaged`: (run, segment, offset);
    `odd`: (run, segment, what cannot be understood)."""

    ended: dict[str, bool] = field(default_factory=dict)
    places: dict[str, dict[str, tuple[int, bytes]]] = field(default_factory=lambda: defaultdict(dict))
    rows: dict[str, int] = field(default_factory=dict)
    damaged: set[tuple[str, str, int]] = field(default_factory=set)
    odd: list[tuple[str, str, str]] = field(default_factory=list)
    ledgers: dict[str, int] = field(default_factory=dict)  # that were replaced: bytes that they had
    summed: bool = True  # whether its own summaries fit its rows


def verify(workspace: Workspace) -> Known:
    """Brings the database up to date and reads all of it: DuckDB checks a block's checksum only when it is read.

    Blocks of an index are read only by whoever writes to what they index: damage there is told by that fold, and makes
    no answer wrong.

    Raises DamageError where it is not whole, UsageError where a newer program made it, StoreBusyError, DiskError.
    """
    store = Store(workspace)
    store.update()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StaleWarning)  # what is newer than this look is not looked at
        with store.reading() as con:
            try:
                for name in _NAMES.findall(TABLES + VIEWS):
                    con.execute(f"SELECT * FROM {name} LIMIT 0")
                for name in _NAMES.findall(TABLES):
                    con.execute(f"SELECT bit_xor(hash({name})) FROM {name}").fetchall()
                return _known(con)
            except duckdb.Error as error:
                told = str(error).splitlines()[0]
                raise DamageError(f"the database cannot be used: {told}", where=str(store.path)) from error


def _known(con: duckdb.DuckDBPyConnection) -> Known:
    found = Known()
    found.ended = dict(con.execute("SELECT run, ended IS NOT NULL FROM run_base").fetchall())
    for run, segment, at, tail in con.execute('SELECT run, segment, "offset", tail FROM segments').fetchall():
        found.places[run][segment] = (at, tail or b"")
    union = " UNION ALL ".join(f"SELECT run, count(*) AS n FROM {name} GROUP BY run" for name in _COUNTED)
    found.rows = dict(con.execute(f"SELECT run, sum(n)::BIGINT FROM ({union}) GROUP BY run").fetchall())
    for run, segment, at, reason in con.execute("SELECT * FROM damages ORDER BY ALL").fetchall():
        if at is None:
            found.odd.append((run, segment, reason))
        else:
            found.damaged.add((run, segment, at))
    found.ledgers = replaced_ledgers(con)
    ((found.summed,),) = con.execute(_SUMMARIES).fetchall()
    return found
