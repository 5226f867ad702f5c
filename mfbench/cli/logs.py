"""`mfbench runs logs`."""

from __future__ import annotations

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
    from mfbench.api.inspecting import said_by

    moment, level, text = said_by(event)
    if not text:
        return
    moment = moment.astimezone()
    if event[2] == "log" and level != "info":
        text = f"{level}: {text}"
    if as_json:
        print_json({"time": moment, "kind": event[2], "text": text})
    else:
        click.echo(f"{moment:%H:%M:%S.%f}"[:-3] + f"  {printable(text)}")
