"""Test rows from files of their own."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from mfbench.core.errors import FitError
from mfbench.data.given import read_given
from mfbench.data.split import GIVEN
from mfbench.recipe.schema import Csv, Data, Split
from mfbench.steps.ingest import digest_of, load, source_files

LEARNED = "amount,shop,bought\n1,a,yes\n2.5,b,no\n"


def read(folder: Path, learned: str, held: str) -> pl.DataFrame:
    for name, text in (("a.csv", learned), ("b.csv", held)):
        (folder / name).write_text(text, encoding="utf-8")
    return read_given([folder / "a.csv"], [folder / "b.csv"], "csv", Csv())


def test_both_tables_as_one_each_row_marked(tmp_path: Path) -> None:
    frame = read(tmp_path, LEARNED, "shop,bought,amount\nb,no,3\nc,,4\n")
    assert frame.columns == ["amount", "shop", "bought", GIVEN]
    assert frame["amount"].to_list() == [1.0, 2.5, 3.0, 4.0]
    assert frame[GIVEN].to_list() == [False, False, True, True]


def test_a_column_without_a_value_takes_the_type_of_the_other_side(tmp_path: Path) -> None:
    assert read(tmp_path, LEARNED, "shop,bought,amount\nb,no,\n")["amount"].to_list() == [1.0, 2.5, None]
    assert read(tmp_path, "amount,shop,bought\n,a,yes\n", LEARNED)["amount"].to_list() == [None, 1.0, 2.5]


@pytest.mark.parametrize(
    ("held", "says"),
    [
        ("amount,bought\n1,yes\n", "split.source has no column 'shop'"),
        ("amount,shop,bought,colour\n1,a,yes,red\n", "a column 'colour' that data.source does not have"),
        ("amount,shop,bought\n1,a,yes\nlots,b,no\n", "'amount' is Float64 in data.source and String in split.source, "
         "for example 'lots'"),
        ("", "b.csv is empty"),
    ],
)  # fmt: skip
def test_tables_that_do_not_match(tmp_path: Path, held: str, says: str) -> None:
    with pytest.raises(FitError, match=says) as caught:
        read(tmp_path, LEARNED, held)
    assert caught.value.key == ("data", "split", "source")


def test_the_training_file_cannot_be_the_test(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(LEARNED)
    with pytest.raises(FitError, match=r"both in data\.source and in split\.source"):
        read_given([tmp_path / "a.csv"], [tmp_path / "a.csv"], "csv", Csv())


def test_a_recipes_two_sources_and_their_digest(tmp_path: Path) -> None:
    read(tmp_path, LEARNED, LEARNED)
    data = Data(source="a.csv", target="bought", split=Split(source="b.csv"))
    assert load(data, "classification", tmp_path).frame[GIVEN].to_list() == [False, False, True, True]
    files, given = source_files(data, tmp_path)
    both = digest_of(files, given)
    assert len({both, digest_of(files, []), digest_of([*files, *given], [])}) == 3
    (tmp_path / "b.csv").write_text(LEARNED + "3,c,no\n")
    assert digest_of(files, given) != both
    missing = Data(source="a.csv", target="bought", split=Split(source=("b.csv", "c.csv")))
    with pytest.raises(FitError, match=r"no file 'c\.csv'") as caught:
        load(missing, "classification", tmp_path)
    assert caught.value.key == ("data", "split", "source", 1)
