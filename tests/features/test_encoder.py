"""The fitted feature path: from raw rows to the matrix, the same in training and in serving."""

from __future__ import annotations

import hashlib
import math
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from mfbench.core.errors import DamageError, UsageError
from mfbench.features.columns import choose_columns
from mfbench.features.encoder import Encoder
from mfbench.features.traits import Traits
from mfbench.recipe.schema import Data, Feature

NAN = math.nan
LINEAR = Traits()
HIST = Traits(trees=True, missing=True, categorical=True)
TREES = Traits(trees=True)  # such as a forest that takes no missing values


def fit(frame: pl.DataFrame, traits: Traits, **features: Feature) -> Encoder:
    columns = choose_columns(frame, Data(source="", target=""), features, [])
    return Encoder(columns, {name: str(dtype) for name, dtype in frame.schema.items()}).fit(frame, traits)


def column(values: list[Any], traits: Traits, score: list[Any] | None = None, **options: Any) -> list[list[float]]:
    """A single column's matrix, as lists: fitted on `values`, applied to `score`."""
    frame = pl.DataFrame({"x": values})
    encoder = fit(frame, traits, **({"x": Feature(**options)} if options else {}))
    rows = frame if score is None else pl.DataFrame({"x": score}, schema=frame.schema)
    matrix: list[list[float]] = encoder.transform(rows).tolist()
    assert len(encoder.names) == len(matrix[0])
    return matrix


def test_numbers_for_trees_stay_as_they_are() -> None:
    assert repr(column([1, 5, None], HIST)) == repr([[1.0], [5.0], [NAN]])
    assert repr(column([1.5, NAN, math.inf, -math.inf], HIST)) == repr([[1.5], [NAN], [NAN], [NAN]])
    assert column([True, False], HIST) == [[1.0], [0.0]]


def test_numbers_for_a_line_are_centred_and_scaled() -> None:
    assert column([1.0, 3.0], LINEAR) == [[-1.0], [1.0]]
    assert column([1.0, 3.0], LINEAR, scale="none") == [[1.0], [3.0]]
    assert column([1.0, 3.0], LINEAR, [5.0, 2.0]) == [[3.0], [0.0]]


@pytest.mark.parametrize(("impute", "value"), [("median", 2.0), ("mean", 4.0), ("zero", 0.0)])
def test_missing_numbers_are_filled_and_marked(impute: str, value: float) -> None:
    found = column([1.0, 2.0, 9.0, None], LINEAR, impute=impute, scale="none")
    assert found == [[1.0, 0.0], [2.0, 0.0], [9.0, 0.0], [value, 1.0]]


def test_a_number_missing_only_in_serving_is_filled() -> None:
    assert column([1.0, 2.0, 9.0], LINEAR, [None, math.inf], scale="none") == [[2.0], [2.0]]
    assert column([1, 2, 9], TREES, [None]) == [[2.0]]


def test_categories_for_trees_are_codes_and_the_unknown_is_told_apart() -> None:
    score = ["a", "b", "new", None]
    assert repr(column(["b", "a", "b"], HIST, score)) == repr([[0.0], [1.0], [NAN], [NAN]])
    assert column(["b", "a", "b"], TREES, score) == [[0.0], [1.0], [-1.0], [-1.0]]
    # What is missing is a category of its own where training has met it.
    assert repr(column(["b", "a", None], HIST, score)) == repr([[0.0], [1.0], [NAN], [2.0]])
    assert column(["b", "a", None], TREES, score) == [[0.0], [1.0], [-1.0], [2.0]]


def test_categories_for_a_line_are_columns_and_the_unknown_is_none_of_them() -> None:
    found = column(["b", "a", "b"], LINEAR, ["a", "b", "new", None])
    assert found == [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0], [0.0, 0.0]]
    assert column(["b", None, "b", "a"], LINEAR, [None, "new"]) == [[0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]


def test_rare_categories_are_one() -> None:
    values = ["a"] * 5 + ["b"] * 5 + ["c", "d"]
    rare = column(values, LINEAR, ["a", "c", "d", "new"], min_frequency=3)
    assert rare == [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 1.0], [0.0, 0.0, 1.0]]
    codes = column(values, HIST, ["a", "b", "c", "d"], min_frequency=3)
    assert codes == [[0.0], [1.0], [2.0], [2.0]]


def test_encoding_is_as_asked() -> None:
    assert column(["b", "a"], HIST, encode="onehot") == [[0.0, 1.0], [1.0, 0.0]]
    assert column(["b", "a"], LINEAR, encode="ordinal") == [[1.0], [0.0]]
    assert column([3, 5, 3], LINEAR, [5, 3, 4], kind="categorical") == [[0.0, 1.0], [1.0, 0.0], [0.0, 0.0]]


def test_there_are_never_more_categories_than_trees_can_tell_apart() -> None:
    values = [f"c{i:03}" for i in range(300)] + ["c001"] * 9
    matrix = column(values, HIST, kind="categorical")
    assert max(row[0] for row in matrix) <= 253


def test_dates_are_parts() -> None:
    day = [date(2024, 1, 31), date(2024, 12, 1), None]
    found = column(day, HIST, parts=("year", "month", "day", "weekday", "dayofyear", "hour", "epoch"))
    assert found[0] == [2024.0, 1.0, 31.0, 3.0, 31.0, 0.0, 1706659200.0]
    assert repr(found[2]) == repr([NAN] * 7)
    assert column(day, HIST)[1] == [12.0, 1.0, 7.0]


def test_times_with_a_zone_are_taken_in_utc() -> None:
    plain = [datetime(2024, 6, 1, 23, 30), datetime(2024, 6, 2, 4, 15)]
    zoned = [moment.replace(tzinfo=UTC) for moment in plain]
    expected = [[6.0, 1.0, 6.0, 23.0, 30.0], [6.0, 2.0, 7.0, 4.0, 15.0]]
    assert column(plain, HIST) == expected
    assert column(zoned, HIST) == expected
    assert column(zoned, HIST, parts=("epoch",)) == column(plain, HIST, parts=("epoch",))


TABLE = pl.DataFrame(
    {
        "n": [1.0, None, 3.0, 5.0, 4.0, 2.0] * 20,
        "c": ["a", "b", None, "a", "c", "b"] * 20,
        "more": ["x", "y"] * 60,
        "k": [True, False, None] * 40,
        "day": [date(2024, 1, 1), date(2024, 5, 9), None] * 40,
        "at": [datetime(2024, 1, 1, i % 24, i % 60) for i in range(120)],
    }
)


@pytest.mark.parametrize("traits", [LINEAR, HIST, TREES], ids=["line", "hist", "trees"])
def test_saved_and_loaded_it_gives_the_same_matrix(traits: Traits, tmp_path: Path) -> None:
    encoder = fit(TABLE, traits, half=Feature(expr="n / 2"), word=Feature(expr="upper(c)"))
    encoder.save(tmp_path)
    loaded = Encoder.load(tmp_path)
    assert np.array_equal(loaded.transform(TABLE), encoder.transform(TABLE), equal_nan=True)
    assert loaded.names == encoder.names
    assert loaded.inputs == encoder.inputs
    assert loaded.categorical_count == encoder.categorical_count
    if traits is not HIST:
        assert np.isfinite(encoder.transform(TABLE)).all()


def test_categories_as_codes_come_first() -> None:
    encoder = fit(TABLE, HIST, n=Feature(kind="numeric"), c=Feature(min_frequency=5), word=Feature(expr="upper(more)"))
    assert encoder.categorical_count == 3
    assert set(encoder.names[:3]) == {"c", "more", "word"}
    codes = encoder.transform(TABLE)[:, :3]
    assert set(np.unique(codes[~np.isnan(codes)])) <= {0.0, 1.0, 2.0, 3.0}


def test_names_say_what_a_column_is() -> None:
    frame = pl.DataFrame({"a__b": ["x", "y"] * 3, "n": [1.0, None] * 3, "day": [date(2024, 1, 1)] * 6})
    frame = frame.with_columns(pl.Series("day.month", range(6)), pl.Series("a__b_x", range(6)))
    names = fit(frame, LINEAR).names
    assert {"a__b_y", "n", "missingindicator_n", "day.month", "day.month (part)", "day.weekday"} <= set(names)
    assert len(set(names)) == len(names)


def test_each_row_is_encoded_by_itself() -> None:
    encoder = fit(TABLE, HIST, half=Feature(expr="n / 2"))
    together = encoder.transform(TABLE)
    alone = np.vstack([encoder.transform(TABLE[i : i + 1]) for i in range(12)])
    assert np.array_equal(alone, together[:12], equal_nan=True)


def test_a_row_that_cannot_be_computed_names_its_feature() -> None:
    frame = pl.DataFrame({"s": ["1", "2"] * 10})
    encoder = fit(frame, HIST, number=Feature(expr="cast(s as int)"))
    with pytest.raises(UsageError, match="the feature 'number' cannot be computed"):
        encoder.transform(pl.DataFrame({"s": ["x"]}))


def test_a_damaged_folder_is_told(tmp_path: Path) -> None:
    fit(TABLE, HIST).save(tmp_path)
    (tmp_path / "features.json").write_text('{"columns": 3}')
    with pytest.raises(DamageError, match=r"features\.json cannot be read"):
        Encoder.load(tmp_path)


def digests(folder: Path) -> list[str]:
    """The digest of every file of an encoder fitted on TABLE, and of a model fitted on its matrix."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    from mfbench.features.skops_file import save_skops

    encoder = fit(TABLE, HIST, half=Feature(expr="n / 2"))
    encoder.save(folder)
    target = [i % 3 == 0 for i in range(TABLE.height)]
    model = HistGradientBoostingClassifier(max_iter=5, random_state=1).fit(encoder.transform(TABLE), target)
    assert save_skops(model, folder / "model.skops") == []
    return [hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())]


def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    here = digests(tmp_path / "here")
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import decimal, pathlib\nkept = [object() for _ in range(1000)]\n"  # other addresses than here
        "import test_encoder\n"
        f"print(*test_encoder.digests(pathlib.Path({str(tmp_path / 'there')!r})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == here
    assert len(here) == 3
    assert digests(tmp_path / "again") == here
