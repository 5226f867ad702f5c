"""Runs as a wide frame."""

from __future__ import annotations

import math
from typing import Any

import polars as pl
import polars.selectors as cs
import pytest

from mfbench.core.errors import UsageError
from mfbench.store.runs import list_runs
from mfbench.store.table import run_table
from mfbench.tracking.run import start_run
from mfbench.workspace.workspace import Workspace

TEXTS = ("run", "name", "recipe", "status", "executor", "host", "error", "model")
BASE: dict[str, Any] = {
    **dict.fromkeys(TEXTS[:5], pl.String),
    "started": pl.Datetime("us"),
    "ended": pl.Datetime("us"),
    **dict.fromkeys(TEXTS[5:], pl.String),
    "model_version": pl.Int32,
    "note": pl.String,
    "pinned": pl.Boolean,
}


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    with start_run("a", workspace=workspace.root, tags={"team": "ops"}) as run:
        run.log_params({"lr": 0.1, "b": None, ".": 1})
        run.log_metrics({"loss": 0.5, "auc": math.nan})
    with start_run("b", workspace=workspace.root) as run:
        run.log_params({"lr": "auto", 'a "b".c': 2})
        run.log_metrics({"loss": math.inf, "key": 1, "name": 2})
    start_run("c", workspace=workspace.root).__exit__(None, None, None)
    return workspace


def test_an_empty_workspace_has_the_columns_of_a_run(workspace: Workspace) -> None:
    frame = run_table(workspace)
    assert frame.schema == pl.Schema(BASE)
    assert frame.is_empty()


def test_every_key_is_a_column(filled: Workspace) -> None:
    frame = run_table(filled, sort="name")
    entries = ["params..", 'params.a "b".c', "params.b", "params.lr", "metrics.auc", "metrics.key", "metrics.loss",
               "metrics.name", "tags.team"]  # fmt: skip
    assert frame.columns == [*BASE, *entries]
    assert frame["name"].to_list() == ["a", "b", "c"]
    assert frame["params.lr"].to_list() == ["0.1", "auto", None]
    assert frame["params.."].to_list() == ["1", None, None]
    assert frame["params.b"].to_list() == [None, None, None]
    assert frame["metrics.loss"].to_list() == [0.5, math.inf, None]
    assert math.isnan(frame["metrics.auc"][0])
    assert frame["metrics.auc"].to_list()[1:] == [None, None]
    assert frame["tags.team"].to_list() == ["ops", None, None]
    kinds = {name: frame.schema[name] for name in entries}
    assert {kind for name, kind in kinds.items() if name.startswith("metrics")} == {pl.Float64}
    assert {kind for name, kind in kinds.items() if not name.startswith("metrics")} == {pl.String}


def test_it_says_what_the_list_says(filled: Workspace) -> None:
    rows, _ = list_runs(filled, "metrics.loss > 0", "-name", limit=None)
    frame = run_table(filled, "metrics.loss > 0", "-name")
    for row, wide in zip(rows, frame.iter_rows(named=True), strict=True):
        assert {name: wide[name] for name in BASE} == {name: row[name] for name in BASE}
        for kind in ("params", "metrics", "tags"):
            told = {key.removeprefix(f"{kind}."): wide[key] for key in wide if key.startswith(f"{kind}.")}
            assert {key: value for key, value in told.items() if value is not None} == pytest.approx(
                {key: value for key, value in row[kind].items() if value is not None}, nan_ok=True
            )


def test_a_page_has_the_columns_of_its_runs(filled: Workspace) -> None:
    frame = run_table(filled, sort="name", limit=1)
    assert frame["name"].to_list() == ["a"]
    assert "metrics.key" not in frame.columns
    assert run_table(filled, limit=0).columns == list(BASE)
    assert run_table(filled, "name = 'nobody'").columns == list(BASE)


def test_columns_can_be_chosen(filled: Workspace) -> None:
    columns = ["metrics.loss", "name", 'params."a "b".c"', "tags.team", "metrics.nobody_has_it"]
    frame = run_table(filled, sort="name", columns=columns)
    assert frame.columns == columns
    assert frame.rows() == [
        (0.5, "a", None, "ops", None),
        (math.inf, "b", "2", None, None),
        (None, "c", None, None, None),
    ]


@pytest.mark.parametrize("columns", [["nme"], ["metrics"], ["metrics."], [], ["run; drop table meta"], ["name", ""]])
def test_a_wrong_column_is_told(filled: Workspace, columns: list[str]) -> None:
    with pytest.raises(UsageError, match="column"):
        run_table(filled, columns=columns)


def test_wrong_conditions_orders_and_pages_are_told(filled: Workspace) -> None:
    wrong: list[dict[str, Any]] = [{"where": "status"}, {"where": "nme = 1"}, {"sort": "nme"}, {"limit": -1}]
    for words in wrong:
        with pytest.raises(UsageError):
            run_table(filled, **words)


def test_thousands_of_keys(workspace: Workspace) -> None:
    for number in range(3):
        with start_run(f"n{number}", workspace=workspace.root) as run:
            run.log_metrics({f"m{number}.{key}": float(key) for key in range(1000)})
    frame = run_table(workspace)
    assert frame.shape == (3, len(BASE) + 3000)
    assert frame.select(pl.sum_horizontal(cs.starts_with("metrics."))).to_series().to_list() == [499_500.0] * 3
