"""Reads the source, computes target and weight, drops the rows without a target; of a series it makes forecasts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from mfbench.core import jsonio
from mfbench.core.errors import MfbenchError
from mfbench.core.hashing import digest_value
from mfbench.core.text import plural
from mfbench.data.forecast import Forecasts, expand
from mfbench.data.given import SPLIT_KEY, read_given
from mfbench.data.source import digest_sources, find_files, format_of, read_table
from mfbench.data.target import Ingested, add_target
from mfbench.recipe.schema import Data, Forecast
from mfbench.steps.context import StepContext

RAW = "source.parquet"  # the rows as they were, where data.parquet holds forecasts made of them

_seen: dict[str, tuple[Ingested, Forecasts | None]] = {}


def load(data: Data, task: str, folder: Path, forecast: Forecast | None = None) -> Ingested:
    """The table of a recipe's [data]; with `forecast` one row for each series, origin and step ahead."""
    found, forecasts = _load(data, task, folder, forecast)
    return msgspec.structs.replace(found, frame=forecasts.frame, source=found.frame) if forecasts else found


def source_files(data: Data, folder: Path) -> tuple[list[Path], list[Path]]:
    """(the files of data.source, those of data.split.source)."""
    files = find_files(data.source, folder.resolve())
    return files, find_files(data.split.source, folder.resolve(), SPLIT_KEY) if data.split.source else []


def _load(data: Data, task: str, folder: Path, forecast: Forecast | None) -> tuple[Ingested, Forecasts | None]:
    """Remembered within the process: the worker that has checked a recipe against its data does not read the
    data again to ingest it.
    """
    files, given = source_files(data, folder)
    stamps = [[str(file), file.stat().st_mtime_ns, file.stat().st_size, file in given] for file in (*files, *given)]
    made = [forecast, data.split.by, data.split.test] if forecast else None
    key = digest_value([data.format, data.csv, data.target, data.positive, data.weight, task, made, stamps])
    if key not in _seen:
        _seen.clear()
        kind = format_of([*files, *given], data.format)
        table = read_given(files, given, kind, data.csv) if given else read_table(files, kind, data.csv)
        found = add_target(table, data, task)
        _seen[key] = found, expand(found.frame, forecast, data.split) if forecast else None
    return _seen[key]


def run(ctx: StepContext) -> None:
    data = ctx.typed(Data, "data")
    asked = ctx.config.get("forecast")
    forecast = None
    if asked:
        fields = {field.name for field in msgspec.structs.fields(Forecast)}
        forecast = msgspec.convert({name: item for name, item in asked.items() if name in fields}, Forecast)
    found, forecasts = _load(data, ctx.config["task"], ctx.recipe_folder, forecast)
    # The step's key was made from the data's digest before it was read: what was read has to be that data.
    if digest_of(*source_files(data, ctx.recipe_folder)) != ctx.config["source_digest"]:
        raise MfbenchError("the data changed while the run began", hint="run the recipe again")
    if found.dropped:
        ctx.log(f"dropped {plural(found.dropped, 'row')} without a target ({data.target})")
    for text, level in forecasts.told if forecasts else ():
        ctx.log(text, level)
    frame = forecasts.frame if forecasts else found.frame
    frame.write_parquet(ctx.output("data.parquet"), compression="zstd", statistics=False)
    facts: dict[str, Any] = {
        "classes": found.classes,
        "dropped": found.dropped,
        "dropped_nulls": found.dropped_nulls,
        "target_columns": found.target_columns,
        "rows": found.frame.height,
    }
    if forecasts:
        found.frame.write_parquet(ctx.output(RAW), compression="zstd", statistics=False)
        facts["forecast"] = forecasts.settings
    ctx.output("facts.json").write_bytes(jsonio.pretty(facts))
    schema = {name: str(dtype) for name, dtype in found.frame.schema.items() if not name.startswith("__")}
    ctx.emit("data", "source", ctx.config["source_digest"], found.frame.height, schema)


def digest_of(files: list[Path], given: list[Path], memory: Path | None = None) -> str:
    """One digest of all that a run reads: which files are the test is a part of it."""
    digest = digest_sources(files, memory)
    return digest_value([digest, digest_sources(given, memory)]) if given else digest
