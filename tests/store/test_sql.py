"""Free queries: read-only, on the documented views, touching nothing else."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from mfbench.core.errors import MfbenchError, UsageError
from mfbench.store.runs import list_runs
from mfbench.store.sql import ABOUT, MEMORY, read_only, schema
from mfbench.tracking.run import start_run
from mfbench.workspace.workspace import Workspace


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    for number in range(3):
        with start_run(f"n{number}", workspace=workspace.root) as run:
            run.log_metric("loss", number)
    return workspace


def _query(workspace: Workspace, query: str) -> list[tuple[object, ...]]:
    with read_only(workspace, query) as result:
        return result.frame().rows()


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT count(*) FROM runs", [(3,)]),
        ("select name from runs where metrics['loss'] > 0.5 order by name;", [("n1",), ("n2",)]),
        ("WITH best AS (SELECT max(last) AS v FROM run_metrics) SELECT v FROM best", [(2.0,)]),
        ("FROM runs SELECT name ORDER BY name LIMIT 1", [("n0",)]),
        ("VALUES (1), (2)", [(1,), (2,)]),
        ("SELECT key, n FROM run_metrics JOIN runs USING (run) WHERE name = 'n1'", [("loss", 1)]),
        ("SELECT 'ünï; -- no comment'", [("ünï; -- no comment",)]),
        ("SELECT 'read_csv(''x'')' -- FROM read_csv('x')", [("read_csv('x')",)]),
        ("SELECT count(*) FROM range(5), unnest([1, 2])", [(10,)]),
        ("SELECT j.value FROM runs, json_each('[7]') j LIMIT 1", [("7",)]),
        ("SELECT count(*) FROM run_base", [(3,)]),  # not promised, and harmless
        ("SELECT count(*) FROM (DESCRIBE runs)", [(16,)]),
        ("SELECT map_keys(metrics), [run_metrics.n] FROM runs JOIN run_metrics USING (run) LIMIT 1", [(["loss"], [1])]),
        ("SELECT interval 1 day, 'ab'::blob, 'x'::enum('x'), null", [("1 day", b"ab", "x", None)]),
    ],
)
def test_a_select_is_answered(filled: Workspace, query: str, rows: list[object]) -> None:
    assert _query(filled, query) == rows


def test_a_frame_has_the_columns(filled: Workspace) -> None:
    with read_only(filled, "SELECT name, started FROM runs ORDER BY name") as result:
        frame = result.frame()
    assert frame["name"].to_list() == ["n0", "n1", "n2"]
    assert isinstance(frame["started"][0], datetime)


def test_times_are_utc(filled: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    query = "SELECT abs(epoch(now()::TIMESTAMP) - epoch(started)) < 600 FROM runs"
    assert _query(filled, query) == [(True,)] * 3


def test_times_with_a_zone_become_utc(filled: Workspace) -> None:
    query = 'SELECT 1 AS a, \'2026-01-01 10:00:00+03\'::TIMESTAMPTZ AS "o""dd", 2 AS b'
    with read_only(filled, query) as result:
        frame = result.frame()
    assert frame.columns == ["a", 'o"dd', "b"]
    assert frame.rows() == [(1, datetime(2026, 1, 1, 7), 2)]


@pytest.mark.parametrize(
    "query",
    [
        "INSERT INTO meta VALUES ('a', 'b')",
        "UPDATE run_base SET name = 'x'",
        "DELETE FROM run_rows",
        "DROP VIEW runs",
        "CREATE TABLE t AS SELECT 1",
        "CREATE TEMP TABLE t AS SELECT 1",
        "ATTACH '{folder}/other.duckdb'",
        "DETACH store",
        "USE memory",
        "COPY (SELECT 1) TO '{folder}/out.csv'",
        "COPY run_rows FROM '{folder}/secret.csv'",
        "EXPORT DATABASE '{folder}/out'",
        "PRAGMA database_list",
        "PRAGMA enable_external_access",
        "SET enable_external_access = true",
        "RESET enable_external_access",
        "SET threads = 1",
        "INSTALL httpfs",
        "LOAD json",
        "CALL pragma_version()",
        "CHECKPOINT",
        "VACUUM",
        "BEGIN",
        "PREPARE p AS SELECT 1",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP VIEW runs",
        "SET enable_external_access = true; SELECT * FROM read_text('{folder}/secret.csv')",
        "SELECT * FROM read_csv('{folder}/secret.csv')",
        "SELECT * FROM read_text('{folder}/secret.csv')",
        "SELECT * FROM read_blob('{folder}/secret.csv')",
        "SELECT * FROM read_parquet('{folder}/x.parquet')",
        "SELECT * FROM read_json('{folder}/secret.csv')",
        "SELECT * FROM '{folder}/secret.csv'",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM query('SELECT * FROM read_text(''{folder}/secret.csv'')')",
        "SELECT * FROM query_table('{folder}/secret.csv')",
        "SELECT * FROM sniff_csv('{folder}/secret.csv')",
        "SELECT * FROM duckdb_secrets()",
        "SELECT * FROM workspace",  # a Python variable of ours
        "SELECT getenv('HOME')",
        "SELECT * FROM read_duckdb('{folder}/other.duckdb', table_name := 'secret')",
        "SELECT * FROM '{folder}/other.duckdb'",
        "SELECT * FROM parquet_scan('{folder}/x.parquet')",
        "SELECT * FROM parquet_metadata('{folder}/x.parquet')",
        "SELECT * FROM read_csv_auto('{folder}/secret.csv')",
        "SELECT * FROM read_ndjson_objects('{folder}/secret.csv')",
        "SELECT * FROM 'https://example.org/a.csv'",
        "SELECT * FROM read_csv('/proc/self/environ')",
        "SELECT (SELECT content FROM read_text('{folder}/secret.csv'))",
        "SELECT name FROM runs WHERE name IN (SELECT content FROM read_text('{folder}/secret.csv'))",
        "WITH a AS MATERIALIZED (SELECT * FROM READ_TEXT('{folder}/secret.csv')) SELECT * FROM a, runs",
        "FROM runs, LATERAL (SELECT * FROM main.read_text('{folder}/secret.csv'))",
        "FROM system.main.read_text('{folder}/secret.csv')",
        "FROM (PIVOT (FROM glob('{folder}/*')) ON file IN ('a') USING count(*))",
        "FROM (SUMMARIZE (FROM glob('{folder}/*')))",
        "SELECT 1 UNION ALL SELECT count(*) FROM glob('{folder}/*')",
        "SELECT 1 ORDER BY (SELECT count(*) FROM glob('{folder}/*'))",
        "SELECT 1 LIMIT (SELECT count(*) FROM glob('{folder}/*'))",
        "SELECT list_transform([1], lambda x: (SELECT count(*) FROM glob('{folder}/*')))",
        "FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
        "FROM query('SELECT 1')",
        "FROM query_table('runs')",
        "FROM arrow_scan(1, 2, 3)",
        "FROM python_arrow_scan(1, 2, 3)",
        "FROM pandas_scan(1)",
        "FROM python_map_function(1)",
        "FROM seq_scan()",
        "FROM checkpoint()",
        "FROM force_checkpoint()",
        "FROM enable_logging(storage := 'file', storage_config := {'path': '{folder}/log'})",
        "FROM enable_profiling()",
        "FROM truncate_duckdb_logs()",
        "FROM which_secret('s3://a', 's3')",
        "FROM pragma_storage_info('runs')",
        "FROM create_external_resource('x')",
        "FROM postgres_scan('a', 'b', 'c')",
        "WITH gone AS (DELETE FROM meta RETURNING *) SELECT * FROM gone",
        "WITH new AS (INSERT INTO meta VALUES ('a', 'b') RETURNING *) SELECT * FROM new",
        "SELECT * INTO copied FROM runs",
        "PIVOT runs ON status USING count(*)",
        "EXPLAIN ANALYZE SELECT 1",
        "EXECUTE p",
        "IMPORT DATABASE '{folder}'",
        "COPY FROM DATABASE store TO memory",
        "CREATE MACRO f() AS TABLE SELECT * FROM read_text('{folder}/secret.csv')",
        "CREATE SECRET s (TYPE s3)",
        "SET VARIABLE a = 1",
        "COMMENT ON VIEW runs IS 'x'",
        "ALTER TABLE runs RENAME TO x",
        "SELECT nextval('s')",
        "SELECT " + "[" * 600 + "1" + "]" * 600,
        "SELECT " + "(" * 3000 + "1" + ")" * 3000,
        "SELECT * FROM runs; --\nSELECT 2",
        "/* SELECT 1 */ DROP VIEW runs",
        "SELECT 1 WHERE 1 = $missing",
        "SELEC 1",
        "SELECT * FROM rums",
        "SELECT nam FROM runs",
        "SELECT no_such_function(1)",
        "SELECT 'x'::INTEGER",
        "SELECT 1 +",
        "",
        "   ",
        "-- nothing",
        "\0",
    ],
)
def test_anything_else_is_refused(filled: Workspace, tmp_path: Path, query: str) -> None:
    (tmp_path / "secret.csv").write_text("a,b\n1,2\n")
    other = duckdb.connect(tmp_path / "other.duckdb")
    other.execute("CREATE TABLE secret AS SELECT 42 AS a")
    other.close()
    list_runs(filled)
    before = sorted(os.listdir(tmp_path)), filled.database.read_bytes()
    with pytest.raises(UsageError) as caught:
        _query(filled, query.replace("{folder}", str(tmp_path)))
    assert caught.value.exit_code == 2
    assert (sorted(os.listdir(tmp_path)), filled.database.read_bytes()) == before
    assert list_runs(filled)[1] == 3


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        ("SELECT name FROM runs WHERE name = ? AND metrics['loss'] = ?", ["n1", 1]),
        ("SELECT name FROM runs WHERE name = $name", {"name": "n1"}),
        ("SELECT name FROM runs WHERE name IN (SELECT unnest(?)) AND name > ?", [["n0", "n1"], "n0"]),
    ],
)
def test_parameters_stand_for_values(filled: Workspace, query: str, parameters: Any) -> None:
    with read_only(filled, query, parameters) as result:
        assert result.frame().rows() == [("n1",)]


def test_parameters_are_never_sql(filled: Workspace) -> None:
    with read_only(filled, "SELECT count(*) FROM runs WHERE name = ?", ["' OR true --"]) as result:
        assert result.frame().item() == 0


@pytest.mark.parametrize("parameters", [[], ["a", "b"], {"other": 1}])
def test_parameters_that_do_not_fit_are_told(filled: Workspace, parameters: Any) -> None:
    with pytest.raises(UsageError), read_only(filled, "SELECT name FROM runs WHERE name = ?", parameters) as result:
        result.frame()


def test_rows_come_bit_by_bit(filled: Workspace) -> None:
    with read_only(filled, "SELECT range AS i, 'text' AS t FROM range(100000)") as result:
        columns, parts = result.batches()
        sizes = [part.num_rows for part in parts]
    assert columns.names == ["i", "t"]
    assert sum(sizes) == 100_000
    assert max(sizes) < 50_000


def test_an_error_in_the_middle_of_a_result_is_told(filled: Workspace) -> None:
    query = "SELECT CASE WHEN i = 90000 THEN 'x' ELSE '1' END::INTEGER FROM range(100000) AS r(i)"
    with pytest.raises(UsageError, match="Could not convert"):
        _query(filled, query)


def test_too_much_memory_is_told(filled: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mfbench.store.sql._SETTINGS", "SET memory_limit = '40MB'; SET temp_directory = ''")
    with pytest.raises(MfbenchError, match=f"more than {MEMORY} of the memory"):
        _query(filled, "SELECT i, count(*) FROM range(5000000) AS r(i) GROUP BY i ORDER BY i")


def test_every_view_says_what_it_holds(filled: Workspace) -> None:
    assert {row["view"] for row in schema(filled)} == set(ABOUT)
    assert all(row["about"] for row in schema(filled))


def test_an_unknown_view_or_column_is_told_with_the_right_names(filled: Workspace) -> None:
    with pytest.raises(UsageError, match="no view 'rums'\n  did you mean 'runs'"):
        _query(filled, "SELECT * FROM rums")
    with pytest.raises(UsageError, match="no view 'xyz'\n  known: artifacts, checks, data, drift_reports, "):
        _query(filled, "SELECT * FROM xyz")
    with pytest.raises(UsageError, match=r'"nam" not found.*\n  Candidate bindings: "name"'):
        _query(filled, "SELECT nam FROM runs")
    with pytest.raises(UsageError, match="Function with name getenv does not exist") as caught:
        _query(filled, "SELECT getenv('HOME')")
    assert "artifacts" not in str(caught.value)  # which views there are is no help


def test_columns_of_one_name_all_come(filled: Workspace) -> None:
    with read_only(filled, 'SELECT 1 AS a, 2 AS a, 3 AS a_1, 4 AS "q""", now() AS a') as result:
        assert result.frame().columns == ["a", "a_1", "a_1_1", 'q"', "a_2"]
    with read_only(filled, "SELECT * FROM runs AS a JOIN runs AS b USING (run)") as result:
        assert {"run", "name", "name_1", "metrics_1"} <= set(result.frame().columns)


def test_an_error_while_rows_are_read_is_told_too(filled: Workspace) -> None:
    with pytest.raises(UsageError, match="Could not convert"):
        _query(filled, "SELECT name::INTEGER FROM runs")
