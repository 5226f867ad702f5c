"""`mfbench sql` and `mfbench runs curve`: formats, files, what is refused, what a terminal shows."""

from __future__ import annotations

import json
import math
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

import mfbench
from mfbench.cli.plot import Window, draw
from tests.support import Project
from tests.terminal import terminal


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with two scripts' runs, of 5,000 and of 3 points."""
    project = Project(tmp_path_factory.mktemp("queries"))
    with mfbench.start_run("long", workspace=project.folder) as run:
        run.log_param("note", 'a "quoted", text\nof two lines')
        run.log_metrics([("loss", 1 / (step + 1), step) for step in range(5000)])
    with mfbench.start_run("short", workspace=project.folder) as run:
        run.log_metrics([("loss", 0.5, 0), ("loss", math.nan, 1), ("loss", 0.25, 2), ("odd\tkey", 1.0, 0)])
    return project


QUERY = "select name, map_keys(metrics) as keys, params, started from runs order by name"


def test_csv(used: Project, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    done = used.mfbench("sql", QUERY, "-o", str(path))
    assert (done.returncode, done.stdout) == (0, "")
    assert "2 rows" in done.stderr
    frame = pl.read_csv(path)
    assert frame["name"].to_list() == ["long", "short"]
    assert json.loads(frame["params"][0]) == {"note": 'a "quoted", text\nof two lines'}
    assert json.loads(frame["keys"][1]) == ["loss", "odd\tkey"]
    assert used.mfbench("sql", QUERY, "--format", "csv").stdout == path.read_text(encoding="utf-8")


def test_json(used: Project, tmp_path: Path) -> None:
    rows = used.json("sql", "select key, n, last, sum(n) over () as total from run_metrics order by all")
    assert [row["key"] for row in rows] == ["loss", "loss", "odd\tkey"]
    assert rows[0]["total"] == 5004
    (row,) = used.json("sql", "select 'nan'::double as a, null as b, map {'k': 'inf'::double} as c, 1.5 as d")
    assert row == {"a": None, "b": None, "c": {"k": None}, "d": 1.5}
    assert used.json("sql", "select 1 where false") == []
    path = tmp_path / "out.json"
    assert used.mfbench("sql", QUERY, "-o", str(path)).returncode == 0
    assert [row["name"] for row in json.loads(path.read_bytes())] == ["long", "short"]


def test_parquet(used: Project, tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    assert used.mfbench("sql", "from metrics order by run, key, step", "-o", str(path)).returncode == 0
    frame = pl.read_parquet(path)
    assert frame.height == 5004
    assert frame.schema["time"] == pl.Datetime("us")
    assert used.mfbench("sql", "select * from runs where false", "-o", str(path), "--force").returncode == 0
    assert pl.read_parquet(path).height == 0


def test_a_table_in_a_pipe_has_tabs_and_all_rows(used: Project) -> None:
    lines = used.mfbench("sql", "select step, key from metrics where key like 'odd%' or step > 10").stdout.splitlines()
    assert lines[0] == "step\tkey"
    assert len(lines) == 1 + 4989 + 1
    assert all(line.count("\t") == 1 for line in lines)
    assert len(used.mfbench("sql", "from metrics", "--limit", "7").stdout.splitlines()) == 8
    assert len(used.json("sql", "from metrics", "--limit", "0")) == 0


def test_a_file_that_is_there_is_kept(used: Project, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("mine", encoding="utf-8")
    for words in (("sql", "from runs"), ("runs", "curve", "last", "--key", "loss")):
        done = used.mfbench(*words, "-o", str(path))
        assert done.returncode == 2
        assert "--force replaces it" in done.stderr
        assert path.read_text(encoding="utf-8") == "mine"
    assert used.mfbench("sql", "select 1 as a", "-o", str(path), "--force").returncode == 0
    assert path.read_text(encoding="utf-8") == '"a"\n1\n'
    assert used.mfbench("sql", "select 1", "-o", str(tmp_path), "--format", "csv").returncode == 2
    assert os.listdir(tmp_path) == ["out.csv"]


def test_a_query_that_fails_half_way_leaves_no_file(used: Project, tmp_path: Path) -> None:
    failing = "select case when i = 90000 then 'x' else '1' end::integer as a from range(100000) as r(i)"
    kept = tmp_path / "kept.csv"
    kept.write_text("mine", encoding="utf-8")
    for name, words in (("new.parquet", ()), ("kept.csv", ("--force",))):
        done = used.mfbench("sql", failing, "-o", str(tmp_path / name), *words)
        assert done.returncode == 2
        assert "Could not convert" in done.stderr
    assert os.listdir(tmp_path) == ["kept.csv"]
    assert kept.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("sql", "from runs", "-o", "x.xlsx"), "format of a .xlsx file is not known"),
        (("sql", "from runs", "--json", "--format", "csv"), "exclude each other"),
        (("sql", "from runs", "--schema"), "give either"),
        (("sql", "from runs", "--file", "a.sql"), "give either"),
        (("sql", "--file", "nowhere.sql"), "not possible: nowhere.sql: the query cannot be read: No such file"),
        (("sql", "from runs", "-o", "nowhere/x.csv"), "not possible: nowhere: there is no such folder"),
        (("sql", "from read_csv('tiny.csv')"), "rows cannot come from read_csv()"),
        (("runs", "curve", "last", "--key", "los"), "did you mean 'loss'?"),
        (("runs", "curve", "nobody", "--key", "loss"), "there is no run"),
        (("runs", "curve", "last", "--format", "csv"), "name what to write with --key"),
        (("runs", "curve", "last", "--key", "loss", "--points", "0"), "--points"),
    ],
)
def test_wrong_use(used: Project, words: tuple[str, ...], told: str) -> None:
    done = used.mfbench(*words)
    assert done.returncode in (1, 2)
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_query_from_a_file_or_from_stdin(used: Project, tmp_path: Path) -> None:
    path = tmp_path / "query.sql"
    path.write_text("-- how many\nselect count(*) as n\nfrom runs;\n", encoding="utf-8")
    assert used.json("sql", "--file", str(path)) == [{"n": 2}]
    words = [sys.executable, "-m", "mfbench", "sql", "-", "--json"]
    done = subprocess.run(words, input=path.read_text("utf-8"), cwd=used.folder, capture_output=True, text=True)
    assert json.loads(done.stdout) == [{"n": 2}]
    path.write_bytes(b"select '\xff'")
    assert "not UTF-8" in used.mfbench("sql", "--file", str(path)).stderr


def test_the_schema_says_what_views_hold(used: Project) -> None:
    lines = used.mfbench("sql", "--schema").stdout.splitlines()
    assert lines[0].split("\t") == ["view", "column", "type", "about"]
    assert all(line.split("\t")[3] for line in lines[1:])
    assert "runs: One row a run" in terminal(used, "sql", "--schema")


def test_a_terminal_shows_the_first_rows(used: Project) -> None:
    said = terminal(used, "sql", "select range as number from range(1000)")
    assert "99" in said
    assert "500" not in said
    assert "the first 100 rows" in said
    assert "first 100 rows" not in terminal(used, "sql", "select range as number from range(100)")


def test_ctrl_c_ends_a_query(used: Project) -> None:
    endless = "select count(*) from range(100000000) a, range(1000000) b where a.range + b.range = 7"
    child = used.start("sql", endless)
    time.sleep(2)
    child.send_signal(signal.SIGINT)
    assert child.wait(30) == 130
    assert "Traceback" not in (child.communicate()[1] or "")


def test_curves_in_numbers(used: Project, tmp_path: Path) -> None:
    long, short = used.runs()
    rows = used.json("runs", "curve", short, "--key", "loss")
    assert [(row["x"], row["last"], row["nan"]) for row in rows] == [(0, 0.5, 0), (1, None, 1), (2, 0.25, 0)]
    rows = used.json("runs", "curve", long, short, "--key", "loss", "--points", "50")
    assert [row["run"] for row in rows] == [long] * 50 + [short] * 3
    assert sum(row["n"] for row in rows) == 5003
    path = tmp_path / "loss.parquet"
    assert used.mfbench("runs", "curve", long, "--key", "loss", "-o", str(path)).returncode == 0
    assert pl.read_parquet(path).equals(mfbench.Workbench.open(used.folder).curve(long, "loss"))
    table = used.mfbench("runs", "curve", long, "--key", "loss", "--x", "time").stdout.splitlines()
    assert table[0].startswith("run\tkey\tx\tstep_min")


def test_without_a_key_the_metrics_are_listed(used: Project) -> None:
    _, short = used.runs()
    assert used.json("runs", "curve", short) == [
        {"run": short, "key": "loss", "n": 3, "last": 0.25, "min": 0.25, "max": 0.5, "best": 0.25},
        {"run": short, "key": "odd\tkey", "n": 1, "last": 1.0, "min": 1.0, "max": 1.0, "best": 1.0},
    ]
    assert used.mfbench("runs", "curve", short).stdout.splitlines()[0] == "key\tn\tlast\tmin\tmax\tbest"


def test_a_metric_that_only_one_run_has_is_told(used: Project) -> None:
    long, short = used.runs()
    done = used.mfbench("runs", "curve", long, short, "--key", "odd\tkey", "--key", "loss", "--json")
    assert done.returncode == 0
    assert done.stderr.splitlines() == [f"run {long} has no metric 'odd\\tkey'"]


def test_a_terminal_shows_a_drawing(used: Project) -> None:
    long, short = used.runs()
    said = terminal(used, "runs", "curve", long, short, "--key", "loss")
    assert "step 4,999\r\n" in said  # the last step, not where the last bucket begins
    assert said.count("⡇") >= 1
    assert re.search(rf"loss  \w+  {long}", said)
    assert "5,000 points" in said
    assert "3 points  1 NaN" in said
    assert max(len(line) for line in said.splitlines()) <= 80


def test_the_drawing_goes_through_every_point() -> None:
    ramp = [0.0, 1.0, 2.0, 3.0]
    assert draw([0, 1, 2, 3], ramp, ramp, Window(0, 3, 0.0, 3.0), 2, 1) == ["⣠⠞"]
    assert draw([0, 1], [0.0, 0.0], [3.0, 3.0], Window(0, 1, 0.0, 3.0), 1, 1) == ["⣿"]
    assert draw([1, 2], [None, None], [None, None], Window(1, 2, 0.0, 0.0), 3, 2) == ["   ", "   "]
    huge = 1.7e308
    drawn = draw([0, 1], [-huge, huge], [-huge, huge], Window(0, 1, -huge, huge), 5, 3)
    assert drawn[0][-1] != "\u2800"
    assert drawn[-1][0] != "\u2800"


def test_curves_of_one_metric_share_a_scale() -> None:
    half = draw([0, 1], [0.0, 1.0], [0.0, 1.0], Window(0, 3, 0.0, 3.0), 4, 2)
    assert half[0] == "\u2800" * 4  # the upper half belongs to another run
    assert half[1][0] != "\u2800"
    assert half[1][-1] == "\u2800"
