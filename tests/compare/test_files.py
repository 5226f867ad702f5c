"""What is said of two files that should be equal."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mfbench.compare.difference import Difference
from mfbench.compare.files import compare_files
from mfbench.compare.volatile import volatile
from mfbench.core import jsonio
from mfbench.features.skops_file import save_skops

Write = Callable[[Any, Path], object]


def differ(folder: Path, name: str, write: Write, before: Any, after: Any) -> Difference | None:
    for side, value in (("before", before), ("after", after)):
        (folder / side).mkdir(parents=True, exist_ok=True)
        write(value, folder / side / name)
    return compare_files(name, folder / "before" / name, folder / "after" / name)


def found(folder: Path, name: str, write: Write, before: Any, after: Any) -> Difference:
    told = differ(folder, name, write, before, after)
    assert told is not None
    return told


def parquet(value: pl.DataFrame, path: Path) -> None:
    value.write_parquet(path)


def tree(value: Any, path: Path) -> None:
    path.write_bytes(jsonio.pretty(value))


def text(value: bytes, path: Path) -> None:
    path.write_bytes(value)


FRAME = pl.DataFrame({"id": [1, 2, 3], "price": [1.0, math.nan, 3.0], "shop": ["a", None, "c"]})


def test_a_changed_cell_is_named_with_its_row_and_by_how_much(tmp_path: Path) -> None:
    told = found(tmp_path, "t.parquet", parquet, FRAME, FRAME.with_columns(price=pl.Series([1.0, math.nan, 3.5])))
    assert (told.kind, told.where, told.before, told.after) == ("column", "column 'price', row 3", "3.0", "3.5")
    assert (told.count, told.total, told.largest, told.others) == (1, 3, 0.5, 0)
    assert told.relative == pytest.approx(1 / 6)
    assert told.sentence() == "column 'price', row 3: 3.0 → 3.5 (1 of 3, by at most 0.5, relative 0.17)"


def test_the_first_column_is_named_and_the_rows_of_all_are_counted(tmp_path: Path) -> None:
    after = FRAME.with_columns(price=pl.Series([1.0, 2.0, 3.0]), shop=pl.Series([None, None, "c"], dtype=pl.String))
    told = found(tmp_path, "t.parquet", parquet, FRAME, after)
    assert (told.where, told.before, told.after) == ("column 'price', row 2", "nan", "2.0")
    assert (told.count, told.others, told.largest) == (2, 1, None), "NaN is no number to be away from"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (pl.Series([[1, 2], [3]]), pl.Series([[1, 2], [4]])),
        (pl.Series([{"a": 1}, {"a": 2}]), pl.Series([{"a": 1}, {"a": 3}])),
        (pl.Series([b"x", b"y"]), pl.Series([b"x", b"z"])),
        (pl.Series(["u", "v"], dtype=pl.Categorical), pl.Series(["u", "w"], dtype=pl.Categorical)),
        (pl.Series([True, False]), pl.Series([True, None])),
        (pl.Series([1, 2], dtype=pl.UInt64), pl.Series([1, 0], dtype=pl.UInt64)),
        (pl.Series(["2024-01-01", "2024-01-02"]).str.to_date(), pl.Series(["2024-01-01", "2024-01-03"]).str.to_date()),
    ],
)
def test_every_type_of_column_is_compared(tmp_path: Path, before: pl.Series, after: pl.Series) -> None:
    told = found(tmp_path, "t.parquet", parquet, pl.DataFrame({"c": before}), pl.DataFrame({"c": after}))
    assert (told.where, told.count) == ("column 'c', row 2", 1)


def test_the_sign_of_zero_counts(tmp_path: Path) -> None:
    column, other = pl.DataFrame({"x": [1.0, 0.0]}), pl.DataFrame({"x": [1.0, -0.0]})
    assert found(tmp_path, "t.parquet", parquet, column, other).sentence().startswith("column 'x', row 2: 0.0 → -0.0")
    told = found(tmp_path, "x.npy", lambda value, path: np.save(path, value), np.array([0.0]), np.array([-0.0]))
    assert told.sentence().startswith("x[0]: 0.0 → -0.0")
    assert found(tmp_path, "t.json", tree, {"a": 0.0}, {"a": -0.0}).sentence().startswith("a: 0.0 → -0.0")


def test_whole_numbers_beyond_what_a_float_holds(tmp_path: Path) -> None:
    most = 2**63 - 1
    told = found(tmp_path, "t.parquet", parquet, pl.DataFrame({"id": [most]}), pl.DataFrame({"id": [most - 1]}))
    assert (told.largest, told.before) == (1.0, str(most))
    for dtype, before, after, gap in (("i8", -(2**63), most, 2.0**64), ("u8", 2**64 - 1, 2**64 - 2, 1.0)):
        sides = (np.array([value], dtype) for value in (before, after))
        assert found(tmp_path, "x.npy", lambda value, path: np.save(path, value), *sides).largest == gap


def test_lists_are_shown_in_one_line_and_a_folder_may_look_like_a_pattern(tmp_path: Path) -> None:
    (tmp_path / "a[1]*").mkdir()
    told = found(tmp_path / "a[1]*", "t.parquet", parquet, pl.DataFrame({"x": [[1]]}), pl.DataFrame({"x": [[2]]}))
    assert told.sentence() == "column 'x', row 1: [1] → [2] (1 of 1)"


def test_signs_that_do_not_show_are_escaped(tmp_path: Path) -> None:
    sides = (pl.DataFrame({"x": [text]}) for text in ("a", "a\nbit-identical "))
    assert (
        found(tmp_path, "t.parquet", parquet, *sides).sentence()
        == r"column 'x', row 1: a → 'a\nbit-identical ' (1 of 1)"
    )


def test_what_makes_polars_panic_is_told_by_its_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def panic(*_: object) -> None:
        raise pl.exceptions.PanicException("assertion failed")

    monkeypatch.setattr("mfbench.compare.tables.compare_tables", panic)
    assert found(tmp_path, "t.parquet", text, b"PAR1 a", b"PAR1 b").kind == "bytes"


def test_a_table_with_fewer_rows_tells_where_they_part(tmp_path: Path) -> None:
    told = found(tmp_path, "t.parquet", parquet, FRAME, FRAME[[0, 2]])
    assert told.kind == "rows"
    assert told.sentence() == "rows (column 'id', row 2): 3 → 2; column 'id', row 2: 2 → 3 (1 of 2); and 2 more"
    told = found(tmp_path, "t.parquet", parquet, FRAME[:2], FRAME)
    assert told.sentence() == "rows: 2 → 3; the first 2 are equal"
    told = found(tmp_path, "t.parquet", parquet, FRAME[:0], FRAME)
    assert told.before == "0"


def test_columns_that_come_go_or_change_their_type(tmp_path: Path) -> None:
    told = found(tmp_path, "t.parquet", parquet, FRAME, FRAME.drop("price"))
    assert (told.where, told.before, told.after) == ("column 'price'", "Float64", "not there")
    told = found(tmp_path, "t.parquet", parquet, FRAME, FRAME.cast({"id": pl.Int32}))
    assert (told.where, told.before, told.after) == ("column 'id'", "Int64", "Int32")
    told = found(tmp_path, "t.parquet", parquet, FRAME, FRAME.select("price", "id", "shop"))
    assert (told.where, told.before, told.after) == ("column 1 by order", "id", "price")


def test_equal_values_in_other_bytes_are_a_matter_of_form(tmp_path: Path) -> None:
    FRAME.write_parquet(tmp_path / "a", compression="zstd")
    FRAME.write_parquet(tmp_path / "b", compression="snappy")
    told = compare_files("t.parquet", tmp_path / "a", tmp_path / "b")
    assert told is not None
    assert told.kind == "form"
    told = found(tmp_path, "t.json", text, b'{"a": 1}', b'{"a":1}')
    assert told.kind == "form"


def test_json_is_compared_by_its_paths(tmp_path: Path) -> None:
    before = {"metrics": {"auc": 0.5, "gap": math.nan, "inf": math.inf}, "list": [1, {"x": True}], "n": 3}
    assert found(tmp_path, "t.json", tree, before, {**before}).kind == "form", "NaN equals NaN"
    told = found(tmp_path, "t.json", tree, before, {**before, "list": [1, {"x": 1}], "n": 5})
    assert (told.where, told.before, told.after) == ("list[1].x", "True", "1")
    assert (told.others, told.largest) == (1, 2.0)
    told = found(tmp_path, "t.json", tree, before, {**before, "list": [1]})
    assert (told.where, told.before, told.after) == ("list", "2 items", "1 items")
    told = found(tmp_path, "t.json", tree, before, {**before, "more": {"deep": 1}})
    assert (told.where, told.before, told.after) == ("more", "not there", "{'deep': 1}")


def fitted(estimator: Any, shift: float = 0.0) -> Any:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(80, 4))
    return estimator.fit(x, (x[:, 0] + x[:, 1] > shift).astype(int))


def test_a_tensor_of_a_model_is_named_by_its_attribute(tmp_path: Path) -> None:
    before, after = fitted(LogisticRegression()), fitted(LogisticRegression())
    after.coef_[0, 3] += 0.25
    told = found(tmp_path, "model.skops", save_skops, before, after)
    assert (told.kind, told.where) == ("tensor", "LogisticRegression.coef_[0, 3]")
    assert (told.count, told.total) == (1, 4)
    assert told.largest == pytest.approx(0.25)
    assert told.before == repr(float(before.coef_[0, 3]))


def test_a_parameter_of_a_model_is_named_too_inside_of_others(tmp_path: Path) -> None:
    before = fitted(make_pipeline(StandardScaler(), LogisticRegression()))
    after = fitted(make_pipeline(StandardScaler(), LogisticRegression()))
    after.steps[1][1].C = 2.0
    told = found(tmp_path, "model.skops", save_skops, before, after)
    assert (told.kind, told.where, told.before, told.after) == ("parameter", "Pipeline.steps[1][1].C", "1.0", "2.0")


def test_trees_are_compared_node_by_node(tmp_path: Path) -> None:
    before, after = (fitted(HistGradientBoostingClassifier(max_iter=2, random_state=0), shift) for shift in (0.0, 0.4))
    told = found(tmp_path, "model.skops", save_skops, before, after)
    assert told.kind == "tensor"
    assert told.others > 0
    same = fitted(HistGradientBoostingClassifier(max_iter=2, random_state=0))
    node = same._predictors[1][0].nodes
    node["value"][2] += 1.0
    told = found(tmp_path, "model.skops", save_skops, before, same)
    assert told.where == "HistGradientBoostingClassifier._predictors[1][0].nodes['value'][2]"


def test_the_version_of_a_library_is_named_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = fitted(LogisticRegression()), fitted(LogisticRegression())
    after.intercept_ = after.intercept_ + 1
    save_skops(before, tmp_path / "before.skops")
    monkeypatch.setattr("sklearn.base.__version__", "0.0.1")
    save_skops(before, tmp_path / "other.skops")
    save_skops(after, tmp_path / "after.skops")
    told = compare_files("m.skops", tmp_path / "before.skops", tmp_path / "other.skops")
    assert told is not None
    assert told.where == "LogisticRegression._sklearn_version"
    told = compare_files("m.skops", tmp_path / "before.skops", tmp_path / "after.skops")
    assert told is not None
    assert told.where == "LogisticRegression.intercept_[0]"


def test_another_kind_of_model_is_told_as_such(tmp_path: Path) -> None:
    told = found(tmp_path, "m.skops", save_skops, LogisticRegression(), StandardScaler())
    assert (told.before, told.after) == ("LogisticRegression", "not there")


def npz(value: dict[str, Any], path: Path) -> None:
    np.savez(path, **value)


def test_arrays_and_archives_of_them(tmp_path: Path) -> None:
    a = np.array([[1.0, math.nan], [2.0, 0.0]])
    b = a.copy()
    b[1, 1] = 5.0
    told = found(tmp_path, "weights.npy", lambda value, path: np.save(path, value), a, b)
    assert (told.where, told.count, told.total, told.largest, told.relative) == ("weights[1, 1]", 1, 4, 5.0, None)
    told = found(tmp_path, "w.npz", npz, {"first": a, "second": a}, {"first": a, "second": b})
    assert told.where == "second[1, 1]"
    told = found(tmp_path, "w.npz", npz, {"first": a}, {"first": a.astype(np.float32)})
    assert (told.where, told.before, told.after) == ("first (type)", "float64", "float32")
    told = found(tmp_path, "w.npz", npz, {"first": a}, {"first": a[:1]})
    assert (told.where, told.before, told.after) == ("first (shape)", "(2, 2)", "(1, 2)")
    told = found(tmp_path, "w.npz", npz, {"first": a}, {"other": a})
    assert (told.where, told.before, told.after) == ("first", "an array", "not there")


def test_dates_that_are_missing_are_equal(tmp_path: Path) -> None:
    before, after = (np.array(["NaT", day], "M8[D]") for day in ("2026-01-01", "2026-01-02"))
    told = found(tmp_path, "x.npy", lambda value, path: np.save(path, value), before, after)
    assert told.sentence() == "x[1]: 2026-01-01 → 2026-01-02 (1 of 2)"


def test_what_a_model_does_not_name_is_compared_too(tmp_path: Path) -> None:
    def write(value: bytes, path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("schema.json", "{}")
            archive.writestr("beside.npy", value)

    assert found(tmp_path, "m.skops", write, b"one", b"two").where == "beside"


def test_python_objects_in_an_array_are_never_loaded(tmp_path: Path) -> None:
    objects = (np.array([name, None], dtype=object) for name in ("a", "bb"))
    told = found(tmp_path, "w.npy", lambda value, path: np.save(path, value, allow_pickle=True), *objects)
    assert told.kind == "bytes"


def test_text_is_told_by_line_and_anything_else_by_byte(tmp_path: Path) -> None:
    told = found(tmp_path, "README.md", text, b"one\ntwo\nthree\n", b"one\n2\nthree\n")
    assert (told.where, told.before, told.after) == ("line 2", "two", "2")
    told = found(tmp_path, "README.md", text, b"one\ntwo", b"one")
    assert (told.where, told.before, told.after) == ("line 2", "two", "the end")
    told = found(tmp_path, "rows.bin", text, b"abcd", b"abXdef")
    assert told.sentence() == "byte 2: 4 bytes → 6 bytes"


@pytest.mark.parametrize("name", ["t.parquet", "t.json", "m.skops", "w.npz", "w.npy", "README.md"])
def test_a_file_that_is_not_what_its_name_says_is_told_by_its_bytes(tmp_path: Path, name: str) -> None:
    told = found(tmp_path, name, text, b"\xff\xfe odd \x00 content", b"\xff\xfe odd \x00 other")
    assert (told.kind, told.where) == ("bytes", "byte 9")


def test_what_is_too_large_is_told_by_its_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mfbench.compare.files.MOST", 10)
    assert found(tmp_path, "t.json", tree, {"a": "long enough"}, {"a": "long enough too"}).kind == "bytes"


def test_json_nested_beyond_measure_is_told_by_its_bytes(tmp_path: Path) -> None:
    told = found(tmp_path, "t.json", text, b"[" * 5000 + b"]" * 5000, b"[" * 5000 + b"1" + b"]" * 5000)
    assert told.kind == "bytes"


def test_times_of_a_search_need_not_be_equal_and_all_else_does(tmp_path: Path) -> None:
    trial = {"values": [0.5, 3.0], "seconds": 1.5, "scores": [0.4, 0.6]}
    content = {"objectives": [{"name": "roc_auc"}, {"name": "latency_ms"}], "trials": [trial], "importance": {"C": 1.0}}
    left_out = volatile("search", "trials.json", content)
    tree(content, tmp_path / "a")
    tree({**content, "trials": [{**trial, "seconds": 9.0, "values": [0.5, 4.0]}]}, tmp_path / "b")
    tree({**content, "trials": [{**trial, "seconds": 9.0, "values": [0.6, 4.0]}]}, tmp_path / "c")
    assert compare_files("trials.json", tmp_path / "a", tmp_path / "b", tuple(left_out)) is None
    told = compare_files("trials.json", tmp_path / "a", tmp_path / "c", tuple(left_out))
    assert told is not None
    assert (told.where, told.others) == ("trials[0].values[0]", 0)


def test_a_gate_on_a_time_has_to_give_the_same_verdict(tmp_path: Path) -> None:
    gate = {"name": "latency_ms <= 5", "observed": 3.0, "bound": 5.0, "passed": True}
    other = {"name": "roc_auc >= 0.5", "observed": 0.7, "bound": 0.5, "passed": True}
    content = {"gates": [gate, other]}
    left_out = tuple(volatile("gate", "gates.json", content))
    tree(content, tmp_path / "a")
    tree({"gates": [{**gate, "observed": 3.3}, other]}, tmp_path / "b")
    tree({"gates": [{**gate, "observed": 6.0, "passed": False}, {**other, "observed": 0.8}]}, tmp_path / "c")
    assert compare_files("gates.json", tmp_path / "a", tmp_path / "b", left_out) is None
    told = compare_files("gates.json", tmp_path / "a", tmp_path / "c", left_out)
    assert told is not None
    assert (told.where, told.others) == ("gates[0].passed", 1)
