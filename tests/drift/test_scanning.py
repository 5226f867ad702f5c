"""Rows come into their windows, each once, in bounded memory."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mfbench.core.errors import UsageError
from mfbench.drift import scanning
from mfbench.drift.sampling import Sample
from mfbench.drift.seen import KEY, LABEL, TIME, UNIT
from tests.drift.rows import BEGIN, INPUTS, make_manifest, make_reference, make_rows, windows

ROWS = make_rows(2400)  # ten days
REFERENCE = make_reference(ROWS)
MICROS = 86_400_000_000


class Answers:
    """What a model says, and how often it was asked."""

    def __init__(self, wrong: Exception | None = None) -> None:
        self.asked: list[pl.DataFrame] = []
        self.wrong = wrong

    def __call__(self) -> Answers:
        return self

    def looks_ahead(self, frame: pl.DataFrame) -> bool:
        return False

    def answer(self, frame: pl.DataFrame) -> pl.DataFrame:
        if self.wrong is not None:
            raise self.wrong
        self.asked.append(frame)
        return frame.select(
            pl.repeat("no", pl.len()).alias("prediction"), pl.repeat(0.25, pl.len()).alias("probability")
        )


def test_without_a_window_all_rows_are_one() -> None:
    [seen] = windows(ROWS, REFERENCE)
    assert (seen.name, seen.counts.rows) == ("all rows", 2400)
    assert seen.begins == BEGIN.timestamp() * 1e6
    assert seen.ends == (BEGIN + timedelta(hours=239.9)).timestamp() * 1e6
    assert seen.sample.columns == [*INPUTS, "__prediction__", "__probability__", LABEL, UNIT, TIME, KEY]


def test_windows_of_rows_follow_the_order_of_the_data() -> None:
    seen = windows(ROWS, REFERENCE, "1000")
    assert [each.name for each in seen] == ["rows 1 to 1,000", "rows 1,001 to 2,000", "rows 2,001 to 2,400"]
    assert [each.counts.rows for each in seen] == [1000, 1000, 400]
    assert seen[1].sample[KEY].to_list() == [f"r{i}" for i in range(1000, 2000)]
    assert [each.notes for each in seen] == [[], [], ["the data ended after 400 rows of this window"]]


def test_windows_in_time_need_no_sorted_rows(tmp_path: Path) -> None:
    mixed = ROWS.sample(fraction=1, shuffle=True, seed=1)
    mixed.write_csv(tmp_path / "x.csv")
    for data in (ROWS, mixed, tmp_path / "x.csv"):
        seen = windows(data, REFERENCE, "1d")
        assert [each.name for each in seen] == [f"2026-01-{day:02d}" for day in range(5, 15)]
        assert [each.counts.rows for each in seen] == [240] * 10
        assert seen[3].begins == (BEGIN + timedelta(days=3)).timestamp() * 1e6
        assert seen[3].ends == seen[3].begins + MICROS
        assert set(seen[3].sample[KEY]) == {f"r{i}" for i in range(720, 960)}
        assert sum(each.counts.columns[0].cells.sum() for each in seen) == 2400


def test_weeks_begin_on_monday_and_hours_have_a_name() -> None:
    shifted = ROWS.with_columns(pl.col("when") - timedelta(days=2))
    weeks = windows(shifted, REFERENCE, "7d")
    assert [each.name for each in weeks] == [
        "2025-12-29 to 2026-01-04",
        "2026-01-05 to 2026-01-11",
        "2026-01-12 to 2026-01-18",
    ]
    assert [each.counts.rows for each in weeks] == [480, 1680, 240]
    assert windows(ROWS, REFERENCE, "6h")[1].name == "2026-01-05 06:00"


def test_rows_without_a_time_are_left_out_and_told() -> None:
    some = ROWS.with_columns(pl.when(pl.int_range(pl.len()) % 10 > 0).then("when").alias("when"))
    seen = windows(some, REFERENCE, "1d")
    assert sum(each.counts.rows for each in seen) == 2160
    with pytest.raises(UsageError, match="no row has a time"):
        windows(ROWS.with_columns(when=pl.lit("soon")), REFERENCE, "1d")
    with pytest.raises(UsageError, match="needs rows with a time") as caught:
        windows(ROWS.rename({"when": "moment"}), REFERENCE, "1d")
    assert "'moment'" in str(caught.value)
    assert len(windows(ROWS.rename({"when": "moment"}), REFERENCE, "1d", time="moment")) == 10
    with pytest.raises(UsageError, match="nope"):
        windows(ROWS, REFERENCE, "1d", time="nope")


def test_too_many_windows_are_refused() -> None:
    with pytest.raises(UsageError, match="5,000 windows"):
        windows(make_rows(6000), REFERENCE, "1s")
    with pytest.raises(UsageError, match="holds nothing"):
        windows(ROWS, REFERENCE, "0")


def test_a_sample_is_random_seeded_and_in_order() -> None:
    rows = make_rows(200_000, hours=0.001)
    [one] = windows(rows, REFERENCE, sample_rows=5000)
    [same] = windows(rows, REFERENCE, sample_rows=5000)
    [other] = windows(rows, REFERENCE, sample_rows=5000, seed=1)
    assert one.sample.height == 5000
    assert one.sample.equals(same.sample)
    assert not one.sample.equals(other.sample)
    numbers = one.sample[KEY].str.slice(1).cast(pl.Int64)
    assert numbers.is_sorted()
    assert numbers.mean() == pytest.approx(100_000, abs=4 * 200_000 / 12**0.5 / 5000**0.5)
    assert one.counts.rows == 200_000


def test_the_model_answers_for_the_sample_where_the_data_does_not() -> None:
    answers, bare = Answers(), ROWS.drop("prediction", "probability")
    [seen] = windows(bare, REFERENCE, sample_rows=500, model=answers)
    assert seen.made
    assert answers.asked[0].height == 500
    assert seen.sample["__probability__"].to_list() == [0.25] * 500
    by_role = {column.name: i for i, column in enumerate(REFERENCE.profile.columns)}
    assert seen.counts.rows_of[by_role["probability"]] == 500
    assert seen.counts.columns[by_role["prediction"]].cells.tolist() == [500, 0, 0]
    assert seen.counts.rows_of[by_role["amount"]] == 2400
    unasked = Answers()
    assert not windows(ROWS, REFERENCE, model=unasked)[0].made
    assert unasked.asked == []


def test_a_model_that_cannot_answer_leaves_the_rest_to_be_looked_at() -> None:
    bare = ROWS.drop("prediction", "probability")
    seen = windows(bare, REFERENCE, "1d", model=Answers(UsageError("the rows lack the column 'shop'")))
    assert len(seen) == 10
    told = "the model's answers were not looked at: the rows lack the column 'shop'"
    assert all(each.notes == [told] and not each.made for each in seen)


def test_private_inputs_reach_the_model_and_no_sample() -> None:
    manifest = make_manifest(ROWS, private=("amount",))
    reference = make_reference(ROWS, manifest, private=["amount"])
    answers = Answers()
    [seen] = windows(ROWS.drop("prediction", "probability"), reference, model=answers)
    assert "amount" in answers.asked[0].columns
    assert "amount" not in seen.sample.columns


@pytest.mark.parametrize("unit", ["day", "shop"])
def test_units_are_counted(unit: str) -> None:
    manifest = make_manifest(ROWS, unit=unit)
    reference = make_reference(ROWS, manifest, unit=unit)
    assert reference.profile.units == (10 if unit == "day" else 4)
    assert [each.counts.units for each in windows(ROWS, reference, "1200")] == ([5, 5] if unit == "day" else [4, 4])
    codes = windows(ROWS, reference)[0].sample[UNIT]
    assert codes.n_unique() == reference.profile.units
    assert codes.min() == 0
    [lacking] = windows(ROWS.drop("when" if unit == "day" else "shop"), reference)
    assert lacking.counts.units is None
    assert "not known" in lacking.notes[0]


def test_a_period_is_not_a_column_of_that_name() -> None:
    rows = ROWS.with_columns(day=pl.lit(1))
    reference = make_reference(
        rows, make_manifest(rows, [*INPUTS, "day"], unit="day"), inputs=[*INPUTS, "day"], unit="day"
    )
    assert reference.profile.units == 10
    assert windows(rows, reference)[0].counts.units == 10


def test_derived_columns_are_counted_also_of_text(tmp_path: Path) -> None:
    reference = make_reference(ROWS, derived={"hour": "extract(hour from \"when\")", "twice": "count * 2"},
                               inputs=[*INPUTS, "when"])  # fmt: skip
    reference.manifest = make_manifest(ROWS, [*INPUTS, "when"])
    ROWS.write_csv(tmp_path / "x.csv")
    frame, text = (windows(data, reference)[0].counts.columns for data in (ROWS, tmp_path / "x.csv"))
    for column, a, b in zip(reference.profile.columns, frame, text, strict=True):
        assert a.cells.tolist() == b.cells.tolist() == list(column.counts), column.name
    missing = windows(ROWS.drop("count"), reference)[0].counts.columns
    told = {column.name: counts.missing for column, counts in zip(reference.profile.columns, missing, strict=True)}
    assert told["twice"]
    assert not told["hour"]


MEMORY = """
import resource, sys
import pyarrow.parquet as pq
from tests.drift.rows import make_reference, make_rows, windows
rows = make_rows(20_000)
reference = make_reference(rows)
windows(rows, reference)
table = rows.to_arrow()
with pq.ParquetWriter(sys.argv[1], table.schema, compression="none") as writer:
    for _ in range(int(sys.argv[2])):
        writer.write_table(table)
del table
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
[seen] = windows(sys.argv[1], reference, sample_rows=20_000)
assert seen.counts.rows == 20_000 * int(sys.argv[2])
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / (1e6 if sys.platform == "darwin" else 1e3))
"""


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    grown = []
    for times in (20, 100):  # 24 and 120 MB of rows
        done = subprocess.run([sys.executable, "-c", MEMORY, str(tmp_path / "x.parquet"), str(times)],
                              capture_output=True, text=True, timeout=120, check=False)  # fmt: skip
        assert done.returncode == 0, done.stderr
        grown.append(float(done.stdout))
    assert grown[1] - grown[0] < 60


def test_the_samples_of_all_windows_together_stay_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    held: dict[Sample, int] = {}
    totals: list[int] = []

    def noted(self: Sample, *given: Any) -> None:
        kept(self, *given)
        held[self] = self._held
        totals.append(sum(held.values()))

    def trimmed(self: Sample, most: int) -> None:
        thinned(self, most)
        held[self] = self._held

    kept, thinned = Sample.add, Sample.trim
    monkeypatch.setattr(Sample, "add", noted)
    monkeypatch.setattr(Sample, "trim", trimmed)
    monkeypatch.setattr(scanning, "TOGETHER", 20_000)
    rows = make_rows(3000).drop("when").sample(300_000, with_replacement=True, seed=1)
    assert len(windows(rows, make_reference(make_rows(3000)), "3000")) == 100
    assert max(totals) <= 3 * 20_000
