"""`mfbench runs usage`."""

from __future__ import annotations

import sys
from typing import Any

import click

from mfbench.cli.common import json_option, narrate, open_bench, print_json, print_table, printable, workspace_option

_HEIGHT = 5
EXAMPLES = """\b
Examples:
  mfbench runs usage last
  mfbench runs usage last --json
  mfbench runs usage last > samples.tsv

\b
A sample is the mean of the busy cores, and the most memory in bytes, since the sample before. A terminal draws them,
a pipe gets the numbers. `mfbench sql` has those of all runs in the view `system`."""


@click.command("usage", epilog=EXAMPLES)
@click.argument("run")
@workspace_option
@json_option
def usage(run: str, workspace: str | None, as_json: bool) -> None:
    """Show the CPU and memory that a run took, step by step."""
    bench = open_bench(workspace)
    name = bench.workspace.find_run(run)
    found = bench.usage(name)
    if as_json:
        print_json({"run": name, **(found or {"peak_memory": None, "mean_cpu": None, "steps": [], "samples": []})})
    elif found is None:
        narrate("nothing was sampled: the run took less than a second, came from the cache, or a script recorded it")
    elif sys.stdout.isatty():
        _show(found, bench.show_run(name)["about"])
    else:
        rows = [[sample["time"].isoformat(), repr(sample["cpu"]), sample["memory"]] for sample in found["samples"]]
        print_table(["time", "cpu", "memory"], rows)


def _show(found: dict[str, Any], about: dict[str, Any]) -> None:
    from mfbench.core.text import size, taken

    samples, limit, cpus = found["samples"], about.get("memory"), about.get("cpus")
    click.echo(f"memory  peak {taken(None, found['peak_memory'], limit=limit)}")
    _draw([sample["memory"] for sample in samples], samples, found["peak_memory"], [size(found["peak_memory"]), "0 B"])
    most = max([float(cpus) if isinstance(cpus, int) else 0.0, *(sample["cpu"] for sample in samples)])
    click.echo(f"\ncpu  mean {taken(found['mean_cpu'], None, cpus=cpus)}")
    _draw([sample["cpu"] for sample in samples], samples, most, [f"{most:.1f}", "0"])
    if found["steps"]:
        click.echo()
        rows = [[printable(s["step"]), size(s["peak_memory"]), f"{s['mean_cpu']:.1f}"] for s in found["steps"]]
        print_table(["step", "peak memory", "mean cpu"], rows, right=["peak memory", "mean cpu"])


def _draw(values: list[float], samples: list[dict[str, Any]], top: float, labels: list[str]) -> None:
    """A curve from zero to `top`, by the seconds since the first sample."""
    from mfbench.cli.curves import plot_width
    from mfbench.cli.plot import Window, draw
    from mfbench.core.text import seconds

    at = [(sample["time"] - samples[0]["time"]).total_seconds() for sample in samples]
    wide = plot_width()
    lines = draw(at, values, values, Window(0.0, at[-1], 0.0, top), wide, _HEIGHT)
    for label, line in zip([labels[0], *[""] * (_HEIGHT - 2), labels[1]], lines, strict=True):
        click.echo(f"{label:>11} {line}")
    click.echo(f"{'':>12}0 s{seconds(at[-1]):>{max(1, wide - 3)}}")
