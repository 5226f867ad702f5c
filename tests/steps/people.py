"""Made-up rows with an answer that can be learned."""

from __future__ import annotations

import numpy as np
import polars as pl


def customers(rows: int = 1200, seed: int = 0, classes: int = 2) -> pl.DataFrame:
    """`age` and `shop` tell `bought`; `noise` tells nothing; the ten rows of a `batch` are alike;
    `count` is a number that goes with `age`."""
    rng = np.random.default_rng(seed)
    age, shop = rng.normal(40, 12, rows), rng.choice(list("abcd"), rows, p=[0.5, 0.3, 0.195, 0.005])
    batch = np.arange(rows) // 10
    shift = rng.normal(0, 0.5, batch.max() + 1)[batch]
    level = (age - 40) / 10 + (shop == "b") + shift + rng.logistic(0, 0.7, rows)
    cuts = np.quantile(level, np.linspace(0, 1, classes + 1)[1:-1])
    return pl.DataFrame(
        {
            "age": age,
            "shop": shop,
            "noise": rng.normal(size=rows),
            "batch": pl.Series(batch).cast(pl.Int32).cast(pl.Date),
            "w": rng.integers(1, 4, rows),
            "bought": [["no", "yes", "often"][code] for code in np.searchsorted(cuts, level)],
            "count": rng.poisson(np.exp((age - 40) / 20 + 1)),
        }
    )


RECIPE = """
[recipe]
name = "customers"
task = "classification"
[data]
source = "rows.parquet"
target = "bought"
positive = "yes"
use = ["age", "shop", "noise"]
[model]
estimator = "LogisticRegression"
"""
COUNTS = RECIPE.replace('"classification"', '"regression"').replace('"bought"\npositive = "yes"', '"count"').replace(
    "LogisticRegression", "PoissonRegressor"
)  # fmt: skip
