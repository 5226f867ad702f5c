"""Data as people have it becomes a model: a recipe of seven lines, every step of a run, and rows scored again.

The steps run in this process, one after the other, as a worker runs them.
"""

from __future__ import annotations

import csv
import io
import json
import math
import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mfbench.bundle.model import Model
from mfbench.core import jsonio
from mfbench.data.source import format_of, read_table
from mfbench.engine.plan import plan_recipe
from mfbench.recipe.load import load_recipe
from mfbench.recipe.schema import Csv
from mfbench.steps.context import StepContext
from mfbench.steps.precheck import precheck

ROWS = 120
_random = random.Random(7)
X = [_random.gauss(0, 1) for _ in range(ROWS)]
C = [_random.choice("abc") for _ in range(ROWS)]
Y = [x + (c == "a") + _random.gauss(0, 0.5) > 0.3 for x, c in zip(X, C, strict=True)]
DAYS = [date(2024, 1, 1) + timedelta(days=i) for i in range(ROWS)]
Row = Callable[[int], list[Any]]
TABLES: dict[str, tuple[str, str, str]] = {}  # name to the file's text, its target, its ending


def table(name: str, header: list[str], row: Row, target: str = "y", separator: str = ",", ending: str = "csv") -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\n")
    writer.writerows([header, *(row(i) for i in range(ROWS))])
    TABLES[name] = (out.getvalue(), target, ending)


def labels(name: str, label: Callable[[int], Any]) -> None:
    table(name, ["x", "c", "y"], lambda i: [X[i], C[i], label(i)])


labels("booleans of Python", lambda i: str(Y[i]))
labels("booleans of JSON", lambda i: str(Y[i]).lower())
labels("yes and no", lambda i: "yes" if Y[i] else "no")
labels("0 and 1", lambda i: int(Y[i]))
labels("0.0 and 1.0", lambda i: float(Y[i]))
labels("-1 and 1", lambda i: 2 * int(Y[i]) - 1)
labels("-0.0 and 0.0 are one class", lambda i: 1.0 if Y[i] else (-0.0 if i % 2 else 0.0))
labels("several classes as numbers", lambda i: int(Y[i]) + 2 * (C[i] == "b"))
labels("several classes as text", lambda i: "ABCD"[int(Y[i]) + 2 * (C[i] == "b")])
labels("classes with quotes and commas", lambda i: ["it's", 'say "hi"', "ü, ö"]["abc".index(C[i])])
labels("a class of one row", lambda i: "rare" if i == 3 else str(Y[i]))
labels("a rare class", lambda i: int(i % 12 == 0))
labels("rows without a target", lambda i: "" if i % 5 == 0 else int(Y[i]))
table(
    "spaces, quotes, commas in names", ["x 1", 'c "q"', "größe, µ", "y z"], lambda i: [X[i], C[i], i, int(Y[i])], "y z"
)
table("dots in names", ["x.1", "c.a", "x.1.2", "y.z"], lambda i: [X[i], C[i], i, int(Y[i])], "y.z")
table("words of SQL", ["select", "from", "order", "index"], lambda i: [X[i], C[i], i, int(Y[i])], "index")
table("a word of SQL as target", ["group", "from", "order", "select"], lambda i: [X[i], C[i], i, int(Y[i])], "select")
table("other scripts", ["🚗", "ж", "цель"], lambda i: [X[i], C[i], "да" if Y[i] else "нет"], "цель")
table(
    "brackets and braces in names", ["a[0]", "%", "{z}", "a\\b", "y"], lambda i: [X[i], C[i], i, i * i % 7, int(Y[i])]
)
table("names that scikit-learn refuses", ["user__id", "remainder", "n_jobs", "transformers", "__x", "verbose", "y"],
      lambda i: [X[i], C[i], i, X[i], i % 3, C[i], int(Y[i])])  # fmt: skip
table("names that look encoded", ["day", "day.month", "c", "c_a", "y"], lambda i: [DAYS[i], X[i], C[i], i, int(Y[i])])
table("names of the output", ["prediction", "probability", "label", "key", "part", "y"],
      lambda i: [X[i], i % 5, C[i], i, X[i] / 2, int(Y[i])])  # fmt: skip
table("a column without a name", ["", "x", "y"], lambda i: [i, X[i], int(Y[i])])
table("an index of a data frame", ["__index_level_0__", "x", "y"], lambda i: [i, X[i], int(Y[i])])
table("a name twice", ["x", "x", "y"], lambda i: [X[i], C[i], int(Y[i])])
table("a separator at the end", ["x", "c", "y", ""], lambda i: [X[i], C[i], int(Y[i]), ""])
table("blanks after the separator", ["x", " c", " y"], lambda i: [X[i], f" {C[i]}", f" {int(Y[i])}"])
table("tabs", ["x", "c", "y"], lambda i: [X[i], C[i], int(Y[i])], separator="\t", ending="tsv")
table("wide", [*(f"x{k}" for k in range(150)), "y"], lambda i: [*(X[i] + k * (i % 7) for k in range(150)), int(Y[i])])
table("constants", ["x", "k", "one", "y"], lambda i: [X[i], "same", 3, int(Y[i])])
table("an empty column", ["x", "k", "y"], lambda i: [X[i], "", int(Y[i])])
table("a column with one value missing", ["x", "z", "y"], lambda i: [X[i], "" if i == 7 else i, int(Y[i])])
table("a column with one value", ["x", "z", "y"], lambda i: [X[i], 5 if i == 7 else "", int(Y[i])])
table("dates and times", ["x", "day", "at", "y"],
      lambda i: [X[i], DAYS[i], datetime(2024, 1, 1, i % 24, i % 60), int(Y[i])])  # fmt: skip
table("times with a zone", ["x", "at", "y"], lambda i: [X[i], f"2024-01-01T{i % 24:02}:00:00+02:00", int(Y[i])])
table("mixed", ["x", "m", "clock", "b", "y"],
      lambda i: [X[i] if i % 7 else "", i if i % 3 else "-", f"{i % 24}:30", Y[i] if i % 2 else "", Y[i]])  # fmt: skip
table("infinite values", ["x", "y"], lambda i: [["inf", "-inf"][i % 20] if i % 20 < 2 else X[i], int(Y[i])])
table("numbers of 26 digits", ["x", "big", "y"], lambda i: [X[i], 10**25 + i, int(Y[i])])
table("categories alone", ["c", "y"], lambda i: [C[i], int(Y[i])])
table("booleans alone", ["b", "y"], lambda i: [X[i] > 0, int(Y[i])])
table("missing categories", ["c", "x", "y"], lambda i: ["" if i % 4 == 0 else C[i], X[i], int(Y[i])])
table("many categories", ["c", "x", "y"], lambda i: [f"g{i * 7 % 50}", X[i], int(Y[i])])
table("free text", ["name", "x", "y"], lambda i: [f"person {i}", X[i], int(Y[i])])
TABLES["JSON lines"] = (
    "".join(
        json.dumps({"x": X[i], "c": C[i], "day": str(DAYS[i]), "nested": {"a": i}, "list": [i], "y": Y[i]}) + "\n"
        for i in range(ROWS)
    ),
    "y",
    "jsonl",
)
NUMBERS: dict[str, Callable[[int], Any]] = {
    "a number": lambda i: X[i] * 3 + (C[i] == "a"),
    "a whole number": lambda i: round(X[i] * 30),
    "a number with gaps": lambda i: "" if i % 9 == 0 else round(X[i] * 30),
    "a boolean as number": lambda i: Y[i],
}
for label, value in NUMBERS.items():
    table(f"regression: {label}", ["x", "c", "y"], lambda i, value=value: [X[i], C[i], value(i)])  # type: ignore[misc]


def run_steps(folder: Path, recipe: Path) -> dict[str, Path]:
    """Every step of the recipe, in order; the folder of each one's outputs."""
    loaded = load_recipe(recipe)
    precheck(loaded.recipe, loaded.folder)
    made: dict[str, Path] = {}
    for step in plan_recipe(loaded):
        inputs = {
            need: {path.relative_to(made[need]).as_posix(): path for path in made[need].rglob("*") if path.is_file()}
            for need in step.needs
        }
        made[step.name] = folder / "work" / step.name
        made[step.name].mkdir(parents=True)
        context = StepContext(
            name=step.name,
            config=step.config,
            written=step.config,
            inputs=inputs,
            folder=made[step.name],
            recipe_folder=folder,
            cpus=1,
            emit=lambda *_: None,
        )
        import_module(step.call).run(context)
    return made


# A line takes no missing values and no categories as codes, so these go the other way through the encoder.
LINEAR = [
    "several classes as text", "a class of one row", "names that scikit-learn refuses", "names that look encoded",
    "wide", "an empty column", "a column with one value missing", "mixed", "infinite values", "missing categories",
    "dates and times", "numbers of 26 digits", "JSON lines", "regression: a number with gaps",
]  # fmt: skip


@pytest.mark.parametrize(("name", "linear"), [*((name, False) for name in TABLES), *((name, True) for name in LINEAR)])
def test_becomes_a_model(name: str, linear: bool, tmp_path: Path) -> None:
    text, target, ending = TABLES[name]
    task = "regression" if name.startswith("regression") else "classification"
    data = tmp_path / f"data.{ending}"
    data.write_text(text, encoding="utf-8")
    model = {"classification": "LogisticRegression", "regression": "Ridge"}[task]
    chosen = f'estimator = "{model}"' if linear else "max_iter = 5"
    (tmp_path / "recipe.toml").write_text(
        f'[recipe]\nname = "any"\ntask = "{task}"\n\n[data]\nsource = "data.{ending}"\ntarget = "{target}"\n\n'
        f"[model]\n{chosen}\n\n[register]\n",
        encoding="utf-8",
    )
    made = run_steps(tmp_path, tmp_path / "recipe.toml")
    metrics = jsonio.loads((made["evaluate"] / "metrics.json").read_bytes())
    assert all(math.isfinite(value) for value in metrics.values()), metrics

    bundle = Model.load(made["package"] / "bundle")
    raw = read_table([data], format_of([data], None), Csv())
    predicted = bundle.predict(raw)
    assert predicted.height == ROWS
    assert predicted["prediction"].null_count() == 0
    if task == "classification":
        known = raw[target].drop_nulls().unique()
        assert predicted["prediction"].is_in(known.implode()).all()
        assert predicted["prediction"].dtype == known.dtype
        shares = predicted.select(pl.exclude("prediction"))
        assert shares.select(pl.all().is_between(0, 1).all()).row(0) == (True,) * shares.width
    # One row at a time gives what all rows together give: nothing is learned from the rows that are scored.
    one = pl.concat([bundle.predict(raw[i : i + 1]) for i in (0, 7, ROWS - 1)])
    together = predicted[[0, 7, ROWS - 1]]
    assert one["prediction"].to_list() == pytest.approx(together["prediction"].to_list())
