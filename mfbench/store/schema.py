"""Tables of the projection and the views that people query. Times are BIGINT microseconds, UTC, in the tables."""

from __future__ import annotations

VERSION = 1

TABLES = """
CREATE TABLE meta (key VARCHAR PRIMARY KEY, value VARCHAR);
CREATE TABLE segments (run VARCHAR, segment VARCHAR, "offset" UBIGINT, next_seq UBIGINT, head VARCHAR,
                       PRIMARY KEY (run, segment));
CREATE TABLE damages (run VARCHAR, segment VARCHAR, "offset" UBIGINT, reason VARCHAR, missing VARCHAR);
CREATE TABLE run_base (run VARCHAR PRIMARY KEY, name VARCHAR, recipe VARCHAR, status VARCHAR, executor VARCHAR,
                       started BIGINT, ended BIGINT, host VARCHAR, about VARCHAR, error VARCHAR, model VARCHAR,
                       model_version INTEGER);
CREATE TABLE run_rows (run VARCHAR, name VARCHAR, recipe VARCHAR, status VARCHAR, executor VARCHAR,
                       started TIMESTAMP, ended TIMESTAMP, host VARCHAR, tags MAP(VARCHAR, VARCHAR),
                       params MAP(VARCHAR, VARCHAR), metrics MAP(VARCHAR, DOUBLE), error VARCHAR, model VARCHAR,
                       model_version INTEGER);
CREATE TABLE t_params (run VARCHAR, key VARCHAR, value VARCHAR, time BIGINT);
CREATE TABLE t_tags (run VARCHAR, key VARCHAR, value VARCHAR, time BIGINT);
CREATE TABLE t_metrics (run VARCHAR, trial INTEGER, key VARCHAR, step BIGINT, time BIGINT, value DOUBLE);
CREATE TABLE t_run_metrics (run VARCHAR, key VARCHAR, last DOUBLE, last_step BIGINT, min DOUBLE, max DOUBLE,
                            n BIGINT, greater BOOLEAN, PRIMARY KEY (run, key));
CREATE TABLE t_steps (run VARCHAR, step VARCHAR, key VARCHAR, status VARCHAR, cached BOOLEAN, seconds DOUBLE,
                      time BIGINT, outputs VARCHAR, error VARCHAR);
CREATE TABLE t_artifacts (run VARCHAR, path VARCHAR, digest VARCHAR, bytes BIGINT, type VARCHAR, time BIGINT);
CREATE TABLE t_data (run VARCHAR, name VARCHAR, digest VARCHAR, rows BIGINT, schema VARCHAR);
CREATE TABLE t_gates (run VARCHAR, kind VARCHAR, name VARCHAR, passed BOOLEAN, observed VARCHAR, bound VARCHAR,
                      against VARCHAR, note VARCHAR, time BIGINT);
CREATE TABLE t_events (run VARCHAR, segment VARCHAR, seq BIGINT, time BIGINT, kind VARCHAR, body VARCHAR);
CREATE TABLE t_ledger (ledger VARCHAR, seq BIGINT, time BIGINT, kind VARCHAR, actor VARCHAR, reason VARCHAR,
                       previous VARCHAR, body VARCHAR);
"""

VIEWS = """
CREATE VIEW runs AS SELECT run, name, recipe, status, executor, started, ended, host, tags, params, metrics,
    error, model, model_version FROM run_rows;
CREATE VIEW params AS SELECT run, key, value FROM t_params;
CREATE VIEW metrics AS SELECT run, trial, key, step, make_timestamp(time) AS time, value FROM t_metrics;
CREATE VIEW run_metrics AS SELECT run, key, last, min, max, CASE WHEN greater THEN max ELSE min END AS best, n
    FROM t_run_metrics;
CREATE VIEW steps AS SELECT run, step, key, status, cached, seconds, make_timestamp(time) AS ended, outputs, error
    FROM t_steps;
CREATE VIEW artifacts AS SELECT run, path, digest, bytes, type FROM t_artifacts;
CREATE VIEW data AS SELECT run, name, digest, rows, schema FROM t_data;
CREATE VIEW gates AS SELECT run, name, passed, try_cast(observed AS DOUBLE) AS observed,
    try_cast(bound AS DOUBLE) AS bound, against, note FROM t_gates WHERE kind = 'gate';
CREATE VIEW checks AS SELECT run, name, passed, observed, bound FROM t_gates WHERE kind = 'check';
CREATE VIEW events AS SELECT run, segment, seq, make_timestamp(time) AS time, kind, body FROM t_events;
CREATE VIEW ledger AS SELECT ledger, seq, make_timestamp(time) AS time, kind, actor, reason, body FROM t_ledger;
CREATE VIEW models AS
    SELECT body ->> 'model' AS name, (body ->> 'version')::INTEGER AS version, body ->> 'digest' AS digest,
        body ->> 'run' AS run, make_timestamp(time) AS registered, actor, reason
    FROM t_ledger WHERE kind = 'model.version';
CREATE VIEW model_history AS
    SELECT body ->> 'model' AS name, make_timestamp(time) AS time, kind, (body ->> 'version')::INTEGER AS version,
        body ->> 'alias' AS alias, actor, reason
    FROM t_ledger WHERE kind LIKE 'model.%';
"""

# The wide rows of the runs in the temporary table `touched`, made anew from what stands in the narrow tables.
REFRESH = """
DELETE FROM run_rows WHERE run IN (SELECT run FROM touched);
INSERT INTO run_rows
SELECT b.run, b.name, b.recipe, b.status, b.executor, make_timestamp(b.started), make_timestamp(b.ended), b.host,
    coalesce(t.entries, MAP()), coalesce(p.entries, MAP()), coalesce(m.entries, MAP()), b.error, b.model,
    b.model_version
FROM run_base b
LEFT JOIN (SELECT run, map_from_entries(list((key, value) ORDER BY key)) AS entries
           FROM (SELECT run, key, arg_max(value, time) AS value FROM t_params
                 WHERE run IN (SELECT run FROM touched) GROUP BY run, key) GROUP BY run) p USING (run)
LEFT JOIN (SELECT run, map_from_entries(list((key, value) ORDER BY key)) AS entries
           FROM (SELECT run, key, arg_max(value, time) AS value FROM t_tags
                 WHERE run IN (SELECT run FROM touched) GROUP BY run, key) GROUP BY run) t USING (run)
LEFT JOIN (SELECT run, map_from_entries(list((key, last) ORDER BY key)) AS entries FROM t_run_metrics
           WHERE run IN (SELECT run FROM touched) GROUP BY run) m USING (run)
WHERE b.run IN (SELECT run FROM touched)
"""

# New metric points, in the temporary table `fresh`, added to what is known of each run and key.
MERGE = """
INSERT INTO t_run_metrics
SELECT run, key, arg_max(value, (step, time)), max(step), min(value), max(value), count(*), any_value(greater)
FROM fresh WHERE trial IS NULL GROUP BY run, key
ON CONFLICT (run, key) DO UPDATE SET
    last = CASE WHEN excluded.last_step >= last_step THEN excluded.last ELSE last END,
    last_step = greatest(last_step, excluded.last_step),
    min = least(min, excluded.min), max = greatest(max, excluded.max), n = n + excluded.n
"""
