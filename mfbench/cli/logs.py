"""`mfbench runs logs`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from mfbench.cli.common import json_option, narrate, open_bench, print_json, printable, workspace_option


@click.command("logs")
@click.argument("run")
@click.option("-f", "--follow", is_flag=True, help="Go on until the run ends.")
@workspace_option
@json_option
def logs(run: str, follow: bool, workspace: str | None, as_json: bool) -> None:
    """Print what a run and its steps have said, in order of time."""
    from mfbench.journal.reader import read_events

    home = open_bench(workspace).workspace
    name = home.find_run(run)
    if not follow:
        for event in read_events(home.run_folder(name) / "events"):
            _log_line(event, as_json)
        return
    from mfbench.api.running import follow_to_end

    result = follow_to_end(home, name, lambda _, event: _log_line(event, as_json))
    if not as_json:
        narrate(f"the run is {result.status}")


def _log_line(event: list[Any], as_json: bool) -> None:
    if not event:
        return
    _, time, kind, *fields = event
    texts = {
        "log": lambda: f"{fields[0]}: {fields[1]}" if fields[0] != "info" else str(fields[1]),
        "step.started": lambda: f"step {fields[0]}",
        "step.ended": lambda: f"step {fields[0]} {fields[2]}{' (cached)' if fields[3] else ''}" + _problem(fields[6]),
        "run.started": lambda: f"run {fields[0]['name']} on {fields[0]['host']} ({fields[0]['executor']})",
        "run.ended": lambda: f"run {fields[0]}" + (f": {fields[1]['message']}" if fields[1] else ""),
    }
    if kind not in texts:
        return
    text, moment = texts[kind](), datetime.fromtimestamp(time / 1e6).astimezone()
    if as_json:
        print_json({"time": moment, "kind": kind, "text": text})
    else:
        click.echo(f"{moment:%H:%M:%S.%f}"[:-3] + f"  {printable(text)}")


def _problem(error: dict[str, Any] | None) -> str:
    return f": {error.get('traceback') or error['message']}" if error else ""
