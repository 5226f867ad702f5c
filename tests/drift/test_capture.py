"""Captured requests are read like any data, with the labels that came later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from mfbench.core.errors import UsageError
from mfbench.drift.capture import is_capture, write_capture, write_labels
from mfbench.drift.reading import open_data
from mfbench.drift.seen import KEY, LABEL, TIME
from tests.drift.rows import INPUTS, make_manifest, make_reference, make_rows, windows

ROWS = make_rows(480)  # two days
REFERENCE = make_reference(ROWS)
REFERENCE.digest = "d" * 64


def captured(folder: Path, rows: pl.DataFrame = ROWS, **about: object) -> list[Path]:
    options: dict[str, object] = {
        "times": rows["when"].to_list(), "model": "tiny", "version": 1, "digest": REFERENCE.digest,
        "request_ids": rows["id"].to_list(), "labels": pl.Series([None] * rows.height, dtype=pl.String),
    } | about  # fmt: skip
    return write_capture(folder, rows[INPUTS], rows.select("prediction", "probability"), **options)  # type: ignore[arg-type]


def test_the_layout_is_what_the_documentation_says(tmp_path: Path) -> None:
    written = captured(tmp_path / "tiny", writer="w", private=["shop"])
    assert [path.relative_to(tmp_path).as_posix() for path in written] == [
        "tiny/2026-01-05/w-0.parquet", "tiny/2026-01-06/w-0.parquet",
    ]  # fmt: skip
    assert captured(tmp_path / "tiny", writer="w")[0].name == "w-1.parquet"
    schema = pl.read_parquet_schema(written[0])
    assert is_capture(schema)
    assert dict(schema) == {
        "request_id": pl.String, "time": pl.Datetime("us", "UTC"), "model": pl.String, "version": pl.Int64,
        "digest": pl.String, "inputs": pl.Struct({"amount": pl.Float64, "count": pl.Int64, "vip": pl.Boolean}),
        "prediction": pl.Struct({"prediction": pl.String, "probability": pl.Float64}), "decision": pl.String,
        "label": pl.String,
    }  # fmt: skip


def test_it_is_read_as_the_rows_that_it_holds(tmp_path: Path) -> None:
    captured(tmp_path / "tiny")
    assert not is_capture(ROWS.schema)
    [plain], [seen] = windows(ROWS.drop("bought"), REFERENCE), windows(tmp_path / "tiny", REFERENCE)
    for a, b in zip(plain.counts.columns, seen.counts.columns, strict=True):
        assert a.cells.tolist() == b.cells.tolist()
    assert seen.sample[INPUTS].equals(ROWS[INPUTS])
    assert seen.sample[KEY].to_list() == ROWS["id"].to_list()
    assert seen.sample[TIME].to_list() == ROWS["when"].to_list()
    assert not seen.made
    assert [each.name for each in windows(tmp_path / "tiny", REFERENCE, "1d")] == ["2026-01-05", "2026-01-06"]


def test_labels_come_later_and_the_last_one_counts(tmp_path: Path) -> None:
    captured(tmp_path)
    first = datetime(2026, 1, 7, tzinfo=UTC)
    write_labels(tmp_path, ["r0", "r1"], pl.Series(["yes", "yes"]), first + timedelta(days=1))
    write_labels(tmp_path, ["r1", "r2"], pl.Series(["no", "no"]), first)
    (tmp_path / "labels" / "more.csv").write_text("request_id,label,time\nr2,yes,2026-02-01\n")
    opened = open_data(tmp_path, REFERENCE.manifest)
    assert opened.files == 2
    [seen] = windows(tmp_path, REFERENCE)
    assert seen.sample[LABEL].to_list()[:4] == ["yes", "yes", "yes", None]


def test_rows_that_another_bundle_answered_are_left_out_and_told(tmp_path: Path) -> None:
    captured(tmp_path, ROWS[:200])
    captured(tmp_path, ROWS[200:300], digest="e" * 64, version=2)
    captured(tmp_path, ROWS[300:350], digest=None)
    captured(tmp_path, ROWS[350:360], digest=None, model="other")
    opened = open_data(tmp_path, REFERENCE.manifest)
    assert sum(batch.height for batch in opened.batches(REFERENCE.digest)) == 250
    assert opened.notes == [
        "100 captured rows left out: another version answered", "10 captured rows left out: another model answered",
    ]  # fmt: skip


def test_what_is_being_written_is_not_read(tmp_path: Path) -> None:
    [path, _] = captured(tmp_path)
    path.with_name(".half.parquet").write_bytes(b"PAR1")
    assert windows(tmp_path, REFERENCE)[0].counts.rows == 480


def test_a_captured_input_that_is_no_longer_there_is_missing(tmp_path: Path) -> None:
    manifest = make_manifest(ROWS, [*INPUTS, "when"])
    reference = make_reference(ROWS, manifest, inputs=[*INPUTS, "when"])
    captured(tmp_path)
    [seen] = windows(tmp_path, reference)
    by_name = dict(zip([each.name for each in reference.profile.columns], seen.counts.columns, strict=True))
    assert by_name["when"].missing
    assert not by_name["amount"].missing


def test_a_folder_of_labels_alone_is_no_data(tmp_path: Path) -> None:
    write_labels(tmp_path, ["r0"], pl.Series(["yes"]))
    with pytest.raises(UsageError, match="none of the model's columns"):
        windows(tmp_path, REFERENCE)
