"""`mfbench runs tag`, `note`, `pin` and `unpin`."""

from __future__ import annotations

import sys

import click

from mfbench.cli.common import json_option, narrate, open_bench, print_json, printable, workspace_option

TAG = """\b
Examples:
  mfbench runs tag last team=ops stage=trial
  mfbench runs tag a1b2 c3d4 --remove stage
  mfbench runs --where "tags.team = 'ops'"

\b
A word with '=' is a tag, any other a RUN. Tags lie over those of the recipe; the last word counts."""
NOTE = """\b
Examples:
  mfbench runs note last "the first one with weather data"
  mfbench runs note last
  git log -1 --format=%B | mfbench runs note last -
  mfbench runs note last --remove
  mfbench runs --where "note ilike '%weather%'\""""
PIN = """\b
Examples:
  mfbench runs pin last a1b2
  mfbench runs --where pinned
  mfbench runs --sort -pinned
  mfbench runs unpin last"""


@click.command("tag", epilog=TAG)
@click.argument("words", nargs=-1, required=True, metavar="RUN... [KEY=VALUE]...")
@click.option("--remove", multiple=True, metavar="KEY", help="Take a tag away; repeatable.")
@workspace_option
@json_option
def tag(words: tuple[str, ...], remove: tuple[str, ...], workspace: str | None, as_json: bool) -> None:
    """Tag runs, all that are named or none. With a RUN alone, print its tags."""
    runs = [word for word in words if "=" not in word]
    given = dict(word.split("=", 1) for word in words if "=" in word)
    if not runs:
        raise click.UsageError("name a RUN")
    if not given and not remove:
        if len(runs) > 1:
            raise click.UsageError("give KEY=VALUE, or --remove KEY; or one RUN, to see its tags")
        _print_tags(runs[0], workspace, as_json)
        return
    if both := sorted(given.keys() & set(remove)):
        raise click.UsageError(f"{both[0]} is both given and removed")
    changed = open_bench(workspace).tag_runs(runs, {**given, **dict.fromkeys(remove)})
    _tell("tagged", changed, as_json)


def _print_tags(run: str, workspace: str | None, as_json: bool) -> None:
    bench = open_bench(workspace)
    found = bench.show_run(bench.workspace.find_run(run))
    if as_json:
        print_json({"run": found["run"], "tags": found["tags"]})
    elif not found["tags"]:
        narrate("this run has no tags")
    for key, value in () if as_json else found["tags"].items():
        click.echo(printable(f"{key}={value}"))


@click.command("note", epilog=NOTE)
@click.argument("run")
@click.argument("text", required=False)
@click.option("--remove", is_flag=True, help="Take the note away.")
@workspace_option
@json_option
def note(run: str, text: str | None, remove: bool, workspace: str | None, as_json: bool) -> None:
    """Put a note on a run in place of the one before; '-' reads it from stdin. Without TEXT, print it."""
    if remove and text is not None:
        raise click.UsageError("TEXT and --remove exclude each other")
    bench = open_bench(workspace)
    run = bench.workspace.find_run(run)
    if text is None and not remove:
        found = bench.show_run(run)["note"]
        if as_json:
            print_json({"run": run, "note": found})
        elif found is None:
            narrate("this run has no note")
        else:
            click.echo(printable(found))
        return
    if text == "-":
        text = sys.stdin.buffer.read().decode("utf-8", "surrogateescape").rstrip("\n")
    if not remove and not (text or "").strip():
        raise click.UsageError("the text is empty; take a note away with: mfbench runs note RUN --remove")
    changed = bench.note_run(run, "" if remove else text or "")
    _tell("noted", [run] if changed else [], as_json)


@click.command("pin", epilog=PIN)
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@workspace_option
@json_option
def pin(runs: tuple[str, ...], workspace: str | None, as_json: bool) -> None:
    """Pin runs: lists mark them, and can be filtered and sorted by it."""
    _tell("pinned", open_bench(workspace).pin_runs(runs), as_json)


@click.command("unpin", epilog=PIN)
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@workspace_option
@json_option
def unpin(runs: tuple[str, ...], workspace: str | None, as_json: bool) -> None:
    """Take the pins of runs away."""
    _tell("unpinned", open_bench(workspace).pin_runs(runs, False), as_json)


def _tell(word: str, changed: list[str], as_json: bool) -> None:
    from mfbench.core.text import plural

    if as_json:
        print_json({word: changed})
        return
    for run in changed:
        click.echo(printable(run))
    narrate(f"{plural(len(changed), 'run')} {word}" if changed else "nothing to change")
