"""Reads the source, computes target and weight, drops the rows without a target."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mfbench.core import jsonio
from mfbench.core.errors import MfbenchError
from mfbench.core.hashing import digest_value
from mfbench.core.text import plural
from mfbench.data.source import digest_sources, find_files, format_of, read_table
from mfbench.data.target import Ingested, add_target
from mfbench.recipe.schema import Data
from mfbench.steps.context import StepContext

_seen: dict[str, Ingested] = {}


def load(data: Data, task: str, folder: Path) -> Ingested:
    """The table of a recipe's [data].

    Remembered within the process: the worker that has checked a recipe against its data does not read the
    data again to ingest it.
    """
    files = find_files(data.source, folder.resolve())
    read = (data.format, data.csv, data.target, data.positive, data.weight, task)
    key = digest_value([read, [[str(file), file.stat().st_mtime_ns, file.stat().st_size] for file in files]])
    if key not in _seen:
        _seen.clear()
        table = read_table(files, format_of(files, data.format), data.csv)
        _seen[key] = add_target(table, data, task)
    return _seen[key]


def run(ctx: StepContext) -> None:
    data = ctx.typed(Data, "data")
    found = load(data, ctx.config["task"], ctx.recipe_folder)
    # The step's key was made from the data's digest before it was read: what was read has to be that data.
    if digest_sources(find_files(data.source, ctx.recipe_folder.resolve())) != ctx.config["source_digest"]:
        raise MfbenchError("the data changed while the run began", hint="run the recipe again")
    if found.dropped:
        ctx.log(f"dropped {plural(found.dropped, 'row')} without a target ({data.target})")
    found.frame.write_parquet(ctx.output("data.parquet"), compression="zstd", statistics=False)
    facts: dict[str, Any] = {
        "classes": found.classes,
        "dropped": found.dropped,
        "target_columns": found.target_columns,
    }
    ctx.output("facts.json").write_bytes(jsonio.pretty(facts))
    schema = {name: str(dtype) for name, dtype in found.frame.schema.items() if not name.startswith("__")}
    ctx.emit("data", "source", ctx.config["source_digest"], found.frame.height, schema)
