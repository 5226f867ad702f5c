"""Which columns become features, and of what kind."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import polars as pl
import pytest

from mfbench.core.errors import FitError
from mfbench.data.target import TARGET, WEIGHT
from mfbench.features.columns import Column, choose_columns
from mfbench.recipe.schema import Data, Feature, Split

ROWS = 400
FRAME = pl.DataFrame(
    {
        "whole": range(ROWS),
        "number": [i / 3 for i in range(ROWS)],
        "flag": [True, False] * (ROWS // 2),
        "text": ["a", "b", "c", None] * (ROWS // 4),
        "few": [f"g{i % 90}" for i in range(ROWS)],
        "free": [f"sentence {i}" for i in range(ROWS)],
        "day": [date(2024, 1, 1) + timedelta(days=i) for i in range(ROWS)],
        "at": [datetime(2024, 1, 1, i % 24) for i in range(ROWS)],
        "clock": [time(i % 24) for i in range(ROWS)],
        "took": [timedelta(minutes=i) for i in range(ROWS)],
        "one": ["x"] * ROWS,
        "seven": [7] * ROWS,
        "empty": pl.Series([None] * ROWS, dtype=pl.String),
        "nested": [[i] for i in range(ROWS)],
        "a[0]": range(ROWS),
        "__index_level_0__": range(ROWS),
        "w": [1.5] * (ROWS - 1) + [2.5],
        "y": [0, 1] * (ROWS // 2),
        TARGET: [0, 1] * (ROWS // 2),
        WEIGHT: [1.0] * ROWS,
    }
)


def choose(features: dict[str, Feature] | None = None, **data: Any) -> dict[str, Column]:
    columns = choose_columns(FRAME, Data(source="", target="y", **data), features or {}, ["y"])
    assert len({column.name for column in columns}) == len(columns)
    return {column.name: column for column in columns}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("whole", "numeric"), ("number", "numeric"), ("flag", "numeric"), ("clock", "numeric"), ("took", "numeric"),
        ("text", "categorical"), ("few", "categorical"), ("day", "datetime"), ("at", "datetime"),
        ("free", "drop"), ("one", "drop"), ("seven", "drop"), ("empty", "drop"), ("nested", "drop"),
    ],
)  # fmt: skip
def test_a_kind_is_inferred_and_its_reason_told(name: str, kind: str) -> None:
    column = choose()[name]
    assert column.kind == kind
    assert column.why


def test_target_weight_key_and_the_splits_time_are_no_features() -> None:
    chosen = choose(weight="w", key="whole", split=Split(by="day"))
    assert not {"y", "w", "whole", "day", TARGET, WEIGHT, "__index_level_0__"} & set(chosen)
    assert {"w", "whole", "day"} <= set(choose())


def test_what_is_named_is_used() -> None:
    assert list(choose(use=("number", "day"), split=Split(by="day"))) == ["number", "day"]
    assert list(choose(use=("f*", "text"))) == ["flag", "few", "free", "text"]
    assert list(choose(use=("f*",), exclude=("fr*",))) == ["flag", "few"]
    assert list(choose(use=("a[0]",))) == ["a[0]"]
    assert list(choose(use=("[ab]*", "number"))) == ["at", "a[0]", "number"]


def test_a_feature_overrides_and_adds() -> None:
    features = {
        "whole": Feature(kind="categorical", min_frequency=3),
        "free": Feature(kind="categorical"),
        "number": Feature(kind="drop"),
        "month": Feature(expr="extract(month from day)"),
        "day": Feature(parts=("year", "epoch")),
    }
    chosen = choose(features, use=("whole", "number", "day"))
    assert {name: column.kind for name, column in chosen.items()} == {
        "whole": "categorical", "free": "categorical", "number": "drop", "month": "numeric", "day": "datetime",
    }  # fmt: skip
    assert chosen["whole"].min_frequency == 3
    assert chosen["whole"].why == "as the recipe says"
    assert chosen["month"].expr == "extract(month from day)"
    assert chosen["day"].parts == ("year", "epoch")


def test_a_date_gives_the_parts_that_repeat() -> None:
    chosen = choose()
    assert chosen["day"].parts == ("month", "day", "weekday")
    assert chosen["at"].parts == ("month", "day", "weekday", "hour", "minute")


@pytest.mark.parametrize(
    ("features", "data", "key", "says"),
    [
        ({}, {"use": ("x*",)}, ("data", "use", 0), "'x*' matches no column"),
        ({}, {"use": ("flag", "y")}, ("data", "use", 1), "leak"),
        ({}, {"use": ("flag", "w"), "weight": "w"}, ("data", "use", 1), "is the weight"),
        ({}, {"use": ("whole",), "key": "whole"}, ("data", "use", 0), "is the key"),
        ({"w": Feature(kind="numeric")}, {"weight": "w"}, ("features", "w"), "is the weight"),
        ({}, {"exclude": ("x",)}, ("data", "exclude", 0), "'x' matches no column"),
        ({}, {"use": ("one",)}, ("data", "use"), "no column is left"),
        ({"y": Feature(kind="numeric")}, {}, ("features", "y"), "leak"),
        ({"z": Feature(expr="y * 2")}, {}, ("features", "z", "expr"), "leak"),
        ({"z": Feature(expr=f'"{TARGET}" * 2')}, {}, ("features", "z", "expr"), "is not there"),
        ({"z": Feature(kind="numeric")}, {}, ("features", "z"), "there is no column 'z'"),
        ({TARGET: Feature(kind="numeric")}, {}, ("features", TARGET), "there is no column"),
        ({"z": Feature(expr="1")}, {}, ("features", "z", "expr"), "reads no column"),
        ({"text": Feature(kind="numeric")}, {}, ("features", "text", "kind"), "kind = 'categorical' fits"),
        ({"nested": Feature(kind="categorical")}, {}, ("features", "nested", "kind"), "cannot be categorical"),
        ({"flag": Feature(parts=("day",))}, {}, ("features", "flag", "parts"), "for datetime columns"),
        ({"text": Feature(min_frequency=0)}, {}, ("features", "text", "min_frequency"), "at least 1"),
    ],
)
def test_refused(features: dict[str, Feature], data: dict[str, Any], key: tuple[Any, ...], says: str) -> None:
    with pytest.raises(FitError) as caught:
        choose(features, **data)
    assert caught.value.key == key
    assert says in str(caught.value)
