"""A bundle knows the rows that it was trained on, and carries none of them for it."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from mfbench.bundle.manifest import TrainedRows
from mfbench.bundle.trained_rows import TRAINED_ROWS, seen_rows, write_trained_rows

ROWS = pl.DataFrame({"id": [5, 6, 7, 7], "x": [1.5, 2.5, None, 3.5]})


@pytest.mark.parametrize("columns", [["id"], ["id", "x"]])
def test_its_own_rows_are_recognised_and_no_others(tmp_path: Path, columns: list[str]) -> None:
    trained = write_trained_rows(tmp_path, ROWS, columns)
    assert trained == TrainedRows(tuple(columns), 4)
    content = (tmp_path / TRAINED_ROWS).read_bytes()
    assert len(content) == 8 * ROWS.select(columns).n_unique()
    marks = [content[i : i + 8] for i in range(0, len(content), 8)]
    assert marks == sorted(marks, key=lambda mark: int.from_bytes(mark, "little"))
    fresh = pl.DataFrame({"new": [1, 1, 1], "x": [2.5, 2.5, None], "id": [6.0, 8.0, 7.0]})
    seen = seen_rows(tmp_path, trained, fresh)
    assert seen is not None
    assert seen.tolist() == [True, False, True]


def test_the_order_of_the_rows_changes_nothing(tmp_path: Path) -> None:
    write_trained_rows(tmp_path, ROWS, ["id"])
    before = (tmp_path / TRAINED_ROWS).read_bytes()
    write_trained_rows(tmp_path, ROWS.reverse(), ["id"])
    assert (tmp_path / TRAINED_ROWS).read_bytes() == before


def test_where_nothing_can_be_known(tmp_path: Path) -> None:
    trained = write_trained_rows(tmp_path, ROWS, ["id"])
    assert seen_rows(tmp_path, None, ROWS) is None
    assert seen_rows(tmp_path, trained, ROWS.drop("id")) is None
    (tmp_path / TRAINED_ROWS).unlink()
    assert seen_rows(tmp_path, trained, ROWS) is None
