"""Folds of the training rows follow the split; units say what is independent of its like."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mfbench.core.errors import FitError
from mfbench.data.folds import fold_rows
from mfbench.data.target import TARGET
from mfbench.data.units import ORIGIN, unit_column
from mfbench.recipe.schema import Split

DAYS = [date(2024, 1, 1) + timedelta(days=i // 4) for i in range(100)]
FRAME = pl.DataFrame(
    {TARGET: [int(i % 10 == 3) for i in range(100)], "day": DAYS, "shop": [f"s{i % 7}" for i in range(100)]}
)


def test_at_random_each_row_is_validated_once_and_classes_are_shared_out() -> None:
    folds = fold_rows(FRAME, Split(), "classification", 0)
    assert sorted(np.concatenate([valid for _, valid in folds])) == list(range(100))
    for fit, valid in folds:
        assert sorted([*fit, *valid]) == list(range(100))
        assert FRAME[TARGET][valid].sum() == 2
    again, other = (fold_rows(FRAME, Split(), "classification", seed) for seed in (0, 1))
    assert all((a == b).all() for (_, a), (_, b) in zip(folds, again, strict=True))
    assert any(not np.array_equal(a, b) for (_, a), (_, b) in zip(folds, other, strict=True))


def test_the_same_folds_as_scikit_learn() -> None:
    from sklearn.model_selection import KFold, StratifiedKFold

    mine = fold_rows(FRAME, Split(folds=4), "classification", 3)
    theirs = StratifiedKFold(4, shuffle=True, random_state=3).split(np.zeros(100), FRAME[TARGET].to_numpy())
    assert all((a[1] == b[1]).all() for a, b in zip(mine, theirs, strict=True))
    mine = fold_rows(FRAME, Split(folds=4), "regression", 3)
    theirs = KFold(4, shuffle=True, random_state=3).split(np.zeros(100))
    assert all((a[1] == b[1]).all() for a, b in zip(mine, theirs, strict=True))


def test_a_class_of_one_row_is_always_fitted_on() -> None:
    frame = pl.DataFrame({TARGET: [2, *([0, 1] * 20)]})
    for fit, valid in fold_rows(frame, Split(), "classification", 0):
        assert 0 in fit
        assert 0 not in valid


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 30), min_size=30, max_size=90), st.integers(2, 6), st.integers(0, 3))
def test_forward_in_time_nothing_is_fitted_that_comes_later(offsets: list[int], folds: int, gap: int) -> None:
    days = [date(2024, 1, 1) + timedelta(days=i) for i in offsets]
    frame = pl.DataFrame({TARGET: [float(i) for i in offsets], "day": days})
    split = Split(by="day", folds=folds, gap=f"{gap}d" if gap else None)
    try:
        found = fold_rows(frame, split, "regression", 0)
    except FitError as error:
        assert error.key == ("data", "split", "folds")  # noqa: PT017
        return
    assert len(found) == folds
    validated: list[int] = []
    for fit, valid in found:
        newest, oldest = max(offsets[i] for i in fit), min(offsets[i] for i in valid)
        assert newest < oldest - gap
        assert not validated or max(offsets[i] for i in validated) < oldest
        validated += list(valid)
    assert max(offsets) in {offsets[i] for i in validated}


def test_forward_in_time_the_blocks_are_of_about_equal_size() -> None:
    sizes = [(len(fit), len(valid)) for fit, valid in fold_rows(FRAME, Split(by="day", folds=4), "classification", 0)]
    assert sizes == [(20, 20), (40, 20), (60, 20), (80, 20)]


def test_whole_groups() -> None:
    for task in ("classification", "regression"):
        shops = FRAME["shop"].to_list()
        for fit, valid in fold_rows(FRAME, Split(group="shop", folds=3), task, 0):
            assert not {shops[i] for i in fit} & {shops[i] for i in valid}


def test_in_time_and_groups_what_is_validated_is_new_in_both() -> None:
    frame = FRAME.with_columns(shop=pl.Series([i // 3 for i in range(100)]))
    for fit, valid in fold_rows(frame, Split(by="day", group="shop", folds=4), "classification", 0):
        assert not set(frame["shop"][fit]) & set(frame["shop"][valid])
        assert frame["day"][fit].max() < frame["day"][valid].min()  # type: ignore[operator]


def test_a_forecast_is_validated_by_its_origin() -> None:
    moments = [datetime(2024, 1, 1) + timedelta(hours=i) for i in range(200)]
    rows = [(moments[o], moments[o + h]) for o in range(0, 180, 6) for h in range(1, 13)]
    frame = pl.DataFrame(
        {ORIGIN: [o for o, _ in rows], "at": [t for _, t in rows], TARGET: np.arange(float(len(rows)))}
    )
    for fit, valid in fold_rows(frame, Split(by="at", folds=3), "forecasting", 0):
        assert frame["at"][fit].max() <= frame[ORIGIN][valid].min()  # type: ignore[operator]


@pytest.mark.parametrize(
    ("split", "frame", "says"),
    [
        (Split(folds=50), FRAME.head(99), "99 training rows for 50 folds"),
        (Split(by="day"), FRAME.with_columns(day=pl.lit(DAYS[0])), "1 moment of 'day'"),
        (Split(by="day", gap="30d"), FRAME, "no rows to fit on"),
        (Split(group="shop", folds=8), FRAME, "7 groups of 'shop' for 8 folds"),
        (
            Split(by="day"),
            FRAME.with_columns(pl.Series(TARGET, [0] * 50 + [1] * 50)),
            "classes",
        ),
        (Split(stratify=False), FRAME.with_columns(pl.Series(TARGET, [1, 1] + [0] * 98)), "only one class"),
    ],
)
def test_folds_that_cannot_be(split: Split, frame: pl.DataFrame, says: str) -> None:
    with pytest.raises(FitError, match=says) as caught:
        fold_rows(frame, split, "classification", 0)
    assert caught.value.key == ("data", "split", "folds")
    assert caught.value.hint


def test_a_unit_follows_from_the_split() -> None:
    assert unit_column(FRAME, Split())[0] == "row"
    assert unit_column(FRAME, Split())[1].n_unique() == 100
    name, days = unit_column(FRAME, Split(by="day"))
    assert (name, days.n_unique()) == ("day", 25)
    assert unit_column(FRAME, Split(group="shop"))[0] == "shop"
    assert unit_column(FRAME, Split(by="day", unit="shop"))[1].n_unique() == 7


def test_units_of_time() -> None:
    at = [datetime(2024, 1, 31, 22, tzinfo=UTC) + timedelta(minutes=40 * i) for i in range(8)]
    frame = pl.DataFrame({"at": at})
    count = {unit: unit_column(frame, Split(by="at", unit=unit))[1].n_unique() for unit in ("hour", "day", "month")}
    assert count == {"hour": 5, "day": 2, "month": 2}
    assert unit_column(frame, Split(by="at", unit="week"))[1].n_unique() == 1
    forecasts = frame.with_columns(pl.lit(datetime(2024, 1, 1)).alias(ORIGIN))
    assert unit_column(forecasts, Split(by="at"))[1].n_unique() == 1, "a forecast's day is that of its origin"


@pytest.mark.parametrize(
    ("split", "says", "key"),
    [
        (Split(unit="shp"), "no column 'shp'", "unit"),
        (Split(group="shp"), "no column 'shp'", "group"),
        (Split(by="day", unit="hour"), "dates, which have no hour", "unit"),
        (Split(by="shop", unit="day"), "part of a time", "unit"),
        (Split(unit="holes"), "null in 50 rows", "unit"),
    ],
)
def test_a_wrong_unit(split: Split, says: str, key: str) -> None:
    frame = FRAME.with_columns(holes=pl.Series([None, 1.0] * 50))
    with pytest.raises(FitError, match=says) as caught:
        unit_column(frame, split)
    assert caught.value.key == ("data", "split", key)
