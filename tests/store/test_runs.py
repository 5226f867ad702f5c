"""The list of runs: conditions, orders, pages."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mfbench.core.errors import NotFoundError, UsageError
from mfbench.store.filters import where_sql
from mfbench.store.runs import list_runs, show_run
from mfbench.tracking.run import start_run
from mfbench.workspace.workspace import Workspace, create

RUNS: list[dict[str, Any]] = [
    {"name": "a", "params": {"lr": 0.1, "layers": 3, "model": {"estimator": "Ridge"}}, "metrics": {"auc": 0.7}},
    {"name": "b", "params": {"lr": 0.01, "layers": 10, "model": {"estimator": "Lasso"}}, "metrics": {"auc": 0.8}},
    {"name": "c", "params": {"lr": "auto", "layers": 100}, "metrics": {"auc": math.nan, "loss": -1.5}},
    {"name": "d's", "params": {"lr": 1e-5, "note": "it's 100%"}, "metrics": {"loss": math.inf},
     "tags": {"team": "ops"}},
    {"name": "ünï", "params": {}, "metrics": {"f1-macro": 0.5, "odd key": 1.0}, "tags": {"team": "42"}},
]  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = create(tmp_path_factory.mktemp("runs"))
    for spec in RUNS:
        with start_run(spec["name"], workspace=workspace.root, tags=spec.get("tags")) as run:
            run.log_params(spec["params"])
            run.log_metrics(spec["metrics"])
    return workspace


def _names(runs: Workspace, where: str | None = None, sort: str = "started") -> list[str]:
    return [row["name"] for row in list_runs(runs, where, sort, limit=None)[0]]


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("metrics.auc > 0.7", ["b"]),
        ("metrics.auc >= 0.7", ["a", "b"]),
        ("metrics.auc < 0.8", ["a"]),
        ("metrics.auc <= 0.8 ", ["a", "b"]),
        ("metrics.auc = 0.7", ["a"]),
        ("metrics.auc == .7", ["a"]),
        ("metrics.auc != 0.7", ["b"]),
        ("metrics.auc <> 7e-1", ["b"]),
        ("0.7 < metrics.auc", ["b"]),
        ("metrics.auc between 0.75 and 0.85", ["b"]),
        ("metrics.auc not between 0.75 and 0.85", ["a"]),
        ("metrics.auc in (0.7, 0.8)", ["a", "b"]),
        ("metrics.loss < -1", ["c"]),
        ("metrics.loss > 1e300", ["d's"]),
        ("metrics.auc is null", ["c", "d's", "ünï"]),  # NaN counts as missing
        ("metrics.auc is not null", ["a", "b"]),
        ("not metrics.auc > 0.7", ["a"]),
        ("metrics.auc > metrics.loss", []),
        ("metrics.auc * 2 - 1 > 0.5", ["b"]),
        ("abs(metrics.loss) = 1.5", ["c"]),
        ("metrics.f1-macro = 0.5", ["ünï"]),
        ('metrics."odd key" = 1', ["ünï"]),
        ("metrics.nobody_has_it > 0", []),
        ("METRICS.auc > 0.7 AND Params.lr = 0.01", ["b"]),
        ("params.lr = 0.1", ["a"]),
        ("params.lr = 1e-1", ["a"]),
        ("params.lr < 0.05", ["b", "d's"]),
        ("params.lr > -1", ["a", "b", "d's"]),
        ("0.05 > params.lr", ["b", "d's"]),
        ("params.lr = 'auto'", ["c"]),
        ("params.lr in (0.1, 0.01)", ["a", "b"]),
        ("params.lr not in (0.1, 0.01)", ["d's"]),
        ("params.lr in ('auto')", ["c"]),
        ("params.layers > 5", ["b", "c"]),  # as text '10' and '100' are less than '3'
        ("params.layers between 2 and 10", ["a", "b"]),
        ("params.model.estimator = 'Ridge'", ["a"]),
        ("params.model.estimator like '%so'", ["b"]),
        ("params.model.estimator ilike 'RID%'", ["a"]),
        ("lower(params.model.estimator) in ('ridge', 'lasso')", ["a", "b"]),
        ("starts_with(params.model.estimator, 'R')", ["a"]),
        ("params.note = 'it''s 100%'", ["d's"]),
        ("params.note like '%100!%' escape '!'", ["d's"]),
        ("name = 'd''s'", ["d's"]),
        ("name = 'ünï'", ["ünï"]),
        ("tags.team = 'ops'", ["d's"]),
        ("tags.team = 42", ["ünï"]),
        ("coalesce(tags.team, 'none') = 'none'", ["a", "b", "c"]),
        ("status = 'finished' and (name = 'a' or name = 'b')", ["a", "b"]),
        ("recipe is null and executor = 'script'", ["a", "b", "c", "d's", "ünï"]),
        ("started > now() - interval 1 hour and ended <= now ( )", ["a", "b", "c", "d's", "ünï"]),
        ("started < timestamp '2020-01-01'", []),
        ("started > date '2020-01-01' and started > '2020-01-01'", ["a", "b", "c", "d's", "ünï"]),
        ("true", ["a", "b", "c", "d's", "ünï"]),
        ("error is null and model is null and model_version is null", ["a", "b", "c", "d's", "ünï"]),
    ],
)
def test_a_condition_finds_what_it_says(runs: Workspace, where: str, names: list[str]) -> None:
    assert _names(runs, where) == names


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("stats = 'finished'", "names a column 'stats' that is not there; did you mean 'status'?"),
        ("metric.auc > 1", "names a column 'metric.auc' that is not there; did you mean 'metrics.NAME'?"),
        ("roc_auc > 1", "known: "),
        ("params > 1", "names a column 'params'"),
        ("lowr(name) = 'a'", "names a function 'lowr' that is not there; did you mean 'lower'?"),
        ("getenv('HOME') = 'a'", "names a function 'getenv'"),
        ("read_text('/etc/passwd') = 'a'", "names a function 'read_text'"),
        ("run in (select run from runs)", "names a column 'select'"),
        ("exists (select 1)", "names a function 'exists'"),
        ("1 = 1); drop table meta; --", "parentheses that do not match"),
        ("true; select 1", "cannot be read at '; select 1'"),
        ("true) or (true", "parentheses that do not match"),
        ("(true", "parentheses that do not match"),
        ("true -- order", "names a column 'order'"),
        ("name = 'a", 'cannot be read at "\'a"'),
        ('name = "a"', "cannot be read"),
        ("name = $1", "cannot be read"),
        ("name = 'a' \\", "cannot be read"),
        ("name = ?", "cannot be read"),
        ("run_base.run = 'a'", "names a column 'run_base.run'"),
        ("name == = 'a'", "--where does not work"),
        ("metrics.auc >", "breaks off at its end"),
        ("metrics.auc > 'high'", "--where does not work"),
        ("name like 'a' escape 'too long'", "--where does not work"),
        ("started > 'yesterday'", "--where does not work"),
        ("status", "--where does not work"),
        ("   ", "is empty"),
        ("1e999999999999 > 0 and", "--where does not work"),
    ],
)
def test_a_wrong_condition_is_told(runs: Workspace, where: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        list_runs(runs, where)
    assert told in str(caught.value).replace("\n  ", "; ")


@given(st.text(st.sampled_from("abn'\"();-/*\\%.,=<> \n\0é0") | st.characters(), max_size=25))
@settings(max_examples=150, deadline=None)
def test_no_condition_is_anything_but_a_condition(runs: Workspace, text: str) -> None:
    """Whatever is written, a condition can only choose among the runs, or be refused."""
    try:
        rows, total = list_runs(runs, text, limit=None)
    except UsageError:
        return
    assert total == len(rows) <= len(RUNS)


@given(st.text(max_size=20))
@settings(max_examples=60, deadline=None)
def test_quoted_text_is_compared_as_it_is(runs: Workspace, text: str) -> None:
    quoted = text.replace("'", "''")
    assert list_runs(runs, f"name = '{quoted}' or name = 'a'")[1] >= 1
    assert where_sql(f"name = '{quoted}'") == f"name = '{quoted}'"


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("name", ["a", "b", "c", "d's", "ünï"]),
        ("-name", ["ünï", "d's", "c", "b", "a"]),
        ("-started", ["ünï", "d's", "c", "b", "a"]),
        ("metrics.auc", ["a", "b", "ünï", "d's", "c"]),  # missing values and NaN last, the newest first
        ("-metrics.auc", ["b", "a", "ünï", "d's", "c"]),
        ("params.layers", ["a", "b", "c", "ünï", "d's"]),  # as numbers
        ("-params.layers", ["c", "b", "a", "ünï", "d's"]),
        ("params.lr", ["d's", "b", "a", "c", "ünï"]),  # numbers, then text, then nothing
        ("-params.lr", ["a", "b", "d's", "c", "ünï"]),
        ("params.model.estimator", ["b", "a", "ünï", "d's", "c"]),
        ("tags.team", ["ünï", "d's", "c", "b", "a"]),
        ('metrics."odd key"', ["ünï", "d's", "c", "b", "a"]),
        ("metrics.x'; drop table meta; --", ["ünï", "d's", "c", "b", "a"]),
        ("recipe", ["ünï", "d's", "c", "b", "a"]),
    ],
)
def test_an_order_puts_missing_values_last(runs: Workspace, sort: str, names: list[str]) -> None:
    assert _names(runs, None, sort) == names


@pytest.mark.parametrize("sort", ["nam", "", "-", "metrics", "metrics.", "name, run", "params.a.b; select"])
def test_a_wrong_order_is_told(runs: Workspace, sort: str) -> None:
    if sort in ("", "params.a.b; select"):  # nothing said is the usual order, and a key may be any text
        assert len(_names(runs, None, sort)) == 5
        return
    with pytest.raises(UsageError, match=r"metrics\.NAME"):
        list_runs(runs, None, sort)


def test_pages_together_are_everything_once(runs: Workspace) -> None:
    names = []
    for offset in range(0, 6, 2):
        rows, total = list_runs(runs, None, "-metrics.auc", limit=2, offset=offset)
        assert total == 5
        names += [row["name"] for row in rows]
    assert names == _names(runs, None, "-metrics.auc")
    assert list_runs(runs, "metrics.auc > 0", limit=1)[1] == 2
    assert list_runs(runs, limit=0) == ([], 5)
    assert list_runs(runs, limit=3, offset=99) == ([], 5)
    for limit, offset in ((-1, 0), (1, -1)):
        with pytest.raises(UsageError, match="page"):
            list_runs(runs, limit=limit, offset=offset)


def test_a_row_has_all_that_is_known(runs: Workspace) -> None:
    ((row,), _) = list_runs(runs, "name = 'a'")
    assert list(row) == ["run", "name", "recipe", "status", "executor", "started", "ended", "host", "tags", "params",
                         "metrics", "error", "model", "model_version", "note", "pinned"]  # fmt: skip
    assert row["params"] == {"layers": "3", "lr": "0.1", "model.estimator": "Ridge"}
    assert row["metrics"] == {"auc": 0.7}


def test_one_run_in_full(runs: Workspace) -> None:
    ((row,), _) = list_runs(runs, "name = 'c'")
    found = show_run(runs, row["run"])
    assert {key: found[key] for key in row if key != "metrics"} == {k: v for k, v in row.items() if k != "metrics"}
    assert found["about"]["name"] == "c"
    assert [metric["key"] for metric in found["run_metrics"]] == ["auc", "loss"]
    assert found["steps"] == found["gates"] == found["checks"] == found["data"] == found["damages"] == []
    with pytest.raises(NotFoundError):
        show_run(runs, "nobody")
