"""Puts everything that is needed to check, load and serve the model into one folder."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import msgspec

from mfbench.bundle.card import model_card
from mfbench.bundle.manifest import CODE, Field
from mfbench.bundle.model import dtype_name, predictions
from mfbench.bundle.pack import pack
from mfbench.core import jsonio
from mfbench.core.versions import python_version, version
from mfbench.features.encoder import Encoder
from mfbench.recipe.own_code import dotted_estimators, own_sources
from mfbench.recipe.schema import Split
from mfbench.steps.chosen import chosen_model, written_params
from mfbench.steps.context import StepContext
from mfbench.steps.decision import told
from mfbench.steps.evaluate import label
from mfbench.steps.fitted import load_fitted
from mfbench.steps.identity import trained_rows
from mfbench.steps.intervals import forecast_settings
from mfbench.steps.reference import monitored, reference_of
from mfbench.steps.split import read_parts

EXAMPLE_ROWS = 5
ALWAYS = ("numpy", "polars", "scikit-learn", "scipy", "skops")


def run(ctx: StepContext) -> None:
    train, test = read_parts(ctx, "train", "test")
    facts, metrics = ctx.json("ingest", "facts.json"), ctx.json("evaluate", "metrics.json")
    types, columns = ctx.json("train", "types.json"), ctx.json("features", "columns.json")
    model, task, classes = chosen_model(ctx), ctx.config["task"], facts["classes"]
    bundle = ctx.output_folder("bundle")
    refit = "refit" in ctx.inputs
    _copy(ctx.input_folder("refit" if refit else "features", "encoder"), bundle)
    _copy(ctx.input_folder("refit" if refit else "train", "model"), bundle / "model")

    # The reference is predicted by the model that has not seen these rows, refit or not.
    fitted = load_fitted(ctx)
    reads = fitted.encoder.inputs
    inputs = [Field(name, dtype, bool(train[name].null_count())) for name, dtype in reads.items()]
    predicted = predictions(fitted.predict(test), classes)
    answers = predicted.with_columns(label(test, classes))
    reference = reference_of(ctx, bundle, test, answers, list(reads))
    reference.save(bundle)
    rows = reference.sample.select(list(reference.inputs))
    (bundle / "input_example.json").write_text(rows.head(EXAMPLE_ROWS).write_json() + "\n", encoding="utf-8")
    table = msgspec.to_builtins(model)
    requirements = _requirements(table, ctx.config["mfbench"])
    (bundle / "requirements.txt").write_text("\n".join(requirements) + "\n", encoding="utf-8")
    card = model_card(
        name=ctx.config["name"],
        description=ctx.written["description"],
        task=task,
        target=ctx.written["target"],
        classes=classes,
        estimator=fitted.name,
        params=written_params(ctx),
        rows={"train": train.height, "test": test.height},
        split=_split_words(ctx.typed(Split, "split")),
        metrics=metrics,
        inputs=inputs,
        columns=[(name, kind, why) for name, kind, why in columns],
        decision=told(ctx, fitted.threshold, classes[-1] if classes else None),
    )
    (bundle / "README.md").write_text(card, encoding="utf-8")
    for name, content in own_sources(table, ctx.recipe_folder).items() if types else ():
        (bundle / CODE / name).parent.mkdir(parents=True, exist_ok=True)
        (bundle / CODE / name).write_bytes(content)
    digest = pack(
        bundle,
        name=ctx.config["name"],
        task=task,
        flavor=model.flavor,
        estimator=fitted.name,
        target=ctx.written["target"],
        classes=tuple(classes),
        inputs=tuple(inputs),
        outputs=tuple(Field(name, dtype_name(predicted.schema[name]), False) for name in predicted.columns),
        features=tuple(Encoder.load(bundle).names),
        metrics=metrics,
        requirements=tuple(requirements),
        reading=ctx.written["reading"],
        python=python_version().rpartition(".")[0],  # of its patch level no result depends, nor does a step's key
        types=tuple(types),
        forecast=forecast_settings(ctx, list(reads)),
        threshold=fitted.threshold,
        trained=trained_rows(ctx, bundle, train, refit=refit),
        monitored=monitored(ctx, reference),
    )
    ctx.output("bundle.json").write_bytes(jsonio.pretty({"digest": digest, "metrics": metrics}))
    ctx.log(f"bundle {digest[:12]}")


def _copy(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.iterdir()):
        shutil.copyfile(path, target / path.name)


def _requirements(model: dict[str, Any], own: str) -> list[str]:
    """Exact versions of what loads and runs the model."""
    tops = {name.partition(".")[0] for name in dotted_estimators(model)} - {"sklearn"}
    found = {name: version(name) for name in {*ALWAYS, *tops}}
    return sorted([f"mfbench=={own}", *(f"{name}=={number}" for name, number in found.items() if number)])


def _split_words(split: Split) -> str:
    if split.source is not None:
        return "given files" + (" (the model itself is fitted on all rows)" if split.refit else "")
    held = f"{split.test:.0%}" if isinstance(split.test, float) else split.test
    held += " (the model itself is fitted on all rows)" if split.refit else ""
    if split.by:
        return f"the last {held} by {split.by}" + (f", a gap of {split.gap} before" if split.gap else "")
    return f"{held} at random" + (f", whole groups of {split.group}" if split.group else "")
