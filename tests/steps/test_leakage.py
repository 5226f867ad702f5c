"""What makes a test look better than service: found, with its column and rows; what is by chance only told."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from mfbench.data.leakage import Finding
from mfbench.data.split import GIVEN, split_rows
from mfbench.data.target import add_target
from mfbench.recipe.load import load_recipe
from mfbench.recipe.schema import Data, Feature, Split
from mfbench.steps.ingest import load
from mfbench.steps.leakage import _remedy, find_leaks
from tests.support import Project

RECIPES = Path(__file__).parents[2] / "recipes"
ROWS = 2000
RANDOM = np.random.default_rng(5)
BASE = pl.DataFrame(
    {
        "amount": RANDOM.normal(size=ROWS),
        "age": RANDOM.integers(18, 80, ROWS),
        "shop": RANDOM.choice(["a", "b", "c"], ROWS),
        "sold": RANDOM.integers(0, 2, ROWS),
    }
)


def found(frame: pl.DataFrame, task: str = "classification", **data: Any) -> list[Finding]:
    settings = Data(source="", target="sold", **data)
    ingested = add_target(frame, settings, task)
    part = split_rows(ingested.frame, settings.split, task, 0)
    facts = {"classes": ingested.classes, "target_columns": ingested.target_columns, "dropped": ingested.dropped,
             "dropped_nulls": ingested.dropped_nulls}  # fmt: skip
    return find_leaks(ingested.frame, part, settings, {}, task, facts)


def alarms(frame: pl.DataFrame, task: str = "classification", **data: Any) -> list[tuple[str, str | None]]:
    return [(item.name, item.column) for item in found(frame, task, **data) if item.level == "alarm"]


def given(frame: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    return pl.concat(
        [frame.with_columns(pl.lit(value=False).alias(GIVEN)), held.with_columns(pl.lit(value=True).alias(GIVEN))]
    )


GIVEN_SPLIT = Split(source="held.csv")


def test_honest_data_has_none() -> None:
    assert found(BASE) == []
    assert found(BASE.with_columns(sold=pl.col("amount") + pl.Series(RANDOM.normal(size=ROWS))), "regression") == []


@pytest.mark.parametrize("name", ["flight-delay", "default", "employment", "bikeshare", "bikeshare-forecast"])
def test_the_shipped_recipes_have_none(name: str) -> None:
    loaded = load_recipe(RECIPES / f"{name}.toml")
    recipe = loaded.recipe
    ingested = load(recipe.data, recipe.recipe.task, loaded.folder, recipe.forecast)
    part = split_rows(ingested.frame, recipe.data.split, recipe.recipe.task, recipe.run.seed)
    facts = {"classes": ingested.classes, "target_columns": ingested.target_columns, "dropped": ingested.dropped,
             "dropped_nulls": ingested.dropped_nulls}  # fmt: skip
    assert find_leaks(ingested.frame, part, recipe.data, recipe.features, recipe.recipe.task, facts) == []


def test_a_key_on_both_sides() -> None:
    keyed = BASE.with_columns(id=pl.Series([f"k{i}" for i in range(ROWS)]))
    table = given(keyed.head(1500), keyed.slice(1497, 400))
    [leak] = found(table, key="id", split=GIVEN_SPLIT)
    assert (leak.name, leak.level, leak.column, leak.rows) == ("keys", "alarm", "id", 3)
    assert leak.examples == ["k1497", "k1498", "k1499"]
    assert alarms(given(keyed.head(1500), keyed.tail(500)), key="id", split=GIVEN_SPLIT) == []


def test_copied_rows_are_an_alarm() -> None:
    [leak] = [item for item in found(pl.concat([BASE, BASE])) if item.level == "alarm"]
    assert (leak.name, leak.column) == ("rows", "amount")
    assert leak.rows > 300
    assert len(leak.examples) == 10
    assert alarms(pl.concat([BASE, BASE.head(10)])) == [], "a handful is no alarm"


def test_rows_of_few_values_are_alike_by_chance() -> None:
    [remark] = found(BASE.drop("amount"))
    assert (remark.name, remark.level, remark.column) == ("rows", "remark", None)
    assert "data.key" in remark.told


def test_with_a_key_equal_rows_are_different_things() -> None:
    assert alarms(pl.concat([BASE, BASE]).with_row_index("id"), key="id") == []


def test_a_declared_unit_on_both_sides() -> None:
    frame = BASE.with_columns(patient=pl.Series([i // 4 for i in range(ROWS)]))
    [leak] = [item for item in found(frame, split=Split(unit="patient")) if item.level == "alarm"]
    assert (leak.name, leak.column) == ("groups", "patient")
    assert 'data.split.group = "patient"' in leak.told
    assert alarms(frame, split=Split(group="patient")) == []
    days = frame.with_columns(day=pl.Series([date(2020, 1, 1) + timedelta(days=i // 20) for i in range(ROWS)]))
    by_time = found(
        days.with_columns(patient=pl.Series([i % 7 for i in range(ROWS)])), split=Split(by="day", unit="patient")
    )
    assert [(item.name, item.level) for item in by_time] == [("groups", "remark")]


def test_time_that_runs_backwards() -> None:
    days = BASE.with_columns(day=pl.Series([date(2020, 1, 1) + timedelta(days=i // 20) for i in range(ROWS)]))
    [leak] = [
        item for item in found(given(days.tail(1500), days.head(500)), split=GIVEN_SPLIT) if item.level == "alarm"
    ]
    assert (leak.name, leak.column, leak.rows) == ("time", "day", 500)
    assert found(given(days.head(1500), days.tail(500)), split=GIVEN_SPLIT) == []
    years = BASE.with_columns(year=pl.Series([2020 - i // 1000 for i in range(ROWS)]))
    assert alarms(given(years.head(1000), years.tail(1000)), split=GIVEN_SPLIT) == [("time", "year")]


def test_a_random_split_of_dated_rows_is_remarked() -> None:
    days = BASE.with_columns(day=pl.Series([date(2020, 1, 1) + timedelta(days=i // 20) for i in range(ROWS)]))
    [remark] = found(days, exclude=("day",))
    assert (remark.name, remark.level, remark.column) == ("time", "remark", "day")
    assert remark.told.startswith("0% of the test's rows are newer")
    assert 'by = "day"' in remark.told


@pytest.mark.parametrize("target", ["number", "text", "three classes", "regression"])
def test_a_column_that_alone_predicts(target: str) -> None:
    sold = pl.col("sold")
    made = {
        "number": (BASE.with_columns(refund=sold * 10 + RANDOM.normal(size=ROWS)), "classification"),
        "text": (
            BASE.with_columns(refund=pl.when(sold == 1).then(pl.lit("paid")).otherwise(pl.lit("-"))),
            "classification",
        ),
        "three classes": (BASE.with_columns(sold=pl.col("shop")).rename({"shop": "refund"}), "classification"),
        "regression": (BASE.with_columns(sold=pl.col("amount") * 3).rename({"amount": "refund"}), "regression"),
    }
    frame, task = made[target]
    [leak] = [item for item in found(frame, task) if item.level == "alarm"]
    assert (leak.name, leak.column) == ("predictor", "refund")
    assert alarms(frame, task, exclude=("refund",)) == []


def test_a_date_that_alone_predicts_is_told_once_with_its_column() -> None:
    closed = pl.when(pl.col("sold") == 1).then(pl.lit(date(2024, 11, 1))).otherwise(None)
    frame = BASE.with_columns(closed=closed)
    assert alarms(frame) == [("predictor", "closed")]
    assert alarms(frame, exclude=("closed",)) == []


def test_the_remedy_names_what_a_recipe_can_leave_out() -> None:
    leaks = [Finding(name="predictor", level="alarm", column=name, rows=9, told="") for name in ("closed", "early")]
    told = _remedy(leaks, {"early": Feature(expr="closed < opened"), "closed": Feature(kind="datetime")})
    assert '(data.exclude = ["closed"]; take early out of [features])' in told


def test_a_strong_honest_column_is_no_alarm() -> None:
    strong = BASE.with_columns(score=pl.col("sold") * 2 + pl.Series(RANDOM.normal(size=ROWS)))
    assert alarms(strong) == []


def test_a_column_that_is_known_with_the_outcome_only() -> None:
    unknown = pl.Series([i % 4 == 0 for i in range(ROWS)])
    frame = BASE.with_columns(
        sold=pl.when(unknown).then(None).otherwise("sold"),
        closed=pl.when(unknown).then(None).otherwise("age"),
        rest=pl.when(pl.col("age") < 30).then(None).otherwise("age"),
    )
    [leak] = [item for item in found(frame) if item.level == "alarm"]
    assert (leak.name, leak.column, leak.rows) == ("missing", "closed", 500)
    assert "500 rows without a target" in leak.told


def test_a_column_that_has_ended() -> None:
    days = [date(2020, 1, 1) + timedelta(days=i // 20) for i in range(ROWS)]
    frame = BASE.with_columns(day=pl.Series(days), sensor=pl.when(pl.arange(ROWS) < 1900).then("amount"))
    [leak] = [item for item in found(frame.drop("amount"), split=Split(by="day")) if item.level == "alarm"]
    assert (leak.name, leak.column) == ("missing", "sensor")
    assert leak.rows >= 36


def test_remarks_of_a_first_look() -> None:
    small = found(BASE.head(60))
    assert [(item.name, item.level, item.rows) for item in small] == [("size", "remark", 12)]
    rare = BASE.with_columns(sold=pl.Series([int(i % 50 == 0) for i in range(ROWS)]))
    assert "8 rows of the class 1" in found(rare)[0].told
    numbered = found(BASE.with_columns(number=pl.Series(range(ROWS)) * 3))
    assert [(item.name, item.column) for item in numbered] == [("ids", "number")]
    early = BASE.with_columns(born=pl.Series([date(2020, 1 + i % 12, 1 + i % 11) for i in range(ROWS)]))
    assert "dates" in {item.name for item in found(early, exclude=("born",))}


RECIPE = """\
[recipe]
name = "leaky"
task = "classification"

[data]
source = "learn.csv"
target = "sold"
key = "id"
split = { source = "test.csv" }

[model]
estimator = "LogisticRegression"

[evaluate]
importance = false
"""


def test_an_alarm_refuses_the_run_and_warn_lets_it_go_on(project: Project) -> None:
    keyed = BASE.with_row_index("id")
    keyed.head(300).write_csv(project.folder / "learn.csv")
    keyed.slice(298, 200).write_csv(project.folder / "test.csv")
    project.recipe(RECIPE, "leaky.toml")
    done = project.mfbench("run", "leaky.toml")
    assert done.returncode == 3
    assert "2 rows of the test have a 'id' that is in the training data too" in done.stderr
    assert 'data.leakage = "warn"' in done.stderr
    [run] = project.runs()
    checks = {name: passed for name, passed, *_ in project.events(run, "check")}
    assert checks["leakage: keys: id"] is False
    assert checks["leakage: rows"] is True
    assert project.mfbench("run", "leaky.toml", "--set", 'data.leakage="warn"').returncode == 0


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_column_that_one_class_alone_fills_is_an_alarm(share: float) -> None:
    sold = BASE["sold"] == 1
    some = pl.Series(RANDOM.random(ROWS) < share)
    reason = pl.Series("reason", [("moved" if a and b else None) for a, b in zip(sold, some, strict=True)])
    assert alarms(BASE.with_columns(reason)) == [("missing", "reason")]
    # Filled at random, however rarely, it is nothing; nor is a single value of one class.
    assert alarms(BASE.with_columns(pl.Series("reason", ["x" if b else None for b in some]))) == []
    assert alarms(BASE.with_columns(pl.Series("reason", ["x" if i == 3 else None for i in range(ROWS)]))) == []
