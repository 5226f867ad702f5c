"""`mfbench models`: list, show, history, alias, approve, export."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from mfbench.journal.ledger import Entry

EXAMPLES = """\b
Examples:
  mfbench models
  mfbench models show flight-delay
  mfbench models history flight-delay
  mfbench models alias flight-delay champion 2 --reason "two weeks of shadowing"
  mfbench models approve last --reason "the gate's rows were a strike week"
  mfbench models export flight-delay@champion ./bundle

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
    import msgspec

    from mfbench.bundle.manifest import parse_manifest
    from mfbench.journal.blobs import Blobs
    from mfbench.registry.describe import describe_version

    bench = open_bench(workspace)
    registry = bench.registry
    version = registry.find(model)
    manifest = parse_manifest(Blobs(bench.workspace.blobs).read(version.digest), version.name)
    row = describe_version(version, registry.model(version.model).aliases_of(version.number))
    decided = registry.decided(version.digest)
    if as_json:
        print_json({**row, "manifest": msgspec.to_builtins(manifest), "decided": [_plain(entry) for entry in decided]})
        return
    for key in ("name", "version", "aliases", "registered", "actor", "reason", "run", "digest"):
        click.echo(f"{key + ':':<12} {cell(row[key])}")
    click.echo(f"{'task:':<12} {manifest.task} of {manifest.target} with {manifest.estimator} ({manifest.flavor})")
    if manifest.classes:
        click.echo(f"{'classes:':<12} {', '.join(str(label) for label in manifest.classes)}")
    if decided:
        click.echo("\ngates and approvals")
        print_table(_TOLD, _told(decided))
    click.echo("\nmetrics")
    print_table(("metric", "value"), list(manifest.metrics.items()), right=["value"])
    click.echo("\ninputs")
    print_table(
        ("column", "type", "may be missing"), [(f.name, f.dtype, "yes" if f.nullable else "") for f in manifest.inputs]
    )
    click.echo("\nfiles")
    print_table(("file", "bytes"), [(name, file.bytes) for name, file in manifest.files.items()], right=["bytes"])


@command.command("history")
@click.argument("name")
@workspace_option
@json_option
def history(name: str, workspace: str | None, as_json: bool) -> None:
    """Who did what to a model, when and why, oldest first."""
    entries = open_bench(workspace).registry.history(name)
    if as_json:
        print_json([_plain(entry) for entry in entries])
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
    registry = open_bench(workspace).registry
    if remove == (version is not None):
        raise click.UsageError("give either a VERSION or --remove")
    if version is None:
        before: int | None = registry.remove_alias(name, alias, reason)
        told = f"{name}@{alias} is gone; it was version {before}"
    else:
        _, before = registry.set_alias(name, alias, version, reason)
        was = "" if before is None else f"; it was version {before}" if before != version else " already"
        told = f"{name}@{alias} is version {version}{was}"
    if as_json:
        print_json({"name": name, "alias": alias, "version": version, "previous": before})
    else:
        narrate(told)


@command.command("export")
@click.argument("model")
@click.argument("folder", type=click.Path(file_okay=False))
@workspace_option
@json_option
def export(model: str, folder: str, workspace: str | None, as_json: bool) -> None:
    """Copy a version's bundle into a new folder, every file checked."""
    from pathlib import Path

    from mfbench.core.errors import UsageError

    target = Path(folder)
    if target.exists() and any(target.iterdir()):
        raise UsageError("the folder is not empty", where=folder)
    registry = open_bench(workspace).registry
    version = registry.find(model)
    registry.checkout(version, target)
    if as_json:
        print_json({"name": version.model, "version": version.number, "digest": version.digest, "folder": folder})
    else:
        narrate(f"{version.name} is in {folder}")


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


def _told(entries: list[Entry]) -> list[tuple[Any, ...]]:
    return [(datetime.fromtimestamp(e.time / 1e6, UTC), _what(e.kind, e.body), e.actor, e.reason) for e in entries]


def _plain(entry: Entry) -> dict[str, Any]:
    from mfbench.registry.describe import moment

    told = {"time": moment(entry.time), "kind": entry.kind, "actor": entry.actor, "reason": entry.reason}
    return {**told, **entry.body}


def _what(kind: str, body: dict[str, Any]) -> str:
    if kind == "model.version":
        return f"version {body['version']} registered from run {body['run']}"
    if kind == "model.alias" and body["version"] is None:
        return f"alias {body['alias']} removed from version {body['previous']}"
    if kind == "model.alias":
        moved = f", moved from version {body['previous']}" if body["previous"] else ""
        return f"alias {body['alias']} set to version {body['version']}{moved}"
    if kind == "model.judged":
        against = f" against {body['against']}" if body["against"] else ""
        return f"run {body['run']} {'passed' if body['passed'] else 'was refused by'} its gates{against}"
    if kind == "model.approval":
        over = "; ".join(gate["name"] for gate in body["overrides"])
        return f"version {body['version']} approved from run {body['run']}, over: {over}"
    return kind
