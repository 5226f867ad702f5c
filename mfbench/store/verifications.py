"""Past verifications of a run, from the journals of the runs that did them."""

from __future__ import annotations

from typing import Any

import duckdb

from mfbench.store.store import as_rows

_QUERY = """
SELECT e.run AS verification, make_timestamp(e.time) AS time, e.body ->> 1 AS verdict, e.body ->> 2 AS step,
    b.executor, e.body -> 4 ->> 'since' AS since
FROM t_events e JOIN run_base b USING (run)
WHERE e.kind = 'verified' AND e.body ->> 0 = ? ORDER BY e.time DESC
"""


def verifications(con: duckdb.DuckDBPyConnection, run: str) -> list[dict[str, Any]]:
    """{verification, time, verdict, step, executor, since}, the latest first; without those that came to no verdict."""
    return as_rows(con.execute(_QUERY, [run]))
