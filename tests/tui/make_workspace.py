"""Makes workspace.tar.gz, what the pictures of the panes show: python -m tests.tui.make_workspace

It is made once and kept, so that ids, times and numbers are the same in every picture.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

KEPT = Path(__file__).with_name("workspace.tar.gz")
RECIPE = """\
[recipe]
name = "churn"
task = "classification"
tags = { project = "demo" }

[data]
source = "customers.parquet"
target = "left"
positive = true
split = { test = 0.3 }

[features]
spend_per_visit = "spend / (visits + 1)"

[model]
estimator = "LogisticRegression"

[evaluate]
metrics = ["roc_auc", "log_loss", "brier"]
slices = ["plan"]

[register]
gates = ["roc_auc >= 0.6"]

[monitor]
window = 1000
"""
SEARCH = """
[tune]
trials = 8
metric = "roc_auc"

[tune.space]
"model.C" = "log 0.001..10"
"model.max_iter" = "100..500"
"""


def customers(path: Path, rows: int, seed: int, shift: float = 0.0) -> None:
    import numpy as np
    import polars as pl

    dice = np.random.default_rng(seed)
    spend, visits = dice.gamma(2 + shift, 30, rows), dice.poisson(6, rows)
    plan = dice.choice(["basic", "family", "pro"], rows, p=[0.6 - shift / 4, 0.3 + shift / 4, 0.1])
    chance = 1 / (1 + np.exp(0.03 * (spend - 60) + 0.3 * (visits - 6) + (plan == "pro")))
    pl.DataFrame({"spend": spend, "visits": visits, "plan": plan, "left": dice.random(rows) < chance}).write_parquet(
        path
    )


def mfbench(folder: Path, *words: str) -> None:
    print("$ mfbench", *words)
    subprocess.run([sys.executable, "-m", "mfbench", *words], cwd=folder, check=False, stdout=subprocess.DEVNULL)


def make(folder: Path) -> None:
    customers(folder / "customers.parquet", 6000, 1)
    customers(folder / "newer.parquet", 4000, 2, shift=1.0)
    customers(folder / "same.parquet", 2000, 3)
    (folder / "churn.toml").write_text(RECIPE)
    (folder / "churn-search.toml").write_text(RECIPE.replace("churn", "churn-search", 1) + SEARCH)
    (folder / "strict.toml").write_text(RECIPE.replace('"churn"', '"strict"').replace(">= 0.6", ">= 0.99"))
    (folder / "broken.toml").write_text(
        RECIPE.replace('"churn"', '"broken"').replace("LogisticRegression", "LogistikRegression")
    )
    mfbench(folder, "init")
    mfbench(folder, "run", "churn.toml")
    mfbench(folder, "run", "churn-search.toml")
    mfbench(folder, "run", "strict.toml")
    mfbench(folder, "run", "churn.toml", "--set", "model.C=0.001", "--name", "less-freedom")
    from mfbench import start_run

    os.chdir(folder)
    for name, rate in (("net-small", 0.02), ("net-large", 0.05)):
        with start_run(name) as run:
            run.log_params({"width": 64 if name == "net-small" else 256, "rate": rate})
            run.log_metrics(("loss", math.exp(-rate * step) + 0.02 * math.sin(step), step) for step in range(200))
    try:
        with start_run("net-broken") as run:
            run.log_metric("loss", 3.0, step=0)
            raise ValueError("loss is not finite at step 1")
    except ValueError:
        pass
    mfbench(folder, "drift", "check", "churn:1", "same.parquet")
    mfbench(folder, "drift", "check", "churn:1", "newer.parquet")


if __name__ == "__main__":
    os.environ["MFBENCH_EXECUTOR"] = "local"
    os.environ["MFBENCH_ACTOR"] = "ada@bench"
    with tempfile.TemporaryDirectory() as made:
        make(Path(made))
        with tarfile.open(KEPT, "w:gz") as archive:
            archive.add(made, ".", filter=lambda one: None if one.name.endswith((".duckdb", ".lock")) else one)
    print(KEPT.name, KEPT.stat().st_size)
