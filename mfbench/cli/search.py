"""`mfbench runs trials` and `mfbench runs resume`."""

from __future__ import annotations

from typing import Any

import click

from mfbench.cli.common import json_option, narrate, open_bench, print_json, print_table, waiting, workspace_option


@click.command("trials", epilog="\b\nExamples:\n  mfbench runs trials last\n  mfbench runs trials last --front --json")
@click.argument("run")
@click.option("--front", is_flag=True, help="Only the Pareto front: trials that no other beats in everything.")
@workspace_option
@json_option
def trials(run: str, front: bool, workspace: str | None, as_json: bool) -> None:
    """List the trials of a run's search, the best first: what was tried, and how good it was."""
    bench = open_bench(workspace)
    found = bench.trials(run, front=front)
    if as_json:
        print_json(found)
        return
    if not found["trials"]:
        why = "no trial of its search has ended" if found["objectives"] else "its recipe has no [tune]"
        narrate(f"this run has found nothing: {why}")
        return
    names = found["objectives"]
    searched = list(dict.fromkeys(key for trial in found["trials"] for key in trial["params"] or {}))
    going = "running" if bench.workspace.is_alive(bench.workspace.find_run(run)) else "interrupted"
    rows: list[list[Any]] = []
    for trial in found["trials"]:
        values = trial["values"] or [None] * len(names)
        params = [_value((trial["params"] or {}).get(key)) for key in searched]
        word = trial["state"] or going
        rows.append([trial["trial"], word, *values, *params, trial["seconds"], trial["error"]])
    print_table(["trial", "state", *names, *searched, "took", "error"], rows, right=["trial", "took", *names])


@click.command("resume", epilog="\b\nExamples:\n  mfbench runs resume last\n  mfbench runs resume a1b2 --detach")
@click.argument("run")
@click.option("--detach", is_flag=True, help="Print the run's id and leave it running.")
@workspace_option
@json_option
def resume(run: str, detach: bool, workspace: str | None, as_json: bool) -> int:
    """Go on with a run that was killed, stopped or failed: finished steps and trials are kept.

    The recipe is the one that the run began with. Data, code and libraries have to be what they were; where they have
    changed, run the recipe again. Exit codes are those of `mfbench run`.
    """
    from mfbench.api.running import resume as start_again
    from mfbench.cli.run import finish

    with waiting(f"taking up run {run}"):
        launched, home = start_again(open_bench(workspace).workspace, run)
    return finish(launched, home, detach, as_json)


def _value(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float) else str(value)
