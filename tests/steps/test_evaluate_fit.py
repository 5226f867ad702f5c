"""What [evaluate] may ask for: refused from the recipe alone, or beside its data."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from mfbench.core.errors import FitError, RecipeError
from mfbench.recipe.load import load_recipe
from tests.steps.chain import Chain
from tests.steps.people import RECIPE, customers


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("threshold = 0.0", "a probability between 0 and 1, found 0"),
        ("threshold = 1", "found 1"),
        ("threshold = nan", "found nan"),
        ("threshold = { false_positive = -1, false_negative = 1 }", "false_positive: a cost is a number from 0 on"),
        ("threshold = { false_positive = 1, false_negative = inf }", "false_negative: .* found inf"),
        ("threshold = { false_positive = 0, false_negative = 0 }", "both costs are 0"),
        ("threshold = { false_positive = 1 }", "lacks 'false_negative'"),
        ("repeats = 0", "repeats: expected a number from 1 to 100, found 0"),
        ("repeats = 101", "found 101"),
        ("confidence = 95", "confidence: expected a number from 0.5 to 0.999, found 95"),
        ("confidence = nan", "found nan"),
        ("resamples = 99", "from 100 to 100,000"),
        ('slices = ["shop", "shop"]', "'shop' stands twice in evaluate.slices"),
        ('metrics = ["f1", "f1"]', "'f1' stands twice"),
    ],
)
def test_the_recipe_alone(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(f"{RECIPE}[evaluate]\n{line}\n")
    with pytest.raises(RecipeError, match=message) as caught:
        load_recipe(path)
    last = len(path.read_text().splitlines())
    assert f"recipe.toml:{last}:" in str(caught.value) or "lacks" in message


@pytest.mark.parametrize("line", ["threshold = 0.01", "repeats = 100", "confidence = 0.5", "resamples = 100000"])
def test_the_ends_are_allowed(tmp_path: Path, line: str) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(f"{RECIPE}[evaluate]\n{line}\n")
    load_recipe(path)


@pytest.mark.parametrize(
    ("slices", "message"),
    [
        ('["shopp"]', "did you mean 'shop'"),
        ('["__target__"]', "no column '__target__'"),
        ('["shop", "tags"]', "'tags' is List"),
    ],
)
def test_beside_the_data(tmp_path: Path, slices: str, message: str) -> None:
    frame = customers(300).with_columns(tags=pl.concat_list("age", "noise"))
    chain = Chain(tmp_path, RECIPE + f"[evaluate]\nslices = {slices}", frame)
    with pytest.raises(FitError) as caught:
        chain.precheck()
    assert message in str(caught.value)
    assert caught.value.key == ("evaluate", "slices", slices.count(","))
