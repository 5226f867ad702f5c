"""What the model goes by: permutation importance on the held-out rows, partial dependence of what matters most."""

from __future__ import annotations

import math
from typing import Any

import polars as pl

from mfbench.core import jsonio
from mfbench.core.text import plural
from mfbench.recipe.schema import Evaluate
from mfbench.stats.metrics import METRICS
from mfbench.steps.context import StepContext
from mfbench.steps.dependence import dependence
from mfbench.steps.evaluate import chosen_metrics
from mfbench.steps.evaluation import class_names, compute
from mfbench.steps.fitted import Fitted, as_predicted, load_fitted
from mfbench.steps.importance import REPEATS, Importances, permute, ranked
from mfbench.steps.split import read_parts

ROWS = 5000
PARTIAL_ROWS = 500
PARTIAL = 6


def run(ctx: StepContext) -> None:
    [test] = read_parts(ctx, "test")
    fitted, seed = load_fitted(ctx), ctx.config["seed"]
    rows = test.sample(min(ROWS, test.height), seed=seed)
    metric, notes = _metric(ctx, fitted, rows)
    told: dict[str, Any] = {"metric": metric, "rows": rows.height, "importance": [], "partial": [], "interactions": []}
    told["notes"] = notes
    if metric is not None:
        of = f"{plural(len(fitted.encoder.inputs), 'column')}, {plural(rows.height, 'row')}"
        ctx.log(f"importance: what {metric} loses when a column is shuffled ({of})")
        found = permute(fitted, rows, metric, seed)
        if found.late:
            notes.append(_late(found, fitted))
        told["importance"] = importance = ranked(found.losses, ctx.typed(Evaluate, "evaluate").confidence)
        most = [item["feature"] for item in importance[:PARTIAL]]
        if most:
            ctx.log(f"most important: {', '.join(most)}")
            told["partial"] = _partial(ctx, fitted, test, most)
    for note in notes:
        ctx.log(note, "warning")
    ctx.output("explain.json").write_bytes(jsonio.pretty(told))


def _metric(ctx: StepContext, fitted: Fitted, rows: pl.DataFrame) -> tuple[str | None, list[str]]:
    """The run's first metric that looks at the answers and has a value on these rows; notes where it is another."""
    answers = fitted.predict(rows)
    names = [name for name in chosen_metrics(ctx, answers) if METRICS[name].needs != "intervals"]
    values = compute(names, as_predicted(rows, answers))
    able = next((name for name in names if math.isfinite(values[name])), None)
    if able is None:
        return None, [f"no importance: none of the metrics has a value on {plural(rows.height, 'held-out row')}"]
    return able, [] if able == names[0] else [f"importance by {able}: {names[0]} has no value on these rows"]


def _partial(ctx: StepContext, fitted: Fitted, test: pl.DataFrame, features: list[str]) -> list[dict[str, object]]:
    names = class_names(ctx.json("ingest", "facts.json")["classes"])
    rows = test.sample(min(PARTIAL_ROWS, test.height), seed=ctx.config["seed"])
    found = (dependence(fitted, rows, test[name], names) for name in features)
    return [item for item in found if item is not None]


def _late(found: Importances, fitted: Fitted) -> str:
    """What was left out for want of time."""
    columns, done = len(fitted.encoder.inputs), found.losses
    if len(done) < columns:
        return f"time ran out: importance of {len(done):,} of {plural(columns, 'column')}, each shuffled once"
    least = min(len(item) for item in done.values())
    return f"time ran out: columns were shuffled {plural(least, 'time')} or more, not {REPEATS} times"
