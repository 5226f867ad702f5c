"""Tables of the projection and the views that people query. Times are BIGINT microseconds, UTC, in the tables."""

from __future__ import annotations

from mfbench.core.hashing import digest_bytes
from mfbench.store.slots import COLUMNS

VERSION = 4  # a database of a later version is refused, one of an earlier migrated, one made by other text made anew

# What people said of runs, an entry of a ledger each (`value` NULL: taken away); see marks.py.
MARKS = """CREATE TABLE t_marks (ledger VARCHAR, seq BIGINT, time BIGINT, run VARCHAR, kind VARCHAR, key VARCHAR,
                      value VARCHAR);"""

TABLES = f"""
CREATE TABLE meta (key VARCHAR PRIMARY KEY, value VARCHAR);
CREATE TABLE segments (run VARCHAR, segment VARCHAR, "offset" UBIGINT, next_seq UBIGINT, tail BLOB,
                       PRIMARY KEY (run, segment));
CREATE TABLE ledgers (ledger VARCHAR PRIMARY KEY, seen UBIGINT, "offset" UBIGINT, head VARCHAR);
CREATE TABLE deleted_runs (run VARCHAR PRIMARY KEY);
CREATE TABLE damages (run VARCHAR, segment VARCHAR, "offset" UBIGINT, reason VARCHAR);
CREATE TABLE run_base (run VARCHAR PRIMARY KEY, name VARCHAR, recipe VARCHAR, status VARCHAR, executor VARCHAR,
                       started BIGINT, ended BIGINT, host VARCHAR, about VARCHAR, error VARCHAR, model VARCHAR,
                       model_version INTEGER, whole BOOLEAN);
CREATE TABLE run_rows (run VARCHAR, name VARCHAR, recipe VARCHAR, status VARCHAR, executor VARCHAR,
                       started TIMESTAMP, ended TIMESTAMP, host VARCHAR, tags MAP(VARCHAR, VARCHAR),
                       params MAP(VARCHAR, VARCHAR), metrics MAP(VARCHAR, DOUBLE), error VARCHAR, model VARCHAR,
                       model_version INTEGER, page VARCHAR, {COLUMNS}, note VARCHAR, pinned BOOLEAN DEFAULT false);
CREATE TABLE foreign_runs (run VARCHAR);
{MARKS}
CREATE TABLE slots (slot VARCHAR PRIMARY KEY, key VARCHAR);
CREATE TABLE t_params (run VARCHAR, key VARCHAR, value VARCHAR, time BIGINT, seq BIGINT);
CREATE TABLE t_tags (run VARCHAR, key VARCHAR, value VARCHAR, time BIGINT, seq BIGINT);
CREATE TABLE t_metrics (run VARCHAR, trial BIGINT, key VARCHAR, step BIGINT, time BIGINT, value DOUBLE);
CREATE TABLE t_run_metrics (run VARCHAR, key VARCHAR, last DOUBLE, place STRUCT(step BIGINT, time BIGINT, seq BIGINT),
                            min DOUBLE, max DOUBLE, n BIGINT, greater BOOLEAN);
CREATE TABLE t_steps (run VARCHAR, step VARCHAR, key VARCHAR, status VARCHAR, cached BOOLEAN, seconds DOUBLE,
                      time BIGINT, outputs VARCHAR, error VARCHAR);
CREATE TABLE t_artifacts (run VARCHAR, path VARCHAR, digest VARCHAR, bytes BIGINT, type VARCHAR, time BIGINT);
CREATE TABLE t_data (run VARCHAR, name VARCHAR, digest VARCHAR, rows BIGINT, schema VARCHAR);
CREATE TABLE t_gates (run VARCHAR, kind VARCHAR, name VARCHAR, passed BOOLEAN, observed VARCHAR, bound VARCHAR,
                      against VARCHAR, note VARCHAR, verdict VARCHAR, difference VARCHAR, low VARCHAR, high VARCHAR,
                      time BIGINT);
CREATE TABLE t_events (run VARCHAR, segment VARCHAR, seq BIGINT, time BIGINT, kind VARCHAR, body VARCHAR);
CREATE TABLE t_ledger (ledger VARCHAR, seq BIGINT, time BIGINT, kind VARCHAR, actor VARCHAR, reason VARCHAR,
                       previous VARCHAR, body VARCHAR);
"""

# Every table that holds rows of a run.
OF_A_RUN = ("segments", "damages", "run_base", "run_rows", "t_params", "t_tags", "t_metrics", "t_run_metrics",
            "t_steps", "t_artifacts", "t_data", "t_gates", "t_events", "foreign_runs")  # fmt: skip

# Of what a run has told several times (it was resumed, its gates were judged again), the last word counts.
VIEWS = """
CREATE VIEW runs AS SELECT run, name, recipe, status, executor, started, ended, host, tags, params, metrics,
    error, model, model_version, note, pinned FROM run_rows;
CREATE VIEW params AS SELECT run, entry.key AS key, entry.value AS value
    FROM (SELECT run, unnest(map_entries(params)) AS entry FROM run_rows);
CREATE VIEW metrics AS SELECT run, trial, key, step, make_timestamp(time) AS time, value FROM t_metrics;
CREATE VIEW run_metrics AS SELECT run, key, last, min, max,
    CASE WHEN greater THEN max ELSE min END AS best, n FROM t_run_metrics;
CREATE VIEW steps AS SELECT run, step, key, status, cached, seconds, make_timestamp(time) AS ended, outputs, error
    FROM t_steps QUALIFY time = max(time) OVER (PARTITION BY run, step);
CREATE VIEW trials AS
    SELECT run, (body ->> 0)::BIGINT AS trial,
        any_value(body ->> 1) FILTER (kind = 'trial.ended') AS state,
        any_value(body -> 1) FILTER (kind = 'trial.started') AS params,
        any_value(body -> 2) FILTER (kind = 'trial.ended') AS values,
        any_value(body ->> 3) FILTER (kind = 'trial.ended') AS error,
        any_value(body -> 5) FILTER (kind = 'trial.ended') AS scores,
        any_value(body ->> 6) FILTER (kind = 'trial.ended')::DOUBLE AS seconds,
        make_timestamp(min(time) FILTER (kind = 'trial.started')) AS started,
        make_timestamp(max(time) FILTER (kind = 'trial.ended')) AS ended
    FROM t_events WHERE kind IN ('trial.started', 'trial.ended') GROUP BY ALL;
CREATE VIEW system AS SELECT run, body ->> 0 AS key, make_timestamp(time) AS time,
    try_cast(body ->> 1 AS DOUBLE) AS value FROM t_events WHERE kind = 'sys';
CREATE VIEW artifacts AS SELECT run, path, digest, bytes, type FROM t_artifacts
    QUALIFY row_number() OVER (PARTITION BY run, path ORDER BY time DESC) = 1;
CREATE VIEW data AS SELECT DISTINCT run, name, digest, rows, schema FROM t_data;
CREATE VIEW gates AS SELECT run, name, passed, try_cast(observed AS DOUBLE) AS observed,
    try_cast(bound AS DOUBLE) AS bound, against, note,
    coalesce(verdict, CASE WHEN passed THEN 'passed' ELSE 'refused' END) AS verdict,
    try_cast(difference AS DOUBLE) AS difference, try_cast(low AS DOUBLE) AS low, try_cast(high AS DOUBLE) AS high
    FROM t_gates WHERE kind = 'gate' QUALIFY time = max(time) OVER (PARTITION BY run, name);
CREATE VIEW checks AS SELECT run, name, passed, observed, bound
    FROM t_gates WHERE kind = 'check' QUALIFY time = max(time) OVER (PARTITION BY run, name);
CREATE VIEW events AS SELECT run, segment, seq, make_timestamp(time) AS time, kind, body FROM t_events;
CREATE VIEW ledger AS SELECT ledger, seq, make_timestamp(time) AS time, kind, actor, reason, body FROM t_ledger;
CREATE VIEW models AS
    SELECT body ->> 'model' AS name, (body ->> 'version')::INTEGER AS version, body ->> 'digest' AS digest,
        body ->> 'run' AS run, make_timestamp(time) AS registered, actor, reason
    FROM t_ledger WHERE kind = 'model.version' AND ledger = (SELECT value FROM meta WHERE key = 'workspace');
CREATE VIEW model_history AS
    SELECT body ->> 'model' AS name, make_timestamp(time) AS time, kind, (body ->> 'version')::INTEGER AS version,
        body ->> 'alias' AS alias, actor, reason
    FROM t_ledger WHERE kind LIKE 'model.%' AND ledger = (SELECT value FROM meta WHERE key = 'workspace');
CREATE VIEW drift_reports AS
    SELECT body ->> 'id' AS id, body ->> 'model' AS model, models.version, body ->> 'digest' AS digest,
        make_timestamp(time) AS time, t_ledger.actor, body ->> 'source' AS source, body ->> 'data' AS data,
        try_cast(body ->> 'rows' AS BIGINT) AS rows, try_cast(body ->> 'windows' AS BIGINT) AS windows,
        try_cast(body ->> 'alarms' AS BIGINT) AS alarms, try_cast(body ->> 'significant' AS BIGINT) AS significant,
        try_cast(body ->> 'effect' AS DOUBLE) AS effect, body ->> 'column' AS "column", body ->> 'matters' AS matters,
        body ->> 'metric' AS metric, try_cast(body ->> 'value' AS DOUBLE) AS value
    FROM t_ledger LEFT JOIN models ON models.name = body ->> 'model' AND models.digest = body ->> 'digest'
    WHERE kind = 'drift.report' QUALIFY row_number() OVER (PARTITION BY body ->> 'id'
        ORDER BY ledger <> (SELECT value FROM meta WHERE key = 'workspace'), ledger, seq) = 1;
"""

SCHEMA = f"{VERSION} {digest_bytes((TABLES + VIEWS).encode())[:16]}"

# The points that are being folded are in the temporary table `fresh`. Its columns are written out: what DuckDB 2.0.0
# makes by CREATE TABLE AS without rows reads as empty once 122,880 rows are appended to it.
POINTS = """
CREATE TEMP TABLE fresh (run VARCHAR, trial BIGINT, key VARCHAR, step BIGINT, time BIGINT, value DOUBLE, seq BIGINT,
                         greater BOOLEAN)
"""
TOUCHED = "CREATE TEMP TABLE touched (run VARCHAR)"

# New points, added to what is known of each run and key. The last is the one of the greatest step, of several the
# latest; NaN is neither least nor greatest. {runs}: the touched runs, as what follows IN.
MERGE = """
INSERT INTO t_metrics SELECT * EXCLUDE (seq, greater) FROM fresh;
CREATE TEMP TABLE summary AS
SELECT run, key, arg_max(last, place), max(place), min(min), max(max), sum(n)::BIGINT, any_value(greater)
FROM (SELECT * FROM t_run_metrics WHERE run IN {runs}
      UNION ALL
      SELECT run, key, value, {{'step': step, 'time': time, 'seq': seq}}, nullif(value, 'nan'), nullif(value, 'nan'),
             1, greater FROM fresh WHERE trial IS NULL)
GROUP BY run, key;
DELETE FROM t_run_metrics WHERE run IN {runs};
INSERT INTO t_run_metrics SELECT * FROM summary;
DROP TABLE summary
"""

# The wide rows of the touched runs, made anew from what stands in the narrow tables. `page` is what a list
# shows of the maps, as JSON, which is read ten times as fast; JSON has no NaN, so its metrics are texts. {slots}: what
# stands in the slots; its parameters are their keys. Of what people said, this workspace's own ledger comes before
# those that came with a merge, and these count for runs that came from elsewhere alone.
REFRESH = """
INSERT INTO run_rows
WITH marks AS (
    SELECT run, kind, key, arg_max_null(value, (own, CASE WHEN own THEN 0 ELSE time END, ledger, seq)) AS value
    FROM (SELECT *, ledger = (SELECT value FROM meta WHERE key = 'workspace') AS own FROM t_marks WHERE run IN {runs})
    WHERE own OR run IN (SELECT run FROM foreign_runs) GROUP BY run, kind, key)
SELECT b.run, b.name, b.recipe, b.status, b.executor, make_timestamp(b.started), make_timestamp(b.ended), b.host,
    coalesce(t.entries, MAP()), coalesce(p.entries, MAP()), coalesce(m.entries, MAP()), b.error, b.model,
    b.model_version, to_json({{'tags': coalesce(t.entries, MAP()), 'params': coalesce(p.entries, MAP()),
                              'metrics': coalesce(m.texts, MAP())}}), {slots}, a.note, coalesce(a.pinned, false)
FROM run_base b
LEFT JOIN (SELECT run, map_from_entries(list((key, value) ORDER BY key)) AS entries
           FROM (SELECT run, key, arg_max_null(value, (time, seq)) AS value FROM t_params
                 WHERE run IN {runs} GROUP BY run, key) GROUP BY run) p USING (run)
LEFT JOIN (SELECT run, map_from_entries(list((key, value) ORDER BY key)) AS entries
           FROM (SELECT run, key, arg_max_null(value, (said, time, seq)) AS value, max(said) AS said
                 FROM (SELECT run, key, value, time, seq, 0 AS said FROM t_tags WHERE run IN {runs}
                       UNION ALL SELECT run, key, value, 0, 0, 1 FROM marks WHERE kind = 'tag') GROUP BY run, key)
           WHERE said = 0 OR value IS NOT NULL GROUP BY run) t USING (run)
LEFT JOIN (SELECT run, any_value(value) FILTER (kind = 'note') AS note,
                  coalesce(bool_or(value IS NOT NULL) FILTER (kind = 'pinned'), false) AS pinned
           FROM marks GROUP BY run) a USING (run)
LEFT JOIN (SELECT run, map_from_entries(list((key, last) ORDER BY key)) AS entries,
                  map_from_entries(list((key, last::VARCHAR) ORDER BY key)) AS texts FROM t_run_metrics
           WHERE run IN {runs} GROUP BY run) m USING (run)
WHERE b.run IN {runs}
"""
