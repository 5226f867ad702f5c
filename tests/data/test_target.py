"""The target: classes and their codes, numbers, weights, rows without one."""

from __future__ import annotations

import math
from typing import Any

import polars as pl
import pytest

from mfbench.core.errors import FitError
from mfbench.data.target import TARGET, WEIGHT, Ingested, add_target
from mfbench.recipe.schema import Data


def ingest(values: list[Any], task: str = "classification", **data: Any) -> Ingested:
    frame = pl.DataFrame({"y": values, "x": range(len(values))})
    return add_target(frame, Data(source="", **{"target": "y", **data}), task)


@pytest.mark.parametrize(
    ("values", "positive", "classes", "codes"),
    [
        (["no", "yes", "no"], None, ["no", "yes"], [0, 1, 0]),
        (["no", "yes", "no"], "no", ["yes", "no"], [1, 0, 1]),
        ([True, False, True], None, [False, True], [1, 0, 1]),
        ([True, False, True], False, [True, False], [0, 1, 0]),
        ([0, 1, 0], None, [0, 1], [0, 1, 0]),
        ([0, 1, 0], 0, [1, 0], [1, 0, 1]),
        ([10, 9, 9], None, [9, 10], [1, 0, 0]),
        ([0.0, 1.0, -0.0], 1, [0.0, 1.0], [0, 1, 0]),
        (["10", "9", "100"], None, ["10", "100", "9"], [0, 2, 1]),
        ([3, 1, 2, 1], None, [1, 2, 3], [2, 0, 1, 0]),
        (["", " ", "it's"], None, ["", " ", "it's"], [0, 1, 2]),
    ],
)
def test_classes_and_codes(values: list[Any], positive: Any, classes: list[Any], codes: list[int]) -> None:
    found = ingest(values, positive=positive)
    assert found.classes == classes
    assert [type(item) for item in found.classes] == [type(item) for item in classes]
    assert found.frame[TARGET].to_list() == codes
    assert [found.classes[code] for code in found.frame[TARGET]] == values
    assert found.dropped == 0


def test_an_expression_is_a_target_and_its_columns_are_known() -> None:
    frame = pl.DataFrame({"delay": [1, 20, None, 40], "other": [1, 2, 3, 4], "w": [1.0, 2.0, -1.0, 0.0]})
    found = add_target(
        frame, Data(source="", target="delay > 15 or delay > other * 9", weight="w * 2"), "classification"
    )
    assert found.classes == [False, True]
    assert found.frame[TARGET].to_list() == [0, 1, 1]
    assert sorted(found.target_columns) == ["delay", "other"]
    assert found.frame[WEIGHT].to_list() == [2.0, 4.0, 0.0]  # the negative weight was on a row without a target


@pytest.mark.parametrize("missing", [None, math.nan])
def test_rows_without_a_target_are_dropped_and_counted(missing: float | None) -> None:
    found = ingest([1.0, missing, 3.0, missing], task="regression")
    assert found.dropped == 2
    assert found.frame[TARGET].to_list() == [1.0, 3.0]
    assert found.frame["x"].to_list() == [0, 2]
    assert found.classes == []


@pytest.mark.parametrize("values", [[1, 2, 3], [1.5, 2.0], [True, False]])
def test_a_regression_takes_numbers(values: list[Any]) -> None:
    assert ingest(values, task="regression").frame[TARGET].to_list() == [float(value) for value in values]


def test_the_offered_way_out_of_infinite_targets_works() -> None:
    with pytest.raises(FitError) as caught:
        ingest([1.0, math.inf, -math.inf], task="regression")
    assert "infinite in 2 rows" in caught.value.message
    target = str(caught.value.hint).partition('"')[2].rstrip('"')
    assert ingest([1.0, math.inf, -math.inf], task="regression", target=target).dropped == 2


@pytest.mark.parametrize(
    ("values", "task", "data", "key", "says"),
    [
        ([1, 1, 1], "classification", {}, "target", "only one class, 1, in 3 rows"),
        ([None, None], "classification", {}, "target", "no value in any of the 2 rows"),
        (list(range(50)), "classification", {}, "target", "50 different values in 50 rows"),
        ([i / 3 for i in range(60)] * 2, "classification", {}, "target", "is the task a regression?"),
        ([[1], [2]], "classification", {}, "target", "has no classes"),
        (["a", "b"], "regression", {}, "target", "'y' is String, for example 'a'"),
        (["1", "b"], "regression", {}, "target", "for example 'b'"),
        (["a", "b"], "classification", {"positive": "c"}, "positive", 'classes, "a", "b"; found "c"'),
        ([True, False], "classification", {"positive": 1}, "positive", "classes, false, true; found 1"),
        ([0, 1], "classification", {"positive": True}, "positive", "classes, 0, 1; found true"),
        ([1, 2, 3], "classification", {"positive": 3}, "positive", "needs two classes"),
        (["True", "b"], "classification", {"positive": True}, "positive", 'write positive = "True"'),
        ([1, 2], "classification", {"weight": "v"}, "weight", "there is no column 'v'"),
        ([1, 2], "classification", {"weight": "x - 1"}, "weight", "no weight in 1 row: expected 0 or more, found -1"),
        ([1, 2], "classification", {"weight": "nullif(x, 1)"}, "weight", "in 1 row: expected 0 or more, found nothing"),
        ([1, 2], "classification", {"weight": "1 / x"}, "weight", "found inf"),
        ([1, 2], "classification", {"weight": "x = 1"}, "weight", "a weight is a number; 'x = 1' is Boolean"),
        ([1, 2], "classification", {"weight": "x * 0"}, "weight", "is 0 in every row"),
        ([1, 2], "classification", {"target": "z"}, "target", "there is no column 'z'"),
        ([1, 2], "classification", {"target": "y > max(y)"}, "target", "an aggregate"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_target(values: list[Any], task: str, data: dict[str, Any], key: str, says: str) -> None:
    with pytest.raises(FitError) as caught:
        ingest(values, task, **data)
    assert caught.value.key == ("data", key)
    assert says in str(caught.value)
