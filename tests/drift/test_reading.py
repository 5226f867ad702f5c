"""The same rows are read the same, however they are written; what cannot be read is said, with the file's name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from mfbench.core.errors import UsageError
from mfbench.drift.reading import open_data
from mfbench.drift.seen import KEY, LABEL, TIME, Seen
from tests.drift.rows import INPUTS, make_manifest, make_reference, make_rows, windows

ROWS = make_rows(3000)
REFERENCE = make_reference(ROWS)


def cells(seen: Seen) -> dict[str, list[int]]:
    columns = zip(REFERENCE.profile.columns, seen.counts.columns, strict=True)
    return {column.name: [*counts.cells.tolist(), counts.nulls] for column, counts in columns}


EXPECTED = cells(windows(ROWS, REFERENCE)[0])
WRITERS: dict[str, Callable[[pl.DataFrame, Path], object]] = {
    "rows.parquet": pl.DataFrame.write_parquet,
    "rows.csv": pl.DataFrame.write_csv,
    "rows.jsonl": pl.DataFrame.write_ndjson,
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_counts(tmp_path: Path, name: str) -> None:
    WRITERS[name](ROWS, tmp_path / name)
    [seen] = windows(str(tmp_path / name), REFERENCE)
    assert cells(seen) == EXPECTED
    assert seen.counts.rows == seen.counts.units == 3000
    assert [counts.odd for counts in seen.counts.columns] == [0] * len(seen.counts.columns)
    assert seen.sample[INPUTS].equals(ROWS[INPUTS])
    assert seen.sample[LABEL].to_list() == ROWS["bought"].to_list()
    assert seen.sample[TIME].to_list() == ROWS["when"].to_list()
    assert seen.sample[KEY].to_list() == ROWS["id"].to_list()
    assert not seen.made


def test_a_folder_is_read_with_all_below_it_and_without_what_is_not_whole(tmp_path: Path) -> None:
    for i, part in enumerate(ROWS.iter_slices(1000)):
        (tmp_path / f"day={i}").mkdir()
        part.write_parquet(tmp_path / f"day={i}" / "part.parquet")
    (tmp_path / "day=0" / ".staged.parquet").write_bytes(b"PAR1")
    (tmp_path / "_SUCCESS").write_bytes(b"")
    (tmp_path / "note.md").write_text("no data")
    for data in (tmp_path, str(tmp_path / "*" / "*.parquet"), sorted(tmp_path.glob("*/part.parquet"))):
        opened = open_data(data, REFERENCE.manifest)
        assert opened.files == 3
        assert sum(batch.height for batch in opened.batches()) == 3000
        assert opened.notes == []


def test_many_batches_are_the_whole(tmp_path: Path) -> None:
    rows = make_rows(300_000, hours=0.001)
    for name in ("rows.parquet", "rows.csv"):
        WRITERS[name](rows, tmp_path / name)
    whole = cells(windows(rows, REFERENCE)[0])
    for name in ("rows.parquet", "rows.csv"):
        assert cells(windows(tmp_path / name, REFERENCE)[0]) == whole


def test_a_csv_that_is_written_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(
        " amount ;count;shop;vip;when;bought\n 1,5;3;a;TRUE;2026-01-05;yes\n;x;é;false;2026-01-06;\n", "latin-1"
    )
    csv = {"separator": ";", "decimal_comma": True, "encoding": "latin-1"}
    manifest = make_manifest(ROWS)
    manifest.reading.update({"format": "csv", "csv": csv})
    reference = make_reference(ROWS, manifest)
    [seen] = windows(path, reference)
    assert seen.sample["amount"].to_list() == [1.5, None]
    assert seen.sample["count"].to_list() == [3, None]
    assert seen.sample["shop"].to_list() == ["a", "é"]
    assert seen.sample["vip"].to_list() == [True, False]
    assert seen.sample[LABEL].to_list() == ["yes", None]
    odd = {
        column.name: counts.odd for column, counts in zip(reference.profile.columns, seen.counts.columns, strict=True)
    }
    assert odd["count"] == 1
    manifest.reading.clear()
    path.write_text("amount|count|shop|vip\n1|2|a|true\n")
    assert windows(path, make_reference(ROWS, manifest), separator="|")[0].counts.rows == 1


def test_only_what_is_needed_is_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    ROWS.with_columns(secret=pl.lit("s"), nested=pl.lit([1])).write_parquet(path)
    [batch] = open_data(path, REFERENCE.manifest).batches()
    assert set(batch.columns) == {*INPUTS, "__prediction__", "__probability__", LABEL, TIME, KEY}


def test_a_missing_column_is_told_once_and_counted_as_missing(tmp_path: Path) -> None:
    for i in range(3):
        ROWS.drop("shop", *(["vip"] if i == 1 else [])).write_parquet(tmp_path / f"{i}.parquet")
    opened = open_data(tmp_path, REFERENCE.manifest)
    assert sum(batch.height for batch in opened.batches()) == 9000
    assert opened.notes == ["the data has no column 'shop'", "1 file of 3 have no column 'vip'"]
    [seen] = windows(tmp_path, REFERENCE)
    by_name = dict(zip([each.name for each in REFERENCE.profile.columns], seen.counts.columns, strict=True))
    assert (by_name["shop"].missing, by_name["shop"].nulls) == (True, 9000)
    assert (by_name["vip"].missing, by_name["vip"].nulls) == (False, 3000)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("x.parquet", b"PAR1 and then the disk was full", "cut off"),
        ("x.parquet", b"", "expected Parquet"),
        ("x.parquet", b"PAR1" + b"\0" * 100 + b"PAR1", "damaged"),
        ("x.csv", b"", "empty"),
        ("x.csv", b"amount,shop\n1,2,3,4\n", "expected 2 fields"),
        ("x.csv", b"PK\x03\x04\x00\x00", "ZIP"),
        ("x.csv", "amount,shop\n1,é\n".encode("latin-1"), "utf-8"),
        ("x.jsonl", b'{"amount": 1}\nnot json\n', "x.jsonl:2"),
        ("x.csv", b"other,columns\n1,2\n", "none of the model's columns"),
        ("x.csv", b"amount,count,shop,vip\n", "no rows"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=told) as caught:
        windows(tmp_path / name, REFERENCE)
    assert caught.value.exit_code == 2
    if "none of" not in told:
        assert name in str(caught.value)


@pytest.mark.parametrize("data", ["nowhere.parquet", "*.parquet", "https://example.org/x.parquet", []])
def test_data_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: object) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError):
        windows(data, REFERENCE)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no data file in the folder"):
        windows("empty", REFERENCE)


def test_values_of_another_type_are_read_as_what_they_say() -> None:
    other = ROWS.with_columns(pl.col("amount", "count", "vip").cast(pl.String), pl.col("shop").cast(pl.Categorical))
    [seen] = windows(other, REFERENCE)
    assert cells(seen) == EXPECTED
    assert seen.sample[INPUTS].equals(ROWS[INPUTS])


def test_a_fraction_is_not_bent_into_an_integer() -> None:
    [seen] = windows(ROWS.with_columns(pl.col("count") + 0.5), REFERENCE)
    assert seen.sample["count"].to_list() == (ROWS["count"] + 0.5).to_list()


def test_answers_count_only_where_all_are_there() -> None:
    assert not windows(ROWS, REFERENCE)[0].made
    named = ROWS.rename({"prediction": "__prediction__", "probability": "__probability__"})
    assert cells(windows(named, REFERENCE)[0]) == EXPECTED
    [part] = windows(ROWS.drop("probability"), REFERENCE)
    assert "__prediction__" not in part.sample.columns
    assert part.notes == ["the model's answers were not looked at: the model is not at hand"]


def test_the_label_is_the_target_or_a_column_that_is_named() -> None:
    other = ROWS.rename({"bought": "outcome"})
    assert LABEL not in windows(other, REFERENCE)[0].sample.columns
    assert windows(other, REFERENCE, label="outcome")[0].sample[LABEL].to_list() == ROWS["bought"].to_list()
    with pytest.raises(UsageError, match="outcome"):
        windows(ROWS, REFERENCE, label="outcome")
    with pytest.raises(UsageError, match=r"'maybe' is no class") as caught:
        windows(ROWS.with_columns(bought=pl.lit("maybe")), REFERENCE)
    assert "'no', 'yes'" in str(caught.value)


@pytest.mark.parametrize("written", ["frame", "csv", "jsonl"])
def test_a_target_that_is_an_expression_is_computed(tmp_path: Path, written: str) -> None:
    rows = ROWS.with_columns(delay=pl.col("count").cast(pl.Float64) * 5, late=pl.col("count") * 5 > 15,
                             prediction=pl.col("prediction") == "yes")  # fmt: skip
    manifest = make_manifest(rows)
    manifest = type(manifest)(**{name: getattr(manifest, name) for name in manifest.__struct_fields__}
                              | {"target": "delay > 15", "classes": (False, True)})  # fmt: skip
    reference = make_reference(rows, manifest, label="late", classes=[False, True])
    data: object = rows
    if written != "frame":
        data = tmp_path / f"rows.{written}"
        WRITERS[f"rows.{written}"](rows, tmp_path / f"rows.{written}")
    assert windows(data, reference)[0].sample[LABEL].to_list() == rows["late"].to_list()
    assert LABEL not in windows(rows.drop("delay"), reference)[0].sample.columns


def test_labels_of_a_file_are_joined_by_the_key_and_the_latest_counts(tmp_path: Path) -> None:
    when = ROWS["when"][0]
    later = pl.DataFrame({
        "id": ["r2", "r1", "r2", "r9999", "r3"], "bought": ["yes", "no", "no", "yes", None],
        "time": [when + timedelta(days=2), when, when, when, when],
    })  # fmt: skip
    later.write_csv(tmp_path / "later.csv")
    plain = ROWS.drop("bought")
    [seen] = windows(plain, REFERENCE, labels=tmp_path / "later.csv")
    assert seen.sample[LABEL].to_list()[:5] == [None, "no", "yes", None, None]
    by_name = dict(zip([each.name for each in REFERENCE.profile.columns], seen.counts.rows_of, strict=True))
    assert by_name["label"] == 2
    assert windows(ROWS, REFERENCE, labels=str(tmp_path / "later.csv"))[0].sample[LABEL].null_count() == 0
    with pytest.raises(UsageError, match="joined by 'id'"):
        windows(plain.drop("id"), REFERENCE, labels=tmp_path / "later.csv")
    later.rename({"id": "other"}).write_csv(tmp_path / "later.csv")
    with pytest.raises(UsageError, match="no such column"):
        windows(plain, REFERENCE, labels=tmp_path / "later.csv")


def test_hostile_names_and_values_are_only_names_and_values(tmp_path: Path) -> None:
    names = ["a\x1b[31m", "<script>", "x · y", "sel*"]
    rows = pl.DataFrame({name: ["\x00", "=1+1", "😀" * 500, None] * 50 for name in names})
    reference = make_reference(rows.hstack(make_rows(200)), inputs=names)
    reference.manifest = make_manifest(rows, names)
    rows.write_parquet(tmp_path / "x.parquet")
    [seen] = windows(tmp_path / "x.parquet", reference)
    assert [counts.nulls for counts in seen.counts.columns[:4]] == [50] * 4
    assert seen.sample.columns[:4] == names
