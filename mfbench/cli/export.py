"""`mfbench export`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mfbench.cli.common import json_option, narrate, open_bench, print_json, printable, workspace_option
from mfbench.cli.telling import telling

if TYPE_CHECKING:
    from mfbench.api.workbench import Workbench

EXAMPLES = """\b
Examples:
  mfbench export delay.zip --model flight-delay
  mfbench export two.zip --run last --run k3f9a
  mfbench export good.zip --where "metrics.roc_auc > 0.7"
  mfbench export everything.zip --all

\b
RUN is a run's id, a unique beginning or end of it, or 'last'.
MODEL is name, name@alias or name:version."""


@click.command("export", epilog=EXAMPLES)
@click.argument("archive", type=click.Path())
@click.option("--run", "runs", multiple=True, metavar="RUN", help="A run; can be given again.")
@click.option("--where", metavar="CONDITION", help="All runs that match; as for `runs list`.")
@click.option("--model", "models", multiple=True, metavar="MODEL", help="A version of a model, with its run; again.")
@click.option("--all", "everything", is_flag=True, help="All runs and all versions.")
@click.option("--force", is_flag=True, help="Replace ARCHIVE where it exists.")
@workspace_option
@json_option
def command(
    archive: str,
    runs: tuple[str, ...],
    where: str | None,
    models: tuple[str, ...],
    everything: bool,
    force: bool,
    workspace: str | None,
    as_json: bool,
) -> None:
    """Write runs and versions of models to one archive, with all that belongs to them.

    The archive holds journals, artifacts and bundles; never settings, and no data but what a run has kept. A run that
    is going on is exported as it stands.
    """
    bench = open_bench(workspace)
    chosen = [*runs, *_more_runs(bench, where, everything)]
    versions = [*models, *(f"{row['name']}:{row['version']}" for row in (bench.models() if everything else ()))]
    with telling() as progress:
        found = bench.export(archive, runs=chosen, models=versions, force=force, progress=progress)
    if as_json:
        print_json(found)
        return
    from mfbench.core.text import plural, size

    click.echo(printable(found["path"]))
    narrate(f"{plural(len(found['runs']), 'run')}, {plural(len(found['models']), 'model version')}, "
            f"{size(found['bytes'])}")  # fmt: skip
    for run in found["alive"]:
        narrate(f"still running, exported as it stands: {run}")
    for name in found["left_out"]:
        narrate(printable(f"left out: {name}"))
    for digest in found["missing"]:
        narrate(f"named, but missing in this workspace: {digest}")


def _more_runs(bench: Workbench, where: str | None, everything: bool) -> list[str]:
    if everything:
        found: list[str] = bench.sql("SELECT run FROM runs ORDER BY run")["run"].to_list()
        return found
    if where is None:
        return []
    found = [row["run"] for row in bench.list_runs(where, None, None)[0]]
    if not found:
        raise click.UsageError("no run matches --where")
    return found
