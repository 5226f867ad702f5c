"""The views that people query: their columns, and what the events become in them."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

import pytest

from mfbench.journal.ledger import open_ledger
from mfbench.journal.segment import SegmentWriter
from mfbench.store.runs import list_runs, show_run
from mfbench.store.sql import schema
from mfbench.store.store import Store
from mfbench.tracking.run import start_run
from mfbench.workspace.workspace import Workspace

VIEWS = {
    "runs": "run name recipe status executor started ended host tags params metrics error model model_version note "
    "pinned",
    "run_metrics": "run key last min max best n",
    "metrics": "run trial key step time value",
    "params": "run key value",
    "steps": "run step key status cached seconds ended outputs error",
    "trials": "run trial state params values error scores seconds started ended",
    "system": "run key time value",
    "artifacts": "run path digest bytes type",
    "data": "run name digest rows schema",
    "gates": "run name passed observed bound against note verdict difference low high",
    "checks": "run name passed observed bound",
    "events": "run segment seq time kind body",
    "models": "name version digest run registered actor reason",
    "model_history": "name time kind version alias actor reason",
    "drift_reports": "id model version digest time actor source data rows windows alarms significant effect column "
    "matters metric value",
    "ledger": "ledger seq time kind actor reason body",
}


def _rows(workspace: Workspace, query: str) -> list[dict[str, Any]]:
    return Store(workspace).rows(query)


def test_the_documented_views_have_their_columns(workspace: Workspace) -> None:
    found: dict[str, list[str]] = {}
    for row in schema(workspace):
        found.setdefault(row["view"], []).append(row["column"])
    assert found == {view: columns.split() for view, columns in VIEWS.items()}
    types = {(row["view"], row["column"]): row["type"] for row in schema(workspace)}
    assert types["runs", "params"] == "MAP(VARCHAR, VARCHAR)"
    assert types["runs", "metrics"] == "MAP(VARCHAR, DOUBLE)"
    assert types["metrics", "time"] == types["runs", "started"] == "TIMESTAMP"
    for view in VIEWS:
        assert _rows(workspace, f"SELECT * FROM {view}") == []


def test_every_event_has_its_row(workspace: Workspace) -> None:
    run, _ = workspace.new_run({})
    writer = SegmentWriter(workspace.run_folder(run) / "events", "driver", run=run)
    about = {"name": "n", "recipe": "r", "executor": "local", "host": "h", "tags": {"team": "ops", "n": 1}, "seed": 7}
    writer.write("run.started", about)
    writer.write("param", "model.C", 1.5)
    writer.write("step.started", "train")
    writer.write("step.ended", "train", "k1", "finished", False, 1.25, {"model.bin": 10}, None)
    writer.write("step.ended", "evaluate", None, "failed", True, 0, {}, {"type": "E", "message": "no", "code": 1})
    writer.write("artifact", "train/model.bin", "d1", 10, "text/plain")
    writer.write("data", "train", "d2", 100, {"x": "Float64"})
    writer.write("check", "x.min", True, "3", ">= 1")
    writer.write("gate", "roc_auc >= 0.7", False, 0.65, 0.7, "m:1", "note")
    writer.write("gate", "loss <= champion", True, "nan", None, None, None, "unknown", 0.1, -0.5, "inf")
    writer.write("trial.started", 0, {"C": 1})
    writer.write("trial.started", 1, {"C": 2})
    writer.write("m", "auc", 3, 0.5, 0)
    writer.write("trial.ended", 0, "complete", [0.5])
    writer.write("from.the.future", {"a": [1]})
    writer.write("run.ended", "failed", {"type": "E", "message": "it broke"}, {"name": "m", "version": 2, "new": True})
    ((row,), _) = list_runs(workspace)
    assert isinstance(row["started"], datetime)
    assert row["ended"] >= row["started"]
    told = {key: row[key] for key in row if key not in ("started", "ended")}
    assert told == {"run": run, "name": "n", "recipe": "r", "status": "failed", "executor": "local", "host": "h",
                    "tags": {"n": "1", "team": "ops"}, "params": {"model.C": "1.5"}, "metrics": {},
                    "error": "it broke", "model": "m", "model_version": 2, "note": None, "pinned": False}  # fmt: skip
    assert _rows(workspace, "SELECT * EXCLUDE (run, ended) FROM steps ORDER BY step DESC") == [
        {"step": "train", "key": "k1", "status": "finished", "cached": False, "seconds": 1.25,
         "outputs": '{"model.bin":10}', "error": None},
        {"step": "evaluate", "key": None, "status": "failed", "cached": True, "seconds": 0.0, "outputs": "{}",
         "error": "no"},
    ]  # fmt: skip
    assert _rows(workspace, "FROM artifacts") == [
        {"run": run, "path": "train/model.bin", "digest": "d1", "bytes": 10, "type": "text/plain"}
    ]
    assert _rows(workspace, "FROM data") == [
        {"run": run, "name": "train", "digest": "d2", "rows": 100, "schema": '{"x":"Float64"}'}
    ]
    assert _rows(workspace, "FROM checks") == [
        {"run": run, "name": "x.min", "passed": True, "observed": "3", "bound": ">= 1"}
    ]
    first, second = _rows(workspace, "SELECT * EXCLUDE (run) FROM gates ORDER BY name DESC")
    assert first == {"name": "roc_auc >= 0.7", "passed": False, "observed": 0.65, "bound": 0.7, "against": "m:1",
                     "note": "note", "verdict": "refused", "difference": None, "low": None, "high": None}  # fmt: skip
    assert math.isnan(second["observed"])
    assert [second[key] for key in ("verdict", "difference", "low", "high")] == ["unknown", 0.1, -0.5, math.inf]
    trials = _rows(workspace, 'SELECT trial, state, params, "values", ended > started AS after FROM trials ORDER BY 1')
    assert trials == [
        {"trial": 0, "state": "complete", "params": '{"C":1}', "values": "[0.5]", "after": True},
        {"trial": 1, "state": None, "params": '{"C":2}', "values": None, "after": None},
    ]
    assert _rows(workspace, "SELECT trial, key, step, value FROM metrics") == [
        {"trial": 0, "key": "auc", "step": 3, "value": 0.5}
    ]
    assert _rows(workspace, "FROM run_metrics") == []  # a trial's metrics are not the run's
    assert _rows(workspace, "SELECT body FROM events WHERE kind = 'from.the.future'") == [{"body": '[{"a":[1]}]'}]
    assert [step["step"] for step in show_run(workspace, run)["steps"]] == ["train", "evaluate"]
    assert show_run(workspace, run)["about"] == about


def test_the_ledger_is_three_views(workspace: Workspace) -> None:
    with open_ledger(workspace.ledger) as ledger:
        ledger.append("model.version", {"model": "m", "version": 1, "digest": "d", "run": "r"}, reason="good", by="ada")
        ledger.append("model.alias", {"model": "m", "alias": "champion", "version": 1, "previous": None}, by="bob")
        ledger.append("run.noted", {"run": "r"}, by="eve")
    assert _rows(workspace, "SELECT * EXCLUDE (registered) FROM models") == [
        {"name": "m", "version": 1, "digest": "d", "run": "r", "actor": "ada", "reason": "good"}
    ]
    assert _rows(workspace, "SELECT * EXCLUDE (time) FROM model_history ORDER BY time") == [
        {"name": "m", "kind": "model.version", "version": 1, "alias": None, "actor": "ada", "reason": "good"},
        {"name": "m", "kind": "model.alias", "version": 1, "alias": "champion", "actor": "bob", "reason": ""},
    ]
    assert [row["seq"] for row in _rows(workspace, "SELECT seq FROM ledger ORDER BY seq")] == [0, 1, 2]
    assert {row["ledger"] for row in _rows(workspace, "SELECT ledger FROM ledger")} == {workspace.id}


def test_a_summary_is_right_whatever_comes_late(workspace: Workspace) -> None:
    run = start_run("late", workspace=workspace.root)
    batches: list[list[tuple[str, float, int]]] = [
        [("loss", 0.5, 10)],
        [("loss", 0.9, 3), ("auc", 0.7, 0)],  # an earlier step, later
        [("loss", 0.4, 10)],  # the same step again: the latest counts
        [("loss", math.nan, 11), ("auc", 0.9, 1)],
        [("loss", -math.inf, 5), ("auc", 0.8, 2), ("bad", math.nan, 0)],
        [("loss", math.inf, 12)],
    ]
    seen = []
    for batch in batches:
        run.log_metrics(batch)
        rows = _rows(workspace, "SELECT * EXCLUDE (run) FROM run_metrics ORDER BY key")
        seen.append({row.pop("key"): tuple(row.values()) for row in rows})
    assert [now["loss"][0] for now in seen[:3]] == [0.5, 0.5, 0.4]
    assert math.isnan(seen[3]["loss"][0])
    assert seen[3]["loss"][1:] == (0.4, 0.9, 0.4, 4)
    assert seen[5] == {
        "auc": (0.8, 0.7, 0.9, 0.9, 3),  # last, min, max, best, n
        "bad": (pytest.approx(math.nan, nan_ok=True), None, None, None, 1),
        "loss": (math.inf, -math.inf, math.inf, -math.inf, 6),
    }


def test_a_later_param_or_batch_replaces_an_earlier_one(workspace: Workspace) -> None:
    run = start_run("again", workspace=workspace.root)
    run.log_params({"a": 1, "b": None, "c": {"d": [1, "x"]}})
    assert list_runs(workspace)[0][0]["params"] == {"a": "1", "b": None, "c.d": '[1,"x"]'}
    run.log_param("a", None)
    run.log_param("b", True)
    assert list_runs(workspace)[0][0]["params"] == {"a": None, "b": "true", "c.d": '[1,"x"]'}
    assert _rows(workspace, "SELECT key, value FROM params ORDER BY key") == [
        {"key": "a", "value": None},
        {"key": "b", "value": "true"},
        {"key": "c.d", "value": '[1,"x"]'},
    ]
    assert _rows(workspace, "SELECT run FROM runs WHERE params['b'] = 'true'") == [{"run": run.id}]


def test_hundreds_of_params_and_metrics_make_one_wide_row(workspace: Workspace) -> None:
    with start_run("wide", workspace=workspace.root) as run:
        run.log_params({f"p{number}": number for number in range(700)})
        run.log_metrics({f"m{number}": number for number in range(700)})
    ((row,), _) = list_runs(workspace, "params.p699 = 699 and metrics.m500 = 500")
    assert len(row["params"]) == len(row["metrics"]) == 700


def test_text_of_every_kind_survives(workspace: Workspace) -> None:
    text = "a\tb\nc 'quoted' \"twice\" \\ ünï 日本 🎉 \x00 end"
    with start_run(text, workspace=workspace.root, tags={text: text}) as run:
        run.log_param(text, text)
        run.log_metric(text, 1.0)
    ((row,), _) = list_runs(workspace)
    assert (row["name"], row["tags"], row["params"], row["metrics"]) == (text, {text: text}, {text: text}, {text: 1.0})
