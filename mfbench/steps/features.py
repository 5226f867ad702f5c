"""Chooses the feature columns and fits their encoding on the training rows."""

from __future__ import annotations

from mfbench.bundle.model import dtype_name
from mfbench.core import jsonio
from mfbench.data.expressions import roots
from mfbench.features.columns import Column, choose_columns
from mfbench.features.encoder import Encoder
from mfbench.recipe.schema import Data
from mfbench.steps.chosen import chosen_features, chosen_model
from mfbench.steps.context import StepContext
from mfbench.steps.precheck import check_model
from mfbench.steps.split import read_parts


def run(ctx: StepContext) -> None:
    [train] = read_parts(ctx, "train")
    facts = ctx.json("ingest", "facts.json")
    asked = chosen_features(ctx)
    columns = choose_columns(train, ctx.typed(Data, "data"), asked, facts["target_columns"])
    inputs = {name: dtype_name(train.schema[name]) for name in input_columns(columns)}
    _, traits = check_model(chosen_model(ctx), ctx.config["task"], weighted=False)
    encoder = Encoder(columns, inputs).fit(train, traits)
    encoder.save(ctx.output_folder("encoder"))
    table = [[column.name, column.kind, column.why] for column in columns]
    ctx.output("columns.json").write_bytes(jsonio.pretty(table))
    for kind in ("numeric", "categorical", "datetime"):
        named = [column.name for column in columns if column.kind == kind]
        if named:
            ctx.log(f"{kind}: {', '.join(named)}")
    for column in columns:
        if column.kind == "drop":
            ctx.log(f"left out: {column.name} ({column.why})")


def input_columns(columns: list[Column]) -> list[str]:
    """The raw columns that the features read, each once, in a stable order."""
    names: list[str] = []
    for column in columns:
        if column.kind != "drop":
            names += roots(column.expr) if column.expr is not None else [column.name]
    return list(dict.fromkeys(names))
