"""Describes the target and every column that was looked at, in the training rows beside the test rows."""

from __future__ import annotations

from typing import Any

import polars as pl

from mfbench.core import jsonio
from mfbench.data.expressions import evaluate, roots
from mfbench.data.profile import MOST_COLUMNS, named_only, profile_column
from mfbench.data.target import TARGET
from mfbench.features.columns import private_of
from mfbench.steps.context import StepContext
from mfbench.steps.split import read_parts


def run(ctx: StepContext) -> None:
    parts = read_parts(ctx, "train", "test")
    columns = ctx.json("features", "columns.json")
    derived = {column["name"]: column["expr"] for column in ctx.json("features", "encoder/features.json")["columns"]}
    private = set(private_of(parts[0].columns, tuple(ctx.config["private"])))
    told = [_target(ctx, parts)]
    for i, (name, kind, _) in enumerate(columns):
        expr = derived.get(name)
        hidden = i >= MOST_COLUMNS or name in private or (expr is not None and not private.isdisjoint(roots(expr)))
        values = None if hidden else _values(parts, name, expr)
        told.append(profile_column(name, kind, *values) if values else named_only(name, kind))
    rows = {"train": parts[0].height, "test": parts[1].height}
    ctx.output("profile.json").write_bytes(jsonio.pretty({"rows": rows, "columns": told}))


def _target(ctx: StepContext, parts: list[pl.DataFrame]) -> dict[str, Any]:
    """The target under the name of its column, classes as they stand in the data."""
    facts = ctx.json("ingest", "facts.json")
    made_of = facts["target_columns"]
    name, classes = made_of[0] if len(made_of) == 1 else "target", facts["classes"]
    train, test = (part[TARGET] for part in parts)
    if not classes:
        return profile_column(name, "numeric", train, test) | {"kind": "target"}
    told = profile_column(name, "categorical", train, test) | {"kind": "target"}
    told["dtype"] = str(pl.Series(classes, strict=False).dtype)
    told["top"] = [[_shown(classes[code]), *shares] for code, *shares in told["top"] or []]
    return told


def _shown(label: Any) -> Any:
    return label if isinstance(label, bool | int | float) else str(label)


def _values(parts: list[pl.DataFrame], name: str, expr: str | None) -> list[pl.Series] | None:
    """The column in both parts; None for one that only the encoding makes."""
    if expr is not None:
        return [evaluate(part, expr).alias(name) for part in parts]
    return [part[name] for part in parts] if name in parts[0].columns else None
