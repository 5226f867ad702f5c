"""The segment that carries a shift: recovered where there is one, none where all rows share it."""

from __future__ import annotations

import polars as pl
import pytest

from mfbench.drift.carried import SPREAD
from mfbench.drift.joint import joint
from mfbench.drift.reference import Reference
from tests.drift.sides import EWR_EARLY, INPUTS, census, flight_sides


def _warmer(rows: pl.DataFrame, where: pl.Expr, by: float) -> pl.DataFrame:
    return rows.with_columns(pl.when(where).then(pl.col("temp") + by).otherwise(pl.col("temp")).alias("temp"))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_few_rows_that_moved_are_found(seed: int) -> None:
    reference, window = flight_sides(10_000, seed)
    assert 0.03 < window.select(EWR_EARLY.mean()).item() < 0.04
    found = joint(reference, _warmer(window, EWR_EARLY, 40.0), seed=seed)
    assert found.p is not None
    assert found.p < 1e-4
    first = found.segments[0]
    assert first.where in ("origin = EWR and hour < 7", "sched_dep_minute < 420 and origin = EWR")  # the same rows
    assert first.confirmed
    assert 0.7 < first.of_shift < 1.3
    assert first.share == pytest.approx(window.select(EWR_EARLY.mean()).item())
    assert first.differs[0] == "temp"
    assert found.columns[0][0] == "temp"


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_shift_of_all_rows_has_no_segment(seed: int) -> None:
    reference, window = flight_sides(4000, seed)
    found = joint(reference, _warmer(window, pl.lit(True), 4.0), seed=seed)
    assert found.p is not None
    assert found.p < 1e-6
    assert not found.segments
    assert SPREAD in found.note


def test_no_segment_is_sought_where_nothing_changed() -> None:
    reference, window = flight_sides(3000, 5)
    found = joint(reference, window, seed=5)
    assert found.p is not None
    assert found.p > 0.05
    assert (found.segments, found.columns) == ([], [])


def test_census_widows_who_aged() -> None:
    rows = census().filter(pl.col("year") == 2015).sample(fraction=1, shuffle=True, seed=4)
    where = (pl.col("MAR") == "2") & (pl.col("SEX") == "2")
    older = pl.when(where).then(pl.col("AGEP") - 25).otherwise(pl.col("AGEP")).alias("AGEP")
    reference = Reference.of(rows[:13_000], inputs=INPUTS, task="classification", classes=(0, 1))
    found = joint(reference, rows[13_000:].with_columns(older), seed=1)
    assert found.segments[0].of_shift > 0.7
    assert "MAR = 2" in found.segments[0].where
    assert "AGEP" in found.segments[0].differs


def test_rows_of_a_new_kind() -> None:
    reference, window = flight_sides(4000, 7)
    new = pl.when(pl.int_range(pl.len()) % 20 == 0)  # rows are in random order
    named = window.with_columns(new.then(pl.lit("ZZ")).otherwise(pl.col("carrier")).alias("carrier"))
    found = joint(reference, named, seed=7)
    assert found.segments[0].where == "carrier = ZZ"
    assert found.segments[0].reference_share == 0
