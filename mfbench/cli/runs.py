"""`mfbench runs`: list, show, stop; the other verbs stand in modules of their own."""

from __future__ import annotations

import sys
from typing import Any

import click

from mfbench.cli.annotating import note, pin, tag, unpin
from mfbench.cli.common import (
    ListingGroup,
    cell,
    json_option,
    narrate,
    open_bench,
    print_json,
    print_table,
    printable,
    workspace_option,
)
from mfbench.cli.curves import curve
from mfbench.cli.deletion import delete, deleted, restore
from mfbench.cli.leading import attach, rerun
from mfbench.cli.logs import logs
from mfbench.cli.reports import compare, report
from mfbench.cli.search import resume, trials
from mfbench.cli.usage import usage
from mfbench.cli.verify import verify
from mfbench.core.text import environment_words, seconds, taken
from mfbench.stats.metrics import usual_order

EXAMPLES = """\b
Examples:
  mfbench runs
  mfbench runs --where "metrics.roc_auc > 0.7 and params.model.estimator = 'LogisticRegression'"
  mfbench runs --sort -metrics.roc_auc --limit 5 --json
  mfbench runs --where "pinned or note ilike '%weather%'"
  mfbench runs show last
  mfbench runs logs last --follow
  mfbench runs curve last --key loss
  mfbench runs usage last
  mfbench runs verify last

\b
▲ marks a pinned run. RUN is a run's id, a unique beginning or end of it, or 'last'."""
_PIN = "▲"


@click.group("runs", cls=ListingGroup, epilog=EXAMPLES)
def command() -> None:
    """List, show, follow, repeat, tag, stop and delete runs. Alone it lists."""


@command.command("list", epilog=EXAMPLES)
@click.option("--where", metavar="CONDITION", help="Which runs: columns, params.KEY, metrics.KEY, tags.KEY.")
@click.option("--sort", metavar="[-]COLUMN", help="Order; '-' for descending [default: -started].")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(min=1), help="Runs on a page.")
@click.option("--page", default=1, show_default=True, type=click.IntRange(min=1), help="Which page.")
@workspace_option
@json_option
def list_(where: str | None, sort: str | None, limit: int, page: int, workspace: str | None, as_json: bool) -> None:
    """List runs, newest first: what they are, how they went, their metrics."""
    rows, total = open_bench(workspace).list_runs(where, sort, limit, (page - 1) * limit)
    if as_json:
        print_json([_item(row) for row in rows])
        return
    if not total:
        narrate("no run matches" if where else "no runs yet; the first: mfbench run RECIPE")
        return
    if not rows:
        narrate(f"there is no page {page}: {total:,} runs, the last is --page {-(-total // limit)}")
        return
    keys = _metric_keys(rows)
    # Least wanted last: a narrow terminal leaves those out.
    columns = ["run", "name", "status", *keys[:1], "model", "took", *keys[1:], "started"]
    table = []
    for row in rows:
        metrics = [row["metrics"].get(key) for key in keys]
        end = [*metrics[1:], row["started"]]
        table.append([_marked(row), row["name"], row["status"], *metrics[:1], _model(row), _took(row), *end])
    print_table(columns, table, right=["took", *keys])
    if total > len(rows):
        first, last = (page - 1) * limit + 1, (page - 1) * limit + len(rows)
        narrate(f"runs {first:,} to {last:,} of {total:,}" + (f"; next: --page {page + 1}" if last < total else ""))


@command.command("show")
@click.argument("run")
@workspace_option
@json_option
def show(run: str, workspace: str | None, as_json: bool) -> None:
    """Show one run: params, steps, metrics, gates, artifacts."""
    found = open_bench(workspace).show_run(run)
    if as_json:
        print_json(found)
        return
    for name in ("run", "name", "status", "executor", "started", "ended", "host", "error"):
        if found[name] is not None:
            click.echo(f"{name + ':':<10} {cell(found[name])}")
    for name, text in _place(found):
        click.echo(f"{name + ':':<10} {text}")
    if _model(found):
        click.echo(f"model:     {_model(found)}")
    if found["pinned"]:
        click.echo("pinned:    yes")
    if found["tags"]:
        click.echo("tags:      " + ", ".join(f"{cell(key)}={cell(value)}" for key, value in found["tags"].items()))
    if found["note"]:
        click.echo("note:      " + printable(found["note"]).replace("\n", "\n           "))
    _section("params", ("key", "value"), sorted(found["params"].items()))
    steps = [(s["step"], s["status"], "yes" if s["cached"] else "", seconds(s["seconds"])) for s in found["steps"]]
    _section("steps", ("step", "status", "cached", "took"), steps, right=["took"])
    metrics = [(m["key"], m["last"], m["best"], m["n"]) for m in found["run_metrics"]]
    _section("metrics", ("metric", "last", "best", "points"), metrics, right=["last", "best", "points"])
    verdicts = [(g["name"], g["verdict"], g["observed"], g["bound"], g["against"], g["note"]) for g in found["gates"]]
    _section("gates", ("gate", "verdict", "observed", "bound", "against", "note"), verdicts)
    checks = [(c["name"], "passed" if c["passed"] else "failed", c["observed"], c["bound"]) for c in found["checks"]]
    _section("data checks", ("check", "verdict", "observed", "bound"), checks)
    artifacts = [(a["path"], a["bytes"], a["digest"][:12]) for a in found["artifacts"]]
    _section("artifacts", ("path", "bytes", "digest"), artifacts, right=["bytes"])
    told = [(v["verification"], v["verdict"], v["step"], v["executor"], v["time"]) for v in found["verifications"]]
    _section("verifications", ("run", "verdict", "at step", "executor", "time"), told)
    for damage in found["damages"]:
        place = "" if damage["offset"] is None else f" byte {damage['offset']}"
        narrate(f"damaged: events/{damage['segment']}{place}: {printable(damage['reason'])}")


@command.command("stop")
@click.argument("run")
@workspace_option
@json_option
def stop(run: str, workspace: str | None, as_json: bool) -> None:
    """Stop a run that is going on."""
    bench = open_bench(workspace)
    run = bench.workspace.find_run(run)
    asked = bench.stop(run)
    if as_json:
        print_json({"run": run, "asked_to_stop": asked})
    else:
        narrate(f"asked to stop; see: mfbench runs logs {run} --follow" if asked else "the run is over already")


_VERBS = (logs, attach, resume, rerun, tag, note, pin, unpin, trials, report, compare, curve, usage, verify)
for one in (*_VERBS, delete, restore, deleted):
    command.add_command(one)


def _item(row: dict[str, Any]) -> dict[str, Any]:
    names = ("run", "name", "recipe", "status", "executor", "started", "ended", "metrics", "params", "tags", "note",
             "pinned", "error")  # fmt: skip
    model = {"name": row["model"], "version": row["model_version"]} if row["model"] else None
    return {**{name: row[name] for name in names}, "model": model}


def _marked(row: dict[str, Any]) -> str:
    """The run's id; on a terminal, with the mark of a pinned one. In a pipe it stays an id."""
    return f"{row['run']} {_PIN}" if row["pinned"] and sys.stdout.isatty() else str(row["run"])


def _metric_keys(rows: list[dict[str, Any]], most: int = 3) -> list[str]:
    """The metrics that most of these runs have, the best known first."""
    counts: dict[str, int] = {}
    for row in rows:
        for key in row["metrics"]:
            counts[key] = counts.get(key, 0) + 1
    return sorted(usual_order(counts), key=lambda key: -counts[key])[:most]


def _took(row: dict[str, Any]) -> str:
    return seconds((row["ended"] - row["started"]).total_seconds()) if row["ended"] else ""


def _model(row: dict[str, Any]) -> str:
    return f"{row['model']}:{row['model_version']}" if row["model"] else ""


def _place(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Where the run took place, why there, and what it took."""
    about, usage = found["about"], found["usage"] or {}
    environment = printable(environment_words(about.get("environment")))
    memory = taken(None, usage.get("peak_memory"), limit=about.get("memory"))
    cpu = taken(usage.get("mean_cpu"), None, cpus=about.get("cpus"))
    lines = [
        ("chosen", printable(str(about.get("chosen") or ""))),
        ("environment", environment),
        ("memory", f"peak {memory}" if memory else ""),
        ("cpu", f"mean {cpu}" if cpu else ""),
    ]
    return [(name, text) for name, text in lines if text]


def _section(title: str, columns: tuple[str, ...], rows: list[Any], right: list[str] | None = None) -> None:
    if rows:
        click.echo(f"\n{title}")
        print_table(columns, rows, right or [])
