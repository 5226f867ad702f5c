"""The training's own variance: the same rows and settings, other seeds, judged on the same held-out rows.

A difference between two models that is smaller than this spread may be luck of the seed. The features are fitted once:
their fit depends on no seed.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mfbench.core import jsonio
from mfbench.core.text import plural
from mfbench.recipe.schema import Evaluate
from mfbench.steps.chosen import chosen_model
from mfbench.steps.context import StepContext
from mfbench.steps.evaluate import chosen_metrics
from mfbench.steps.evaluation import compute
from mfbench.steps.fitted import as_predicted, load_fitted
from mfbench.steps.split import read_parts
from mfbench.steps.train import fit_input

SEEDS = 2**32


def run(ctx: StepContext) -> None:
    train, test = read_parts(ctx, "train", "test")
    first, model, task = load_fitted(ctx), chosen_model(ctx), ctx.config["task"]
    repeats = ctx.typed(Evaluate, "evaluate").repeats
    seeds = [(ctx.config["seed"] + number) % SEEDS for number in range(1, repeats + 1)]
    data = fit_input(train, first.encoder, 0, ctx.cpus)
    found: dict[str, list[float]] = {}
    for number, seed in enumerate(seeds, 1):
        fitted = first.flavor.fit(model, task, replace(data, seed=seed))
        answers = replace(first, estimator=fitted).predict(test)
        for name, value in compute(chosen_metrics(ctx, answers), as_predicted(test, answers)).items():
            found.setdefault(name, []).append(value)
        ctx.log(f"training {number} of {repeats}, seed {seed}")
    spread = {name: {"mean": float(np.mean(values)), "sd": _sd(values)} for name, values in found.items()}
    ctx.output("repeats.json").write_bytes(jsonio.pretty({"seeds": seeds, "metrics": found, "spread": spread}))
    say(ctx, first.name, found)


def say(ctx: StepContext, estimator: str, found: dict[str, list[float]]) -> None:
    """The spread as lines of the log."""
    trainings = plural(len(next(iter(found.values()))), "training")
    known = {name: values for name, values in found.items() if np.isfinite(values).all()}
    if known and all(np.ptp(values) <= 1e-12 * max(1.0, abs(values[0])) for values in known.values()):
        ctx.log(f"{trainings}, all equal: {estimator} does not depend on its seed here")
        return
    for name, values in known.items():
        ctx.log(f"{name} over {trainings}: {min(values):.4g} to {max(values):.4g}, sd {_sd(values):.2g}")


def _sd(values: list[float]) -> float:
    """Of the trainings as a sample of all seeds; nan for one."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
