"""The search space as a recipe writes it."""

from __future__ import annotations

import pytest

from mfbench.recipe.schema import Candidate, Feature, Model, Space, Tune
from mfbench.recipe.space import axes, grid, parse_axis
from mfbench.tuning.settings import as_written, samples, settle, start_values


@pytest.mark.parametrize(
    ("text", "low", "high", "integer", "log", "step"),
    [
        ("15..127", 15, 127, True, False, None),
        ("0.1..0.9", 0.1, 0.9, False, False, None),
        ("log 1e-3..0.3", 1e-3, 0.3, False, True, None),
        ("log 1..1000", 1, 1000, True, True, None),
        ("0..100 step 5", 0, 100, True, False, 5),
        ("0.0..1.0 step 0.25", 0, 1, False, False, 0.25),
        (" -3 .. 3 ", -3, 3, True, False, None),
    ],
)
def test_a_range(text: str, low: float, high: float, integer: bool, log: bool, step: float | None) -> None:
    axis = parse_axis("model.x", Space(range=text))
    assert (axis.low, axis.high, axis.integer, axis.log, axis.step) == (low, high, integer, log, step)


@pytest.mark.parametrize(
    ("space", "told"),
    [
        (Space(range="9..3"), "is empty"),
        (Space(range="3..3"), "is empty"),
        (Space(range="log 0..1"), "above 0"),
        (Space(range="log 1..9 step 2"), "no step"),
        (Space(range="1..9 step 20"), "does not fit"),
        (Space(range="one to nine"), "is no range"),
        (Space(range="0.0..1e400"), "too wide"),
        (Space(range="0..99999999999999999999"), "too wide"),
        (Space(choices=()), "is empty"),
        (Space(choices=(1, 2, 1)), "twice"),
        (Space(), "either a range or choices"),
        (Space(range="1..2", choices=(1,)), "either a range or choices"),
    ],
)
def test_what_is_no_entry(space: Space, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        parse_axis("model.x", space)


def test_true_and_one_are_two_choices() -> None:
    assert parse_axis("model.x", Space(choices=(True, 1, 1.0, "1"))).choices == (True, 1, 1.0, "1")


def test_a_grid_leaves_out_what_does_not_exist_beside_the_rest() -> None:
    tune = Tune(
        space={
            "model.depth": Space(range="2..3", when={"model.kind": "tree"}),
            "model.kind": Space(choices=("tree", "line")),
        }
    )
    assert list(grid(axes(tune))) == [
        {"model.kind": "tree", "model.depth": 2},
        {"model.kind": "tree", "model.depth": 3},
        {"model.kind": "line"},
    ]


def test_a_grid_is_walked_only_where_it_exists() -> None:
    """Twenty candidates of 100 points each: 2,000 points, though the product of all entries has 100**20."""
    space = {"depth": Space(range="1..100")}
    tune = Tune(candidates={f"m{i}": Candidate(estimator="X", space=space) for i in range(20)})
    assert len({tuple(point.items()) for point in grid(axes(tune))}) == 2000


def test_a_grid_counts_its_steps_without_drifting() -> None:
    axis = parse_axis("model.x", Space(range="0.0..0.3 step 0.1"))
    assert axis.grid() == [0.0, 0.1, 0.2, 0.3]


def test_entries_that_wait_for_each_other_are_refused() -> None:
    tune = Tune(
        space={"model.a": Space(range="1..2", when={"model.b": 1}), "model.b": Space(range="1..2", when={"model.a": 1})}
    )
    with pytest.raises(ValueError, match="in turn waits for others"):
        axes(tune)


def test_candidates_have_parameters_of_their_own() -> None:
    tune = Tune(
        candidates={
            "line": Candidate(
                estimator="LogisticRegression", params={"tol": 0.1}, space={"C": Space(range="log 0.1..10")}
            ),
            "trees": Candidate(estimator="RandomForestClassifier", space={"max_depth": Space(range="2..9")}),
        }
    )
    space = axes(tune)
    assert list(space) == ["model", "line.C", "trees.max_depth"]
    model, features = settle({"model": "line", "line.C": 2.0}, Model(), {}, tune)
    assert (model.estimator, model.params, features) == ("LogisticRegression", {"tol": 0.1, "C": 2.0}, {})
    assert samples(space, last=True) == {"model": "trees", "trees.max_depth": 9}


def test_what_is_recorded_has_values_as_the_recipe_writes_them() -> None:
    tune = Tune(
        space={"model.a": Space(choices=("hush", "b")), "model.b": Space(range="1..2", when={"model.a": "hush"})},
        candidates={"x": Candidate(estimator="X", params={"key": "hush"})},
    )
    written = {
        "space": {"model.a": {"choices": ["${A}", "b"]}, "model.b": {"range": "${B}", "when": {"model.a": "${A}"}}},
        "candidates": {"x": {"params": {"key": "${A}"}, "space": {}}},
    }
    assert "hush" not in repr(as_written(tune, written))
    assert as_written(tune, written).space["model.b"].range == "1..2"


def test_values_are_laid_over_model_and_features() -> None:
    features = {"shop": Feature(kind="categorical")}
    values = {"model.C": 0.5, "model.params.tol": 0.1, "features.shop.min_frequency": 5, "features.a.b.scale": "none"}
    model, made = settle(values, Model(params={"C": 1.0, "max_iter": 9}), features, Tune())
    assert model.params == {"C": 0.5, "tol": 0.1, "max_iter": 9}
    assert made == {"shop": Feature(kind="categorical", min_frequency=5), "a.b": Feature(scale="none")}


def test_the_recipe_itself_is_where_the_search_starts() -> None:
    tune = Tune(space={"model.C": Space(range="0.1..2.0"), "features.shop.min_frequency": Space(choices=(1, 5)),
                       "model.tol": Space(range="0.1..2.0")})  # fmt: skip
    features = {"shop": Feature(min_frequency=5)}
    assert start_values(axes(tune), Model(params={"C": 1.0}), features) == {
        "model.C": 1.0,
        "features.shop.min_frequency": 5,
    }
