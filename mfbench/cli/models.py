"""`mfbench models`: list, show, history, alias, approve, export, verify."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from mfbench.cli.approve import approve
from mfbench.cli.common import (
    ListingGroup,
    cell,
    json_option,
    narrate,
    open_bench,
    print_json,
    print_table,
    workspace_option,
)
from mfbench.stats.metrics import usual_order

EXAMPLES = """\b
Examples:
  mfbench models
  mfbench models show flight-delay
  mfbench models history flight-delay
  mfbench models alias flight-delay champion 2 --reason "two weeks of shadowing"
  mfbench models approve last --reason "the gate's rows were a strike week"
  mfbench models export flight-delay@champion ./bundle
  mfbench models verify flight-delay

\b
MODEL is a name (its champion, else its only version), NAME@ALIAS or NAME:VERSION."""


@click.group("models", cls=ListingGroup, epilog=EXAMPLES)
def command() -> None:
    """List, show and name registered models. Alone it lists."""


command.add_command(approve)


@command.command("list")
@click.option("--name", help="Only this model's versions.")
@click.option("--sort", metavar="[-]COLUMN", help="name, version, registered or metrics.KEY [default: -registered].")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(min=1), help="Versions on a page.")
@click.option("--page", default=1, show_default=True, type=click.IntRange(min=1), help="Which page.")
@workspace_option
@json_option
def list_(name: str | None, sort: str | None, limit: int, page: int, workspace: str | None, as_json: bool) -> None:
    """List versions, newest first."""
    bench = open_bench(workspace)
    if name:
        bench.registry.model(name)  # a name that is not there is an error, not an empty list
    rows = [row for row in bench.models() if name in (None, row["name"])]
    if sort:
        rows = _sorted(rows, sort)
    shown = rows[(page - 1) * limit : page * limit]
    if as_json:
        print_json(shown)
        return
    if not rows:
        narrate("no models yet; a recipe with [register] makes the first: mfbench run RECIPE")
        return
    keys = usual_order(key for row in shown for key in row["metrics"])[:3]
    columns = ["model", "aliases", *keys, "registered", "run", "digest"]
    table = [
        [f"{row['name']}:{row['version']}", row["aliases"], *(row["metrics"].get(key) for key in keys),
         datetime.fromisoformat(row["registered"]), row["run"], row["digest"][:12]]
        for row in shown
    ]  # fmt: skip
    print_table(columns, table, right=keys)
    if len(rows) > page * limit:
        narrate(f"{len(rows)} versions; next: --page {page + 1}")


@command.command("show")
@click.argument("model")
@workspace_option
@json_option
def show(model: str, workspace: str | None, as_json: bool) -> None:
    """Show one version: signature, metrics, where it comes from."""
    found = open_bench(workspace).model_card(model)
    manifest, decided = found["manifest"], found["decided"]
    if as_json:
        print_json(found)
        return
    for key in ("name", "version", "aliases", "registered", "actor", "reason", "run", "digest"):
        click.echo(f"{key + ':':<12} {cell(found[key])}")
    made = f"{manifest['task']} of {manifest['target']} with {manifest['estimator']} ({manifest['flavor']})"
    click.echo(f"{'task:':<12} {made}")
    if manifest["classes"]:
        click.echo(f"{'classes:':<12} {', '.join(str(label) for label in manifest['classes'])}")
    if decided:
        click.echo("\ngates and approvals")
        print_table(_TOLD, _told(decided))
    click.echo("\nmetrics")
    print_table(("metric", "value"), list(manifest["metrics"].items()), right=["value"])
    click.echo("\ninputs")
    inputs = [(one["name"], one["dtype"], "yes" if one["nullable"] else "") for one in manifest["inputs"]]
    print_table(("column", "type", "may be missing"), inputs)
    click.echo("\nfiles")
    files = [(name, one["bytes"]) for name, one in manifest["files"].items()]
    print_table(("file", "bytes"), files, right=["bytes"])


@command.command("history")
@click.argument("name")
@workspace_option
@json_option
def history(name: str, workspace: str | None, as_json: bool) -> None:
    """Who did what to a model, when and why, oldest first."""
    entries = open_bench(workspace).model_history(name)
    if as_json:
        print_json(entries)
    else:
        print_table(_TOLD, _told(entries))


@command.command("alias")
@click.argument("name")
@click.argument("alias")
@click.argument("version", type=click.IntRange(min=1), required=False)
@click.option("--remove", is_flag=True, help="Take the alias away.")
@click.option("--reason", default="", help="Why; kept in the ledger.")
@workspace_option
@json_option
def alias(
    name: str, alias: str, version: int | None, remove: bool, reason: str, workspace: str | None, as_json: bool
) -> None:
    """Point an alias such as champion at a version, or take it away with --remove."""
    if remove == (version is not None):
        raise click.UsageError("give either a VERSION or --remove")
    bench = open_bench(workspace)
    if version is None:
        done = bench.remove_alias(name, alias, reason)
        told = f"{name}@{alias} is gone; it was version {done['previous']}"
    else:
        done = bench.set_alias(name, alias, version, reason)
        before = done["previous"]
        was = "" if before is None else f"; it was version {before}" if before != version else " already"
        told = f"{name}@{alias} is version {version}{was}"
    if as_json:
        print_json(done)
    else:
        narrate(told)


@command.command("export")
@click.argument("model")
@click.argument("folder", type=click.Path(file_okay=False))
@workspace_option
@json_option
def export(model: str, folder: str, workspace: str | None, as_json: bool) -> None:
    """Copy a version's bundle into a new folder, every file checked."""
    done = open_bench(workspace).export_model(model, folder)
    if as_json:
        print_json(done)
    else:
        narrate(f"{done['name']}:{done['version']} is in {folder}")


@command.command("verify")
@click.argument("model")
@workspace_option
@json_option
def verify(model: str, workspace: str | None, as_json: bool) -> None:
    """Read every file of a version's bundle and compare it with its digest."""
    from mfbench.core.text import plural, size

    done = open_bench(workspace).verify_model(model)
    if as_json:
        print_json(done)
    else:
        files = f"{plural(done['files'], 'file')}, {size(done['bytes'])}"
        narrate(f"{done['name']}:{done['version']} is what was registered: {files}")


def _sorted(rows: list[dict[str, Any]], sort: str) -> list[dict[str, Any]]:
    from mfbench.core.errors import UsageError
    from mfbench.core.text import did_you_mean

    name, descending = sort.removeprefix("-"), sort.startswith("-")
    metric = name.removeprefix("metrics.")
    known = ("name", "version", "registered", "run", "digest")
    if metric == name and name not in known:
        raise UsageError(f"there is no column {name!r} to sort by", hint=did_you_mean(name, [*known, "metrics.KEY"]))
    values = [(row["metrics"].get(metric) if metric != name else row[name], row) for row in rows]
    there = sorted((pair for pair in values if pair[0] is not None), key=lambda pair: pair[0], reverse=descending)
    return [row for _, row in there] + [row for value, row in values if value is None]


_TOLD = ("time", "what", "who", "why")


def _told(entries: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(datetime.fromisoformat(e["time"]), e["what"], e["actor"], e["reason"]) for e in entries]
