"""The held-out rows as a bundle keeps them: what new rows will be compared with, and how the model is to be watched."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from mfbench.bundle.manifest import Monitored
from mfbench.data.units import ROW, unit_column
from mfbench.drift.clusters import dense
from mfbench.drift.kinds import between
from mfbench.drift.reference import FEATURES, Reference, derived_columns
from mfbench.features.columns import private_of
from mfbench.recipe.schema import Monitor, Split
from mfbench.steps.context import StepContext


def reference_of(
    ctx: StepContext, bundle: Path, test: pl.DataFrame, answers: pl.DataFrame, reads: list[str]
) -> Reference:
    """test: held-out rows; answers: (n,) what the model says of them, and `label`, what is true; reads: the model's
    inputs; bundle: with the feature path in it."""
    private = private_of(test.columns, tuple(ctx.config["private"]))
    split = ctx.typed(Split, "split")
    unit, values = unit_column(test, split)
    ours = {name: between(name) for name in answers.columns}
    return Reference.of(
        test.hstack(answers.rename(ours)),
        inputs=reads,
        task=ctx.config["task"],
        answers={name: column for name, column in ours.items() if name != "label"},
        label=ours["label"],
        unit=unit,
        codes=None if unit == ROW else dense(values.rank("dense").to_numpy())[0],
        time=None if split.by in private else split.by,
        classes=ctx.json("ingest", "facts.json")["classes"],
        derived=derived_columns(bundle / FEATURES, private),
        private=[name for name in private if name in reads],
    )


def monitored(ctx: StepContext, reference: Reference) -> Monitored:
    """What the recipe says of the rows to come."""
    watched = ctx.typed(Monitor, "monitor")
    return Monitored(
        time=ctx.typed(Split, "split").by,
        unit=reference.profile.unit,
        key=ctx.config["key"],
        label_delay=ctx.config["label_delay"],
        private=reference.profile.private,
        slices=tuple(ctx.config["slices"]),
        window=None if watched.window is None else str(watched.window),
        false_alarms=watched.false_alarms,
        level=watched.level,
        min_effect=watched.min_effect,
        margin=watched.margin,
        metric=watched.metric,
    )
