"""Looks for what makes a test look better than service will be. Alarms end the run; remarks are told."""

from __future__ import annotations

from typing import Any

import msgspec
import polars as pl

from mfbench.core import jsonio
from mfbench.core.errors import RefusedError
from mfbench.data import leakage, remarks
from mfbench.data.leakage import Finding, Sides
from mfbench.data.predictors import lone_predictors, sample
from mfbench.data.split import PART
from mfbench.data.target import TARGET
from mfbench.features.columns import choose_columns
from mfbench.features.encoder import Encoder
from mfbench.recipe.schema import Data, Feature
from mfbench.steps.context import StepContext
from mfbench.steps.features import input_columns

KINDS = ("keys", "rows", "groups", "time", "missing", "predictor")


def run(ctx: StepContext) -> None:
    facts, data = ctx.json("ingest", "facts.json"), ctx.typed(Data, "data")
    frame = pl.read_parquet(ctx.input("ingest", "data.parquet"), glob=False)
    part = pl.read_parquet(ctx.input("split", "split.parquet"), glob=False)[PART]
    features = ctx.typed(dict[str, Feature], "features")
    found = find_leaks(frame, part, data, features, ctx.config["task"], facts)
    ctx.output("leakage.json").write_bytes(jsonio.pretty([msgspec.to_builtins(item) for item in found]))
    alarms = [item for item in found if item.level == "alarm"]
    for kind in KINDS:
        if not any(item.name == kind for item in alarms):
            ctx.emit("check", f"leakage: {kind}", True, 0, 0)
    for item in alarms:
        ctx.emit("check", f"leakage: {item.name}" + (f": {item.column}" if item.column else ""), False, item.rows, 0)
    for item in found:
        shown = f" (such as {', '.join(str(value) for value in item.examples[:5])})" if item.examples else ""
        ctx.log(f"leakage: {item.told}{shown}" if item.level == "alarm" else f"{item.told}{shown}", "warning")
    if alarms and data.leakage == "refuse":
        more = f"; and {len(alarms) - 3} more" if len(alarms) > 3 else ""
        what = "; ".join(item.told for item in alarms[:3]) + more
        raise RefusedError(f"the test would not be honest: {what}", hint=_remedy(alarms, features))


def find_leaks(
    frame: pl.DataFrame, part: pl.Series, data: Data, features: dict[str, Feature], task: str, facts: dict[str, Any]
) -> list[Finding]:
    """Every finding about these rows, alarms first. part: 'train', 'test' or 'gap' of each row."""
    train, test = frame.filter(part == "train"), frame.filter(part == "test")
    columns = choose_columns(train, data, features, facts["target_columns"])
    raw = [name for name in input_columns(columns) if name in frame.columns]
    numbers = pl.Series(range(frame.height), dtype=pl.Int64).filter(part == "test")
    sides = Sides(train=train, test=test, test_rows=numbers, data=data, features=raw)
    found = remarks.small_test(sides, facts["classes"])
    if task == "forecasting":  # past values predict, and rows repeat, by design
        return found
    found += leakage.repeated_keys(sides) + leakage.repeated_rows(sides) + leakage.shared_groups(sides)
    found += leakage.backward_time(sides) + leakage.missing_later(sides, facts["dropped"], facts["dropped_nulls"])
    encoder = Encoder(columns, {})
    learned, held = sample(train), sample(test)
    everything = pl.Series([True]).new_from_index(0, test.height)
    lone = lone_predictors(
        encoder.prepare(learned),
        encoder.prepare(held),
        (learned[TARGET], held[TARGET]),
        len(facts["classes"]),
        sides.examples(everything)[:3],
    )
    dates = {f"{column.name}.{part}": column.name for column in columns for part in column.parts}
    lone = [msgspec.structs.replace(item, column=dates.get(str(item.column), item.column)) for item in lone]
    found += [item for i, item in enumerate(lone) if item.column not in {other.column for other in lone[:i]}]
    told = {item.column for item in found if item.level == "alarm"}  # one reason for a column is enough
    found += [item for item in leakage.filled_by_outcome(sides, facts["classes"]) if item.column not in told]
    found += remarks.running_numbers(sides, frame) + remarks.unproven_dates(frame)
    return sorted(found, key=lambda item: item.level)


def _remedy(alarms: list[Finding], features: dict[str, Feature]) -> str:
    columns = sorted({str(item.column) for item in alarms if item.name in ("predictor", "missing")})
    derived = [name for name in columns if name in features and features[name].expr is not None]
    raw = ", ".join(f'"{name}"' for name in columns if name not in derived)
    how = [f"data.exclude = [{raw}]"] if raw else []
    how += [f"take {', '.join(derived)} out of [features]"] if derived else []
    leave = f"leave out what is not known before the outcome ({'; '.join(how)}), or " if how else ""
    return f'{leave}if it is right so, set data.leakage = "warn"'
