"""The training's own variance: the same rows and settings, other seeds, judged on the same held-out rows.

A difference between two models that is smaller than this spread may be luck of the seed. The features are fitted once:
their fit depends on no seed.
"""

from __future__ import annotations

import math
from statistics import fmean, stdev

from mfbench.bundle.model import decided
from mfbench.core import jsonio
from mfbench.core.text import plural
from mfbench.recipe.schema import Evaluate
from mfbench.steps.chosen import chosen_model
from mfbench.steps.context import StepContext
from mfbench.steps.evaluate import chosen_metrics
from mfbench.steps.evaluation import compute
from mfbench.steps.fitted import load_fitted, refuse_nan
from mfbench.steps.split import read_parts
from mfbench.steps.train import fit_input

SEEDS = 2**32


def run(ctx: StepContext) -> None:
    train, test = read_parts(ctx, "train", "test")
    first, model, task = load_fitted(ctx), chosen_model(ctx), ctx.config["task"]
    x = first.encoder.transform(test)
    repeats = ctx.typed(Evaluate, "evaluate").repeats
    seeds = [(ctx.config["seed"] + number) % SEEDS for number in range(1, repeats + 1)]
    found: dict[str, list[float]] = {}
    for number, seed in enumerate(seeds, 1):
        fitted = first.flavor.fit(model, task, fit_input(train, first.encoder, seed, ctx.cpus))
        answers = first.flavor.predict(fitted, x, task)
        refuse_nan(answers, first.name)
        answers = decided(answers, first.threshold)
        for name, value in compute(chosen_metrics(ctx, answers), first.beside(test, answers)).items():
            found.setdefault(name, []).append(value)
        ctx.log(f"training {number} of {repeats}, seed {seed}")
    spread = {name: {"mean": _mean(values), "sd": _sd(values)} for name, values in found.items()}
    ctx.output("repeats.json").write_bytes(jsonio.pretty({"seeds": seeds, "metrics": found, "spread": spread}))
    say(ctx, first.name, found)


def say(ctx: StepContext, estimator: str, found: dict[str, list[float]]) -> None:
    """The spread as lines of the log."""
    count = len(next(iter(found.values())))
    if count > 1 and all(len(set(map(repr, values))) == 1 for values in found.values()):
        ctx.log(f"{plural(count, 'training')}, all equal: {estimator} does not depend on its seed here")
        return
    for name, values in found.items():
        known = [value for value in values if math.isfinite(value)]
        if known:
            ctx.log(
                f"{name} over {plural(count, 'training')}: {min(known):.4g} to {max(known):.4g}, sd {_sd(values):.2g}"
            )


def _mean(values: list[float]) -> float:
    return fmean(values)


def _sd(values: list[float]) -> float:
    """Of the trainings as a sample of all seeds; nan for one."""
    return stdev(values) if len(values) > 1 else math.nan
