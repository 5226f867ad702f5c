"""A first recipe for a data file: right by what the column holds, and runnable as it is."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mfbench.api.workbench import Workbench
from mfbench.core.errors import UsageError

ROWS = 60


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    days = [date(2026, 1, 1) + timedelta(days=i) for i in range(ROWS)]
    pl.DataFrame(
        {
            "size": [float(i * 7 % 50) for i in range(ROWS)],
            "day": days,
            "price": [i * 1.5 for i in range(ROWS)],
            "kind": [("a", "b", "c")[i % 3] for i in range(ROWS)],
            "left": [i % 4 == 0 for i in range(ROWS)],
            "one": ["same"] * ROWS,
            "list": [[i] for i in range(ROWS)],
        }
    ).write_parquet(tmp_path / "rows.parquet")
    return Workbench.create(tmp_path)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("price", ('task = "regression"', "HistGradientBoostingRegressor", '"mae"')),
        ("kind", ('task = "classification"', "HistGradientBoostingClassifier", '"balanced_accuracy"')),
        ("left", ('task = "classification"', "positive = true", '"roc_auc"')),
    ],
)
def test_the_column_decides_what_is_predicted(bench: Workbench, target: str, words: tuple[str, ...]) -> None:
    path = bench.recipe_from_data(f"of-{target}", "rows.parquet", target)
    text = path.read_text()
    assert all(word in text for word in words), text
    assert bench.check(path) is not None


@pytest.mark.parametrize(
    ("target", "message"),
    [("day", "type Date"), ("list", "type List"), ("one", "1 values"), ("prise", "no column 'prise'")],
)
def test_what_no_model_predicts_is_refused(bench: Workbench, target: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        bench.recipe_from_data("no", "rows.parquet", target)
    assert not list(bench.folder.glob("no*.toml"))


def test_a_condition_that_names_a_metric_without_its_table_is_put_right(bench: Workbench) -> None:
    import mfbench

    with mfbench.start_run("one", workspace=bench.folder) as run:
        run.log_metric("roc_auc", 0.7)
    bench.list_runs()
    with pytest.raises(UsageError) as refused:
        bench.list_runs("roc_auc > 0.5")
    hint: Any = refused.value.hint
    assert hint == "did you mean metrics.roc_auc?"
