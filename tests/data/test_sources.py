"""Files become one table: formats, patterns, separators, types; and their digest."""

from __future__ import annotations

import gzip
import os
from datetime import UTC, date, datetime
from datetime import time as clock
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mfbench.core.errors import FitError
from mfbench.data import source
from mfbench.data.source import at_home, digest_sources, find_files, format_of, read_table
from mfbench.recipe.schema import Csv

TABLE = pl.DataFrame({"a": [1, 2, 3], "b": [1.5, None, 2.5], "c": ["x", "y", None], "d": [date(2024, 1, 31)] * 3})


def read(folder: Path, source: str | list[str], named: str | None = None, **csv: Any) -> pl.DataFrame:
    files = find_files(source, folder)
    return read_table(files, format_of(files, named), Csv(**csv))


def write(folder: Path, text: str | bytes, name: str = "data.csv") -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return name


def one(folder: Path, text: str | bytes, **csv: Any) -> dict[str, list[Any]]:
    return read(folder, write(folder, text), **csv).to_dict(as_series=False)


@pytest.mark.parametrize("ending", ["csv", "tsv", "txt", "parquet", "pq", "jsonl", "ndjson"])
def test_formats_give_the_same_table(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"data.{ending}"
    if ending in ("csv", "tsv", "txt"):
        TABLE.write_csv(path, separator="\t" if ending == "tsv" else ",")
    elif ending in ("parquet", "pq"):
        TABLE.write_parquet(path)
    else:
        TABLE.write_ndjson(path)
    found = read(tmp_path, path.name)
    assert found.equals(TABLE)
    assert found.schema == TABLE.schema


@pytest.mark.parametrize(
    ("text", "csv", "columns"),
    [
        ("a;b\n1;x\n2;y\n", {"separator": ";"}, {"a": [1, 2], "b": ["x", "y"]}),
        ("a|b\n1|2\n", {"separator": "|"}, {"a": [1], "b": [2]}),
        ("a;b\n1,5;2\n-2,25;3\n", {"separator": ";", "decimal_comma": True}, {"a": [1.5, -2.25], "b": [2, 3]}),
        ("a,b\n?,1\n3,-\n", {"nulls": ["?", "-"]}, {"a": [None, 3], "b": [1, None]}),
        ("a,b\nNA,None\n3,nan\n", {}, {"a": [None, 3], "b": [None, None]}),
        ("1,x\n2,y\n", {"header": False}, {"column_0": [1, 2], "column_1": ["x", "y"]}),
        ("a,b\nm\xfcde,1\n".encode("latin-1"), {"encoding": "latin-1"}, {"a": ["müde"], "b": [1]}),
        ("a,b\nmüde,1\n".encode("utf-16"), {"encoding": "utf-16"}, {"a": ["müde"], "b": [1]}),
        (b"\xef\xbb\xbfa,b\n1,2\n", {}, {"a": [1], "b": [2]}),
        ("a,b\r\n1,2\r\n", {}, {"a": [1], "b": [2]}),
        ("\n\na,b\n1,2\n\n", {}, {"a": [1, None], "b": [2, None]}),
        ('"a, x","b ""q"""\n"1,5","x\ny"\n', {}, {"a, x": ["1,5"], 'b "q"': ["x\ny"]}),
        ('a,b\n"1","2"\n', {}, {"a": [1], "b": [2]}),
        ("a, b ,c\n1, 2,x\n3 ,-4.5, y\n", {}, {"a": [1, 3], "b": [2.0, -4.5], "c": ["x", " y"]}),
        ("a,b\n 1, NA\n2, 3\n", {}, {"a": [1, 2], "b": [None, 3]}),
        ("a,b\n+1,1e5\n2,1E-3\n", {}, {"a": [1, 2], "b": [100000.0, 0.001]}),
        ("a\n1\nx\n2.5\n", {}, {"a": ["1", "x", "2.5"]}),
        ("a\n1\n2.5\n", {}, {"a": [1.0, 2.5]}),
        ("a\nTrue\nFALSE\ntrue\n", {}, {"a": [True, False, True]}),
        ("a,b,c\n1,2\n3,4,5\n", {}, {"a": [1, 3], "b": [2, 4], "c": [None, 5]}),
        (",x,\n1,2,3\n", {}, {"column_0": [1], "x": [2], "column_2": [3]}),
        ("x,x\n1,2\n", {}, {"x": [1], "x_duplicated_0": [2]}),
        ("a,b\n2024-01-31,2024-01-31 05:30\n", {}, {"a": [date(2024, 1, 31)], "b": [datetime(2024, 1, 31, 5, 30)]}),
        ("a\n2024-01-01T00:00:00+02:00\n", {}, {"a": [datetime(2023, 12, 31, 22, tzinfo=UTC)]}),
        ("a\n10:30\n", {}, {"a": [clock(10, 30)]}),
    ],
)
def test_csv_as_people_write_it(
    tmp_path: Path, text: str | bytes, csv: dict[str, Any], columns: dict[str, Any]
) -> None:
    found = one(tmp_path, text, **csv)
    found = {name: values[: len(columns[name])] for name, values in found.items()}
    assert list(found) == list(columns)
    assert found == columns
    assert [type(value) for values in found.values() for value in values] == [
        type(value) for values in columns.values() for value in values
    ]


def test_a_late_odd_value_does_not_break_the_type(tmp_path: Path) -> None:
    assert one(tmp_path, "a\n" + "1\n" * 5000 + "x\n")["a"][-1] == "x"
    assert one(tmp_path, "a\n" + " 1\n" * 5000 + " x\n")["a"][-1] == " x"


def test_a_packed_csv_reads(tmp_path: Path) -> None:
    write(tmp_path, gzip.compress(b"a,b\n1,2\n"), "data.csv.gz")
    assert read(tmp_path, "data.csv.gz", "csv").to_dict(as_series=False) == {"a": [1], "b": [2]}


def test_json_lines_have_dates(tmp_path: Path) -> None:
    lines = ['{"d": "2024-01-31", "t": "2024-01-31T05:00:00+01:00", "n": "2024-01-31 05:00", "s": "2024-01-31"}',
             '{"d": null, "t": "2024-01-31T05:00:00Z", "n": null, "s": "soon"}']  # fmt: skip
    found = read(tmp_path, write(tmp_path, "\n".join(lines), "data.jsonl"))
    assert found["d"].to_list() == [date(2024, 1, 31), None]
    assert found["t"].to_list() == [datetime(2024, 1, 31, 4, tzinfo=UTC), datetime(2024, 1, 31, 5, tzinfo=UTC)]
    assert found["n"].to_list() == [datetime(2024, 1, 31, 5), None]
    assert found["s"].to_list() == ["2024-01-31", "soon"]


def test_types_of_other_writers(tmp_path: Path) -> None:
    moments = pl.Series([datetime(2024, 6, 1, 12)]).dt.replace_time_zone("Europe/Berlin")
    frame = pl.DataFrame({"t": moments, "dec": pl.Series(["1.50"]).cast(pl.Decimal(10, 2)), "cat": ["x"], "en": ["y"]})
    frame.with_columns(pl.col("cat").cast(pl.Categorical), pl.col("en").cast(pl.Enum(["y"]))).write_parquet(
        tmp_path / "a.pq"
    )
    found = read(tmp_path, "a.pq")
    assert found.row(0) == (datetime(2024, 6, 1, 10, tzinfo=UTC), 1.5, "x", "y")
    assert found.dtypes == [pl.Datetime("us", "UTC"), pl.Float64, pl.String, pl.String]


def test_names_patterns_and_folders(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "sub/c.csv", "sub/deep/d.csv", ".hidden.csv", "sub/.e.csv"):
        write(tmp_path, f"x\n{ord(name.rpartition('/')[2][0])}\n", name)
    write(tmp_path, "notes", "sub/notes.md")

    def found(source: str | list[str]) -> list[str]:
        return [file.resolve().relative_to(tmp_path.resolve()).as_posix() for file in find_files(source, tmp_path)]

    assert found("*.csv") == ["a.csv", "b.csv"]
    assert found("**/*.csv") == ["a.csv", "b.csv", "sub/c.csv", "sub/deep/d.csv"]
    assert found("sub") == ["sub/c.csv"]
    assert found("[b-z].csv") == ["b.csv"]
    assert found(["sub/c.csv", "*.csv"]) == ["sub/c.csv", "a.csv", "b.csv"]
    assert found(["a.csv", "*.csv"]) == ["a.csv", "b.csv"]
    assert found(str(tmp_path / "*.csv")) == ["a.csv", "b.csv"]
    assert [file.name for file in find_files("../*.csv", tmp_path / "sub")] == ["a.csv", "b.csv"]
    assert read(tmp_path, ["sub/c.csv", "*.csv"])["x"].to_list() == [99, 97, 98]


@pytest.mark.parametrize("source", ["../x.csv", "../*.csv"])
def test_what_lies_above_a_linked_folder(tmp_path: Path, source: str) -> None:
    """As the system sees it: above the folder that the link leads to, not above the link."""
    (tmp_path / "real" / "deep").mkdir(parents=True)
    write(tmp_path / "real", "x\n1\n", "x.csv")
    write(tmp_path, "x\n2\n", "x.csv")
    (tmp_path / "link").symlink_to(tmp_path / "real" / "deep")
    assert [file.read_text() for file in find_files(source, tmp_path / "link")] == ["x\n1\n"]


def test_names_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert at_home(["~/x.csv", "${DIR}/~.csv", "y*"]) == ["/home/me/x.csv", "${DIR}/~.csv", "y*"]
    assert (at_home("~/x.csv"), at_home(None)) == ("/home/me/x.csv", None)


def test_a_file_whose_name_looks_like_a_pattern(tmp_path: Path) -> None:
    folder = tmp_path / "runs [1]*"
    write(folder, "x\n1\n", "a[0].csv")
    write(folder, "x\n2\n", "a0.csv")
    assert [file.name for file in find_files("a[0].csv", folder)] == ["a[0].csv"]
    assert [file.name for file in find_files("*.csv", folder)] == ["a0.csv", "a[0].csv"]


def test_files_of_one_table(tmp_path: Path) -> None:
    write(tmp_path, "a,b,c\n1,,x\n", "1.csv")
    write(tmp_path, "c,a,b\n,2.5,7\n", "2.csv")
    found = read(tmp_path, "*.csv")
    assert found.to_dict(as_series=False) == {"a": [1.0, 2.5], "b": [None, 7], "c": ["x", None]}
    assert found.dtypes == [pl.Float64, pl.Int64, pl.String]
    write(tmp_path, "a,b\n1,2\n", "3.csv")
    with pytest.raises(FitError, match=r"1\.csv has a column 'c' that 3\.csv does not have"):
        read(tmp_path, "*.csv")


def test_a_folder_of_two_formats_and_an_unknown_ending(tmp_path: Path) -> None:
    write(tmp_path, "x\n1\n", "a.csv")
    write(tmp_path, '{"x": 1}\n', "b.jsonl")
    with pytest.raises(FitError, match=r"a\.csv and b\.jsonl have different formats"):
        format_of(find_files("*", tmp_path), None)
    with pytest.raises(FitError, match="not known by its ending"):
        format_of([tmp_path / "a.dat"], None)
    assert format_of([tmp_path / "a.dat"], "csv") == "csv"
    assert format_of([tmp_path / "A.CSV"], None) == "csv"


def test_a_name_that_polars_takes_for_a_pattern(tmp_path: Path) -> None:
    write(tmp_path, "*,b\n1,2\n")
    with pytest.raises(FitError, match=r"data\.csv has a column called '\*'"):
        read(tmp_path, "data.csv")


def test_the_digest_is_of_the_contents(tmp_path: Path) -> None:
    files = [tmp_path / write(tmp_path, "1", "a"), tmp_path / write(tmp_path, "2", "b")]
    first = digest_sources(files)
    assert digest_sources(files[::-1]) != first
    os.utime(files[0], (1, 1))
    assert digest_sources(files) == first
    write(tmp_path, "12", "a")
    assert digest_sources(files) != first


def test_a_remembered_digest_sees_every_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory, file = tmp_path / "memory", tmp_path / write(tmp_path, "one")
    first = digest_sources([file], memory)
    assert not memory.exists(), "a file that has just been written may change again within the same time stamp"
    monkeypatch.setattr(source, "_SETTLED", -1.0)
    stamp = file.stat().st_mtime_ns
    assert digest_sources([file], memory) == first
    with monkeypatch.context() as patch:
        patch.setattr(source, "digest_file", lambda path: pytest.fail(f"{path} was read again"))
        assert digest_sources([file], memory) == first
    file.write_text("two")
    os.utime(file, ns=(stamp, stamp))
    assert digest_sources([file], memory) == digest_sources([file]) != first
    next(memory.iterdir()).write_text("damaged")
    assert digest_sources([file], memory) == digest_sources([file])
