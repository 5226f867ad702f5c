"""Every row is counted once, in its cell, whatever the column holds."""

from __future__ import annotations

import math
from datetime import date
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mfbench.core.errors import UsageError
from mfbench.drift.building import build_profile
from mfbench.drift.casting import as_labels
from mfbench.drift.counting import Counter, count
from mfbench.drift.counts import ColumnCounts, reference_counts
from mfbench.drift.cutting import SMALL, Cutter, bars_of, edges_of
from mfbench.drift.profile import BARS, CELLS, FEW, VALUES, Column

RNG = np.random.default_rng(0)
SHAPES = {
    "normal": RNG.normal(size=20_000),
    "heavy tail": RNG.standard_cauchy(20_000),
    "skewed": RNG.lognormal(0, 3, 20_000),
    "integers": RNG.integers(0, 1000, 20_000).astype(float),
    "few": RNG.integers(0, 10, 20_000).astype(float),
    "mostly zero": np.where(RNG.random(20_000) < 0.9, 0.0, RNG.exponential(1, 20_000)),
    "one": np.full(2000, 3.0),
    "tiny steps": 1e15 + RNG.integers(0, 300, 20_000).astype(float) / 8,
    "huge": RNG.choice([-1e308, 1e308, 0.0], 5000) * RNG.random(5000),
    "denormal": RNG.integers(0, 1000, 5000) * 5e-324,
}


def column(frame: pl.DataFrame, name: str = "x") -> Column:
    return next(each for each in build_profile(frame, [(name, "input")], task="regression").columns)


def only(found: Column, values: pl.Series) -> ColumnCounts:
    return count([found], pl.DataFrame({found.of or found.name: values})).columns[0]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_cell_of_a_value_is_the_one_that_a_search_finds(shape: str) -> None:
    values = SHAPES[shape]
    edges, _ = edges_of(values)
    assert len(edges) < CELLS
    probe = np.concatenate([values, edges, np.nextafter(edges, np.inf), np.nextafter(edges, -np.inf),
                            [np.inf, -np.inf, 0.0, 1e308, -1e308]])  # fmt: skip
    assert (Cutter(edges).codes(probe) == np.searchsorted(edges, probe, side="left")).all()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(allow_nan=False, width=32), min_size=1, max_size=60),
    st.lists(st.floats(allow_nan=False), min_size=1, max_size=30),
)
def test_and_of_any_value_beside_any_edges(of: list[float], values: list[float]) -> None:
    edges, _ = edges_of(np.array(of))
    probe = np.array(values * (SMALL + 1))
    assert (Cutter(edges).codes(probe) == np.searchsorted(edges, probe, side="left")).all()


def test_few_numbers_have_a_cell_each_and_many_about_equal_ones() -> None:
    few = column(pl.DataFrame({"x": SHAPES["few"]}))
    assert few.edges == tuple(float(i) for i in range(10))
    assert few.counts == (*np.bincount(SHAPES["few"].astype(int)), 0)
    assert few.bars == tuple(range(10))
    many = column(pl.DataFrame({"x": SHAPES["normal"]}))
    assert len(many.counts) == CELLS
    assert max(many.counts) - min(many.counts) <= 2
    assert len(many.bars) == BARS


def test_a_value_with_many_rows_has_a_cell_and_a_bar_of_its_own() -> None:
    found = column(pl.DataFrame({"x": np.concatenate([SHAPES["normal"], np.full(30_000, 0.5)])}))
    heavy = int(np.argmax(found.counts))
    assert found.counts[heavy] == 30_000
    assert found.edges[heavy] == 0.5
    assert heavy in found.bars
    assert heavy + 1 in found.bars


@pytest.mark.parametrize("shape", SHAPES)
def test_bars_begin_at_zero_rise_and_are_not_many(shape: str) -> None:
    edges, distinct = edges_of(SHAPES[shape])
    cells = Cutter(edges).count(SHAPES[shape])
    bars = bars_of(cells, distinct)
    assert bars[0] == 0
    assert all(a < b for a, b in pairwise(bars))
    assert len(bars) <= (FEW if distinct <= FEW else 2 * BARS + 1)
    assert bars[-1] < len(cells)


def test_numbers_are_told_with_their_moments_nulls_and_extremes() -> None:
    found = column(pl.DataFrame({"x": SHAPES["normal"]}))
    values = np.concatenate([SHAPES["normal"][:3000], [np.nan, np.inf, -np.inf, 99.0]])
    seen = only(found, pl.Series([*values.tolist(), None]))
    finite = values[np.isfinite(values)]
    assert seen.nulls == 2
    assert seen.odd == 0
    assert seen.cells.sum() == len(values) - 1
    assert seen.outside == 1
    assert (seen.low, seen.high) == (finite.min(), 99.0)
    assert found.mean is not None
    assert seen.total == pytest.approx((finite - found.mean).sum())
    assert seen.squares == pytest.approx(((finite - found.mean) ** 2).sum())
    assert seen.cells[-1] >= 2


def test_batches_add_up_to_the_whole() -> None:
    frame = pl.DataFrame({"x": SHAPES["skewed"], "c": RNG.choice(["a", "b", None], 20_000)})
    profile = build_profile(frame, [("x", "input"), ("c", "input")], task="regression")
    counter = Counter(profile.columns)
    parts = [counter.count(frame.slice(begin, 3333)) for begin in range(0, 20_000, 3333)]
    both = parts[0]
    for part in parts[1:]:
        both = both + part
    whole, reference = counter.count(frame), reference_counts(profile)
    for a, b, c in zip(both.columns, whole.columns, reference.columns, strict=True):
        assert a.cells.tolist() == b.cells.tolist() == c.cells.tolist()
        assert a.nulls == b.nulls == c.nulls
        assert a.total == pytest.approx(b.total, abs=1e-6)


def test_values_new_ones_and_all_others() -> None:
    found = column(pl.DataFrame({"x": ["a"] * 50 + ["b"] * 30 + [None] * 5}))
    assert found.values == ("a", "b")
    assert found.counts == (50, 30, 0)
    seen = only(found, pl.Series(["b", "b", "a", "z", "z", "y" * 1000, None, ""]))
    assert seen.cells.tolist() == [1, 2, 4]
    assert seen.nulls == 1
    assert seen.new == {"z": 2, "": 1, "y" * 200: 1}


def test_of_very_many_values_the_most_frequent_have_a_cell_and_no_other_is_called_new() -> None:
    texts = [f"v{i % 700}" for i in range(14_000)] + ["often"] * 500
    found = column(pl.DataFrame({"x": texts}))
    assert found.kind == "values"
    assert len(found.values) == VALUES
    assert found.values[0] == "often"
    seen = only(found, pl.Series([f"w{i}" for i in range(5000)] + ["often"] * 7))
    assert seen.cells[0] == 7
    assert seen.cells[-1] == 5000
    assert seen.new == {}


def test_a_flood_of_new_values_is_counted_and_a_few_are_named() -> None:
    found = column(pl.DataFrame({"x": ["a", "b"] * 100}))
    seen = only(found, pl.Series(["a"] * 10 + [f"w{i}" for i in range(9000)] + ["bot"] * 99))
    assert seen.cells.tolist() == [10, 0, 9099]
    assert seen.new["bot"] == 99
    assert len(seen.new) == 50


def test_text_counts_as_the_numbers_and_truths_that_it_says() -> None:
    numbers = column(pl.DataFrame({"x": SHAPES["integers"].astype(int)}))
    seen = only(numbers, pl.Series(["12", " 7 ", "3.5", "many", None, ""]))
    assert (seen.nulls, seen.odd) == (3, 2)
    assert seen.cells.sum() == 3
    truths = column(pl.DataFrame({"x": [True, False, True] * 40}))
    for values in (["true", "False", "1"], [1, 0, 1], [1.0, 0.0, 1.0], [True, False, True]):
        assert only(truths, pl.Series(values)).cells.tolist() == [2, 1, 0]
    assert only(truths, pl.Series(["maybe"])).new == {"maybe": 1}
    codes = column(pl.DataFrame({"x": ["1", "2", "1"] * 40}))
    assert only(codes, pl.Series([1, 2, 2])).cells.tolist() == [1, 2, 0]
    assert only(codes, pl.Series([1.0, 2.0, 2.0])).cells.tolist() == [1, 2, 0]


@pytest.mark.parametrize(
    "values", [pl.Series([[1], [2]]), pl.Series([date(2026, 1, 1)] * 2), pl.Series([{"a": 1}] * 2)]
)
def test_what_is_of_another_kind_altogether_is_odd(values: pl.Series) -> None:
    seen = only(column(pl.DataFrame({"x": SHAPES["normal"]})), values)
    assert (seen.nulls, seen.odd, seen.cells.sum()) == (2, 2, 0)


def test_a_missing_column_is_null_in_all_rows_and_a_missing_answer_was_not_looked_at() -> None:
    frame = pl.DataFrame({"x": SHAPES["normal"], "__prediction__": SHAPES["normal"], "__label__": SHAPES["normal"]})
    roles = [("x", "input"), ("prediction", "prediction"), ("label", "label")]
    profile = build_profile(frame, roles, task="regression")  # type: ignore[arg-type]
    rows = pl.DataFrame({"y": [1, 2, 3], "__label__": [0.5, None, 0.1]})
    seen = count(profile.columns, rows)
    assert seen.rows_of == [3, 0, 2]
    assert (seen.columns[0].missing, seen.columns[0].nulls) == (True, 3)
    assert (seen.columns[1].missing, seen.columns[1].nulls) == (False, 0)
    assert (seen.columns[2].nulls, seen.columns[2].cells.sum()) == (0, 2)


def test_prose_is_counted_by_its_length() -> None:
    texts = [" ".join(["word"] * (i % 7 + 1)) + f" {i}" for i in range(2000)]
    frame = pl.DataFrame({"x": texts})
    columns = build_profile(frame, [("x", "input")], task="regression").columns
    assert [(each.name, each.of, each.kind) for each in columns] == [
        ("x · characters", "x", "numeric"), ("x · words", "x", "numeric"),
    ]  # fmt: skip
    seen = count(columns, pl.DataFrame({"x": ["one two  three", "", None]}))
    assert seen.columns[0].high == 14
    assert (seen.columns[1].low, seen.columns[1].high, seen.columns[1].nulls) == (0, 3, 1)


def test_moments_are_told_of_and_not_cut() -> None:
    found = column(pl.DataFrame({"x": [date(2026, 1, 1), date(2026, 2, 1), None]}))
    assert (found.kind, found.counts, found.nulls) == ("described", (), 1)
    assert found.low == 1767225600e6
    for later in (pl.Series([date(2026, 3, 1)]), pl.Series(["2026-03-01"]), pl.Series(["2026-03-01T00:00:00Z"])):
        seen = only(found, later)
        assert seen.high == 1772323200e6
        assert seen.outside == 1


@pytest.mark.parametrize("values", [[None, None], [float("nan")] * 3])
def test_a_column_without_a_value_is_described(values: list[float | None]) -> None:
    found = column(pl.DataFrame({"x": pl.Series(values, dtype=pl.Float64)}))
    assert (found.kind, found.nulls) == ("described", len(values))
    assert only(found, pl.Series([1.0, None])).nulls == 1


def test_only_infinite_numbers_have_no_extremes() -> None:
    found = column(pl.DataFrame({"x": [math.inf, -math.inf, math.inf]}))
    assert (found.low, found.mean) == (None, None)
    assert sum(found.counts) == 3


def test_integers_beyond_64_bits_are_counted() -> None:
    rows = pl.DataFrame({"x": pl.Series([i * 2**70 for i in range(300)], dtype=pl.Int128)})
    profile = build_profile(rows, [("x", "input")], task="regression")
    assert sum(profile.columns[0].counts) == 300
    assert count(profile.columns, rows[:100]).columns[0].cells.sum() == 100


def test_a_label_that_is_no_class_is_named() -> None:
    with pytest.raises(UsageError, match=r"f: 0\.5 is no class"):
        as_labels(pl.Series([1.0, 0.0, 0.5]), [0, 1], "f")
    assert as_labels(pl.Series([1.0, None, 0.0]), [0, 1], "f").to_list() == [1, None, 0]
