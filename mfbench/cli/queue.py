"""`mfbench queue`: runs that wait for a place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mfbench.cli.common import (
    ListingGroup,
    json_option,
    narrate,
    open_bench,
    print_json,
    print_table,
    printable,
    workspace_option,
)
from mfbench.cli.queue_wait import wait

EXAMPLES = """\b
Examples:
  mfbench run flight-delay.toml --queue
  mfbench queue
  mfbench queue move k3f9a --first
  mfbench queue cancel k3f9a
  mfbench queue wait

\b
How many runs may go on at once stands in .mfbench/config.toml ([queue] max_parallel, by default 1).
ID is an entry's id, or a unique beginning or end of it."""


@click.group("queue", cls=ListingGroup, epilog=EXAMPLES)
def command() -> None:
    """List what waits, change its order, take it out. Alone it lists."""


@command.command("list", epilog=EXAMPLES)
@workspace_option
@json_option
def list_(workspace: str | None, as_json: bool) -> None:
    """List what waits, in its order, what could not be started and why, and the runs that hold the places."""
    bench = open_bench(workspace)
    status, entries = bench.queue_status(), bench.queued()
    if as_json:
        print_json({**status, "entries": entries})
        return
    if entries:
        columns = ["#", "id", "recipe", "name", "set", "state", "why", "queued", "by"]
        print_table(columns, [_row(entry) for entry in entries], right=["#"])
    else:
        narrate("nothing waits; put a run into the queue with: mfbench run RECIPE --queue")
    held = ", ".join(printable(run) for run in status["running"]) or "none"
    narrate(f"places: {len(status['running'])} of {status['max_parallel']} taken; running: {held}")
    if status["still"]:
        narrate(f"the queue stands still: {status['still']}")
    if any(entry["state"] == "failed" for entry in entries):
        narrate("once that is put right: mfbench queue retry ID; to drop it: mfbench queue cancel ID")


@command.command("cancel")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@workspace_option
@json_option
def cancel(ids: tuple[str, ...], workspace: str | None, as_json: bool) -> None:
    """Take runs out of the queue. One that has begun is ended with `mfbench runs stop`."""
    _print_ids(open_bench(workspace).cancel_queued(ids), "taken out of the queue", as_json)


@command.command("move")
@click.argument("id", metavar="ID")
@click.option("--first", is_flag=True, help="It is started next.")
@click.option("--last", is_flag=True, help="It is started after all that wait now.")
@click.option("--before", metavar="ID", help="It is started before this one.")
@workspace_option
@json_option
def move(id: str, first: bool, last: bool, before: str | None, workspace: str | None, as_json: bool) -> None:
    """Give a run another place in the queue."""
    if first + last + (before is not None) != 1:
        raise click.UsageError("say where to: --first, --last or --before ID")
    _print_ids([open_bench(workspace).move_queued(id, first=first, last=last, before=before)], "moved", as_json)


@command.command("retry")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@workspace_option
@json_option
def retry(ids: tuple[str, ...], workspace: str | None, as_json: bool) -> None:
    """Let runs that could not be started wait again."""
    _print_ids(open_bench(workspace).retry_queued(ids), "waiting again", as_json)


@command.command("pause")
@workspace_option
@json_option
def pause(workspace: str | None, as_json: bool) -> None:
    """Start nothing more from the queue. What runs goes on."""
    open_bench(workspace).pause_queue()
    if as_json:
        print_json({"paused": True})
    else:
        narrate("nothing more is started; go on with: mfbench queue start")


@command.command("start")
@workspace_option
@json_option
def start(workspace: str | None, as_json: bool) -> None:
    """Go on after a pause, or after a restart of the machine."""
    bench = open_bench(workspace)
    started = bench.start_queue()
    waiting = sum(entry["state"] == "waiting" for entry in bench.queued())
    if as_json:
        print_json({"paused": False, "started": started, "waiting": waiting})
    else:
        narrate(f"{waiting} waiting; their dispatcher " + ("was started" if started else "is at work")
                if waiting or started else "nothing waits")  # fmt: skip


command.add_command(wait)


def queue_run(
    recipe: str,
    overrides: tuple[str, ...],
    executor: str | None,
    name: str | None,
    workspace: str | None,
    as_json: bool,
) -> int:
    """`mfbench run --queue`: prints the entry's id."""
    from mfbench.api.queueing import enqueue

    entry = enqueue(recipe, workspace, overrides, executor, name)
    if as_json:
        print_json({"queued": entry["id"]})
    else:
        click.echo(entry["id"])
        narrate("it waits for a place; see: mfbench queue")
    return 0


def _print_ids(ids: list[str], done: str, as_json: bool) -> None:
    if as_json:
        print_json({"ids": ids})
        return
    for one in ids:
        click.echo(one)
    narrate(done)


def _row(entry: dict[str, Any]) -> list[Any]:
    recipe = Path(entry["recipe"]).name if entry["recipe"] else ""
    return [entry["position"], entry["id"], recipe, entry["name"], entry["overrides"], entry["state"],
            (entry["error"] or {}).get("message"), entry["queued"], entry["actor"]]  # fmt: skip
