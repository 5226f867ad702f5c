"""`mfbench queue wait`."""

from __future__ import annotations

from typing import Any

import click

from mfbench.cli.common import json_option, narrate, open_bench, print_json, print_table, workspace_option

EXAMPLES = """\b
Examples:
  mfbench queue wait
  mfbench queue wait --json && ./publish.sh

\b
Exit codes: 0 every run is done; 1 one failed, or could not be started; 2 the queue is paused; 3 a gate or
a data check refused one, and none failed; 130 interrupted, and everything goes on."""


@click.command("wait", epilog=EXAMPLES)
@workspace_option
@json_option
def wait(workspace: str | None, as_json: bool) -> int:
    """Wait until nothing waits and the runs that came from the queue are over; then list them."""
    bench = open_bench(workspace)
    try:
        found = bench.wait_queue(_tell)
    except KeyboardInterrupt:
        narrate("the queue goes on; to have it start nothing more: mfbench queue pause")
        return 130
    if as_json:
        print_json(found)
    elif found["runs"] or found["failed"]:
        rows: list[tuple[Any, ...]] = [(run["run"], run["status"], run["queued"], "") for run in found["runs"]]
        rows += [("", one["state"], one["id"], (one["error"] or {}).get("message")) for one in found["failed"]]
        print_table(("run", "status", "queued", "why"), rows)
    else:
        narrate("nothing waits")
    codes = {run["exit_code"] for run in found["runs"]} - {0}
    return 1 if found["failed"] or codes - {3} else max(codes, default=0)


def _tell(now: dict[str, Any]) -> None:
    narrate(f"{now['waiting']} waiting, {now['running']} running")
