"""What of [data.split] and [forecast] is refused before any data is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from mfbench.core.errors import RecipeError
from mfbench.recipe.load import load_recipe
from mfbench.recipe.schema import Recipe

HEAD = '[recipe]\nname = "late"\ntask = "{task}"\n\n[data]\nsource = "rows.csv"\ntarget = "late"\n'


def load(folder: Path, rest: str, task: str = "classification") -> Recipe:
    path = folder / "recipe.toml"
    path.write_text(HEAD.format(task=task) + rest, encoding="utf-8")
    return load_recipe(path).recipe


@pytest.mark.parametrize(
    ("split", "says"),
    [
        ("folds = 1", "split.folds: expected 2 to 50, found 1"),
        ("folds = 51", "found 51"),
        ('group = ""', "split.group is empty"),
        ("source = []", "split.source is empty"),
        ('source = ["a.csv", ""]', "split.source is empty"),
        ('source = "b.csv", by = "day"', "'by' decides which rows are the test, and so does split.source"),
        ('source = "b.csv", group = "shop"', "'group' decides"),
        ('source = "b.csv", gap = "1d"', "'gap' decides"),
        ('source = "b.csv", stratify = true', "'stratify' decides"),
        ('source = "b.csv", test = 0.3', "the rows of split.source are the test"),
        ('source = "b.csv", test = "3d"', "the rows of split.source are the test"),
        ('group = "shop", stratify = true', "groups are held out whole"),
        ('unit = "week"', "unit = 'week' is a time: it needs `by`"),
        ('group = "shop", gap = "1d"', "gap = '1d' is a time: it needs `by`"),
    ],
)
def test_a_split_that_contradicts_itself(tmp_path: Path, split: str, says: str) -> None:
    with pytest.raises(RecipeError) as caught:
        load(tmp_path, f"split = {{ {split} }}\n")
    assert says in caught.value.message
    assert (caught.value.where or "").endswith(f":8:{caught.value.where.rsplit(':', 1)[1]}")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "split",
    [
        'by = "day", test = "28d", gap = "1d", folds = 4, unit = "week"',
        'by = "day", group = "shop"',
        'source = ["b.csv", "c.csv"], unit = "shop", folds = 2',
        'group = "shop", unit = "row", folds = 50',
        'unit = "row"',
    ],
)
def test_splits_that_fit_together(tmp_path: Path, split: str) -> None:
    load(tmp_path, f"split = {{ {split} }}\n")


FORECAST = 'split = {{ by = "day" }}\n\n[forecast]\n{0}\n'


@pytest.mark.parametrize(
    ("rest", "says"),
    [
        ('split = { by = "day" }\n', "a forecast lacks the table [forecast]"),
        ("[forecast]\nhorizon = 3\n", "a forecast needs split.by"),
        ('split = { by = "day", group = "shop" }\n[forecast]\n', "not on other groups"),
        ('positive = 1\nsplit = { by = "day" }\n[forecast]\n', "only a classification has a positive class"),
        (FORECAST.format("horizon = 0"), "forecast.horizon: expected 1 to 100,000 steps, found 0"),
        (FORECAST.format("season = 0"), "forecast.season"),
        (FORECAST.format("stride = -1"), "forecast.stride"),
        (FORECAST.format("lags = [0, 1]"), "a lag counts steps back from the origin"),
        (FORECAST.format("lags = [1, 3, 2]"), "forecast.lags: 2 after 3"),
        (FORECAST.format("lags = [1, 1]"), "forecast.lags: 1 after 1"),
        (FORECAST.format("coverage = 0.5"), "forecast.coverage"),
        (FORECAST.format("coverage = 1.0"), "forecast.coverage"),
        (FORECAST.format('series = "day"'), "forecast.series names the column"),
    ],
)
def test_a_forecast_that_cannot_be(tmp_path: Path, rest: str, says: str) -> None:
    with pytest.raises(RecipeError) as caught:
        load(tmp_path, rest, "forecasting")
    assert says in caught.value.message


def test_forecasts_are_for_forecasting(tmp_path: Path) -> None:
    assert load(tmp_path, FORECAST.format("horizon = 24\nlags = [1, 2]"), "forecasting").forecast is not None
    with pytest.raises(RecipeError, match="for a forecasting task; this is a regression"):
        load(tmp_path, FORECAST.format("horizon = 24"), "regression")
