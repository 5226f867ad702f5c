"""The history of a series is looked at as the forecasts that a model would have made along it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import msgspec
import polars as pl
import pytest

from mfbench.bundle.manifest import Field, Manifest, Monitored
from mfbench.core.errors import UsageError
from mfbench.drift.reference import Reference
from mfbench.drift.seen import LABEL, TIME, UNIT
from tests.drift.rows import BEGIN, windows

N, AHEAD = 240, 24
HISTORY = pl.DataFrame({"when": [BEGIN + timedelta(hours=i) for i in range(N)], "bikes": [float(i) for i in range(N)]})
SETTINGS = {
    "by": "when", "series": None, "target": "bikes", "horizon": AHEAD, "season": None, "lags": [1, 2],
    "step": {"micros": 3_600_000_000, "months": 0}, "covariates": [],
}  # fmt: skip
INPUTS = {"lag_1": "Float64", "lag_2": "Float64", "horizon": "Int64"}
MANIFEST = Manifest(
    name="rented", task="forecasting", flavor="none", estimator="none", target="bikes", classes=(),
    inputs=tuple(Field(*each) for each in INPUTS.items()), outputs=(Field("prediction", "Float64"),), features=(),
    metrics={}, requirements=(), python="3.11", files={}, forecast={"settings": SETTINGS, "intervals": None},
    monitored=Monitored(time="when", unit="day"),
)  # fmt: skip


@pytest.fixture
def reference() -> Reference:
    rows = HISTORY.with_columns(lag_1=pl.col("bikes"), lag_2=pl.col("bikes") - 1, horizon=pl.lit(1))
    made = Reference.of(rows, inputs=list(INPUTS), task="forecasting", label="bikes", unit="day", time="when")
    made.manifest = MANIFEST
    return made


@pytest.mark.parametrize("written", ["frame", "x.csv", "x.parquet"])
def test_every_row_says_what_was_known_at_its_origin(reference: Reference, tmp_path: Path, written: str) -> None:
    data: object = HISTORY
    if written != "frame":
        data = tmp_path / written
        (HISTORY.write_csv if written.endswith("csv") else HISTORY.write_parquet)(tmp_path / written)
    [seen] = windows(data, reference)
    rows = seen.sample
    assert rows.height == (N - 2 - AHEAD) // AHEAD * AHEAD + AHEAD
    assert (rows[LABEL] - rows["horizon"] == rows["lag_1"]).all()
    assert (rows["lag_1"] - rows["lag_2"] == 1).all()
    assert rows[TIME].max() == BEGIN + timedelta(hours=N - 1)
    assert seen.counts.units == rows[UNIT].n_unique() == rows.height // AHEAD
    assert windows(data, reference, "1d")[-1].name == "2026-01-14"


def test_a_history_that_is_too_short_is_refused(reference: Reference) -> None:
    with pytest.raises(UsageError, match="needs 2 steps of history and 24 ahead"):
        windows(HISTORY.head(20), reference)
    with pytest.raises(UsageError, match="no numbers for the target"):
        windows(HISTORY.rename({"bikes": "cars"}), reference)


def test_rows_that_hold_what_is_made_of_the_past_are_taken_as_they_are(reference: Reference) -> None:
    rows = pl.DataFrame({"lag_1": [1.0, 2.0], "lag_2": [0.0, 1.0], "horizon": [1, 2], "bikes": [3.0, None]})
    [seen] = windows(rows, reference)
    assert seen.counts.rows == 2
    assert seen.sample[LABEL].to_list() == [3.0, None]


def test_its_settings_are_those_of_a_bundle() -> None:
    from mfbench.data.future import Settings

    assert msgspec.convert(SETTINGS, Settings).step.micros == 3_600_000_000
