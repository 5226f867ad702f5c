"""The data profile: right, bounded, and silent about who the rows are."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from mfbench.core import jsonio
from mfbench.data.profile import TOP, WHOLE_BINS, named_only, profile_column


def told(kind: str, train: pl.Series, test: pl.Series | None = None) -> dict[str, object]:
    found = profile_column("x", kind, train, train.head(0) if test is None else test)
    assert found.keys() == named_only("x", kind).keys()
    jsonio.pretty(found)
    return found


def test_a_number_as_numpy_says() -> None:
    random = np.random.default_rng(0)
    train, test = random.normal(3, 2, 5000), random.normal(4, 2, 800)
    found = profile_column("x", "numeric", pl.Series(train), pl.Series(test))
    numeric, bars = found["numeric"], found["histogram"]
    assert numeric["mean"] == pytest.approx(train.mean())
    assert numeric["sd"] == pytest.approx(train.std(ddof=1))
    assert numeric["quantiles"] == pytest.approx(np.quantile(train, [0.05, 0.25, 0.5, 0.75, 0.95]), abs=0.01)
    edges = np.array(bars["edges"])
    clipped = [np.clip(values, edges[0], edges[-1]) for values in (train, test)]
    assert len(edges) == 21
    assert bars["train"] == np.histogram(clipped[0], edges)[0].tolist()
    assert bars["test"] == np.histogram(clipped[1], edges)[0].tolist()


def test_a_far_value_does_not_squeeze_the_others() -> None:
    found = told("numeric", pl.Series([*np.linspace(0, 1, 999), 1e12]))
    assert found["histogram"]["edges"][-1] < 2  # type: ignore[index]
    assert sum(found["histogram"]["train"]) == 1000  # type: ignore[index]


def test_whole_numbers_get_a_bar_each() -> None:
    found = told("numeric", pl.Series(list(range(24)) * 10), pl.Series([0, 23]))
    bars = found["histogram"]
    assert bars["edges"] == [i - 0.5 for i in range(25)]  # type: ignore[index]
    assert bars["train"] == [10] * 24  # type: ignore[index]
    assert bars["test"] == [1, *[0] * 22, 1]  # type: ignore[index]
    wide = told("numeric", pl.Series(range(WHOLE_BINS * 5)))
    assert len(wide["histogram"]["train"]) == 20  # type: ignore[index]


def test_missing_is_null_and_nan() -> None:
    found = told("numeric", pl.Series([1.0, None, math.nan, 4.0]), pl.Series([None, 1.0]))
    assert found["missing"] == {"train": 0.5, "test": 0.5}
    assert found["numeric"]["max"] == 4.0  # type: ignore[index]
    assert told("numeric", pl.Series([1.0]))["missing"] == {"train": 0.0, "test": None}


@pytest.mark.parametrize(
    "values",
    [
        pl.Series([], dtype=pl.Float64), pl.Series([None, None], dtype=pl.Float64), pl.Series([None], dtype=pl.Null),
        pl.Series([math.nan, math.inf, -math.inf]), pl.Series([7.0] * 5), pl.Series([1e308, -1e308]),
        pl.Series([5e-324, 0.0]), pl.Series([2**62, 2**62 + 1]), pl.Series([1.0, math.inf, 2.0]),
        pl.Series([timedelta(seconds=4)]), pl.Series(["1.5"]).cast(pl.Decimal(10, 2)), pl.Series([[1], [2]]),
        pl.Series([{"a": 1}]), pl.Series([b"x"]), pl.Series(["a", "b"], dtype=pl.Categorical), pl.Series([True, None]),
    ],
    ids=lambda values: f"{values.dtype} {values.to_list()}",
)  # fmt: skip
@pytest.mark.parametrize("kind", ["numeric", "drop"])
def test_odd_columns(kind: str, values: pl.Series) -> None:
    found = told(kind, values, values)
    if found["histogram"]:
        assert sum(found["histogram"]["train"]) <= len(values)  # type: ignore[index]


def test_moments_are_seconds() -> None:
    days = pl.Series([date(2026, 1, 1) + timedelta(days=i) for i in range(100)])
    found = told("datetime", days)
    assert found["numeric"] is None
    assert found["histogram"]["edges"][0] == pytest.approx(1767225600, abs=86400)  # type: ignore[index]
    zoned = pl.Series([datetime(2026, 1, 1), datetime(2026, 1, 2)]).dt.replace_time_zone("Europe/Berlin")
    assert told("datetime", zoned)["histogram"]["edges"][0] == 1767222000  # type: ignore[index]


def test_frequent_values_with_their_shares() -> None:
    train, test = pl.Series(["b"] * 6 + ["a"] * 3 + [None]), pl.Series(["a", "c"])
    assert told("categorical", train, test)["top"] == [["b", 0.6, 0.0], ["a", 0.3, 0.5]]
    assert len(told("categorical", pl.Series([str(i % 40) for i in range(400)]))["top"]) == TOP  # type: ignore[arg-type]
    assert told("categorical", pl.Series(["x" * 10_000] * 3))["top"][0][0] == "x" * 80  # type: ignore[index]


def test_text_that_tells_rows_apart_is_not_listed() -> None:
    mails = pl.Series([f"person{i}@example.org" for i in range(50)])
    found = told("categorical", mails)
    assert (found["top"], found["distinct"]) == (None, 50)
    assert "person" not in jsonio.pretty(found).decode()
    dropped = told("drop", pl.Series(["secret"] * 9))
    assert "secret" not in jsonio.pretty(dropped).decode()


def test_equal_counts_come_in_one_order() -> None:
    values = [f"v{i:02}" for i in range(30)] * 3
    shuffled = np.random.default_rng(5).permutation(values).tolist()
    assert told("categorical", pl.Series(values)) == told("categorical", pl.Series(shuffled))
