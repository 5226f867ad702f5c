"""`mfbench score`."""

from __future__ import annotations

from pathlib import Path

import click

from mfbench.cli.common import json_option, narrate, print_json, waiting, workspace_option
from mfbench.core.text import plural

EXAMPLES = """\b
Examples:
  mfbench score flight-delay new-flights.parquet -o scored.parquet
  mfbench score flight-delay:2 'flights/*.csv' -o scored.csv --force
  mfbench score ./bundle flights.csv -o scored.csv

\b
MODEL is a name (its champion, else its only version), NAME@ALIAS, NAME:VERSION, or a bundle's folder."""


@click.command("score", epilog=EXAMPLES)
@click.argument("model")
@click.argument("file", type=click.Path())
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False), help=".csv, .parquet or .jsonl.")
@click.option("--force", is_flag=True, help="Replace the output when it exists.")
@click.option("--separator", metavar="C", help="Between a CSV's columns [default: as in the training data].")
@workspace_option
@json_option
def command(
    model: str, file: str, output: str, force: bool, separator: str | None, workspace: str | None, as_json: bool
) -> None:
    """Predict every row of FILE with MODEL; its columns and the predictions go to the output."""
    from mfbench.api.workbench import load_model
    from mfbench.serving.batch import score_file

    with waiting(f"scoring {file}"):
        loaded = load_model(model, workspace)
        rows = score_file(loaded, file, Path(output), force=force, separator=separator)
    digest = loaded.digest
    if as_json:
        print_json({"model": loaded.manifest.name, "digest": digest, "rows": rows, "output": output})
    else:
        narrate(f"{plural(rows, 'row')} scored by {model} ({digest[:12]}): {output}")
