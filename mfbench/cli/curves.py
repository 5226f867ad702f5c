"""`mfbench runs curve`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from mfbench.cli.common import (
    cell,
    json_option,
    narrate,
    open_bench,
    print_json,
    print_table,
    workspace_option,
)
from mfbench.cli.output import chosen, force_option, format_option, on_terminal, output_option, refuse_existing, write
from mfbench.core.text import plural, seconds

if TYPE_CHECKING:
    import polars as pl

    from mfbench.cli.plot import Window

EXAMPLES = """\b
Examples:
  mfbench runs curve last
  mfbench runs curve last --key loss
  mfbench runs curve a1b2 c3d4 --key loss --key accuracy --x relative
  mfbench runs curve last --key loss --points 200 --format csv > loss.csv
  mfbench runs curve last --key loss -o loss.parquet

\b
A curve of more points than --points is cut into as many parts of equal width, each with its first, last, least,
greatest and mean value, so that no spike is lost. A terminal draws it, a pipe gets the numbers."""
_HEIGHT = 8


@click.command("curve", epilog=EXAMPLES)
@click.argument("runs", nargs=-1, required=True, metavar="RUN…")
@click.option("--key", "keys", multiple=True, metavar="KEY", help="A metric; several times for several.")
@click.option("--points", default=1000, show_default=True, type=click.IntRange(1, 100_000), help="At most so many.")
@click.option(
    "--x", "axis", type=click.Choice(["step", "time", "relative"]), default="step", show_default=True,
    help="Steps, times, or seconds since the curve began.",
)  # fmt: skip
@format_option
@output_option
@force_option
@workspace_option
@json_option
def curve(
    runs: tuple[str, ...],
    keys: tuple[str, ...],
    points: int,
    axis: Any,
    form: str | None,
    output: str | None,
    force: bool,
    workspace: str | None,
    as_json: bool,
) -> None:
    """Draw the history of metrics, or write it. Without --key: which metrics there are."""
    form = chosen(form, output, as_json)
    refuse_existing(output, force)
    bench = open_bench(workspace)
    if not keys:
        _list(bench, runs, form)
        return
    drawn = on_terminal(form, output)
    found = list(dict.fromkeys(map(bench.workspace.find_run, runs)))
    frame = bench.curve(found, keys, points=plot_width() * 2 if drawn else points, x=axis)
    there = set(frame.select("run", "key").unique().rows())
    for run in found:
        for key in dict.fromkeys(keys):
            if (run, key) not in there:
                narrate(f"run {run} has no metric {key!r}")
    if drawn:
        _draw(frame, axis, {run: bench.show_run(run)["name"] for run in found})
        return
    table = frame.to_arrow()
    write(form, output, force, table.schema, table.to_batches(10_000))


def _list(bench: Any, runs: tuple[str, ...], form: str) -> None:
    rows = [{"run": run, **row} for run in map(bench.workspace.find_run, runs) for row in bench.metric_keys(run)]
    if form == "json":
        print_json(rows)
        return
    if form != "table":
        raise click.UsageError("name what to write with --key")
    if not rows:
        narrate("these runs have logged no metrics" if len(runs) > 1 else "this run has logged no metrics")
        return
    columns = ["run", "key", "n", "last", "min", "max", "best"]
    several = len(runs) > 1
    names = columns if several else columns[1:]
    print_table(names, [[row[name] for name in names] for row in rows], right=columns[2:])


def plot_width() -> int:
    import shutil

    return max(20, min(100, shutil.get_terminal_size().columns - 14))


def _draw(frame: pl.DataFrame, axis: str, names: dict[str, str]) -> None:
    """A panel for each run and metric; those of one metric have one scale, so that runs can be compared."""
    from mfbench.cli.plot import draw

    width = plot_width()
    panels = frame.partition_by("key", "run", maintain_order=True, as_dict=True)
    windows = {key: _window(frame, key) for key in frame["key"].unique()}
    for place, ((key, run), part) in enumerate(sorted(panels.items(), key=lambda panel: panel[0][0])):
        window = windows[key]
        x = part["x"].to_physical().to_list()
        lines = draw(x, part["min"].to_list(), part["max"].to_list(), window, width, _HEIGHT)
        labels = [cell(window.top), *[""] * (_HEIGHT - 2), cell(window.bottom)]
        same = frame.filter(key=key)
        begins, ends = _at(same["x"].min()), _at(same["x" if axis != "step" else "step_max"].max())
        click.echo(f"{chr(10) if place else ''}{cell(key)}  {cell(names[run])}  {run}")
        for label, line in zip(labels, lines, strict=True):
            click.echo(f"{label:>11} {line}")
        click.echo(f"{'':>12}{begins}{ends:>{max(1, width - len(begins))}}")
        click.echo(f"{'':>12}{_words(part)}")


def _window(frame: pl.DataFrame, key: str) -> Window:
    from mfbench.cli.plot import Window

    part = frame.filter(key=key)
    x, low, high = part["x"].to_physical(), part["min"].drop_nulls(), part["max"].drop_nulls()
    return Window(min(x), max(x), min(low, default=0.0), max(high, default=0.0))


def _words(part: pl.DataFrame) -> str:
    words = [f"last {cell(part['last'][-1])}", f"min {cell(part['min'].min())}", f"max {cell(part['max'].max())}"]
    words.append(plural(int(part["n"].sum()), "point"))
    words += [f"{part[name].sum()} {told}" for name, told in (("nan", "NaN"), ("inf", "infinite")) if part[name].sum()]
    return "  ".join(words)


def _at(value: Any) -> str:
    if isinstance(value, datetime):
        return cell(value)
    return seconds(value) if isinstance(value, float) else f"step {value:,}"
