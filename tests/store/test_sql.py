"""Free queries: read-only, on the documented views, touching nothing else."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import pytest

from mfbench.core.errors import UsageError
from mfbench.store.runs import list_runs
from mfbench.store.sql import frame_of, read_only
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
        return result.fetchall()


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
    ],
)
def test_a_select_is_answered(filled: Workspace, query: str, rows: list[object]) -> None:
    assert _query(filled, query) == rows


def test_a_frame_has_the_columns(filled: Workspace) -> None:
    with read_only(filled, "SELECT name, started FROM runs ORDER BY name") as result:
        frame = frame_of(result)
    assert frame["name"].to_list() == ["n0", "n1", "n2"]
    assert isinstance(frame["started"][0], datetime)


def test_times_are_utc(filled: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    query = "SELECT abs(epoch(now()::TIMESTAMP) - epoch(started)) < 600 FROM runs"
    assert _query(filled, query) == [(True,)] * 3


def test_times_with_a_zone_become_utc(filled: Workspace) -> None:
    query = 'SELECT 1 AS a, \'2026-01-01 10:00:00+03\'::TIMESTAMPTZ AS "o""dd", 2 AS b'
    with read_only(filled, query) as result:
        assert result.columns == ["a", 'o"dd', "b"]
        assert result.fetchall() == [(1, datetime(2026, 1, 1, 7), 2)]


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
    list_runs(filled)
    before = sorted(os.listdir(tmp_path)), filled.database.read_bytes()
    with pytest.raises(UsageError) as caught:
        _query(filled, query.replace("{folder}", str(tmp_path)))
    assert caught.value.exit_code == 2
    assert (sorted(os.listdir(tmp_path)), filled.database.read_bytes()) == before
    assert list_runs(filled)[1] == 3


def test_an_unknown_view_or_column_is_told_with_the_right_names(filled: Workspace) -> None:
    with pytest.raises(UsageError, match="the views: known: artifacts, checks, data, events, gates"):
        _query(filled, "SELECT * FROM rums")
    with pytest.raises(UsageError, match="nam"):
        _query(filled, "SELECT nam FROM runs")


def test_an_error_while_rows_are_read_is_told_too(filled: Workspace) -> None:
    with pytest.raises(UsageError, match="Could not convert"):
        _query(filled, "SELECT name::INTEGER FROM runs")
