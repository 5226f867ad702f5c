"""A small model with a reference large enough to be watched by, trained once; each test works on a copy."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.support import Project

RECIPE = """\
[recipe]
name = "shop"
task = "classification"

[data]
source = "train.csv"
target = "bought"
positive = "yes"
key = "id"
use = ["amount", "shop", "age"]
split = { by = "at", test = 0.4, unit = "row" }

[model]
estimator = "LogisticRegression"

[evaluate]
metrics = ["roc_auc"]

[register]
gates = ["roc_auc >= 0.6"]

[monitor]
window = 800
false_alarms = "1/200"
"""
DAY = 86_400_000_000


def rows(n: int, seed: int, *, start: str = "2026-01-01", shift: float = 0.0, minutes: int = 1) -> pl.DataFrame:
    """n rows, one every so many minutes. shift: of the amounts, in standard deviations."""
    rng = np.random.default_rng(seed)
    amount, age = rng.normal(50 + 10 * shift, 10, n), rng.integers(18, 80, n)
    bought = rng.random(n) < 1 / (1 + np.exp(-(amount - 50) / 5))
    first = pl.Series([start]).str.to_datetime(time_unit="us")[0]
    at = pl.Series("at", [first] * n) + pl.Series([minutes * 60_000_000 * i for i in range(n)], dtype=pl.Duration("us"))
    return pl.DataFrame({"id": [f"{seed}-{i}" for i in range(n)], "at": at, "amount": amount.round(2),
                         "shop": rng.choice(["north", "south", "east"], n), "age": age,
                         "bought": np.where(bought, "yes", "no")})  # fmt: skip


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    project = Project(folder)
    project.recipe(RECIPE, "shop.toml")
    rows(5000, 1, start="2025-01-01").write_csv(folder / "train.csv")
    project.json("run", "shop.toml")
    return folder


@pytest.fixture
def project(trained: Path, tmp_path: Path) -> Project:
    shutil.copytree(trained, tmp_path / "p", dirs_exist_ok=True)
    made = Project.__new__(Project)
    made.folder = tmp_path / "p"
    (made.folder / "incoming").mkdir()
    return made
