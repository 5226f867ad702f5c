"""Rows, and what a bundle says of them, without a model behind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from mfbench.bundle.manifest import Field, Manifest, Monitored
from mfbench.bundle.model import dtype_name
from mfbench.drift.reading import open_data
from mfbench.drift.reference import Reference
from mfbench.drift.scanning import scan
from mfbench.drift.seen import Seen
from mfbench.drift.settings import Settings

INPUTS = ["amount", "count", "shop", "vip"]
BEGIN = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday


def make_rows(n: int, seed: int = 0, hours: float = 0.1) -> pl.DataFrame:
    """Inputs, `when`, an id, a target and a model's answers."""
    rng = np.random.default_rng(seed)
    probability = rng.random(n)
    return pl.DataFrame(
        {
            "id": [f"r{i}" for i in range(n)],
            "when": [BEGIN + timedelta(hours=hours * i) for i in range(n)],
            "amount": rng.normal(10, 3, n),
            "count": rng.integers(0, 8, n),
            "shop": rng.choice(["a", "b", "c", "d"], n),
            "vip": rng.random(n) < 0.2,
            "bought": np.where(rng.random(n) < probability, "yes", "no"),
            "prediction": np.where(probability > 0.5, "yes", "no"),
            "probability": probability,
        }
    ).with_columns(pl.col("when").cast(pl.Datetime("us", "UTC")))


def make_reference(rows: pl.DataFrame, manifest: Manifest | None = None, **more: Any) -> Reference:
    """Of rows as make_rows has them, as if it stood in a bundle."""
    about: dict[str, Any] = {
        "inputs": INPUTS, "task": "classification", "classes": ["no", "yes"], "label": "bought",
        "answers": {"prediction": "prediction", "probability": "probability"}, "time": "when",
    } | more  # fmt: skip
    reference = Reference.of(rows, **about)
    reference.manifest = manifest or make_manifest(rows, about["inputs"])
    return reference


def make_manifest(rows: pl.DataFrame, inputs: list[str] = INPUTS, **monitored: Any) -> Manifest:
    return Manifest(
        name="tiny",
        task="classification",
        flavor="none",
        estimator="none",
        target="bought",
        classes=("no", "yes"),
        inputs=tuple(Field(name, dtype_name(rows.schema[name])) for name in inputs),
        outputs=(Field("prediction", "String"), Field("probability", "Float64")),
        features=(),
        metrics={},
        requirements=(),
        python="3.11",
        files={},
        monitored=Monitored(**{"time": "when", "key": "id"} | monitored),
    )


def windows(data: Any, reference: Reference, window: str | None = None, **options: Any) -> list[Seen]:
    """What is seen of some data."""
    named = {name: options.pop(name) for name in ("time", "label", "labels", "separator") if name in options}
    opened = open_data(data, reference.manifest, **named)
    return list(scan(opened, reference, Settings(window=window), **options))
