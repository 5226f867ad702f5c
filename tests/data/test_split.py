"""Which rows are held out: at random, by class, by time with a gap, by group, by given files."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from mfbench.core.errors import FitError
from mfbench.data.split import GIVEN, split_rows
from mfbench.data.target import TARGET
from mfbench.data.units import ORIGIN
from mfbench.recipe.schema import Split

DAYS = [date(2024, 1, 1) + timedelta(days=i) for i in range(100)]
FRAME = pl.DataFrame({TARGET: [int(i % 10 == 3) for i in range(100)], "day": DAYS})


def parts(
    split: Split, frame: pl.DataFrame = FRAME, task: str = "classification", seed: int = 0
) -> dict[str, list[int]]:
    """The numbers of the rows of each part."""
    found = split_rows(frame, split, task, seed).to_list()
    assert len(found) == frame.height
    assert set(found) <= {"train", "test", "gap"}
    return {part: [i for i, name in enumerate(found) if name == part] for part in ("train", "test", "gap")}


def test_at_random_a_fifth_each_class_alike() -> None:
    found = parts(Split())
    assert (len(found["train"]), len(found["test"]), found["gap"]) == (80, 20, [])
    assert sum(i % 10 == 3 for i in found["test"]) == 2


def test_the_seed_decides() -> None:
    assert parts(Split(), seed=1) == parts(Split(), seed=1)
    assert parts(Split(), seed=1) != parts(Split(), seed=2)


def test_a_regression_and_stratify_false_do_not_look_at_the_target() -> None:
    plain = parts(Split(test=0.5, stratify=False))
    assert plain == parts(Split(test=0.5), task="regression")
    assert plain != parts(Split(test=0.5))


def test_a_class_of_one_row_is_learned_from() -> None:
    frame = pl.DataFrame({TARGET: [2, *([0, 1] * 20)]})
    for seed in range(5):
        found = parts(Split(test=0.3), frame, seed=seed)
        assert 0 in found["train"]
        assert len(found["test"]) == 12
    with pytest.raises(FitError, match="cannot be split so that each class is in both parts") as caught:
        parts(Split(test=0.3, stratify=True), frame)
    assert caught.value.key == ("data", "split", "stratify")
    assert "1 row" in str(caught.value.hint)


def test_by_time_the_last_days_are_the_test() -> None:
    found = parts(Split(by="day", test="28d"))
    assert found == {"train": list(range(72)), "test": list(range(72, 100)), "gap": []}


def test_by_time_the_order_of_the_rows_does_not_matter() -> None:
    found = parts(Split(by="day", test="28d"), FRAME.reverse())
    assert found["test"] == list(range(28))


def test_a_gap_is_neither() -> None:
    found = parts(Split(by="day", test="28d", gap="2d"))
    assert found == {"train": list(range(70)), "test": list(range(72, 100)), "gap": [70, 71]}
    found = parts(Split(by="day", test=0.3, gap="2d"))
    assert (found["train"][-1], found["gap"], found["test"][0]) == (67, [68, 69], 70)


def test_a_share_by_time_keeps_a_moment_together() -> None:
    frame = pl.DataFrame({TARGET: [0, 1] * 10, "day": [DAYS[i // 5] for i in range(20)]})
    found = parts(Split(by="day", test=0.3), frame)  # six rows would cut the third day in two
    assert found["test"] == list(range(10, 20))
    assert found["train"] == list(range(10))


def test_hours_and_zones() -> None:
    moments = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=i) for i in range(48)]
    frame = pl.DataFrame({TARGET: [0, 1] * 24, "at": moments})
    found = parts(Split(by="at", test="12h", gap="90m"), frame)
    assert (len(found["train"]), found["gap"], len(found["test"])) == (34, [34, 35], 12)


def test_a_duration_is_exact_to_the_moment() -> None:
    frame = pl.DataFrame({TARGET: [0, 1, 0, 1], "at": [datetime(2024, 1, d) for d in (1, 2, 3, 4)]})
    assert parts(Split(by="at", test="2d"), frame)["test"] == [2, 3]
    assert parts(Split(by="at", test="49h"), frame, "regression")["test"] == [1, 2, 3]


@pytest.mark.parametrize(
    ("split", "frame", "key", "says"),
    [
        (Split(by="day", test="900d"), FRAME, "test", "no rows to learn from"),
        (Split(by="day", test=0.5, gap="51d"), FRAME, "gap", "no rows to learn from"),
        (Split(by="day", test=0.2), FRAME.with_columns(day=pl.lit(DAYS[0])), "test", "no rows to learn from"),
        (Split(by="dya"), FRAME, "by", "no column 'dya'"),
        (Split(by=TARGET), FRAME, "by", "expected a date or a time"),
        (Split(by="day"), FRAME.with_columns(pl.col("day").replace(DAYS[3], None)), "by", "null in 1 row"),
        (Split(by="day", test="2d"), FRAME, "test", "the test part has 2 rows and only 1 of the 2 classes"),
        (Split(test=0.001), FRAME, "test", "without rows"),
        (Split(test=0.999), FRAME, "test", "without rows"),
    ],
)
def test_a_split_that_leaves_nothing(split: Split, frame: pl.DataFrame, key: str, says: str) -> None:
    with pytest.raises(FitError, match=says) as caught:
        split_rows(frame, split, "classification", 0)
    assert caught.value.key == ("data", "split", key)


def test_every_class_is_learned() -> None:
    frame = FRAME.with_columns(pl.Series(TARGET, [0, 1] * 45 + [2] * 10))
    with pytest.raises(FitError, match="the train part has 80 rows and only 2 of the 3 classes"):
        split_rows(frame, Split(by="day", test=0.2), "classification", 0)
    assert len(parts(Split(by="day", test=0.2), frame, task="regression")["test"]) == 20


def test_whole_groups_are_held_out() -> None:
    frame = FRAME.with_columns(shop=pl.Series([f"s{i % 10}" for i in range(100)]))
    found = parts(Split(group="shop"), frame, "regression")
    shops = {part: {i % 10 for i in rows} for part, rows in found.items()}
    assert not shops["train"] & shops["test"]
    assert (len(found["test"]), found["gap"]) == (20, [])
    assert found != parts(Split(group="shop"), frame, "regression", seed=1)


def test_groups_come_as_near_to_the_share_as_they_can() -> None:
    frame = pl.DataFrame({TARGET: [0.0, 1.0] * 50, "shop": ["big"] * 70 + [f"s{i}" for i in range(30)]})
    for seed in range(5):
        held = len(parts(Split(group="shop", test=0.25), frame, "regression", seed)["test"])
        assert held == 25, "the big one would be too much, whenever it comes up"
    two = pl.DataFrame({TARGET: [0.0, 1.0] * 5, "shop": ["a"] * 9 + ["b"]})
    for seed in range(5):
        assert all(len(parts(Split(group="shop"), two, "regression", seed)[part]) for part in ("train", "test"))


def test_a_group_on_both_sides_of_the_border_is_not_learned_from() -> None:
    frame = FRAME.with_columns(shop=pl.Series([i // 8 for i in range(100)]))
    found = parts(Split(by="day", test="28d", group="shop"), frame)
    assert (found["test"], found["gap"]) == (list(range(72, 100)), [])
    found = parts(Split(by="day", test="30d", group="shop"), frame)
    assert (found["train"][-1], found["gap"], found["test"][0]) == (63, list(range(64, 70)), 70)


def test_given_rows_are_the_test() -> None:
    frame = FRAME.with_columns(pl.Series(GIVEN, [i % 4 == 3 for i in range(100)]))
    found = parts(Split(source="later.csv"), frame)
    assert found["test"] == list(range(3, 100, 4))
    assert (len(found["train"]), found["gap"]) == (75, [])


def test_a_forecast_is_on_the_side_of_its_origin() -> None:
    origins = [datetime(2024, 1, 1) + timedelta(days=i // 3) for i in range(60)]
    frame = pl.DataFrame(
        {
            TARGET: [float(i) for i in range(60)],
            ORIGIN: origins,
            "at": [origin + timedelta(days=1 + i % 3) for i, origin in enumerate(origins)],
        }
    )
    found = parts(Split(by="at", test="5d"), frame, "forecasting")
    border = max(frame["at"]) - timedelta(days=5)
    assert set(found["test"]) == {i for i in range(60) if origins[i] >= border}
    assert max(frame["at"][i] for i in found["train"]) == border
    assert {origins[i] < border < frame["at"][i] for i in found["gap"]} == {True}


@pytest.mark.parametrize(
    ("split", "frame", "key", "says"),
    [
        (Split(group="shp"), FRAME, "group", "no column 'shp'"),
        (Split(group="shop"), FRAME.with_columns(shop=pl.lit("one")), "group", "1 value: whole groups"),
        (Split(group="shop"), FRAME.with_columns(shop=pl.Series([None, "a"] * 50)), "group", "null in 50 rows"),
        (
            Split(by="day", group="shop"),
            FRAME.with_columns(shop=pl.Series(["a", "b"] * 50)),
            "group",
            "before the border",
        ),
        (Split(source="b.csv"), FRAME.with_columns(pl.lit(value=True).alias(GIVEN)), "source", "no rows to learn from"),
    ],
)
def test_groups_and_files_that_leave_nothing(split: Split, frame: pl.DataFrame, key: str, says: str) -> None:
    with pytest.raises(FitError, match=says) as caught:
        split_rows(frame, split, "classification", 0)
    assert caught.value.key == ("data", "split", key)
