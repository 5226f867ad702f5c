"""`mfbench score`."""

from __future__ import annotations

import click

from mfbench.cli.common import json_option, narrate, open_bench, print_json, workspace_option
from mfbench.core.text import plural

EXAMPLES = """\b
Examples:
  mfbench score flight-delay new-flights.parquet -o scored.parquet
  mfbench score flight-delay:2 flights.csv -o scored.csv --force

\b
MODEL is a name (its champion, else its only version), NAME@ALIAS or NAME:VERSION."""


@click.command("score", epilog=EXAMPLES)
@click.argument("model")
@click.argument("file", type=click.Path())
@click.option(
    "-o", "--output", required=True, type=click.Path(dir_okay=False), help="Where to: .csv, .parquet or .jsonl."
)
@click.option("--force", is_flag=True, help="Replace the output when it exists.")
@workspace_option
@json_option
def command(model: str, file: str, output: str, force: bool, workspace: str | None, as_json: bool) -> None:
    """Predict every row of FILE with MODEL; its columns and the predictions go to the output."""
    bench = open_bench(workspace)
    version = bench.registry.find(model)
    rows = bench.score(version.name, file, output, force=force)
    if as_json:
        print_json({"model": {"name": version.model, "version": version.number}, "rows": rows, "output": output})
    else:
        narrate(f"{plural(rows, 'row')} scored by {version.name}: {output}")
