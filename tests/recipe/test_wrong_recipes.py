"""Every wrong recipe is told in one message: where, what was found, what was expected, what to write instead."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from mfbench.api.running import check_recipe
from mfbench.core.errors import RecipeError
from tests.recipe.wrong_recipes import CASES, MARK, Wrong

# Words of the libraries beneath, which say nothing to the person who wrote the recipe.
LEAKS = re.compile(
    r"\bdyn int|\bdyn float|polars|msgspec|pyo3|Traceback|NoneType|<class|PolarsError|\bself\b|`null`|`array`|`object`"
    r"|`str`|`int`|ColumnNotFound|SchemaError|ComputeError|InvalidOperation|strict_cast|\bnumpy\b"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good data, and data that is wrong in every way."""
    folder = tmp_path_factory.mktemp("wrong")
    rows = 80
    days = [date(2024, 1, 1) + timedelta(days=i) for i in range(rows)]
    table = pl.DataFrame(
        {
            "id": range(rows),
            "late": ["yes" if i % 3 == 0 else "no" for i in range(rows)],
            "minutes": [float(i % 37) for i in range(rows)],
            "dist": [100 + i * 7 % 50 for i in range(rows)],
            "temp": [i % 11 / 2 for i in range(rows)],
            "carrier": ["AA", "BB", "CC", "DD"] * (rows // 4),
            "day": days,
            "holes": [None if i % 10 == 0 else day for i, day in enumerate(days)],
            "w": [1.0 + i % 2 for i in range(rows)],
            "neg": [-1.0 if i == 5 else 1.0 for i in range(rows)],
            "one": ["x"] * rows,
            "gone": [None] * rows,
            "grade": ["a", "b", "c", "a"] * (rows // 4),
            "flag": [0, 1] * (rows // 2),
            "half": ["early"] * (rows // 2) + ["late"] * (rows // 2),
            "era": ["a", "b"] * 36 + ["c"] * 8,
            "rare": ["a"] * 40 + ["b"] * 39 + ["c"],
            "ratio": ["inf" if i == 7 else f"{i}.5" for i in range(rows)],
        }
    )
    table.write_csv(folder / "rows.csv")
    table.write_ndjson(folder / "rows.jsonl")
    table.drop("temp").write_csv(folder / "fewer.csv")
    table.rename({"temp": "__target__"}).write_csv(folder / "reserved.csv")
    (folder / "hollow").mkdir()
    table.write_parquet(folder / "really.csv")
    whole = (folder / "really.csv").read_bytes()
    texts = {
        "nothing.csv": "",
        "blank.csv": "\n\n  \n",
        "single.csv": "late\n" + "yes\nno\n" * 20,
        "header.csv": "late,dist,temp\n",
        "ragged.csv": "late,dist,temp\nyes,1,2\nno,2,3\nyes,3,4,5\nno,4,5\n",
        "quote.csv": 'late,dist\nyes,1\n"no,2\nyes,3\n',
        "semicolon.csv": "late;dist\nyes;1\nno;2\n",
        "german.csv": "late;dist\nyes;1,5\nno;2,5\n",
        "excel.csv": "PK\x03\x04\x14\x00\x06\x00",
        "text.parquet": "late,dist\nyes,1\n",
        "rows.xlsx": "PK\x03\x04",
        "broken.jsonl": '{"late": "yes"}\n{"late":\n',
        "list.json": '[{"late": "yes"}, {"late": "no"}]',
        "broken.py": "class Mine(Unknown): pass\n",
    }
    binary = {
        "latin.csv": "late,dist\nyes,1\nmüde,2\n".encode("latin-1"),
        "wide.csv": "late,dist\nyes,1\n".encode("utf-16"),
        "binary.csv": bytes(range(256)) * 8,
        "cut.parquet": whole[: len(whole) // 2],
        "damaged.parquet": whole[:4] + bytes(len(whole) - 60) + whole[-56:],
    }
    for name, content in {**{name: text.encode() for name, text in texts.items()}, **binary}.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_told_where_and_what(case: Wrong, folder: Path) -> None:
    recipe = folder / "recipe.toml"
    where = case.where
    if where is None:
        assert case.text.count(MARK) == 1, "a case marks one place"
        before = case.text.partition(MARK)[0]
        where = f"recipe.toml:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
    recipe.write_text(case.text.replace(MARK, ""), encoding="utf-8")
    with pytest.raises(RecipeError) as caught:
        check_recipe(recipe, case.sets)
    told = str(caught.value)
    assert caught.value.exit_code == 2
    assert (caught.value.where or "").removeprefix(f"{folder}/") == where, told
    assert [part for part in case.says if part not in told] == [], told
    assert not LEAKS.search(told.replace(where, "")), told
    assert len(told) < 700
    assert told.count("\n") <= 1, "one message, one hint"


def test_there_are_a_hundred() -> None:
    assert len(CASES) >= 100
    assert len({case.name for case in CASES}) == len(CASES)
