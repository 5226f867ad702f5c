"""`mfbench runs attach` and `mfbench runs rerun`."""

from __future__ import annotations

import click

from mfbench.cli.common import json_option, narrate, open_bench, print_json, waiting, workspace_option

ATTACH = """\b
Examples:
  mfbench runs attach last
  mfbench runs attach a1b2 --json

\b
Exit codes are those of `mfbench run`; 130 when Ctrl-C lets go, and the run goes on."""
RERUN = """\b
Examples:
  mfbench runs rerun last
  mfbench runs rerun a1b2 --set model.max_iter=300
  mfbench runs rerun last --executor docker --detach

\b
Exit codes are those of `mfbench run`."""
DETACHED = 130


@click.command("attach", epilog=ATTACH)
@click.argument("run")
@workspace_option
@json_option
def attach(run: str, workspace: str | None, as_json: bool) -> int:
    """Follow a run to its end as `mfbench run` does, wherever it was started. Ctrl-C lets go of it."""
    from mfbench.api.running import follow_to_end
    from mfbench.cli.progress import progress
    from mfbench.cli.run import tell_end

    home = open_bench(workspace).workspace
    name = home.find_run(run)
    if not home.is_alive(name):
        narrate(f"run {name} is over; this is how it went:")
    try:
        with progress() as show:
            result = follow_to_end(home, name, show)
    except KeyboardInterrupt:
        goes_on = f"run {name} goes on; come back: mfbench runs attach {name}; stop it: mfbench runs stop {name}"
        narrate(goes_on if home.is_alive(name) else f"run {name} is over; see: mfbench runs show {name}")
        if as_json:
            print_json({"run": name, "detached": True})
        return DETACHED
    return tell_end(result, as_json)


@click.command("rerun", epilog=RERUN)
@click.argument("run")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Lay a value over the recipe; repeatable.")
@click.option("--executor", metavar="NAME", help="Where to run: auto, local, venv or docker [default: as then].")
@click.option("--name", help="The run's name [default: as then].")
@click.option("--detach", is_flag=True, help="Print the run's id and leave it running.")
@workspace_option
@json_option
def rerun(
    run: str,
    overrides: tuple[str, ...],
    executor: str | None,
    name: str | None,
    detach: bool,
    workspace: str | None,
    as_json: bool,
) -> int:
    """Run the recipe of a run once more, as that run recorded it and with what was laid over it.

    It runs in the folder where it ran, on the data and code that are there now. What is in the cache is not computed
    again.
    """
    from mfbench.api.running import rerun as start_again
    from mfbench.cli.run import finish

    with waiting(f"looking up what run {run} ran"):
        launched, home = start_again(open_bench(workspace).workspace, run, overrides, executor, name)
    return finish(launched, home, detach, as_json)
