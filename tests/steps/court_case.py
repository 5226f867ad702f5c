"""What tests of the gate step share: a run's finished steps and a champion, made by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from mfbench.bundle.manifest import Field
from mfbench.bundle.model import Model as Bundle
from mfbench.bundle.model import dtype_name
from mfbench.bundle.pack import pack
from mfbench.bundle.trained_rows import write_trained_rows
from mfbench.core import jsonio
from mfbench.core.hashing import digest_file
from mfbench.data.fingerprint import identifying
from mfbench.data.split import PART
from mfbench.data.target import TARGET
from mfbench.features.columns import choose_columns
from mfbench.features.encoder import Encoder
from mfbench.flavors.base import FitInput
from mfbench.flavors.sklearn import SklearnFlavor
from mfbench.recipe.schema import Data, Model
from mfbench.stats.metrics import compute, defaults
from mfbench.steps.context import StepContext
from mfbench.steps.gate import run
from mfbench.steps.judging.answers import answers

CLASSES = ["no", "yes"]


def people(n: int, seed: int, *, first: int = 0, noise: float = 1.0) -> pl.DataFrame:
    """Rows with a key, two numbers that tell something of the target, a day of 20 rows each, and a city."""
    rng = np.random.default_rng(seed)
    age, income = rng.normal(size=n), rng.normal(size=n)
    target = (age + 0.5 * income + noise * rng.normal(size=n) > 0).astype(int)
    return pl.DataFrame({
        "id": np.arange(first, first + n), "age": age, "income": income, "day": np.arange(n) // 20,
        "city": np.array(["oslo", "rome", "bonn"])[rng.integers(0, 3, n)],
        "bought": np.array(CLASSES)[target], TARGET: target.astype(np.int32),
    })  # fmt: skip


def bundle(folder: Path, train: pl.DataFrame, use: tuple[str, ...] = ("age", "income"), **changed: Any) -> Path:
    """A logistic regression of these columns as a bundle. `changed`: facts of its manifest; `estimator`, `key`."""
    task, key = changed.pop("task", "classification"), changed.pop("key", "id")
    model = Model(estimator=changed.pop("estimator", "LogisticRegression"))
    flavor = SklearnFlavor()
    traits = flavor.check(model, task, weighted=False)
    columns = choose_columns(train, Data(source="x", target="bought", use=use), {}, ["bought"])
    encoder = Encoder(columns, {name: dtype_name(train.schema[name]) for name in use}).fit(train, traits)
    encoder.save(folder)
    data = FitInput(encoder.transform(train), train[TARGET].to_numpy(), None, 0, 0, 1)
    types = flavor.save(flavor.fit(model, task, data), folder / "model")
    trained = write_trained_rows(folder, train, identifying(train, key))
    facts = {
        "name": "m", "task": task, "flavor": "sklearn", "estimator": str(model.estimator), "target": "bought",
        "classes": tuple(CLASSES) if task == "classification" else (), "metrics": {}, "requirements": (),
        "inputs": tuple(Field(name, dtype) for name, dtype in encoder.inputs.items()), "outputs": (), "python": "3",
        "features": tuple(encoder.names), "types": tuple(types), "trained": trained,
    }  # fmt: skip
    pack(folder, **(facts | changed))
    return folder


class CourtCase:
    """A run's steps up to its package: `model` is the bundle that it made from `train`, judged on `test`."""

    def __init__(self, place: Path, train: pl.DataFrame, test: pl.DataFrame, model: Path, **config: Any) -> None:
        self.place, self.test, self.model = place, test, model
        self.events: list[list[Any]] = []
        self.config = {
            "confidence": 0.95, "min_rows": 100, "resamples": 400, "seed": 0, "task": "classification", "key": "id",
            "split": {"unit": "row"}, "features": {}, "trusted": [], "champion": None, **config,
        }  # fmt: skip
        self.files = {"ingest": place / "ingest", "split": place / "split", "evaluate": place / "evaluate"}
        for folder in self.files.values():
            folder.mkdir(parents=True)
        classes = CLASSES if self.config["task"] == "classification" else []
        rows = pl.concat([train, test])
        rows.write_parquet(self.files["ingest"] / "data.parquet")
        (self.files["ingest"] / "facts.json").write_bytes(jsonio.pretty({"classes": classes}))
        parts = pl.Series(PART, ["train"] * train.height + ["test"] * test.height)
        parts.to_frame().write_parquet(self.files["split"] / "split.parquet")
        predicted = Bundle.load(model).predict(test)
        predicted.write_parquet(self.files["evaluate"] / "predictions.parquet")
        told = answers(predicted, test, classes)
        names = self.config.pop("metrics", None) or defaults(self.config["task"])
        self.metrics = compute(names, told.target, told.values, told.scores, told.weight)
        (self.files["evaluate"] / "metrics.json").write_bytes(jsonio.pretty(self.metrics))
        evaluation = {"metrics": {name: {"value": value, "low": None, "high": None}
                                  for name, value in self.metrics.items()}}  # fmt: skip
        (self.files["evaluate"] / "evaluation.json").write_bytes(jsonio.pretty(evaluation))

    def judge(self, *gates: str, champion: Path | None = None, name: str = "m:1", **config: Any) -> dict[str, Any]:
        """gates.json of the step; `events` are those of this call."""
        inputs = {step: _files(folder) for step, folder in self.files.items()}
        inputs["package"] = {f"bundle/{name}": path for name, path in _files(self.model).items()}
        about = None
        if champion is not None:
            inputs["champion"] = _files(champion)
            about = {"name": name, "digest": digest_file(champion / "manifest.json")}
        settings = {**self.config, "gates": list(gates), "champion": about, **config}
        out = self.place / f"gate{len(list(self.place.iterdir()))}"
        out.mkdir()
        self.events = []
        ctx = StepContext(
            name="gate",
            config=settings,
            written=settings,
            inputs=inputs,
            folder=out,
            recipe_folder=self.place,
            cpus=1,
            emit=lambda *event: self.events.append(list(event)),
        )
        run(ctx)
        found: dict[str, Any] = jsonio.loads((out / "gates.json").read_bytes())
        return found


def _files(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
